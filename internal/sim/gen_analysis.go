package sim

import (
	"hash/fnv"
	"math/rand/v2"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

func checked() *v1alpha1.RolloutAnalysis {
	return &v1alpha1.RolloutAnalysis{Templates: []v1alpha1.AnalysisTemplateRef{{TemplateName: "check"}}}
}

func trial() *v1alpha1.RolloutExperimentStep {
	return &v1alpha1.RolloutExperimentStep{Templates: []v1alpha1.RolloutExperimentTemplate{
		{Name: "baseline", SpecRef: v1alpha1.StableSpecRef}, {Name: "candidate", SpecRef: v1alpha1.CanarySpecRef},
	}}
}

// checkTemplate is an analysis template with one metric that is measured once.
func checkTemplate() *v1alpha1.AnalysisTemplateSpec {
	count := intstr.FromInt32(1)
	return &v1alpha1.AnalysisTemplateSpec{Metrics: []v1alpha1.Metric{{
		Name: "check", Count: &count,
		Provider: v1alpha1.MetricProvider{Prometheus: &v1alpha1.PrometheusMetric{Address: "http://prometheus", Query: "up"}},
	}}}
}

// verdictOf is what becomes of a run in a history. It hangs on the name alone, so that
// the same run comes to the same end whatever else goes wrong.
func verdictOf(seed uint64, name string) Verdict {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(name)) // a hash never refuses
	d := dice{rand.New(rand.NewPCG(seed, sum.Sum64()))}
	v := Verdict{After: d.within(UpTo(20 * time.Second))}
	switch n := d.IntN(100); {
	case n < 70:
		v.Phase = v1alpha1.AnalysisPhaseSuccessful
	case n < 80:
		v.Phase, v.Message = v1alpha1.AnalysisPhaseFailed, "too many errors"
	case n < 85:
		v.Phase = v1alpha1.AnalysisPhaseError
	case n < 95:
		v.Phase = v1alpha1.AnalysisPhaseInconclusive
	}
	return v
}
