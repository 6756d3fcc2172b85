package kayenta_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
	"github.com/serin-rollouts/serin/internal/provider/kayenta"
	"github.com/serin-rollouts/serin/internal/provider/providertest"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func says(body string) http.HandlerFunc { return status(200, body) }

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// judge answers each of the three calls.
type judge struct{ configs, begin, look http.HandlerFunc }

func (j judge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/canaryConfig" && r.Method == http.MethodGet:
		j.configs(w, r)
	case strings.HasPrefix(r.URL.Path, "/canary/") && r.Method == http.MethodPost:
		j.begin(w, r)
	case strings.HasPrefix(r.URL.Path, "/canary/") && r.Method == http.MethodGet:
		j.look(w, r)
	default:
		http.NotFound(w, r)
	}
}

// willing is a judge that does what it is asked.
func willing() judge {
	return judge{
		configs: says(`[{"id": "c0", "name": "other"}, {"id": "c1", "name": "my config"}]`),
		begin:   says(`{"canaryExecutionId": "e/1"}`),
		look:    says(scored("95")),
	}
}

func scored(score string) string {
	return fmt.Sprintf(`{"complete": true, "result": {"judgeResult": {"score": {"score": %s}}}}`, score)
}

func metric(address string) *v1alpha1.KayentaMetric {
	side := func(name string) v1alpha1.ScopeDetail {
		return v1alpha1.ScopeDetail{Scope: name, Region: "here", Step: 60}
	}
	return &v1alpha1.KayentaMetric{
		Address: address, Application: "my app", CanaryConfigName: "my config",
		MetricsAccountName: "metrics&", ConfigurationAccountName: "configs", StorageAccountName: "storage",
		Threshold: v1alpha1.KayentaThreshold{Pass: 90, Marginal: 75},
		Scopes:    []v1alpha1.KayentaScope{{Name: "default", ControlScope: side("stable"), ExperimentScope: side("canary")}},
	}
}

func source() kayenta.Provider { return kayenta.New(fetch.New(fetch.Options{})) }

// query asks a judge.
func query(t *testing.T, j judge) provider.Query {
	t.Helper()
	server := httptest.NewServer(j)
	t.Cleanup(server.Close)
	return provider.Query{Run: &v1alpha1.AnalysisRun{}, Now: now, Number: 1, Metric: v1alpha1.Metric{
		Interval: "5m", Provider: v1alpha1.MetricProvider{Kayenta: metric(server.URL + "/")},
	}}
}

func TestSuite(t *testing.T) {
	providertest.Run(t, providertest.Subject{
		Source: provider.Source{Job: kayenta.Within(source(), 500*time.Millisecond)},
		Metric: func(address string) v1alpha1.MetricProvider {
			m := metric(address)
			m.Application, m.Scopes[0].ControlScope.Scope = providertest.Token, providertest.Token
			return v1alpha1.MetricProvider{Kayenta: m}
		},
		Answer: willing().ServeHTTP, Timeout: 500 * time.Millisecond,
	})
}

func TestRequests(t *testing.T) {
	var got []string
	note := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got = append(got, strings.TrimSpace(fmt.Sprint(r.Method, " ", r.RequestURI, " ", r.Header.Get("Content-Type"), " ", string(body))))
			next(w, r)
		}
	}
	j := willing()
	q := query(t, judge{configs: note(j.configs), begin: note(j.begin), look: note(j.look)})
	started, err := source().Start(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	want := provider.Progress{Phase: "Running", Metadata: map[string]string{"canaryExecutionId": "e/1"}, ResumeAt: now.Add(15 * time.Second)}
	if diff := cmp.Diff(want, started); diff != "" {
		t.Errorf("Start() (-want +got):\n%s", diff)
	}
	if _, err := source().Poll(t.Context(), q, v1alpha1.Measurement{Metadata: started.Metadata}); err != nil {
		t.Error(err)
	}
	side := `{"scope":"%s","location":"here","step":60,"start":"2026-05-01T11:55:00Z","end":"2026-05-01T12:00:00Z"}`
	wantRequests := []string{
		"GET /canaryConfig?application=my+app&configurationAccountName=configs",
		"POST /canary/c1?application=my+app&configurationAccountName=configs&metricsAccountName=metrics%26&storageAccountName=storage application/json " +
			`{"scopes":{"default":{"controlScope":` + fmt.Sprintf(side, "stable") + `,"experimentScope":` + fmt.Sprintf(side, "canary") + `}},"thresholds":{"pass":90,"marginal":75}}`,
		"GET /canary/e%2F1",
	}
	if diff := cmp.Diff(wantRequests, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestWindows(t *testing.T) {
	const start, end = "2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z"
	cases := map[string]struct {
		edit    func(*provider.Query, *v1alpha1.KayentaScope)
		want    string // start and end of both sides
		wantErr string
	}{
		"one interval": {func(*provider.Query, *v1alpha1.KayentaScope) {}, "11:55 to 12:00", ""},
		"looking back on the first pass": {func(q *provider.Query, _ *v1alpha1.KayentaScope) {
			q.Metric.Provider.Kayenta.Lookback, q.Metric.Interval = true, ""
		}, "12:00 to 12:00", ""},
		"looking back later": {func(q *provider.Query, _ *v1alpha1.KayentaScope) {
			q.Metric.Provider.Kayenta.Lookback = true
			q.Run.Status.StartedAt = &metav1.Time{Time: now.Add(-time.Hour)}
		}, "11:00 to 12:00", ""},
		"no interval": {func(q *provider.Query, _ *v1alpha1.KayentaScope) { q.Metric.Interval = "" }, "", `Invalid duration "": time: invalid duration ""`},
		"a window of its own": {func(q *provider.Query, s *v1alpha1.KayentaScope) {
			q.Metric.Interval = ""
			s.ControlScope.Start, s.ExperimentScope.Start, s.ControlScope.End, s.ExperimentScope.End = start, start, end, end
		}, "00:00 to 00:00", ""},
		"a start on one side": {
			func(_ *provider.Query, s *v1alpha1.KayentaScope) { s.ControlScope.Start = start }, "",
			"controlScope.start and experimentScope.start must both be set or be empty",
		},
		"an end on one side": {
			func(_ *provider.Query, s *v1alpha1.KayentaScope) { s.ExperimentScope.End = end }, "",
			"controlScope.end and experimentScope.end must both be set or be empty",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			sent, j := "", willing()
			j.begin = func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				sent = string(body)
				willing().begin(w, r)
			}
			q := query(t, j)
			tc.edit(&q, &q.Metric.Provider.Kayenta.Scopes[0])
			_, err := source().Start(t.Context(), q)
			if (err == nil) != (tc.wantErr == "") || err != nil && err.Error() != tc.wantErr {
				t.Fatalf("Start() = %v, want %q", err, tc.wantErr)
			}
			from, to, _ := strings.Cut(tc.want, " to ")
			if strings.Count(sent, "T"+from+`:00Z","end":`) != strings.Count(tc.want, "to")*2 || strings.Count(sent, "T"+to+`:00Z"}`) != strings.Count(tc.want, "to")*2 {
				t.Errorf("sent %s, want %s on both sides", sent, tc.want)
			}
		})
	}
}

