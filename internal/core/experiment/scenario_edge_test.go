package experiment_test

import (
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// What ends in the very moment in which analyses could begin begins none that nobody
// waits for.
func TestNoRunAtTheEnd(t *testing.T) {
	cases := map[string]struct {
		analysis string
		end      func(*world)
		want     int // runs
	}{
		"terminated":                            {analysis: "check!", end: func(w *world) { w.experiment.Spec.Terminate = true }},
		"the duration is over":                  {analysis: "check", end: func(w *world) { w.pass(time.Minute) }},
		"the duration is over, but it is asked": {analysis: "check!", end: func(w *world) { w.pass(time.Minute) }, want: 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(template("a", 1), analyses(tc.analysis), lasts("10s"))
			w.settle(t)
			w.kubelet()
			w.step()
			if w.experiment.Status.AvailableAt == nil || len(w.runs) > 0 {
				t.Fatalf("not at the point in question: %+v", w.experiment.Status)
			}
			tc.end(w)
			w.settle(t)
			if len(w.runs) != tc.want {
				t.Errorf("%d runs, want %d", len(w.runs), tc.want)
			}
		})
	}
}

// Counts of another size say nothing about this one.
func TestCountsOfAnotherSize(t *testing.T) {
	w := newWorld(template("a", 2))
	w.work(t)
	one := int32(1)
	w.experiment.Spec.Templates[0].Replicas = &one
	w.settle(t)
	w.wants(t, pending, "", map[string]int32{"demo-a": 1})
	w.kubelet()
	w.settle(t)
	w.wants(t, running, "", map[string]int32{"demo-a": 1})
}

// A run that somebody else put in the place of ours is not ours.
func TestRunOfAnotherInItsPlace(t *testing.T) {
	w := newWorld(template("a", 1), analyses("check!"))
	w.work(t)
	w.runs["demo-check"].Owned, w.runs["demo-check"].Phase = false, successful
	w.settle(t)
	w.wants(t, erroneous, "AnalysisRun 'demo-check' does not exist any more", map[string]int32{"demo-a": 1})
}

func TestTwoReplicaSetsOfOneTemplate(t *testing.T) {
	w := newWorld(template("a", 1))
	w.work(t)
	w.sets["copy"] = &plan.ReplicaSet{
		Name: "copy", Owned: true, Want: 1, Hash: "x",
		Annotations: map[string]string{v1alpha1.ExperimentTemplateNameAnnotationKey: "a"},
	}
	w.settle(t)
	w.pass(31 * time.Second)
	w.settle(t)
	w.wants(t, erroneous, "multiple ReplicaSets match single experiment template: a", nil)
}
