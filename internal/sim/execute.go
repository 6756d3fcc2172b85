package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// Execute implements engine.Cluster.
func (c *Client) Execute(_ context.Context, _ engine.Key, action plan.Action) error {
	w := c.w
	switch a := action.(type) {
	case plan.CreateReplicaSet:
		return w.create(a)
	case plan.AdoptReplicaSet:
		return w.edit(a.Name, a.Version, func(rs *plan.ReplicaSet) { rs.Owned = !a.Release })
	case plan.ScaleReplicaSet:
		return w.edit(a.Name, a.Version, func(rs *plan.ReplicaSet) {
			rs.Want = a.To
			rs.Annotations = annotated(rs.Annotations, a.Annotate)
		})
	case plan.AnnotateReplicaSet:
		return w.annotate(a)
	case plan.DeleteReplicaSet:
		return w.deleteSet(a)
	case plan.PointService:
		return w.point(a)
	case plan.SetTraffic:
		return w.route(a)
	case plan.LabelPod:
		return w.labelPod(a)
	case plan.RestartPod:
		return w.evict(a)
	case plan.ScaleWorkload:
		return fmt.Errorf("scale %s %s: there is none in this world", a.Kind, a.Name)
	case plan.AnnotateRollout:
		return c.annotateRollout(a)
	case plan.StartRun:
		return w.startRun(a)
	case plan.StopRun:
		return w.stopRun(a)
	case plan.DeleteRun:
		return w.deleteRun(a)
	case plan.StartExperiment:
		return w.startTrial(a)
	case plan.StopExperiment:
		return w.stopTrial(a)
	case plan.DeleteExperiment:
		return w.deleteTrial(a)
	default:
		return fmt.Errorf("unknown action %T", action)
	}
}

func (w *World) create(a plan.CreateReplicaSet) error {
	hash := a.Labels[v1alpha1.DefaultRolloutUniqueLabelKey]
	if slices.Contains(w.taken, a.Name) {
		return fmt.Errorf("create ReplicaSet %s: %w", a.Name, plan.ErrCollision)
	}
	if old := w.set(a.Name); old != nil {
		if old.live.value.Owned && old.live.value.Hash == hash {
			return nil
		}
		return fmt.Errorf("create ReplicaSet %s: %w", a.Name, plan.ErrCollision)
	}
	s := &replicaSet{generation: 1, behaviour: w.behaviour(a.Template)}
	w.sets = append(w.sets, s)
	w.putSet(s, plan.ReplicaSet{
		Name: a.Name, UID: w.name("rs-"), Created: w.second(), Owned: true, Matches: true,
		Hash: hash, Labels: a.Labels, Annotations: a.Annotations, Template: a.Template,
		MinReady: a.MinReady, Want: a.Replicas,
	}, byController)
	return nil
}

// edit changes a ReplicaSet on the version that was decided on. A change that is
// there already is no write.
func (w *World) edit(name, version string, change func(*plan.ReplicaSet)) error {
	s := w.set(name)
	if s == nil {
		return fmt.Errorf("ReplicaSet %s: %w", name, plan.ErrConflict)
	}
	next := s.live.value
	if version != "" && version != next.Version {
		return fmt.Errorf("ReplicaSet %s: %w", name, plan.ErrConflict)
	}
	change(&next)
	w.putSet(s, next, byController)
	return nil
}

func (w *World) annotate(a plan.AnnotateReplicaSet) error {
	return w.edit(a.Name, a.Version, func(rs *plan.ReplicaSet) {
		rs.Annotations = annotated(rs.Annotations, a.Annotate)
		if a.MinReady != nil {
			rs.MinReady = *a.MinReady
		}
		if a.Template != nil {
			rs.Template = *a.Template
		}
	})
}

func (w *World) deleteSet(a plan.DeleteReplicaSet) error {
	s := w.set(a.Name)
	if s == nil {
		return nil
	}
	if s.live.value.UID != a.UID || a.Version != "" && a.Version != s.live.value.Version {
		return fmt.Errorf("delete ReplicaSet %s: %w", a.Name, plan.ErrConflict)
	}
	for _, p := range s.pods {
		w.terminate(s, p)
	}
	put(w, &s.cell, s.live.value, false, byController)
	return nil
}

func (w *World) point(a plan.PointService) error {
	s := w.service(a.Name)
	if s == nil || !s.live.found {
		return fmt.Errorf("point Service %s: it does not exist: %w", a.Name, plan.ErrConflict)
	}
	next := s.live.value
	if a.Version != "" && a.Version != next.Version {
		return fmt.Errorf("point Service %s: %w", a.Name, plan.ErrConflict)
	}
	next.Hash, next.ManagedBy = a.Hash, w.key.Name
	if a.Hash == "" {
		next.ManagedBy = ""
	}
	w.putService(s, next, byController)
	return nil
}

func (w *World) labelPod(a plan.LabelPod) error {
	_, p := w.pod(a.Name)
	if p == nil {
		return nil
	}
	if a.Version != "" && a.Version != p.version {
		return fmt.Errorf("label pod %s: %w", a.Name, plan.ErrConflict)
	}
	p.labels = annotated(p.labels, a.Labels)
	p.annotations = annotated(p.annotations, a.Annotations)
	p.version = w.nextVersion()
	w.version++
	return nil
}

func (w *World) evict(a plan.RestartPod) error {
	s, p := w.pod(a.Name)
	if p == nil || p.uid != a.UID {
		return nil
	}
	w.terminate(s, p)
	s.evicted = w.now
	if s.live.value.Want <= 1 {
		s.alone = w.now
	}
	return nil
}

func (c *Client) annotateRollout(a plan.AnnotateRollout) error {
	w := c.w
	live := w.live()
	if a.Version != live.ResourceVersion {
		return fmt.Errorf("annotate the Rollout: %w", plan.ErrConflict)
	}
	next := *live
	next.Annotations = annotated(next.Annotations, a.Annotate)
	if a.Replicas != nil {
		next.Spec.Replicas = a.Replicas
		next.Generation++
	}
	w.putRollout(&next, byController)
	c.moved = map[string]string{a.Version: next.ResourceVersion}
	return nil
}

// annotated returns m with changes: an empty value removes the key.
func annotated(m, changes map[string]string) map[string]string {
	if len(changes) == 0 {
		return m
	}
	next := make(map[string]string, len(m)+len(changes))
	maps.Copy(next, m)
	for key, value := range changes {
		if value == "" {
			delete(next, key)
		} else {
			next[key] = value
		}
	}
	return next
}

// readAnnotations fills in what a ReplicaSet's annotations say.
func readAnnotations(rs *plan.ReplicaSet) {
	rs.Revision, _ = strconv.ParseInt(rs.Annotations[v1alpha1.RevisionAnnotation], 10, 64)
	rs.SizedFor, rs.Deadline = -1, time.Time{}
	if n, err := strconv.ParseInt(rs.Annotations[v1alpha1.DesiredReplicasAnnotation], 10, 32); err == nil {
		rs.SizedFor = int32(n)
	}
	if at := rs.Annotations[v1alpha1.DefaultReplicaSetScaleDownDeadlineAnnotationKey]; at != "" {
		if t, err := time.Parse(time.RFC3339, at); err == nil {
			rs.Deadline = t.UTC()
		}
	}
}