func TestStartsThatFail(t *testing.T) {
	cases := map[string]struct {
		edit func(*judge)
		want string
	}{
		"no such config":       {func(j *judge) { j.configs = says(`[{"id": "c0", "name": "other"}]`) }, "Canary config not found"},
		"a config without id":  {func(j *judge) { j.configs = says(`[{"name": "my config"}]`) }, "Canary config not found"},
		"configs refused":      {func(j *judge) { j.configs = status(500, "") }, "Invalid Response: HTTP 500"},
		"configs that are not": {func(j *judge) { j.configs = says("<html>") }, "the answer of Kayenta is no JSON"},
		"the order refused":    {func(j *judge) { j.begin = status(400, "{}") }, "Invalid Response"},
		"an order accepted":    {func(j *judge) { j.begin = status(201, "{}") }, "Invalid Response"},
		"no execution":         {func(j *judge) { j.begin = says("{}") }, "Invalid canaryExecutionId"},
		"an execution of null": {func(j *judge) { j.begin = says(`{"canaryExecutionId": null}`) }, "Invalid canaryExecutionId"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			j := willing()
			tc.edit(&j)
			if got, err := source().Start(t.Context(), query(t, j)); err == nil || err.Error() != tc.want {
				t.Errorf("Start() = %+v, %v, want %q", got, err, tc.want)
			}
		})
	}
}

func TestLooks(t *testing.T) {
	cases := map[string]struct {
		look     http.HandlerFunc
		want     v1alpha1.AnalysisPhase
		wantText string
		wantErr  string
	}{
		"pending":              {says(`{"complete": false}`), "Running", "", ""},
		"passed":               {says(scored("90")), "Successful", "90", ""},
		"just not passed":      {says(scored("89.99")), "Inconclusive", "89.99", ""},
		"just marginal":        {says(scored("75")), "Inconclusive", "75", ""},
		"just not marginal":    {says(scored("74.9")), "Failed", "74.9", ""},
		"a score of zero":      {says(scored("0")), "Failed", "0", ""},
		"complete, no score":   {says(`{"complete": true, "result": {}}`), "", "", "Missing Score"},
		"complete, no result":  {says(`{"complete": true, "status": "terminal"}`), "", "", "Missing Score"},
		"a score of null":      {says(scored("null")), "", "", "Missing Score"},
		"neither":              {says(`{}`), "", "", "Missing Complete Status"},
		"refused":              {status(404, `{"complete": true}`), "", "", "Invalid Response"},
		"complete as a text":   {says(`{"complete": "true"}`), "", "", "the answer of Kayenta is no JSON"},
		"a page of some other": {says("<html>"), "", "", "the answer of Kayenta is no JSON"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			j := willing()
			j.look = tc.look
			got, err := source().Poll(t.Context(), query(t, j), v1alpha1.Measurement{Metadata: map[string]string{"canaryExecutionId": "e"}})
			if (err == nil) != (tc.wantErr == "") || err != nil && err.Error() != tc.wantErr {
				t.Fatalf("Poll() = %+v, %v, want error %q", got, err, tc.wantErr)
			}
			want := provider.Progress{Phase: tc.want, Text: tc.wantText}
			if tc.want == v1alpha1.AnalysisPhaseRunning {
				want.ResumeAt = now.Add(15 * time.Second)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Poll() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLookAtNothing(t *testing.T) {
	if _, err := source().Poll(t.Context(), query(t, willing()), v1alpha1.Measurement{}); err == nil || err.Error() != "Invalid canaryExecutionId" {
		t.Errorf("Poll() = %v, want that there is no execution", err)
	}
}

func TestStopCompletes(t *testing.T) {
	got, err := source().Stop(t.Context(), query(t, judge{}), v1alpha1.Measurement{Metadata: map[string]string{"canaryExecutionId": "e"}})
	if err != nil || got.Phase != v1alpha1.AnalysisPhaseInconclusive {
		t.Errorf("Stop() = %+v, %v, want Inconclusive", got, err)
	}
}
