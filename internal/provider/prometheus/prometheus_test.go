package prometheus_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
	"github.com/serin-rollouts/serin/internal/provider/prometheus"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 500_000_000, time.UTC)

// server answers and keeps the requests.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
}

type request struct {
	method, path string
	form         url.Values
	header       http.Header
}

// serve answers every request by what answer says for it.
func serve(t *testing.T, answer func(r request) (status int, body string)) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(s.handler(t, answer))
	t.Cleanup(s.Close)
	return s
}

func (s *server) handler(t *testing.T, answer func(r request) (status int, body string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		seen := request{method: r.Method, path: r.URL.Path, form: r.Form, header: r.Header}
		s.mu.Lock()
		s.requests = append(s.requests, seen)
		s.mu.Unlock()
		status, body := answer(seen)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
}

// newServer is the address of a server.
func newServer(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func (s *server) seen() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// always answers the same.
func always(status int, body string) func(request) (int, string) {
	return func(request) (int, string) { return status, body }
}

func data(kind, result string) string {
	return `{"status":"success","data":{"resultType":"` + kind + `","result":` + result + `}}`
}

// query is one for the metric, at noon.
func query(m v1alpha1.PrometheusMetric) provider.Query {
	return provider.Query{
		Run:    &v1alpha1.AnalysisRun{},
		Metric: v1alpha1.Metric{Name: "m", Provider: v1alpha1.MetricProvider{Prometheus: &m}},
		Now:    noon,
	}
}

func TestResults(t *testing.T) {
	cases := map[string]struct {
		body     string
		want     any
		wantText string
	}{
		"a scalar is a number":              {data("scalar", `[1,"0.5"]`), 0.5, "0.5"},
		"a vector is a list":                {data("vector", `[{"metric":{"a":"b"},"value":[1,"0.99"]},{"metric":{},"value":[1,"1"]}]`), []float64{0.99, 1}, "[0.99,1]"},
		"no series is an empty list":        {data("vector", `[]`), []float64{}, "[]"},
		"not a number stays what it is":     {data("vector", `[{"metric":{},"value":[1,"NaN"]}]`), []float64{nan()}, "[NaN]"},
		"a matrix is all samples in a row":  {data("matrix", `[{"metric":{},"values":[[1,"1"],[2,"2"]]},{"metric":{},"values":[[1,"3.5"]]}]`), []float64{1, 2, 3.5}, "[1,2,3.5]"},
		"a matrix without series is a list": {data("matrix", `[]`), []float64{}, "[]"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := serve(t, always(200, tc.body))
			got, err := prometheus.New(fetch.New(fetch.Options{}), "").Measure(t.Context(), query(v1alpha1.PrometheusMetric{Address: s.URL, Query: "up"}))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Result, cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("Result (-want +got):\n%s", diff)
			}
			if got.Text != tc.wantText || got.Metadata != nil {
				t.Errorf("Text %q, Metadata %v, want %q and none", got.Text, got.Metadata, tc.wantText)
			}
		})
	}
}

func nan() float64 { zero := 0.0; return zero / zero }

func TestInstantRequest(t *testing.T) {
	s := serve(t, always(200, data("scalar", `[1,"1"]`)))
	m := v1alpha1.PrometheusMetric{Query: `up{a="b"}`, Headers: []v1alpha1.WebMetricHeader{{Key: "X-Scope-OrgID", Value: "tenant"}}}
	p := prometheus.New(fetch.New(fetch.Options{}), s.URL+"/prefix/")
	if _, err := p.Measure(t.Context(), query(m)); err != nil {
		t.Fatal(err)
	}
	got := s.seen()[0]
	want := url.Values{"query": {`up{a="b"}`}, "time": {"1777636800.5"}}
	if diff := cmp.Diff(want, got.form); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	if got.method != "POST" || got.path != "/prefix/api/v1/query" || got.header.Get("X-Scope-OrgID") != "tenant" || got.header.Get("User-Agent") != "serin" {
		t.Errorf("request is %+v", got)
	}
	if diff := cmp.Diff(map[string]string{"ResolvedPrometheusQuery": `up{a="b"}`}, p.Describe(query(m))); diff != "" {
		t.Errorf("Describe() (-want +got):\n%s", diff)
	}
}

