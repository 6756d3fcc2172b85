package skywalking_test

import (
	"io"
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
	"github.com/serin-rollouts/serin/internal/provider/skywalking"
)

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func measure(t *testing.T, zone *time.Location, interval string, answer http.HandlerFunc) (provider.Value, error) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return skywalking.New(fetch.New(fetch.Options{}), zone).Measure(t.Context(), provider.Query{
		Now: time.Date(2026, 5, 1, 23, 58, 30, 0, time.UTC), Hidden: []string{"hunter2"},
		Metric: v1alpha1.Metric{Provider: v1alpha1.MetricProvider{SkyWalking: &v1alpha1.SkyWalkingMetric{
			Address: server.URL + "/", Query: "query q($duration: Duration!) { x }", Interval: v1alpha1.DurationString(interval),
		}}},
	})
}

func TestSuite(t *testing.T) {
	source := skywalking.Within(skywalking.New(fetch.New(fetch.Options{}), time.UTC), 500*time.Millisecond)
	providertest.Run(t, providertest.Subject{
		Source: provider.Source{Provider: source},
		Metric: func(address string) v1alpha1.MetricProvider {
			return v1alpha1.MetricProvider{SkyWalking: &v1alpha1.SkyWalkingMetric{Address: address, Query: providertest.Token, Interval: "5m"}}
		},
		Answer: says(200, `{"data": {"x": 1}}`), Timeout: 500 * time.Millisecond,
	})
}

func TestRequest(t *testing.T) {
	zones := map[string]struct {
		zone *time.Location
		want string
	}{
		"UTC":             {time.UTC, `"start":"2026-05-01 2348","end":"2026-05-01 2358"`},
		"a zone far east": {time.FixedZone("", 8*60*60), `"start":"2026-05-02 0748","end":"2026-05-02 0758"`},
	}
	for name, tc := range zones {
		t.Run(name, func(t *testing.T) {
			var got []string
			_, err := measure(t, tc.zone, "10m", func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = []string{r.Method + " " + r.URL.String(), r.Header.Get("Content-Type"), string(body)}
				says(200, `{"data": {"x": 1}}`)(w, r)
			})
			want := []string{
				"POST /graphql", "application/json; charset=utf-8",
				`{"query":"query q($duration: Duration!) { x }","variables":{"duration":{` + tc.want + `,"step":"MINUTE"}}}`,
			}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("request (-want +got):\n%s%v", diff, err)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	const noData = "no results returned from SkyWalking query"
	cases := map[string]struct {
		status   int
		body     string
		want     any
		wantText string
		wantErr  string // start of it
	}{
		"data": {
			200, `{"data": {"service_apdex": {"values": {"values": [{"value": 9900}]}}}}`,
			map[string]any{"service_apdex": map[string]any{"values": map[string]any{"values": []any{map[string]any{"value": 9900.0}}}}},
			`{"service_apdex":{"values":{"values":[{"value":9900}]}}}`, "",
		},
		"data with nulls": {200, `{"data": {"a": null}}`, map[string]any{"a": nil}, `{"a":null}`, ""},
		"data of null":    {200, `{"data": null}`, nil, "", noData},
		"no data":         {200, `{}`, nil, "", noData},
		"errors":          {200, `{"data": {"a": 1}, "errors": [{"message": "no hunter2"}, {"message": "nor x"}]}`, nil, "", "SkyWalking query: no *****; nor x"},
		"data of a list":  {200, `{"data": []}`, nil, "", "read the answer: json: cannot unmarshal array"},
		"a broken server": {502, "bad gateway", nil, "", "the server answered 502 Bad Gateway: bad gateway"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := measure(t, time.UTC, "5m", says(tc.status, tc.body))
			if (err == nil) != (tc.wantErr == "") || err != nil && !strings.HasPrefix(err.Error(), tc.wantErr) {
				t.Fatalf("Measure() = %+v, %v, want error %q", got, err, tc.wantErr)
			}
			if diff := cmp.Diff(provider.Value{Result: tc.want, Text: tc.wantText}, got); diff != "" {
				t.Errorf("Measure() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestIntervalMustBeThere(t *testing.T) {
	_, err := measure(t, time.UTC, "", func(http.ResponseWriter, *http.Request) { t.Error("was asked") })
	if err == nil || !strings.Contains(err.Error(), `invalid duration ""`) {
		t.Errorf("Measure() = %v, want that the interval is missing", err)
	}
}
