package wavefront_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
	"github.com/serin-rollouts/serin/internal/provider/providertest"
	"github.com/serin-rollouts/serin/internal/provider/wavefront"
)

// tokens is the Secret; nil is none.
type tokens map[string]string

var errMissing = errors.New("not found")

func (s tokens) Secret(_ context.Context, namespace, name string) (map[string][]byte, error) {
	if s == nil || namespace != "" || name != "wavefront-api-tokens" {
		return nil, errMissing
	}
	if s["broken"] != "" {
		return nil, errors.New("connection refused")
	}
	data := map[string][]byte{}
	for key, value := range s {
		data[key] = []byte(value)
	}
	return data, nil
}

func (tokens) Missing(err error) bool { return errors.Is(err, errMissing) }

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func query(address string, s tokens) provider.Query {
	return provider.Query{Now: time.Unix(1000, 0), Secrets: s, Metric: v1alpha1.Metric{
		Provider: v1alpha1.MetricProvider{Wavefront: &v1alpha1.WavefrontMetric{Address: address, Query: `ts("a.b", x=1)`}},
	}}
}

// plain is a provider without TLS.
func plain(timeout time.Duration) wavefront.Provider {
	return wavefront.Over(wavefront.New(fetch.New(fetch.Options{Timeout: timeout})), "http")
}

func measure(t *testing.T, answer http.HandlerFunc) (provider.Value, error) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	return plain(0).Measure(t.Context(), query(host, tokens{host: "t0ken\n", "other": "x"}))
}

func TestSuite(t *testing.T) {
	host := func(address string) string { return address[strings.Index(address, "//")+2:] }
	providertest.Run(t, providertest.Subject{
		Source: provider.Source{Provider: plain(500 * time.Millisecond)},
		Metric: func(address string) v1alpha1.MetricProvider {
			return v1alpha1.MetricProvider{Wavefront: &v1alpha1.WavefrontMetric{Address: host(address), Query: providertest.Token}}
		},
		Secrets: func(address string) map[string]map[string][]byte {
			return map[string]map[string][]byte{"wavefront-api-tokens": {host(address): []byte(providertest.Token)}}
		},
		MissingSecret: "API token not found",
		Answer:        says(200, `{"timeseries": [{"data": [[1000, 1]]}]}`), Timeout: 500 * time.Millisecond, NoTLS: true,
	})
}

func TestCertificateIsChecked(t *testing.T) {
	server := httptest.NewUnstartedServer(says(200, `{"timeseries": [{"data": [[1000, 1]]}]}`))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "https://")
	_, err := wavefront.New(fetch.New(fetch.Options{})).Measure(t.Context(), query(host, tokens{host: "x"}))
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("Measure() = %v, want a complaint about the certificate", err)
	}
}

func TestRequest(t *testing.T) {
	var got []string
	_, err := measure(t, func(w http.ResponseWriter, r *http.Request) {
		got = []string{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Authorization")}
		says(200, `{"timeseries": [{"data": [[1000, 1]]}]}`)(w, r)
	})
	want := []string{
		"GET", "/api/v2/chart/api",
		"autoEvents=false&e=1000000&g=s&i=true&includeObsoleteMetrics=false&listmode=false&p=1&q=ts%28%22a.b%22%2C+x%3D1%29&s=1000000&strict=false", "Bearer t0ken",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("request (-want +got):\n%s%v", diff, err)
	}
}

func TestResults(t *testing.T) {
	cases := map[string]struct {
		body string
		want provider.Value
	}{
		"one series, the point closest to now": {
			`{"timeseries": [{"data": [[940, 1], [990, 0.256], [1020, 3]]}]}`,
			provider.Value{Result: 0.256, Text: "0.26", Metadata: map[string]string{"timestamps": "990", "drift": "10"}},
		},
		"a real zero": {
			`{"timeseries": [{"data": [[1000, 0]]}]}`,
			provider.Value{Result: 0.0, Text: "0.00", Metadata: map[string]string{"timestamps": "1000", "drift": "0"}},
		},
		"several series and a warning": {
			`{"warnings": "slow", "timeseries": [{"data": [[1000, 1]]}, {"data": [[1060, 2]]}]}`,
			provider.Value{Result: []float64{1, 2}, Text: "[1.00,2.00]", Metadata: map[string]string{"timestamps": "[1000,1060]", "drift": "[0,60]", "warnings": "slow"}},
		},
		"several series, one without points": {
			`{"timeseries": [{"data": []}, {"data": [[1000, 2]]}]}`,
			provider.Value{Result: []float64{2}, Text: "[2.00]", Metadata: map[string]string{"timestamps": "[1000]", "drift": "[0]"}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := measure(t, says(200, tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Measure() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingToJudge(t *testing.T) {
	const noSeries, noPoints = "No TimeSeries found in response from Wavefront", "the time series from Wavefront have no points"
	cases := map[string]struct {
		status     int
		body, want string
	}{
		"no series":                {200, `{"timeseries": []}`, noSeries},
		"no list of series":        {200, `{"name": "q"}`, noSeries},
		"a series without points":  {200, `{"timeseries": [{"label": "a", "data": []}]}`, noPoints},
		"points without values":    {200, `{"timeseries": [{"data": [[1000, null], [1000]]}]}`, noPoints},
		"a query that is none":     {200, `{"errorType": "QuerySyntaxError", "errorMessage": "no t0ken"}`, "query Wavefront: no *****"},
		"a wrong token":            {401, "t0ken?", "the server answered 401 Unauthorized: *****?"},
		"a page of another server": {200, "<html>", "read the answer: invalid character '<' looking for beginning of value"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := measure(t, says(tc.status, tc.body)); err == nil || err.Error() != tc.want {
				t.Errorf("Measure() = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	cases := map[string]struct {
		secrets tokens
		want    string
	}{
		"no Secret":                    {nil, "API token not found"},
		"a Secret for another address": {tokens{"b": "x"}, "API token not found"},
		"an API server that is gone":   {tokens{"broken": "x"}, "read Secret wavefront-api-tokens: connection refused"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := plain(0).Measure(t.Context(), query("a", tc.secrets)); err == nil || err.Error() != tc.want {
				t.Errorf("Measure() = %v, want %q", err, tc.want)
			}
		})
	}
}
