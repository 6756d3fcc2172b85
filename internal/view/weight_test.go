package view

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// stepping is a canary with steps 20, pause, 60 that stands at index.
func stepping(index *int32, edits ...edit) *v1alpha1.Rollout {
	w20, w60 := int32(20), int32(60)
	ro := aRollout(hashes("d", "s"))
	ro.Spec.Strategy.Canary = &v1alpha1.CanaryStrategy{Steps: []v1alpha1.CanaryStep{
		{SetWeight: &w20}, {Pause: &v1alpha1.RolloutPause{}}, {SetWeight: &w60},
	}}
	ro.Status.CurrentStepIndex = index
	ro.Status.AvailableReplicas = 4
	for _, e := range edits {
		e(ro)
	}
	return ro
}

func at(index int32) *int32 { return &index }

func routed(weight, most int32) edit {
	return func(ro *v1alpha1.Rollout) {
		ro.Spec.Strategy.Canary.TrafficRouting = &v1alpha1.RolloutTrafficRouting{MaxTrafficWeight: &most}
		ro.Status.Canary.Weights = &v1alpha1.TrafficWeights{Canary: v1alpha1.WeightDestination{Weight: weight}}
	}
}

func TestWeights(t *testing.T) {
	noSteps := func(ro *v1alpha1.Rollout) { ro.Spec.Strategy.Canary.Steps = nil }
	pauseFirst := func(ro *v1alpha1.Rollout) {
		ro.Spec.Strategy.Canary.Steps = ro.Spec.Strategy.Canary.Steps[1:]
	}
	unrouted := func(ro *v1alpha1.Rollout) { ro.Status.Canary.Weights = nil }
	cases := map[string]struct {
		rollout             *v1alpha1.Rollout
		wantStep            string
		wantSet, wantActual int32
	}{
		"the current step's weight":           {stepping(at(0)), "0/3", 20, 25},
		"a pause keeps the weight before it":  {stepping(at(1)), "1/3", 20, 25},
		"a pause at the start has no weight":  {stepping(at(0), pauseFirst), "0/2", 0, 25},
		"after the steps all traffic":         {stepping(at(3)), "3/3", 100, 100},
		"an index past the end is the end":    {stepping(at(4)), "3/3", 100, 100},
		"without steps all traffic":           {stepping(nil, noSteps), "", 100, 100},
		"without an index the first step":     {stepping(nil), "", 20, 25},
		"an abort asks for nothing":           {stepping(at(0), func(ro *v1alpha1.Rollout) { ro.Status.Abort = true }), "0/3", 0, 25},
		"nothing available has no share":      {stepping(at(1), func(ro *v1alpha1.Rollout) { ro.Status.AvailableReplicas = 0 }), "1/3", 20, 0},
		"a router says the share":             {stepping(at(1), routed(17, 100)), "1/3", 20, 17},
		"a silent router has done its duty":   {stepping(at(1), routed(0, 100), unrouted), "1/3", 20, 20},
		"all traffic may be called 1000":      {stepping(at(3), routed(17, 1000)), "3/3", 1000, 1000},
		"that is for routers only, else 100%": {stepping(at(3)), "3/3", 100, 100},
	}
	canary := &appsv1.ReplicaSet{}
	canary.Labels = map[string]string{v1alpha1.DefaultRolloutUniqueLabelKey: "d"}
	canary.Status.AvailableReplicas = 1
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			step, set, actual := stepText(tc.rollout), setWeight(tc.rollout), actualWeight(tc.rollout, []*appsv1.ReplicaSet{canary})
			if step != tc.wantStep || set != tc.wantSet || actual != tc.wantActual {
				t.Errorf("step %q, weights %d and %d, want %q, %d and %d", step, set, actual, tc.wantStep, tc.wantSet, tc.wantActual)
			}
		})
	}
}
