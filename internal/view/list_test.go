package view

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/golden"
)

func TestRolloutTable(t *testing.T) {
	var rollouts []Rollout
	for _, name := range []string{"bluegreen-paused", "canary-routed-paused", "created-without-status", "invalid-spec"} {
		objs := load(t, "testdata/"+name+".yaml")
		rollouts = append(rollouts, OfRollout(Objects{Rollout: objs.Rollout}))
	}
	cases := map[string]ListOptions{
		"plain": {}, "namespaces-timestamps": {Namespaces: true, Timestamps: true}, "wide": {Detail: Wide},
	}
	for name, o := range cases {
		t.Run(name, func(t *testing.T) {
			table := RolloutTable(o).Fit(rollouts, testNow)
			got := table.Header()
			for _, v := range rollouts {
				got += table.Row(v, testNow)
			}
			golden.Check(t, "testdata/list-"+name+".txt", got)
		})
	}
}

func TestExperimentTable(t *testing.T) {
	running := load(t, "testdata/experiment-inconclusive.yaml").Experiments[0]
	finished := running.DeepCopy()
	finished.Status.Phase = v1alpha1.AnalysisPhaseSuccessful
	endless := running.DeepCopy()
	endless.Spec.Duration = ""
	cases := map[string]struct {
		experiment *v1alpha1.Experiment
		want       string
	}{
		"a running one has time left":       {running, "ranker-ab   Running  30m       23m        6m \n"},
		"a finished one has none":           {finished, "ranker-ab   Successful  30m       -          6m \n"},
		"one without a duration has no end": {endless, "ranker-ab   Running  -         -          6m \n"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			table := ExperimentTable(ListOptions{}).Fit([]*v1alpha1.Experiment{tc.experiment}, testNow)
			if diff := cmp.Diff(tc.want, table.Row(tc.experiment, testNow)); diff != "" {
				t.Errorf("Row() (-want +got):\n%s", diff)
			}
		})
	}
}
