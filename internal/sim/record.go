package sim

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// Record implements engine.Cluster. A status that is there already is no write.
func (c *Client) Record(_ context.Context, _ engine.Key, o plan.Outcome) error {
	w := c.w
	if o.Status != nil {
		if err := c.writeStatus(*o.Status, o.Version); err != nil {
			return err
		}
	}
	for _, e := range o.Events {
		w.tell(v1alpha1.RolloutKind, e)
	}
	return nil
}

// tell lets everybody know of an event.
func (w *World) tell(kind string, e plan.Event) {
	w.trace.event(w, e)
	if w.cfg.Onlooker != nil {
		w.cfg.Onlooker.Event(w, kind, e)
	}
}

func (c *Client) writeStatus(status v1alpha1.RolloutStatus, version string) error {
	w := c.w
	status = stored(status)
	if c.read != nil && sameStatus(&status, &c.read.Status) {
		return nil
	}
	if moved, ok := c.moved[version]; ok {
		version = moved
	}
	live := w.live()
	if !w.rollout.live.found || version != live.ResourceVersion {
		return fmt.Errorf("write the status of %s: %w", w.key, plan.ErrConflict)
	}
	next := *live
	next.Status = status
	w.putRollout(&next, byController)
	c.read = w.live()
	return nil
}

// stored is a status as it comes back from the API server: times in whole seconds,
// empty lists gone.
func stored(s v1alpha1.RolloutStatus) v1alpha1.RolloutStatus {
	s.AbortedAt, s.RestartedAt = wholeSeconds(s.AbortedAt), wholeSeconds(s.RestartedAt)
	s.Conditions = storedList(s.Conditions, func(c *v1alpha1.RolloutCondition) {
		c.LastUpdateTime, c.LastTransitionTime = second(c.LastUpdateTime), second(c.LastTransitionTime)
	})
	s.PauseConditions = storedList(s.PauseConditions, func(p *v1alpha1.PauseCondition) {
		p.StartTime = second(p.StartTime)
	})
	s.Canary.StepPluginStatuses = storedList(s.Canary.StepPluginStatuses, func(p *v1alpha1.StepPluginStatus) {
		p.StartedAt, p.UpdatedAt, p.FinishedAt = wholeSeconds(p.StartedAt), wholeSeconds(p.UpdatedAt), wholeSeconds(p.FinishedAt)
	})
	if s.Canary.Weights != nil && s.Canary.Weights.Additional != nil && len(s.Canary.Weights.Additional) == 0 {
		weights := *s.Canary.Weights
		weights.Additional = nil
		s.Canary.Weights = &weights
	}
	if s.Duration != nil {
		d := *s.Duration
		d.RolloutStartedAt, d.FinishedAt = wholeSeconds(d.RolloutStartedAt), wholeSeconds(d.FinishedAt)
		d.ManualPauseStartedAt = wholeSeconds(d.ManualPauseStartedAt)
		s.Duration = &d
	}
	return s
}

func storedList[T any](list []T, fix func(*T)) []T {
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	for i := range list {
		fix(&list[i])
	}
	return list
}

func second(t metav1.Time) metav1.Time {
	if t.IsZero() || t.Nanosecond() == 0 && t.Location() == time.UTC {
		return t
	}
	return metav1.Time{Time: t.UTC().Truncate(time.Second)}
}

func wholeSeconds(t *metav1.Time) *metav1.Time {
	if t == nil || t.Nanosecond() == 0 && t.Location() == time.UTC {
		return t
	}
	whole := second(*t)
	return &whole
}

// sameStatus compares two stored statuses.
func sameStatus(a, b *v1alpha1.RolloutStatus) bool {
	if a.Phase != b.Phase || a.Message != b.Message || a.AvailableReplicas != b.AvailableReplicas {
		return false
	}
	return reflect.DeepEqual(a, b)
}
