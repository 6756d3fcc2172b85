package web_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
	"github.com/serin-rollouts/serin/internal/provider/providertest"
	"github.com/serin-rollouts/serin/internal/provider/web"
)

func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func measure(t *testing.T, metric v1alpha1.WebMetric) (provider.Value, error) {
	t.Helper()
	return web.New(fetch.New(fetch.Options{})).Measure(t.Context(), provider.Query{
		Run: &v1alpha1.AnalysisRun{}, Metric: v1alpha1.Metric{Provider: v1alpha1.MetricProvider{Web: &metric}}, Hidden: []string{"hunter2"},
	})
}

func TestSuite(t *testing.T) {
	token := providertest.Token
	providertest.Run(t, providertest.Subject{
		Source: provider.Source{Provider: web.New(fetch.New(fetch.Options{}))},
		Metric: func(address string) v1alpha1.MetricProvider {
			return v1alpha1.MetricProvider{Web: &v1alpha1.WebMetric{
				URL: address + "/" + strings.ReplaceAll(token, " ", "%20") + "?q=" + strings.ReplaceAll(token, " ", "+"), Method: "POST",
				Body: token, Headers: []v1alpha1.WebMetricHeader{{Key: "X-Key", Value: token}}, TimeoutSeconds: 1, JSONPath: "{$.a}",
			}}
		},
		Answer: says(200, `{"a": 1}`), AnyText: true, Timeout: time.Second,
		Insecure: func(m v1alpha1.MetricProvider) v1alpha1.MetricProvider {
			m.Web.Insecure = true
			return m
		},
	})
}

