package clustertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

func testObserve(t *testing.T, open func(*testing.T, Setting) World) {
	t.Run("a Rollout that never was is gone", func(t *testing.T) {
		s := enter(t, open)
		_, err := s.Cluster.Observe(context.Background(), engine.Key{Namespace: s.Key.Namespace, Name: "nobody"})
		if !errors.Is(err, engine.ErrGone) {
			t.Errorf("Observe() error %v, want %v", err, engine.ErrGone)
		}
	})
	t.Run("a deleted Rollout is gone", func(t *testing.T) {
		s := enter(t, open)
		s.look()
		s.Delete()
		for range patience {
			_, err := s.Cluster.Observe(context.Background(), s.Key)
			if errors.Is(err, engine.ErrGone) {
				return
			}
			s.Tick()
		}
		t.Error("the Rollout is still observed")
	})
	t.Run("a fresh Rollout has its spec, its Services and nothing else", func(t *testing.T) {
		s := enter(t, open)
		seen := s.await("both Services", func(seen plan.Snapshot) bool { return len(seen.References) == 0 })
		if seen.Rollout.Name != s.Key.Name || seen.Rollout.UID == "" || seen.Rollout.Version == "" || seen.Rollout.Generation == 0 {
			t.Errorf("Rollout is %+v", seen.Rollout)
		}
		if len(seen.Invalid) != 0 || seen.Spec.Replicas != size || seen.Spec.TemplateHash == "" {
			t.Errorf("Invalid %v, Spec %+v", seen.Invalid, seen.Spec)
		}
		if len(seen.ReplicaSets) != 0 {
			t.Errorf("ReplicaSets are %+v, want none", seen.ReplicaSets)
		}
		for _, name := range []string{stable, canary} {
			service := seen.Services[name]
			if !service.Found || service.Version == "" || service.Hash != "" || service.ManagedBy != "" {
				t.Errorf("Service %s is %+v", name, service)
			}
			if diff := cmp.Diff(selector(), service.Selector); diff != "" {
				t.Errorf("selector of %s (-want +got):\n%s", name, diff)
			}
		}
	})
	t.Run("a user's edit is seen, with another generation", func(t *testing.T) {
		s := enter(t, open)
		before := s.look().Rollout.Generation
		s.Edit(func(r *v1alpha1.Rollout) { r.Spec.Paused = true })
		after := s.await("the pause", func(seen plan.Snapshot) bool { return seen.Spec.Paused })
		if after.Rollout.Generation <= before {
			t.Errorf("generation went from %d to %d", before, after.Rollout.Generation)
		}
	})
}