func TestRangeRequest(t *testing.T) {
	s := serve(t, always(200, data("matrix", `[]`)))
	m := v1alpha1.PrometheusMetric{Address: s.URL, Query: "up", RangeQuery: &v1alpha1.PrometheusRangeQueryArgs{
		Start: `now() - duration("5m")`, End: `now()`, Step: "1m30s",
	}}
	if _, err := prometheus.New(fetch.New(fetch.Options{}), "").Measure(t.Context(), query(m)); err != nil {
		t.Fatal(err)
	}
	got := s.seen()[0]
	want := url.Values{"query": {"up"}, "start": {"1777636500.5"}, "end": {"1777636800.5"}, "step": {"90"}}
	if diff := cmp.Diff(want, got.form); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	if got.method != "POST" || got.path != "/api/v1/query_range" {
		t.Errorf("request is %+v", got)
	}
}

func TestGetWhenPostIsRefused(t *testing.T) {
	for _, status := range []int{403, 405, 501} {
		s := serve(t, func(r request) (int, string) {
			if r.method == "POST" {
				return status, "no"
			}
			return 200, data("scalar", `[1,"7"]`)
		})
		got, err := prometheus.New(fetch.New(fetch.Options{}), s.URL).Measure(t.Context(), query(v1alpha1.PrometheusMetric{Query: "up"}))
		if err != nil || got.Result != 7.0 {
			t.Fatalf("after %d: %v, %v", status, got.Result, err)
		}
		second := s.seen()[1]
		if second.method != "GET" || second.form.Get("query") != "up" || second.form.Get("time") == "" {
			t.Errorf("second request is %+v", second)
		}
	}
}

func TestWarnings(t *testing.T) {
	s := serve(t, always(200, `{"status":"success","warnings":["slow","token s3cret"],"data":{"resultType":"scalar","result":[1,"1"]}}`))
	q := query(v1alpha1.PrometheusMetric{Address: s.URL, Query: "up"})
	q.Hidden = []string{"s3cret"}
	got, err := prometheus.New(fetch.New(fetch.Options{}), "").Measure(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"warnings": `"slow", "token *****"`}, got.Metadata); diff != "" {
		t.Errorf("Metadata (-want +got):\n%s", diff)
	}
}

func TestAnswersThatAreNoNumbers(t *testing.T) {
	cases := map[string]struct {
		status int
		body   string
		want   string // part of the error
	}{
		"a string":              {200, data("string", `[1,"x"]`), "Prometheus metric type not supported"},
		"a histogram":           {200, data("vector", `[{"metric":{},"histogram":[1,{"count":"1","sum":"1","buckets":[]}]}]`), "Prometheus metric type not supported"},
		"a range of histograms": {200, data("matrix", `[{"metric":{},"histograms":[[1,{"count":"1","sum":"1","buckets":[]}]]}]`), "Prometheus metric type not supported"},
		"a bad query":           {400, `{"status":"error","errorType":"bad_data","error":"parse error: no expression"}`, "bad_data: parse error: no expression"},
		"a query that fails":    {422, `{"status":"error","errorType":"execution","error":"too many samples"}`, "execution: too many samples"},
		"not found":             {404, "nothing here", "client error: 404"},
		"an overloaded server":  {503, "later", "server error: 503"},
		"no JSON":               {200, "<html>", "bad_response"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := serve(t, always(tc.status, tc.body))
			_, err := prometheus.New(fetch.New(fetch.Options{}), "").Measure(t.Context(), query(v1alpha1.PrometheusMetric{Address: s.URL, Query: "up"}))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Measure() = %v, want %q", err, tc.want)
			}
		})
	}
}