func TestRequests(t *testing.T) {
	issuer := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		name, password, _ := r.BasicAuth()
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token": "%s-%s-%s", "token_type": "Bearer"}`, name, password, r.Form.Get("scope"))
	})
	cases := map[string]struct {
		metric v1alpha1.WebMetric
		want   string // method, URL, body, Content-Type, X-Key, Authorization
	}{
		"a plain one": {v1alpha1.WebMetric{}, "GET /p?q=1 ||||"},
		"headers":     {v1alpha1.WebMetric{Method: "GET", Headers: []v1alpha1.WebMetricHeader{{Key: "x-key", Value: "v"}}}, "GET /p?q=1 |||v|"},
		"the host is the URL's": {
			v1alpha1.WebMetric{Headers: []v1alpha1.WebMetricHeader{{Key: "Host", Value: "elsewhere"}}}, "GET /p?q=1 ||||",
		},
		"a text":         {v1alpha1.WebMetric{Method: "POST", Body: "hello"}, "POST /p?q=1 |hello|||"},
		"nothing to put": {v1alpha1.WebMetric{Method: "PUT"}, "PUT /p?q=1 ||||"},
		"JSON":           {v1alpha1.WebMetric{Method: "PUT", JSONBody: []byte(`{"k":[1]}`)}, `PUT /p?q=1 |{"k":[1]}|application/json||`},
		"JSON of some other type": {
			v1alpha1.WebMetric{Method: "POST", JSONBody: []byte(`{}`), Headers: []v1alpha1.WebMetricHeader{{Key: "Content-Type", Value: "application/x"}}},
			`POST /p?q=1 |{}|application/x||`,
		},
		"a token": {v1alpha1.WebMetric{Authentication: v1alpha1.Authentication{
			OAuth2:    v1alpha1.OAuth2Config{TokenURL: issuer, ClientID: "id", ClientSecret: "pw", Scopes: []string{"a", "b"}},
			BasicAuth: v1alpha1.BasicAuth{Username: "u", Password: "p"},
		}}, "GET /p?q=1 ||||Bearer id-pw-a b"},
		"name and password are not for this provider": {
			v1alpha1.WebMetric{Authentication: v1alpha1.Authentication{BasicAuth: v1alpha1.BasicAuth{Username: "u", Password: "p"}}}, "GET /p?q=1 ||||",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := ""
			tc.metric.URL = serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				got = fmt.Sprintf("%s %s |%s|%s|%s|%s", r.Method, r.URL, body, r.Header.Get("Content-Type"), r.Header.Get("X-Key"), r.Header.Get("Authorization"))
				if r.Host == "elsewhere" || r.Header.Get("User-Agent") != "serin" {
					t.Errorf("host %s, agent %s", r.Host, r.Header.Get("User-Agent"))
				}
				says(200, "1")(w, r)
			}) + "/p?q=1"
			if _, err := measure(t, tc.metric); err != nil || got != tc.want {
				t.Errorf("asked %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

func TestMetricsThatMakeNoRequest(t *testing.T) {
	const bodyOfGet = "Body/JSONBody can only be used with POST or PUT WebMetric Method types"
	cases := map[string]struct {
		metric v1alpha1.WebMetric
		want   string
	}{
		"both bodies": {
			v1alpha1.WebMetric{Method: "POST", Body: "a", JSONBody: []byte("{}")},
			"use either Body or JSONBody; both cannot exists for WebMetric payload",
		},
		"GET with a text":      {v1alpha1.WebMetric{Body: "a"}, bodyOfGet},
		"GET with JSON":        {v1alpha1.WebMetric{Method: "GET", JSONBody: []byte("{}")}, bodyOfGet},
		"a method of its own":  {v1alpha1.WebMetric{Method: "DELETE"}, `unknown method "DELETE", known are: GET, POST, PUT`},
		"half a grant":         {v1alpha1.WebMetric{Authentication: v1alpha1.Authentication{OAuth2: v1alpha1.OAuth2Config{ClientID: "a"}}}, fetch.ErrOAuth2.Error()},
		"a URL that is hidden": {v1alpha1.WebMetric{URL: "hunter2://a"}, `GET *****://a: unsupported protocol scheme "*****"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := measure(t, tc.metric); err == nil || err.Error() != tc.want {
				t.Errorf("Measure() = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestPicking(t *testing.T) {
	const noValue = "result of web metric produced no value"
	cases := map[string]struct {
		body, path string
		want       any
		wantText   string
		wantErr    string // start of the error
	}{
		"a number":                 {body: `{"a": {"b": 1.5}}`, path: "{$.a.b}", want: 1.5, wantText: "1.5"},
		"a whole number":           {body: `{"a": 3}`, path: "{.a}", want: 3.0, wantText: "3"},
		"a text keeps its quotes":  {body: `{"a": "x"}`, path: "{$.a}", want: "x", wantText: `"x"`},
		"true":                     {body: `{"a": true}`, path: "{$.a}", want: true, wantText: "true"},
		"all of it":                {body: `{"a": [1, "b"]}`, want: map[string]any{"a": []any{1.0, "b"}}, wantText: `{"a":[1,"b"]}`},
		"a list":                   {body: `[1, 2]`, path: "{$}", want: []any{1.0, 2.0}, wantText: "[1,2]"},
		"null":                     {body: `{"a": null}`, path: "{$.a}", want: nil, wantText: "null"},
		"several":                  {body: `{"a": [{"b": 1}, {"b": 2}]}`, path: "{$.a[*].b}", want: 1.0, wantText: "1"},
		"several paths":            {body: `{"a": 1, "b": 2}`, path: "{$.b}{$.a}", want: 2.0, wantText: "2"},
		"a filter":                 {body: `{"a": [{"n": "x", "v": 1}, {"n": "y", "v": 2}]}`, path: `{$.a[?(@.n=="y")].v}`, want: 2.0, wantText: "2"},
		"no braces":                {body: `{"a": 1}`, path: "$.a", want: "$.a", wantText: `"$.a"`},
		"a body of text":           {body: "all is well", path: "{$.a}", want: "all is well", wantText: "all is well"},
		"no body":                  {body: "", want: "", wantText: ""},
		"two values are no JSON":   {body: "1 2", want: "1 2", wantText: "1 2"},
		"a path that is not there": {body: `{"a": 1}`, path: "{$.b}", wantErr: "Could not find JSONPath in body: b is not found"},
		"a path into nothing":      {body: `{"a": null}`, path: "{$.a.b}", wantErr: "Could not find JSONPath in body: "},
		"a path into a number":     {body: `{"a": 1}`, path: "{$.a.b}", wantErr: "Could not find JSONPath in body: "},
		"a place past the end":     {body: `{"a": [1]}`, path: "{$.a[4]}", wantErr: "Could not find JSONPath in body: "},
		"a filter for nothing":     {body: `{"a": [{"n": "x"}]}`, path: `{$.a[?(@.n=="y")]}`, wantErr: noValue},
		"a body of null":           {body: "null", wantErr: noValue},
		"a path into null":         {body: "null", path: "{$.a}", wantErr: noValue},
		"a path that is none":      {body: "{}", path: "{$.a", wantErr: "read jsonPath: "},
		"a path that is a secret":  {body: "{}", path: "{$.hunter2}", wantErr: "Could not find JSONPath in body: ***** is not found"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := measure(t, v1alpha1.WebMetric{URL: serve(t, says(200, tc.body)), JSONPath: tc.path})
			if (err == nil) != (tc.wantErr == "") || err != nil && !strings.HasPrefix(err.Error(), tc.wantErr) {
				t.Fatalf("Measure() = %+v, %v, want error %q", got, err, tc.wantErr)
			}
			if diff := cmp.Diff(provider.Value{Result: tc.want, Text: tc.wantText}, got); diff != "" {
				t.Errorf("Measure() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStatuses(t *testing.T) {
	target := serve(t, says(200, "7"))
	cases := map[string]struct {
		status int
		want   string
	}{
		"no content is an answer": {204, ""}, "accepted is an answer": {202, ""}, "redirected": {301, ""},
		"not modified": {304, "received non 2xx response code: 304"}, "absent": {404, "received non 2xx response code: 404"},
		"broken": {503, "received non 2xx response code: 503"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := measure(t, v1alpha1.WebMetric{URL: serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", target)
				w.WriteHeader(tc.status)
			})})
			if (err == nil) != (tc.want == "") || err != nil && err.Error() != tc.want {
				t.Errorf("Measure() = %v, want %q", err, tc.want)
			}
		})
	}
}

// Whatever JSON comes, and wherever a path leads, there is a value or an error.
func TestNoAnswerPanics(t *testing.T) {
	body := ""
	address := serve(t, func(w http.ResponseWriter, r *http.Request) { says(200, body)(w, r) })
	source := web.New(fetch.New(fetch.Options{}))
	paths := []string{"{$}", "{$.a}", "{$..a}", "{$.a.b}", "{$[0]}", "{$.a[*]}", "{$[*].a}", "{$.a[-1:]}", `{$.a[?(@.b==1)]}`, `{$[?(@.a>1)].b}`, "{range $.a[*]}{.b}{end}", "{$.a,b}", "{$['a','b']}"}
	rapid.Check(t, func(t *rapid.T) {
		value := drawJSON(t, 3)
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		body = string(encoded)
		path := rapid.SampledFrom(paths).Draw(t, "path")
		got, err := source.Measure(t.Context(), provider.Query{
			Run:    &v1alpha1.AnalysisRun{},
			Metric: v1alpha1.Metric{Provider: v1alpha1.MetricProvider{Web: &v1alpha1.WebMetric{URL: address, JSONPath: path}}},
		})
		if err == nil && !json.Valid([]byte(got.Text)) {
			t.Fatalf("%s in %s is %q", path, body, got.Text)
		}
	})
}

func drawJSON(t *rapid.T, depth int) any {
	kinds := []string{"null", "number", "text", "bool"}
	if depth > 0 {
		kinds = append(kinds, "list", "object", "object")
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "number":
		return rapid.IntRange(-2, 2).Draw(t, "number")
	case "text":
		return rapid.SampledFrom([]string{"", "a", "1"}).Draw(t, "text")
	case "bool":
		return rapid.Bool().Draw(t, "bool")
	case "list":
		list := make([]any, rapid.IntRange(0, 2).Draw(t, "length"))
		for i := range list {
			list[i] = drawJSON(t, depth-1)
		}
		return list
	case "object":
		object := map[string]any{}
		for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b"}), 0, 2, rapid.ID).Draw(t, "keys") {
			object[key] = drawJSON(t, depth-1)
		}
		return object
	}
	return nil
}
