package datadog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/datadog"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
	"github.com/serin-rollouts/serin/internal/provider/providertest"
)

const noKeys = "failed to find the credentials for datadog metrics provider"

// secrets are by namespace and name.
type secrets map[string]map[string]string

var errMissing = errors.New("not found")

func (s secrets) Secret(_ context.Context, namespace, name string) (map[string][]byte, error) {
	found, is := s[namespace+"/"+name]
	if !is {
		return nil, errMissing
	}
	data := map[string][]byte{}
	for key, value := range found {
		data[key] = []byte(value)
	}
	return data, nil
}

func (secrets) Missing(err error) bool { return errors.Is(err, errMissing) }

func noEnv(string) string { return "" }

func query(metric v1alpha1.DatadogMetric, s secrets) provider.Query {
	q := provider.Query{
		Run: &v1alpha1.AnalysisRun{}, Metric: v1alpha1.Metric{Provider: v1alpha1.MetricProvider{Datadog: &metric}},
		Secrets: s, Now: time.Unix(1000000, 0),
	}
	q.Run.Namespace = "team"
	return q
}

// ask measures with a server that answers so, and returns what it was asked.
func ask(t *testing.T, metric v1alpha1.DatadogMetric, answer http.HandlerFunc) (provider.Value, error) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	held := secrets{"/datadog": {"api-key": "kk", "app-key": "KK\n", "address": server.URL + "/"}}
	return datadog.New(fetch.New(fetch.Options{}), noEnv).Measure(t.Context(), query(metric, held))
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-RateLimit-Reset", "7")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestSuite(t *testing.T) {
	for version, answer := range map[string]string{
		"v1": `{"status": "ok", "series": [{"pointlist": [[1, 2.5]]}]}`,
		"v2": `{"data": {"attributes": {"columns": [{"type": "number", "values": [1]}]}}}`,
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, providertest.Subject{
				Source: provider.Source{Provider: datadog.New(fetch.New(fetch.Options{}), noEnv)},
				Metric: func(string) v1alpha1.MetricProvider {
					return v1alpha1.MetricProvider{Datadog: &v1alpha1.DatadogMetric{ApiVersion: version, Query: providertest.Token, RequestTimeout: "500ms"}}
				},
				Secrets: func(address string) map[string]map[string][]byte {
					return map[string]map[string][]byte{"datadog": {
						"api-key": []byte(providertest.Token), "app-key": []byte(providertest.Token), "address": []byte(address),
					}}
				},
				MissingSecret: noKeys, Answer: says(200, answer), Timeout: 500 * time.Millisecond,
			})
		})
	}
}

