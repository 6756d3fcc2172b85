package rollout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/rollout"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// A running experiment's templates with a weight take it from stable, and give it back
// as soon as the experiment does not run any more.
func TestExperimentDestinations(t *testing.T) {
	share := int32(10)
	weighted := build.Experiment(func(e *v1alpha1.RolloutExperimentStep) { e.Templates[0].Weight = &share })
	ro := update(build.RoutedCanary("demo", 4, build.Weight(25), weighted), "v2", canary(func(c *v1alpha1.CanaryStrategy) {
		c.TrafficRouting = &v1alpha1.RolloutTrafficRouting{SMI: &v1alpha1.SMITrafficRouting{}}
	}))
	tried := traffic.Destination{Service: "demo-try", Hash: "tried", Weight: 10}
	cases := map[string]struct {
		phase    v1alpha1.AnalysisPhase
		template v1alpha1.TemplateStatusCode
		observed []traffic.Destination
		want     []traffic.Destination
		writes   bool
	}{
		"not while it comes up": {phase: v1alpha1.AnalysisPhasePending},
		"while it runs":         {phase: running, want: []traffic.Destination{tried}, writes: true},
		"once":                  {phase: running, observed: []traffic.Destination{tried}, want: []traffic.Destination{tried}},
		"given back when its pods go before it is over": {phase: running, template: v1alpha1.TemplateStatusSuccessful, observed: []traffic.Destination{tried}, writes: true},
		"given back with its success":                   {phase: successful, observed: []traffic.Destination{tried}, writes: true},
		"given back with its failure":                   {phase: failed, observed: []traffic.Destination{tried}, writes: true},
		"given back when it cannot decide":              {phase: inconclusive, observed: []traffic.Destination{tried}, writes: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := build.Snapshot(ro.DeepCopy(), build.Has("v1", 4), build.Has("v2", 1), build.Stable("v1"), build.AtStep(1), build.CanaryWeight(25),
				build.Refers("experiment", "demo-v2-2-1", ""), build.Trial("demo-v2-2-1", tc.phase, func(e *plan.Experiment) {
					e.Templates = []v1alpha1.TemplateStatus{{Name: "try", ServiceName: "demo-try", PodTemplateHash: "tried", Status: orRunning(tc.template)}}
				}))
			s.Traffic[0].Split = s.Traffic[0].Split.WithAdditional(tc.observed...)
			p := rollout.Decide(s, build.Now())
			var got []traffic.Destination
			written := false
			for _, a := range p.Actions {
				if set, ok := a.(plan.SetTraffic); ok {
					written = true
					got = set.Split.Additional
				}
			}
			if !written {
				got = tc.observed
			}
			if diff := cmp.Diff(tc.want, got); diff != "" || written != tc.writes {
				t.Errorf("destinations (-want +got), written %v:\n%s", written, diff)
			}
			if weights := p.Status.Canary.Weights; tc.phase == running && tc.template == "" && (weights.Stable.Weight != 65 || len(weights.Additional) != 1) {
				t.Errorf("status says %+v", weights)
			}
		})
	}
}

func orRunning(code v1alpha1.TemplateStatusCode) v1alpha1.TemplateStatusCode {
	if code == "" {
		return v1alpha1.TemplateStatusRunning
	}
	return code
}