func seconds(n int64) *int64 { return &n }

func TestSettingsThatCannotBeMeant(t *testing.T) {
	span := func(start, end string, step v1alpha1.DurationString) v1alpha1.PrometheusMetric {
		return v1alpha1.PrometheusMetric{Address: "http://127.0.0.1:1", RangeQuery: &v1alpha1.PrometheusRangeQueryArgs{Start: start, End: end, Step: step}}
	}
	basic := func(username, password string) v1alpha1.PrometheusMetric {
		return v1alpha1.PrometheusMetric{Address: "http://127.0.0.1:1", Authentication: v1alpha1.Authentication{BasicAuth: v1alpha1.BasicAuth{Username: username, Password: password}}}
	}
	cases := map[string]struct {
		metric v1alpha1.PrometheusMetric
		want   string // how the error begins
	}{
		"no address":              {v1alpha1.PrometheusMetric{}, "prometheus address is not configured"},
		"an address without host": {v1alpha1.PrometheusMetric{Address: "prometheus"}, "prometheus address is not is url format"},
		"a negative time-out":     {v1alpha1.PrometheusMetric{Timeout: seconds(-1)}, "prometheus timeout should not be negative"},
		"no password":             {basic("me", ""), "missing mandatory parameter in metric for basic auth setup: password"},
		"no name":                 {basic("", "x"), "missing mandatory parameter in metric for basic auth setup: username"},
		"half of OAuth2": {v1alpha1.PrometheusMetric{
			Address: "http://127.0.0.1:1", Authentication: v1alpha1.Authentication{OAuth2: v1alpha1.OAuth2Config{ClientID: "me"}},
		}, "missing mandatory parameter in metric for OAuth2 setup"},
		"a start that is no expression": {span("now(", "now()", "1m"), "failed to parse rangeQuery.start as time: "},
		"a start that is no time":       {span("1", "now()", "1m"), "failed to parse rangeQuery.start as time: expected time.Time, but got int"},
		"an end that is no time":        {span("now()", `duration("1m")`, "1m"), "failed to parse rangeQuery.end as time: expected time.Time, but got time.Duration"},
		"a start that cannot be told":   {span(`now() - duration("??")`, "now()", "1m"), `failed to parse rangeQuery.start as time: time: invalid duration "??"`},
		"a step that is no duration":    {span("now()", "now()", "??"), `failed to parse rangeQuery.step as duration: time: invalid duration "??"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := prometheus.New(fetch.New(fetch.Options{}), "").Measure(t.Context(), query(tc.metric))
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("Measure() = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestTimeoutZeroIsOverAtOnce(t *testing.T) {
	s := serve(t, always(200, data("scalar", `[1,"1"]`)))
	_, err := prometheus.New(fetch.New(fetch.Options{}), "").Measure(t.Context(), query(v1alpha1.PrometheusMetric{Address: s.URL, Query: "up", Timeout: seconds(0)}))
	if err == nil || !strings.Contains(err.Error(), "deadline exceeded") {
		t.Errorf("Measure() = %v", err)
	}
}

// A query string has secrets in another spelling than the metric has them.
func TestErrorsShowNoSecret(t *testing.T) {
	s := serve(t, func(r request) (int, string) {
		if r.method == "POST" {
			return 405, ""
		}
		panic(http.ErrAbortHandler)
	})
	q := query(v1alpha1.PrometheusMetric{Address: s.URL, Query: `up{token="a b&c"}`})
	q.Hidden = []string{"a b&c"}
	_, err := prometheus.New(fetch.New(fetch.Options{}), "").Measure(t.Context(), q)
	if err == nil || strings.Contains(err.Error(), "a+b") || strings.Contains(err.Error(), "token") {
		t.Errorf("Measure() = %v", err)
	}
	if got := prometheus.New(fetch.New(fetch.Options{}), "").Describe(q); got["ResolvedPrometheusQuery"] != `up{token="*****"}` {
		t.Errorf("Describe() = %v", got)
	}
}