func TestRequests(t *testing.T) {
	cases := map[string]struct {
		metric   v1alpha1.DatadogMetric
		want     string
		wantBody string
	}{
		"version 1":                  {v1alpha1.DatadogMetric{ApiVersion: "v1", Query: "avg:a{b:c} by {d}", Interval: "10m"}, "GET /api/v1/query?from=999400&query=avg%3Aa%7Bb%3Ac%7D+by+%7Bd%7D&to=1000000", ""},
		"no version and no interval": {v1alpha1.DatadogMetric{Query: "q"}, "GET /api/v1/query?from=999700&query=q&to=1000000", ""},
		"one query": {
			v1alpha1.DatadogMetric{ApiVersion: "v2", Query: "q"}, "POST /api/v2/query/scalar",
			`{"data":{"type":"scalar_request","attributes":{"from":999700000,"to":1000000000,` +
				`"queries":[{"aggregator":"last","data_source":"metrics","name":"query","query":"q"}],"formulas":[]}}}`,
		},
		"queries and a formula": {
			v1alpha1.DatadogMetric{ApiVersion: "v2", Queries: map[string]string{"b": "qb", "a": "qa"}, Formula: "a / b", Aggregator: "sum"}, "POST /api/v2/query/scalar",
			`{"data":{"type":"scalar_request","attributes":{"from":999700000,"to":1000000000,` +
				`"queries":[{"aggregator":"sum","data_source":"metrics","name":"a","query":"qa"},{"aggregator":"sum","data_source":"metrics","name":"b","query":"qb"}],` +
				`"formulas":[{"formula":"a / b"}]}}}`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got, body, keys string
			_, _ = ask(t, tc.metric, func(_ http.ResponseWriter, r *http.Request) {
				sent, _ := io.ReadAll(r.Body)
				got, body = r.Method+" "+r.URL.String(), string(sent)
				keys = r.Header.Get("DD-API-KEY") + r.Header.Get("DD-APPLICATION-KEY") + r.Header.Get("Content-Type")
			})
			if diff := cmp.Diff([]string{tc.want, tc.wantBody, "kkKKapplication/json"}, []string{got, body, keys}); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTemplatesToReview(t *testing.T) {
	two := map[string]string{"a": "x", "b": "y"}
	cases := map[string]struct {
		metric v1alpha1.DatadogMetric
		want   string
	}{
		"nothing":           {v1alpha1.DatadogMetric{}, "Must have either a query or queries. Please review the Analysis Template."},
		"both":              {v1alpha1.DatadogMetric{Query: "q", Queries: two}, "Cannot have both a query and queries. Please review the Analysis Template."},
		"queries in v1":     {v1alpha1.DatadogMetric{Queries: two}, "Query is empty. API Version v1 only supports using the query parameter in your Analysis Template."},
		"a formula alone":   {v1alpha1.DatadogMetric{ApiVersion: "v2", Query: "q", Formula: "f"}, "Formula are only valid when queries are set. Please review the Analysis Template."},
		"no formula":        {v1alpha1.DatadogMetric{ApiVersion: "v2", Queries: two}, "When multiple queries are provided you must include a formula."},
		"aggregator in v1":  {v1alpha1.DatadogMetric{Query: "q", Aggregator: "avg"}, "Aggregator is not supported in v1. Please review the Analysis Template."},
		"no time at all":    {v1alpha1.DatadogMetric{Query: "q", RequestTimeout: "0s"}, "Request timeout must be a positive duration (e.g. 30s). Please review the Analysis Template."},
		"time that is none": {v1alpha1.DatadogMetric{Query: "q", RequestTimeout: "x"}, `Could not parse the request timeout: time: invalid duration "x"`},
		"an odd interval":   {v1alpha1.DatadogMetric{Query: "q", Interval: "x"}, `read interval: parse duration: time: invalid duration "x"`},
		"an odd version":    {v1alpha1.DatadogMetric{Query: "q", ApiVersion: "v3"}, `unknown apiVersion "v3", known are: v1, v2`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, tc.metric, func(http.ResponseWriter, *http.Request) { t.Error("was asked") })
			if err == nil || err.Error() != tc.want {
				t.Errorf("Measure() = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	var used string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		used = r.Header.Get("DD-API-KEY")
		_, _ = io.WriteString(w, `{"series": []}`)
	}))
	t.Cleanup(server.Close)
	named := func(key string) map[string]string {
		return map[string]string{"api-key": key, "app-key": "b", "address": server.URL}
	}
	full := map[string]string{"DD_API_KEY": "env", "DD_APP_KEY": "b", "DD_ADDRESS": server.URL}
	part := map[string]string{"DD_API_KEY": "env", "DD_APP_KEY": "b"}
	all := secrets{"/datadog": named("default"), "/mine": named("mine"), "team/mine": named("teams"), "/half": {"api-key": "x", "address": server.URL}}
	cases := map[string]struct {
		ref     v1alpha1.SecretRef
		env     map[string]string
		secrets secrets
		want    string
		wantErr string
	}{
		"the environment":             {env: full, secrets: all, want: "env"},
		"half an environment":         {env: part, secrets: all, want: "default"},
		"the default":                 {secrets: all, want: "default"},
		"a name wins":                 {ref: v1alpha1.SecretRef{Name: "mine"}, env: full, secrets: all, want: "mine"},
		"a name in the run's":         {ref: v1alpha1.SecretRef{Name: "mine", Namespaced: true}, env: full, secrets: all, want: "teams"},
		"a name is all there is":      {ref: v1alpha1.SecretRef{Name: "gone"}, env: full, secrets: all, wantErr: "read Secret gone: not found"},
		"a namespace without a name":  {ref: v1alpha1.SecretRef{Namespaced: true}, env: full, wantErr: "secret name is required for namespaced credentials"},
		"a Secret that is incomplete": {ref: v1alpha1.SecretRef{Name: "half"}, secrets: all, wantErr: noKeys},
		"nothing":                     {wantErr: noKeys},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			used = ""
			source := datadog.New(fetch.New(fetch.Options{}), func(key string) string { return tc.env[key] })
			_, err := source.Measure(t.Context(), query(v1alpha1.DatadogMetric{Query: "q", SecretRef: tc.ref}, tc.secrets))
			if used != tc.want || (err == nil) != (tc.wantErr == "") || err != nil && err.Error() != tc.wantErr {
				t.Errorf("used %q, %v, want %q, %q", used, err, tc.want, tc.wantErr)
			}
		})
	}
}

// table is an answer of version 2 with these columns.
func table(columns string) string {
	return `{"data": {"type": "scalar_response", "attributes": {"columns": [` + columns + `]}}}`
}

func TestResults(t *testing.T) {
	cases := map[string]struct {
		version, body string
		want          provider.Value
	}{
		"the last point of the first series": {"v1", `{"series": [{"pointlist": [[1, 9], [2, 0.5]]}, {"pointlist": [[1, 7]]}]}`, provider.Value{Result: 0.5, Text: "0.5"}},
		"a last point of null":               {"v1", `{"series": [{"pointlist": [[1, 9], [2, null]]}]}`, provider.Value{Text: "null"}},
		"a real zero":                        {"v1", `{"series": [{"pointlist": [[1, 0]]}]}`, provider.Value{Result: 0.0, Text: "0"}},
		"no series":                          {"v1", `{"status": "ok", "series": []}`, provider.Value{Text: "[]"}},
		"no points":                          {"v1", `{"series": [{"pointlist": []}]}`, provider.Value{Text: `[{"pointlist":[]}]`}},
		"a number":                           {"v2", table(`{"name": "query", "type": "number", "values": [0.25, 3]}`), provider.Value{Result: 0.25, Text: "0.25"}},
		"a number of null":                   {"v2", table(`{"name": "query", "type": "number", "values": [null]}`), provider.Value{Text: "[]"}},
		"no columns":                         {"v2", table(""), provider.Value{Text: "[]"}},
		"no values":                          {"v2", table(`{"type": "number", "values": []}`), provider.Value{Text: "[]"}},
		"one group": {"v2", table(`{"type": "group", "values": [["a"]]}, {"type": "number", "values": [4]}`), provider.Value{
			Result: []float64{4}, Text: "[4]", Metadata: map[string]string{"groups": `[{"name":"a","value":4}]`},
		}},
		"groups by two tags, one without a value": {
			"v2", table(`{"type": "group", "values": [["a"], ["b"], ["c"]]}, {"type": "group", "values": [["x"], ["y"], ["z"]]}, {"type": "number", "values": [3, null, 1]}, {"type": "number", "values": [7, 7, 7]}`),
			provider.Value{Result: []float64{3, 1}, Text: "[3,1]", Metadata: map[string]string{"groups": `[{"name":"a,x","value":3},{"name":"c,z","value":1}]`}},
		},
		"groups without values": {"v2", table(`{"type": "group", "values": [["a"]]}, {"type": "number", "values": [null]}`), provider.Value{Text: "[]"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ask(t, v1alpha1.DatadogMetric{ApiVersion: tc.version, Query: "q"}, says(200, tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Measure() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestManyGroups(t *testing.T) {
	names, values := make([]string, 150), make([]string, 150)
	for i := range names {
		names[i], values[i] = fmt.Sprintf(`["g%d"]`, i), fmt.Sprint((i*7)%150) // all of 0 to 149, in disorder
	}
	body := table(fmt.Sprintf(`{"type": "group", "values": [%s]}, {"type": "number", "values": [%s]}`, strings.Join(names, ","), strings.Join(values, ",")))
	got, err := ask(t, v1alpha1.DatadogMetric{ApiVersion: "v2", Query: "q by {g}"}, says(200, body))
	if err != nil || len(got.Result.([]float64)) != 150 || got.Metadata["groups_truncated"] != "true" {
		t.Fatalf("Measure() = %+v, %v", got, err)
	}
	var groups []struct{ Value float64 }
	if err := json.Unmarshal([]byte(got.Metadata["groups"]), &groups); err != nil || len(groups) != 100 {
		t.Fatalf("%d groups, %v", len(groups), err)
	}
	for i, group := range groups {
		want := float64(i)
		if i >= 50 {
			want = float64(i + 50)
		}
		if group.Value != want {
			t.Errorf("group %d is %v, want %v", i, group.Value, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	reset := map[string]string{"rate-limit-reset-seconds": "7"}
	cases := map[string]struct {
		version, body string
		status        int
		want          string
		wantMetadata  map[string]string
	}{
		"a wrong key":          {"v1", `{"errors": ["Forbidden"]}`, 403, `received authentication error response code: 403 {"errors": ["Forbidden"]}`, reset},
		"no key":               {"v2", "no", 401, "received authentication error response code: 401 no", reset},
		"too many":             {"v2", "slow", 429, "received non 2xx response code: 429 slow", reset},
		"another 2xx is none":  {"v1", "", 202, "received non 2xx response code: 202 ", reset},
		"an error in v1":       {"v1", `{"status": "error", "series": [], "error": "unknown metric"}`, 200, "There were errors in your query: unknown metric", nil},
		"an error in v2":       {"v2", `{"errors": "unknown metric"}`, 200, "There were errors in your query: unknown metric", nil},
		"errors in v2":         {"v2", `{"errors": ["a", "b"]}`, 200, "There were errors in your query: [a b]", nil},
		"no data":              {"v2", `{"errors": []}`, 200, "the answer has no data in it", nil},
		"half a point":         {"v1", `{"series": [{"pointlist": [[1]]}]}`, 200, "the answer has no data in it", nil},
		"a group without name": {"v2", table(`{"type": "group", "values": []}, {"type": "number", "values": [1]}`), 200, "read the answer: the answer has no data in it", nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ask(t, v1alpha1.DatadogMetric{ApiVersion: tc.version, Query: "q"}, says(tc.status, tc.body))
			if err == nil || err.Error() != tc.want {
				t.Errorf("Measure() = %v, want %q", err, tc.want)
			}
			if diff := cmp.Diff(tc.wantMetadata, got.Metadata); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
		})
	}
}
