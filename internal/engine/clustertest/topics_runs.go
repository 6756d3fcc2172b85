package clustertest

import (
	"context"
	"errors"
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

const runName = app + "-run"

// labels are those of the Rollout, which may say which controller it belongs to, and ours.
func labels(seen plan.Snapshot) map[string]string {
	all := map[string]string{hashKey: hash}
	maps.Copy(all, seen.Rollout.Labels)
	return all
}

func startRun(seen plan.Snapshot) plan.StartRun {
	return plan.StartRun{
		Name: runName, Labels: labels(seen), Annotations: map[string]string{v1alpha1.RevisionAnnotation: "7"},
		Spec: v1alpha1.AnalysisRunSpec{Metrics: []v1alpha1.Metric{{
			Name: "check", Provider: v1alpha1.MetricProvider{Web: &v1alpha1.WebMetric{URL: "http://localhost"}},
		}}},
	}
}

func startExperiment(seen plan.Snapshot) plan.StartExperiment {
	return plan.StartExperiment{
		Name: runName, Labels: labels(seen),
		Spec: v1alpha1.ExperimentSpec{Templates: []v1alpha1.TemplateSpec{{
			Name: "try", Selector: &metav1.LabelSelector{MatchLabels: selector()},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: selector()}, Spec: template().Spec},
		}}},
	}
}

// testRuns: what runs have, experiments have as well.
func testRuns(t *testing.T, open func(*testing.T, Setting) World) {
	t.Run("a run is seen by the next look, and starting it again is no error", func(t *testing.T) {
		s := enter(t, open)
		seen := s.look()
		s.do(startRun(seen))
		s.do(startRun(seen))
		r := s.run()
		if r.Name != runName || r.UID == "" || r.Labels[hashKey] != hash || len(r.Spec.Metrics) != 1 || r.Spec.Terminate {
			t.Errorf("run is %+v", r)
		}
	})
	t.Run("a run is stopped, on the version that was seen", func(t *testing.T) {
		s := enter(t, open)
		s.do(startRun(s.look()))
		r := s.run()
		s.refused(plan.StopRun{Name: runName, UID: r.UID, Version: "1"}, plan.ErrConflict)
		s.retried(func(seen plan.Snapshot) plan.Action {
			return plan.StopRun{Name: runName, UID: seen.Runs[0].UID, Version: seen.Runs[0].Version}
		})
		if r = s.run(); !r.Spec.Terminate {
			t.Errorf("run is %+v", r)
		}
	})
	t.Run("a run is deleted, and only the one that was seen", func(t *testing.T) {
		s := enter(t, open)
		s.do(startRun(s.look()))
		s.refused(plan.DeleteRun{Name: runName, UID: "another", Version: s.run().Version}, plan.ErrConflict)
		s.retried(func(seen plan.Snapshot) plan.Action {
			return plan.DeleteRun{Name: runName, UID: seen.Runs[0].UID, Version: seen.Runs[0].Version}
		})
		s.await("no run", func(seen plan.Snapshot) bool { return len(seen.Runs) == 0 })
	})
	t.Run("an experiment is started, stopped and deleted", func(t *testing.T) {
		s := enter(t, open)
		first := s.look()
		s.do(startExperiment(first))
		s.do(startExperiment(first))
		seen := s.await("the experiment", func(seen plan.Snapshot) bool { return len(seen.Experiments) == 1 })
		if e := seen.Experiments[0]; e.Name != runName || len(e.Spec.Templates) != 1 {
			t.Errorf("experiment is %+v", e)
		}
		s.refused(plan.StopExperiment{Name: runName, UID: seen.Experiments[0].UID, Version: "1"}, plan.ErrConflict)
		s.retried(func(seen plan.Snapshot) plan.Action {
			return plan.StopExperiment{Name: runName, UID: seen.Experiments[0].UID, Version: seen.Experiments[0].Version}
		})
		s.retried(func(seen plan.Snapshot) plan.Action {
			return plan.DeleteExperiment{Name: runName, UID: seen.Experiments[0].UID, Version: seen.Experiments[0].Version}
		})
		s.await("no experiment", func(seen plan.Snapshot) bool { return len(seen.Experiments) == 0 })
	})
}

// run returns the only run, once it is seen.
func (s scene) run() plan.Run {
	s.t.Helper()
	return s.await("a run", func(seen plan.Snapshot) bool { return len(seen.Runs) == 1 }).Runs[0]
}

// retried does what act makes of the newest look, until nobody writes in between.
func (s scene) retried(act func(plan.Snapshot) plan.Action) {
	s.t.Helper()
	for range patience {
		err := s.Cluster.Execute(context.Background(), s.Key, act(s.look()))
		if err == nil {
			return
		}
		if !errors.Is(err, plan.ErrConflict) {
			s.t.Fatal(err)
		}
		s.Tick()
	}
	s.t.Fatal("a conflict that does not end")
}
