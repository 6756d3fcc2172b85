package build

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Analyse is an analysis step with one template.
func Analyse(template string) v1alpha1.CanaryStep {
	return v1alpha1.CanaryStep{Analysis: Analysis(template)}
}

// Analysis is an analysis with one template.
func Analysis(template string) *v1alpha1.RolloutAnalysis {
	return &v1alpha1.RolloutAnalysis{Templates: []v1alpha1.AnalysisTemplateRef{{TemplateName: template}}}
}

// Background adds a background analysis to a canary.
func Background(template string, startingStep int32) Option {
	return func(ro *v1alpha1.Rollout) {
		ro.Spec.Strategy.Canary.Analysis = &v1alpha1.RolloutAnalysisBackground{
			RolloutAnalysis: *Analysis(template), StartingStep: &startingStep,
		}
	}
}

// Experiment is an experiment step with one template, made from the canary.
func Experiment(changes ...func(*v1alpha1.RolloutExperimentStep)) v1alpha1.CanaryStep {
	step := &v1alpha1.RolloutExperimentStep{
		Duration:  "1m",
		Templates: []v1alpha1.RolloutExperimentTemplate{{Name: "try", SpecRef: v1alpha1.CanarySpecRef}},
	}
	for _, change := range changes {
		change(step)
	}
	return v1alpha1.CanaryStep{Experiment: step}
}

// Template is an analysis template with one metric that is measured once.
func Template() *v1alpha1.AnalysisTemplateSpec {
	count := intstr.FromInt32(1)
	return &v1alpha1.AnalysisTemplateSpec{Metrics: []v1alpha1.Metric{{
		Name: "check", Count: &count, SuccessCondition: "result == 1",
		Provider: v1alpha1.MetricProvider{Prometheus: &v1alpha1.PrometheusMetric{Address: "http://prometheus", Query: "up"}},
	}}}
}

// Templates exist, each with one metric that is measured once.
func Templates(names ...string) Fact {
	return func(s *Scene) {
		if s.Snapshot.Templates == nil {
			s.Snapshot.Templates = spec.Templates{}
		}
		for _, name := range names {
			s.Snapshot.Templates[spec.TemplateKey{Name: name}] = Template()
		}
	}
}

// Run is an AnalysisRun that the Rollout owns. A version in its name, as in
// demo-v2-2-1, stands for the version's hash.
func Run(name string, phase v1alpha1.AnalysisPhase, tweaks ...func(*plan.Run)) Fact {
	return func(s *Scene) {
		name, hash := s.named(name)
		r := plan.Run{
			Name: name, UID: "uid-" + name, Version: "5", Created: Now().Add(-time.Minute), Phase: phase,
			Labels: map[string]string{v1alpha1.DefaultRolloutUniqueLabelKey: hash},
		}
		for _, tweak := range tweaks {
			tweak(&r)
		}
		s.Runs = append(s.Runs, r)
	}
}

// Trial is an Experiment that the Rollout owns, named like a Run.
func Trial(name string, phase v1alpha1.AnalysisPhase, tweaks ...func(*plan.Experiment)) Fact {
	return func(s *Scene) {
		name, hash := s.named(name)
		e := plan.Experiment{
			Name: name, UID: "uid-" + name, Version: "5", Created: Now().Add(-time.Minute), Phase: phase,
			Labels: map[string]string{v1alpha1.DefaultRolloutUniqueLabelKey: hash},
		}
		for _, tweak := range tweaks {
			tweak(&e)
		}
		s.Experiments = append(s.Experiments, e)
	}
}

// Refers says what the status has of a run: which is step, background, pre or post.
func Refers(which, name string, phase v1alpha1.AnalysisPhase) Fact {
	return func(s *Scene) {
		name, _ := s.named(name)
		ref := &v1alpha1.RolloutAnalysisRunStatus{Name: name, Status: phase}
		switch st := &s.Rollout.Status; which {
		case "step":
			st.Canary.CurrentStepAnalysisRunStatus = ref
		case "background":
			st.Canary.CurrentBackgroundAnalysisRunStatus = ref
		case "pre":
			st.BlueGreen.PrePromotionAnalysisRunStatus = ref
		case "post":
			st.BlueGreen.PostPromotionAnalysisRunStatus = ref
		case "experiment":
			st.Canary.CurrentExperiment = name
		default:
			panic("nothing refers to a run as " + which)
		}
	}
}

// named puts the hash of a version in its place, and returns that too.
func (s *Scene) named(name string) (full, hash string) {
	parts := strings.Split(name, "-")
	for i, part := range parts {
		if len(part) > 1 && part[0] == 'v' && part[1] >= '0' && part[1] <= '9' {
			hash = s.hash(part)
			parts[i] = hash
		}
	}
	return strings.Join(parts, "-"), hash
}
