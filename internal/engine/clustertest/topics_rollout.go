package clustertest

import (
	"context"
	"errors"
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

func testRecord(t *testing.T, open func(*testing.T, Setting) World) {
	written := func(seen plan.Snapshot) plan.Outcome {
		status := *seen.Rollout.Status.DeepCopy()
		index := int32(3)
		status.CurrentStepIndex, status.CurrentPodHash = &index, hash
		return plan.Outcome{Version: seen.Rollout.Version, Status: &status}
	}
	t.Run("a status is seen by the next look", func(t *testing.T) {
		s := enter(t, open)
		seen := s.look()
		s.record(written(seen))
		after := s.look().Rollout
		if after.Status.CurrentPodHash != hash || after.Status.CurrentStepIndex == nil || *after.Status.CurrentStepIndex != 3 {
			t.Errorf("status is %+v", after.Status)
		}
		if after.Version == seen.Rollout.Version {
			t.Error("the version did not change")
		}
		if after.Generation != seen.Rollout.Generation {
			t.Error("the generation changed, which is the user's")
		}
	})
	t.Run("fields are removed too", func(t *testing.T) {
		s := enter(t, open)
		s.record(written(s.look()))
		seen := s.look()
		s.record(plan.Outcome{Version: seen.Rollout.Version, Status: &v1alpha1.RolloutStatus{}})
		if got := s.look().Rollout.Status; got.CurrentStepIndex != nil || got.CurrentPodHash != "" {
			t.Errorf("status is %+v, want it empty", got)
		}
	})
	t.Run("an equal status is not written", func(t *testing.T) {
		s := enter(t, open)
		s.record(written(s.look()))
		seen := s.look()
		s.record(plan.Outcome{Version: seen.Rollout.Version, Status: seen.Rollout.Status.DeepCopy()})
		s.record(plan.Outcome{Version: seen.Rollout.Version})
		for range 3 {
			s.Tick()
		}
		if got := s.look().Rollout.Version; got != seen.Rollout.Version {
			t.Errorf("version went from %s to %s", seen.Rollout.Version, got)
		}
	})
	t.Run("a command that was not seen is not overwritten", func(t *testing.T) {
		s := enter(t, open)
		outcome := written(s.look())
		s.Edit(func(r *v1alpha1.Rollout) { r.Status.Abort = true })
		if err := s.Cluster.Record(context.Background(), s.Key, outcome); !errors.Is(err, plan.ErrConflict) {
			t.Fatalf("Record() error %v, want %v", err, plan.ErrConflict)
		}
		seen := s.await("the command", func(seen plan.Snapshot) bool { return seen.Rollout.Status.Abort })
		if seen.Rollout.Status.CurrentPodHash != "" {
			t.Errorf("status is %+v, want only the command", seen.Rollout.Status)
		}
	})
}

func testAnnotateRollout(t *testing.T, open func(*testing.T, Setting) World) {
	t.Run("annotations are set and removed", func(t *testing.T) {
		s := enter(t, open)
		s.do(plan.AnnotateRollout{Version: s.look().Rollout.Version, Annotate: map[string]string{"a": "1", "b": "2"}})
		seen := s.look().Rollout
		s.do(plan.AnnotateRollout{Version: seen.Version, Annotate: map[string]string{"a": ""}})
		seen = s.look().Rollout
		if _, found := seen.Annotations["a"]; found || seen.Annotations["b"] != "2" {
			t.Errorf("annotations are %v", seen.Annotations)
		}
	})
	t.Run("the status of the same decision is recorded after it", func(t *testing.T) {
		s := enter(t, open)
		version := s.look().Rollout.Version
		s.do(plan.AnnotateRollout{Version: version, Annotate: map[string]string{"a": "1"}})
		s.record(plan.Outcome{Version: version, Status: &v1alpha1.RolloutStatus{StableRS: hash}})
		seen := s.look().Rollout
		if seen.Annotations["a"] != "1" || seen.Status.StableRS != hash {
			t.Errorf("annotations %v, stable %q", seen.Annotations, seen.Status.StableRS)
		}
	})
	t.Run("a command between the two is not overwritten", func(t *testing.T) {
		s := enter(t, open)
		version := s.look().Rollout.Version
		s.do(plan.AnnotateRollout{Version: version, Annotate: map[string]string{"a": "1"}})
		s.Edit(func(r *v1alpha1.Rollout) { r.Status.PromoteFull = true })
		err := s.Cluster.Record(context.Background(), s.Key, plan.Outcome{Version: version, Status: &v1alpha1.RolloutStatus{StableRS: hash}})
		if !errors.Is(err, plan.ErrConflict) {
			t.Fatalf("Record() error %v, want %v", err, plan.ErrConflict)
		}
	})
	t.Run("replicas are written for the autoscaler", func(t *testing.T) {
		s := enter(t, open)
		replicas := int32(5)
		s.do(plan.AnnotateRollout{Version: s.look().Rollout.Version, Replicas: &replicas})
		if got := s.look().Spec.Replicas; got != replicas {
			t.Errorf("replicas are %d, want %d", got, replicas)
		}
	})
}

func testPods(t *testing.T, open func(*testing.T, Setting) World) {
	t.Run("a scaled ReplicaSet gets pods that become available, and loses them", func(t *testing.T) {
		s := enter(t, open)
		s.look()
		s.do(creation())
		scale := func(to int32) {
			s.change(func(rs plan.ReplicaSet) plan.Action {
				return plan.ScaleReplicaSet{Name: rs.Name, Version: rs.Version, From: rs.Want, To: to}
			})
		}
		scale(size)
		s.await("two available pods", func(seen plan.Snapshot) bool {
			only := s.set(seen)
			return only.Observed && only.Pods == size && only.Ready == size && only.Available == size
		})
		scale(0)
		s.await("no pods", func(seen plan.Snapshot) bool {
			only := s.set(seen)
			return only.Observed && only.Pods == 0 && only.Available == 0
		})
	})
}
