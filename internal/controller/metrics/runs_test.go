package metrics

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/kube"
)

func metricOf(name string, p v1alpha1.MetricProvider) v1alpha1.Metric {
	return v1alpha1.Metric{Name: name, Provider: p}
}

// scrape returns the lines of series whose names begin with analysis_, those that are
// 0 apart.
func scrape(t *testing.T, o Options, objects ...client.Object) []string {
	t.Helper()
	scheme, err := kube.NewScheme()
	if err != nil {
		t.Fatal(err)
	}
	o.Caches, o.Requests = fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build(), NewRequests()
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	var lines []string
	for line := range strings.Lines(answer.Body.String()) {
		if strings.HasPrefix(line, "analysis_") && !strings.HasSuffix(line, " 0\n") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	slices.Sort(lines)
	return lines
}

func TestSeriesOfAnalyses(t *testing.T) {
	run := &v1alpha1.AnalysisRun{
		ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "run"},
		Spec: v1alpha1.AnalysisRunSpec{
			Metrics: []v1alpha1.Metric{
				metricOf("errors", v1alpha1.MetricProvider{Prometheus: &v1alpha1.PrometheusMetric{}}),
				metricOf("tried", v1alpha1.MetricProvider{SkyWalking: &v1alpha1.SkyWalkingMetric{}}),
			},
			DryRun: []v1alpha1.DryRun{{MetricName: "tri.*"}},
		},
		Status: v1alpha1.AnalysisRunStatus{
			Phase:         v1alpha1.AnalysisPhaseRunning,
			MetricResults: []v1alpha1.MetricResult{{Name: "errors", Phase: v1alpha1.AnalysisPhaseFailed}},
		},
	}
	spec := v1alpha1.AnalysisTemplateSpec{Metrics: []v1alpha1.Metric{metricOf("web", v1alpha1.MetricProvider{Web: &v1alpha1.WebMetric{}})}}
	own := &v1alpha1.AnalysisTemplate{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "own"}, Spec: spec}
	shared := &v1alpha1.ClusterAnalysisTemplate{ObjectMeta: metav1.ObjectMeta{Name: "shared"}, Spec: spec}
	ofNamespace := []string{
		`analysis_run_info{name="run",namespace="n",phase="Running"} 1`,
		`analysis_run_metric_phase{dry_run="false",metric="errors",name="run",namespace="n",phase="Failed",type="Prometheus"} 1`,
		`analysis_run_metric_phase{dry_run="true",metric="tried",name="run",namespace="n",phase="Pending",type="skywalking"} 1`,
		`analysis_run_metric_type{metric="errors",name="run",namespace="n",type="Prometheus"} 1`,
		`analysis_run_metric_type{metric="tried",name="run",namespace="n",type="skywalking"} 1`,
		`analysis_run_phase{name="run",namespace="n",phase="Running"} 1`,
		`analysis_template_info{name="own",namespace="n"} 1`,
		`analysis_template_metric_info{metric="web",name="own",namespace="n",type="Web"} 1`,
	}
	all := append([]string{
		`analysis_template_info{name="shared",namespace=""} 1`,
		`analysis_template_metric_info{metric="web",name="shared",namespace="",type="Web"} 1`,
	}, ofNamespace...)
	slices.Sort(all)
	elected := make(chan struct{})
	close(elected)
	cases := map[string]struct {
		options Options
		want    []string
	}{
		"a leader tells all":                {options: Options{Elected: elected}, want: all},
		"of one namespace no shared ones":   {options: Options{Elected: elected, OneNamespace: true}, want: ofNamespace},
		"without Rollouts the same":         {options: Options{Elected: elected, AnalysisOnly: true}, want: all},
		"a standby tells nothing of others": {options: Options{Elected: make(chan struct{})}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, scrape(t, tc.options, run.DeepCopy(), own.DeepCopy(), shared.DeepCopy())); diff != "" {
				t.Errorf("series (-want +got):\n%s", diff)
			}
		})
	}
}

// What belongs to Rollouts is not even registered when there are none.
func TestAnalysisOnlyLeavesRolloutsOut(t *testing.T) {
	for _, only := range []bool{false, true} {
		m, err := New(Options{Elected: make(chan struct{}), Requests: NewRequests(), AnalysisOnly: only})
		if err != nil {
			t.Fatal(err)
		}
		key := engine.Key{Namespace: "n", Name: "web"}
		m.Rollouts.Reconciled(key, 0, true)
		m.AnalysisRuns.Reconciled(key, 0, true)
		answer := httptest.NewRecorder()
		m.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		text := answer.Body.String()
		if strings.Contains(text, "rollout_reconcile_error{") == only || !strings.Contains(text, `analysis_run_reconcile_error{name="web",namespace="n"} 1`) {
			t.Errorf("with AnalysisOnly %v:\n%s", only, text)
		}
	}
}