func testReplicaSets(t *testing.T, open func(*testing.T, Setting) World) {
	t.Run("what was created is seen by the next look", func(t *testing.T) {
		s := enter(t, open)
		s.look()
		s.do(creation())
		rs := s.set(s.look())
		if !rs.Owned || !rs.Matches || rs.Hash != hash || rs.Revision != 7 || rs.Want != 0 || rs.Name != creation().Name || rs.UID == "" {
			t.Errorf("ReplicaSet is %+v", rs)
		}
		if rs.SizedFor != -1 || !rs.Deadline.IsZero() || rs.OfExperiment {
			t.Errorf("ReplicaSet says what nobody wrote: %+v", rs)
		}
	})
	t.Run("creating twice makes one", func(t *testing.T) {
		s := enter(t, open)
		s.look()
		s.do(creation())
		s.do(creation())
		s.set(s.look())
	})
	t.Run("a name that somebody else has is a collision", func(t *testing.T) {
		s := enter(t, open)
		s.look()
		s.Take(creation().Name)
		s.refused(creation(), plan.ErrCollision)
	})
	t.Run("scaling sets size and annotations, and an empty one removes", func(t *testing.T) {
		s := enter(t, open)
		s.look()
		s.do(creation())
		deadline := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
		scaled := s.change(func(rs plan.ReplicaSet) plan.Action {
			return plan.ScaleReplicaSet{Name: rs.Name, Version: rs.Version, To: 1, Annotate: map[string]string{
				v1alpha1.DesiredReplicasAnnotation:                       "2",
				v1alpha1.DefaultReplicaSetScaleDownDeadlineAnnotationKey: deadline.Format(time.RFC3339),
				"keep": "",
			}}
		})
		_, kept := scaled.Annotations["keep"]
		if scaled.Want != 1 || scaled.SizedFor != 2 || !scaled.Deadline.Equal(deadline) || kept {
			t.Errorf("ReplicaSet is %+v", scaled)
		}
	})
	t.Run("a size decided on an older version is not written", func(t *testing.T) {
		s := enter(t, open)
		s.look()
		s.do(creation())
		old := s.set(s.look()).Version
		s.change(func(rs plan.ReplicaSet) plan.Action {
			return plan.ScaleReplicaSet{Name: rs.Name, Version: rs.Version, To: 1}
		})
		s.refused(plan.ScaleReplicaSet{Name: creation().Name, Version: old, To: 5}, plan.ErrConflict)
		if got := s.set(s.look()).Want; got != 1 {
			t.Errorf("size is %d, want 1", got)
		}
	})
	t.Run("the template and the ready time can be replaced", func(t *testing.T) {
		s := enter(t, open)
		s.look()
		s.do(creation())
		ready := 5 * time.Second
		annotated := func(annotations map[string]string) plan.ReplicaSet {
			return s.change(func(rs plan.ReplicaSet) plan.Action {
				content := *rs.Template.DeepCopy()
				content.Annotations = annotations
				return plan.AnnotateReplicaSet{Name: rs.Name, Version: rs.Version, MinReady: &ready, Template: &content}
			})
		}
		rs := annotated(map[string]string{"role": "canary"})
		if rs.MinReady != ready || rs.Template.Annotations["role"] != "canary" {
			t.Errorf("ReplicaSet is %+v", rs)
		}
		if got := annotated(nil).Template.Annotations; len(got) != 0 {
			t.Errorf("template annotations are %v, want none", got)
		}
	})
	t.Run("deleting removes it, and again is no error", func(t *testing.T) {
		s := enter(t, open)
		s.look()
		s.do(creation())
		settled := s.await("an observed ReplicaSet", func(seen plan.Snapshot) bool { return s.set(seen).Observed })
		rs := s.set(settled)
		gone := plan.DeleteReplicaSet{Name: rs.Name, UID: rs.UID, Version: rs.Version}
		s.do(gone)
		if left := s.look().ReplicaSets; len(left) != 0 {
			t.Errorf("ReplicaSets are %+v, want none", left)
		}
		s.do(gone)
	})
	t.Run("another ReplicaSet of the same name is not deleted", func(t *testing.T) {
		s := enter(t, open)
		s.look()
		s.do(creation())
		rs := s.set(s.look())
		s.refused(plan.DeleteReplicaSet{Name: rs.Name, UID: "another", Version: rs.Version}, plan.ErrConflict)
		s.set(s.look())
	})
}

func testOwnership(t *testing.T, open func(*testing.T, Setting) World) {
	t.Run("a released ReplicaSet is seen as an orphan and can be adopted again", func(t *testing.T) {
		s := enter(t, open)
		s.look()
		s.do(creation())
		owned := func(release bool) plan.ReplicaSet {
			return s.change(func(rs plan.ReplicaSet) plan.Action {
				return plan.AdoptReplicaSet{Name: rs.Name, Version: rs.Version, Release: release}
			})
		}
		if rs := owned(false); !rs.Owned {
			t.Errorf("adopted ReplicaSet is %+v", rs)
		}
		if rs := owned(true); rs.Owned || !rs.Matches {
			t.Errorf("released ReplicaSet is %+v", rs)
		}
		if rs := owned(false); !rs.Owned {
			t.Errorf("adopted ReplicaSet is %+v", rs)
		}
	})
}

func testServices(t *testing.T, open func(*testing.T, Setting) World) {
	both := func(seen plan.Snapshot) bool { return len(seen.References) == 0 }
	t.Run("pointing pins the Service and marks it, and releasing undoes both", func(t *testing.T) {
		s := enter(t, open)
		service := s.await("both Services", both).Services[stable]
		s.do(plan.PointService{Name: stable, Version: service.Version, Hash: hash})
		service = s.look().Services[stable]
		if service.Hash != hash || service.ManagedBy != s.Key.Name {
			t.Errorf("pinned Service is %+v", service)
		}
		if diff := cmp.Diff(selector(), service.Selector); diff != "" {
			t.Errorf("rest of the selector (-want +got):\n%s", diff)
		}
		s.do(plan.PointService{Name: stable, Version: service.Version, From: hash})
		service = s.look().Services[stable]
		if service.Hash != "" || service.ManagedBy != "" {
			t.Errorf("released Service is %+v", service)
		}
	})
	t.Run("a pin decided on an older version is not written", func(t *testing.T) {
		s := enter(t, open)
		service := s.await("both Services", both).Services[stable]
		s.do(plan.PointService{Name: stable, Version: service.Version, Hash: hash})
		s.look()
		s.refused(plan.PointService{Name: stable, Version: service.Version, Hash: "second"}, plan.ErrConflict)
		if got := s.look().Services[stable].Hash; got != hash {
			t.Errorf("pin is %q, want %q", got, hash)
		}
	})
}
