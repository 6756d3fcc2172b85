package graphite_test

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
	"github.com/serin-rollouts/serin/internal/provider/graphite"
	"github.com/serin-rollouts/serin/internal/provider/providertest"
)

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func measure(t *testing.T, query string, answer http.HandlerFunc) (provider.Value, error) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return graphite.New(fetch.New(fetch.Options{})).Measure(t.Context(), provider.Query{Metric: v1alpha1.Metric{
		Provider: v1alpha1.MetricProvider{Graphite: &v1alpha1.GraphiteMetric{Address: server.URL + "/base/", Query: query}},
	}})
}

func TestSuite(t *testing.T) {
	providertest.Run(t, providertest.Subject{
		Source: provider.Source{Provider: graphite.New(fetch.New(fetch.Options{Timeout: 500 * time.Millisecond}))},
		Metric: func(address string) v1alpha1.MetricProvider {
			return v1alpha1.MetricProvider{Graphite: &v1alpha1.GraphiteMetric{
				Address: address, Query: "target=a&key=" + providertest.Token,
			}}
		},
		Answer: says(200, `[{"target": "a", "datapoints": [[1, 1000]]}]`), Timeout: 500 * time.Millisecond,
	})
}

func TestRequests(t *testing.T) {
	got := ""
	_, err := measure(t, " target=summarize(a.b,\t'5min', 'avg')\n&from=-5min", func(w http.ResponseWriter, r *http.Request) {
		got = r.Method + " " + r.RequestURI
		if from, target := r.FormValue("from"), r.FormValue("target"); from != "-5min" || target != "summarize(a.b,'5min','avg')" {
			t.Errorf("from %s, target %s", from, target)
		}
		says(200, `[{"datapoints": [[1, 2]]}]`)(w, r)
	})
	want := "GET /base/render?target=summarize(a.b,'5min','avg')&from=-5min&format=json"
	if err != nil || got != want {
		t.Errorf("asked %q, %v, want %q", got, err, want)
	}
}

func TestAnswers(t *testing.T) {
	cases := map[string]struct {
		status   int
		body     string
		want     any
		wantText string
		wantErr  string // part of it
	}{
		"values without nulls":     {200, `[{"target": "a", "datapoints": [[0.3, 1], [null, 2], [0.5, 3]]}]`, []float64{0.3, 0.5}, "[0.300000,0.500000]", ""},
		"the first target only":    {200, `[{"datapoints": [[1, 1]]}, {"datapoints": [[2, 1]]}]`, []float64{1}, "[1.000000]", ""},
		"only nulls":               {200, `[{"datapoints": [[null, 1]]}]`, nil, "", "no values found"},
		"no points":                {200, `[{"datapoints": []}, {"datapoints": [[2, 1]]}]`, nil, "", "no values found"},
		"no targets":               {200, `[]`, nil, "", "no values found"},
		"numbers as text":          {200, `[{"datapoints": [["1", 1]]}]`, nil, "", "read the answer: json: cannot unmarshal string"},
		"times as text":            {200, `[{"datapoints": [[1, "1"]]}]`, nil, "", "read the answer: json: cannot unmarshal string"},
		"points of one":            {200, `[{"datapoints": [[1]]}]`, nil, "", "no pair"},
		"points of three":          {200, `[{"datapoints": [[1, 1, 1]]}]`, nil, "", "no pair"},
		"a broken server":          {500, "out of disk", nil, "", "error response: out of disk"},
		"a query that is none":     {400, "Missing target", nil, "", "error response: Missing target"},
		"a redirect to nowhere":    {304, "", nil, "", "the server answered 304 Not Modified"},
		"a page of another server": {200, "<html>", nil, "", "read the answer: invalid character"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := measure(t, "target=a", says(tc.status, tc.body))
			if (err == nil) != (tc.wantErr == "") || err != nil && !strings.Contains(err.Error(), tc.wantErr) {
				t.Fatalf("Measure() = %+v, %v, want error %q", got, err, tc.wantErr)
			}
			if diff := cmp.Diff(provider.Value{Result: tc.want, Text: tc.wantText}, got); diff != "" {
				t.Errorf("Measure() (-want +got):\n%s", diff)
			}
		})
	}
}
