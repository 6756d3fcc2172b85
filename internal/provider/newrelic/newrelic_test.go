package newrelic_test

import (
	"context"
	"encoding/json"
	"errors"
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
	"github.com/serin-rollouts/serin/internal/provider/newrelic"
	"github.com/serin-rollouts/serin/internal/provider/providertest"
)

// secrets are those of the controller's namespace.
type secrets map[string]map[string]string

var errMissing = errors.New("not found")

func (s secrets) Secret(_ context.Context, namespace, name string) (map[string][]byte, error) {
	found, is := s[name]
	if !is || namespace != "" {
		return nil, errMissing
	}
	data := map[string][]byte{}
	for key, value := range found {
		data[key] = []byte(value)
	}
	return data, nil
}

func (secrets) Missing(err error) bool { return errors.Is(err, errMissing) }

// account is a Secret for a server.
func account(address string) map[string]string {
	return map[string]string{"personal-api-key": "NRAK-1\n", "account-id": "42", "base-url-nerdgraph": address}
}

func measure(t *testing.T, metric v1alpha1.NewRelicMetric, s secrets) (provider.Value, error) {
	t.Helper()
	return newrelic.New(fetch.New(fetch.Options{})).Measure(t.Context(), provider.Query{
		Metric: v1alpha1.Metric{Provider: v1alpha1.MetricProvider{NewRelic: &metric}}, Secrets: s,
	})
}

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

// rows is an answer with these results.
func rows(results string) string {
	return `{"data": {"actor": {"account": {"nrql": {"results": [` + results + `]}}}}}`
}

func TestSuite(t *testing.T) {
	second := int64(1)
	providertest.Run(t, providertest.Subject{
		Source: provider.Source{Provider: newrelic.New(fetch.New(fetch.Options{}))},
		Metric: func(string) v1alpha1.MetricProvider {
			return v1alpha1.MetricProvider{NewRelic: &v1alpha1.NewRelicMetric{Query: providertest.Token, Timeout: &second}}
		},
		Secrets: func(address string) map[string]map[string][]byte {
			return map[string]map[string][]byte{"newrelic": {
				"personal-api-key": []byte(providertest.Token), "account-id": []byte("1"), "base-url-nerdgraph": []byte(address),
			}}
		},
		MissingSecret: `read Secret newrelic: secrets "newrelic": secret not found`,
		Answer:        says(200, rows(`{"count": 1}`)), Timeout: 2 * time.Second,
	})
}

func TestRequest(t *testing.T) {
	timeout := int64(9)
	for name, tc := range map[string]struct {
		metric      v1alpha1.NewRelicMetric
		wantTimeout float64
	}{
		"as it comes":                  {v1alpha1.NewRelicMetric{Query: "SELECT \"x\""}, 5},
		"with a profile and a timeout": {v1alpha1.NewRelicMetric{Query: "SELECT \"x\"", Profile: "mine", Timeout: &timeout}, 9},
	} {
		t.Run(name, func(t *testing.T) {
			var head []string
			var body struct {
				Query     string
				Variables map[string]any
			}
			address := serve(t, func(w http.ResponseWriter, r *http.Request) {
				head = []string{r.Method, r.URL.Path, r.Header.Get("Api-Key"), r.Header.Get("Content-Type"), r.Header.Get("User-Agent")}
				if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
					t.Error(err)
				}
				says(200, rows(`{"count": 1}`))(w, r)
			}) + "/graphql"
			if _, err := measure(t, tc.metric, secrets{"newrelic": account(address), "mine": account(address)}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"POST", "/graphql", "NRAK-1", "application/json", "serin"}, head); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(map[string]any{"account": 42.0, "query": `SELECT "x"`, "timeout": tc.wantTimeout}, body.Variables); diff != "" {
				t.Errorf("variables (-want +got):\n%s", diff)
			}
			question := strings.Join(strings.Fields(body.Query), " ")
			want := "query($account: Int!, $query: Nrql!, $timeout: Seconds) { actor { account(id: $account) { nrql(query: $query, timeout: $timeout) { results } } } }"
			if question != want {
				t.Errorf("asked %q, want %q", question, want)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	const noRows = "no results returned from NRQL query"
	cases := map[string]struct {
		status   int
		body     string
		want     any
		wantText string
		wantErr  string // start of it
	}{
		"one row":      {200, rows(`{"average.duration": 1.5, "n": "x"}`), map[string]any{"average.duration": 1.5, "n": "x"}, `{"average.duration":1.5,"n":"x"}`, ""},
		"many rows":    {200, rows(`{"a": 1}, {"a": null}`), []map[string]any{{"a": 1.0}, {"a": nil}}, `[{"a":1},{"a":null}]`, ""},
		"no row":       {200, rows(""), nil, "", noRows},
		"an empty row": {200, rows("{}"), nil, "", noRows},
		"errors": {
			200, `{"data": {"actor": {"account": {"nrql": null}}}, "errors": [{"message": "NRQL Syntax Error"}, {"message": "for NRAK-1"}]}`, nil, "",
			"NRQL query: NRQL Syntax Error; for *****",
		},
		"no account":   {200, `{"data": {"actor": {"account": null}}}`, nil, "", noRows},
		"a wrong key":  {401, `{"error": "bad NRAK-1"}`, nil, "", `the server answered 401 Unauthorized: {"error": "bad *****"}`},
		"rows of text": {200, rows(`"x"`), nil, "", "read the answer: json: cannot unmarshal string"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := measure(t, v1alpha1.NewRelicMetric{Query: "q"}, secrets{"newrelic": account(serve(t, says(tc.status, tc.body)))})
			if (err == nil) != (tc.wantErr == "") || err != nil && !strings.HasPrefix(err.Error(), tc.wantErr) {
				t.Fatalf("Measure() = %+v, %v, want error %q", got, err, tc.wantErr)
			}
			if diff := cmp.Diff(provider.Value{Result: tc.want, Text: tc.wantText}, got); diff != "" {
				t.Errorf("Measure() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMetricsThatMakeNoRequest(t *testing.T) {
	const noKeys = "account ID or personal API key not found"
	negative := int64(-1)
	cases := map[string]struct {
		metric v1alpha1.NewRelicMetric
		secret map[string]string
		want   string
	}{
		"a negative timeout": {v1alpha1.NewRelicMetric{Timeout: &negative}, account(""), "timeout value needs to be a positive value"},
		"no key":             {v1alpha1.NewRelicMetric{}, map[string]string{"account-id": "1"}, noKeys},
		"no account":         {v1alpha1.NewRelicMetric{}, map[string]string{"personal-api-key": "k"}, noKeys},
		"an odd account":     {v1alpha1.NewRelicMetric{}, map[string]string{"personal-api-key": "k", "account-id": "me"}, "could not parse account ID: invalid syntax"},
		"another profile":    {v1alpha1.NewRelicMetric{Profile: "mine"}, account(""), "read Secret mine: not found"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := measure(t, tc.metric, secrets{"newrelic": tc.secret}); err == nil || err.Error() != tc.want {
				t.Errorf("Measure() = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestDescription(t *testing.T) {
	got := newrelic.Provider{}.Describe(provider.Query{
		Metric: v1alpha1.Metric{Provider: v1alpha1.MetricProvider{NewRelic: &v1alpha1.NewRelicMetric{Query: "SELECT hunter2"}}}, Hidden: []string{"hunter2"},
	})
	if diff := cmp.Diff(map[string]string{"ResolvedNewRelicQuery": "SELECT *****"}, got); diff != "" {
		t.Errorf("Describe() (-want +got):\n%s", diff)
	}
}
