package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// conditions is a list of conditions in the making, a copy of the one it started from.
type conditions struct {
	list []v1alpha1.RolloutCondition
	now  metav1.Time
}

// conditionsOf begins with a copy of a list.
func conditionsOf(list []v1alpha1.RolloutCondition, now time.Time) conditions {
	const more = 3 // room for those that an update adds
	return conditions{list: append(make([]v1alpha1.RolloutCondition, 0, len(list)+more), list...), now: *timeOf(now)}
}

func (c conditions) get(kind v1alpha1.RolloutConditionType) *v1alpha1.RolloutCondition {
	for i := range c.list {
		if c.list[i].Type == kind {
			return &c.list[i]
		}
	}
	return nil
}

// set puts a condition in. The same status and reason change nothing, so that texts
// and times stay as they were.
func (c *conditions) set(next v1alpha1.RolloutCondition) {
	current := c.get(next.Type)
	if current != nil && current.Status == next.Status && current.Reason == next.Reason {
		return
	}
	c.replace(next)
}

// replace puts a condition in even when only its text differs.
func (c *conditions) replace(next v1alpha1.RolloutCondition) {
	current := c.get(next.Type)
	next.LastUpdateTime, next.LastTransitionTime = c.now, c.now
	if current != nil && current.Status == next.Status {
		next.LastTransitionTime = current.LastTransitionTime
	}
	c.remove(next.Type)
	c.list = append(c.list, next)
}

func (c *conditions) remove(kind v1alpha1.RolloutConditionType) {
	c.list = slices.DeleteFunc(c.list, func(have v1alpha1.RolloutCondition) bool { return have.Type == kind })
}

func truth(is bool) corev1.ConditionStatus {
	if is {
		return corev1.ConditionTrue
	}
	return corev1.ConditionFalse
}

// progress adds the conditions to a status. An update that made no progress for too
// long is marked, or aborted, here; the time when that is due is the wake-up.
func progress(s *strategy.Situation, next v1alpha1.RolloutStatus, wake time.Time, unmade *v1alpha1.RolloutCondition) (v1alpha1.RolloutStatus, []plan.Event, time.Time) {
	c := conditionsOf(next.Conditions, s.Now)
	c.remove(v1alpha1.InvalidSpec)
	paused := len(next.PauseConditions) > 0 || s.Snapshot.Spec.Paused
	if paused && !s.Aborted {
		c.set(v1alpha1.RolloutCondition{Type: v1alpha1.RolloutPaused, Status: corev1.ConditionTrue, Reason: v1alpha1.RolloutPausedReason, Message: v1alpha1.RolloutPausedMessage})
	} else if c.get(v1alpha1.RolloutPaused) != nil && !s.Aborted {
		c.set(v1alpha1.RolloutCondition{Type: v1alpha1.RolloutPaused, Status: corev1.ConditionFalse, Reason: v1alpha1.RolloutPausedReason, Message: v1alpha1.RolloutPausedMessage})
	}
	promoted := next.StableRS != "" && next.StableRS == next.CurrentPodHash
	c.set(v1alpha1.RolloutCondition{Type: v1alpha1.RolloutCompleted, Status: truth(promoted), Reason: v1alpha1.RolloutCompletedReason, Message: v1alpha1.RolloutCompletedReason})
	available(&c, s, next)
	healthy := isHealthy(s, next)
	switch {
	case healthy && !paused:
		c.set(v1alpha1.RolloutCondition{Type: v1alpha1.RolloutHealthy, Status: corev1.ConditionTrue, Reason: v1alpha1.RolloutHealthyReason, Message: v1alpha1.RolloutHealthyMessage})
	case c.get(v1alpha1.RolloutHealthy) != nil:
		c.set(v1alpha1.RolloutCondition{Type: v1alpha1.RolloutHealthy, Status: corev1.ConditionFalse, Reason: v1alpha1.RolloutHealthyReason, Message: v1alpha1.RolloutNotHealthyMessage})
	}
	replicaFailure(&c, s)
	d := deadlineOf(s, next, c.get(v1alpha1.RolloutProgressing), standing{paused: paused, healthy: healthy, promoted: promoted, unmade: unmade})
	var events []plan.Event
	if d.abort {
		next, events = abortOnDeadline(s, next)
	}
	progressing(&c, s, next, d)
	slices.SortFunc(c.list, func(a, b v1alpha1.RolloutCondition) int { return cmp.Compare(a.Type, b.Type) })
	next.Conditions = c.list
	return next, events, plan.Sooner(wake, d.wake)
}

// available says whether as many pods serve as the Rollout asks for.
func available(c *conditions, s *strategy.Situation, next v1alpha1.RolloutStatus) {
	enough := next.AvailableReplicas >= s.Replicas()
	if _, ok := s.Snapshot.Spec.Strategy.(spec.BlueGreen); ok {
		active := s.View.ByHash(next.BlueGreen.ActiveSelector)
		enough = active != nil && next.BlueGreen.ActiveSelector != "" && active.Want == s.Replicas() && active.Available == s.Replicas()
	}
	message := v1alpha1.AvailableMessage
	if !enough {
		message = v1alpha1.NotAvailableMessage
	}
	c.set(v1alpha1.RolloutCondition{Type: v1alpha1.RolloutAvailable, Status: truth(enough), Reason: v1alpha1.AvailableReason, Message: message})
}

// isHealthy reports whether the rollout is through and nothing of it is left over.
func isHealthy(s *strategy.Situation, next v1alpha1.RolloutStatus) bool {
	replicas := s.Replicas()
	if next.UpdatedReplicas != replicas || next.AvailableReplicas != replicas || next.StableRS != next.CurrentPodHash || s.Reset {
		return false
	}
	switch chosen := s.Snapshot.Spec.Strategy.(type) {
	case spec.BlueGreen:
		preview := chosen.PreviewService == "" || next.BlueGreen.PreviewSelector == next.CurrentPodHash
		return next.BlueGreen.ActiveSelector == next.CurrentPodHash && preview
	default:
		return next.Replicas == replicas
	}
}

// replicaFailure copies why a ReplicaSet cannot make pods, the desired one's first.
func replicaFailure(c *conditions, s *strategy.Situation) {
	for _, rs := range s.View.All() {
		if rs.Failure != nil {
			c.set(v1alpha1.RolloutCondition{Type: v1alpha1.RolloutReplicaFailure, Status: corev1.ConditionTrue, Reason: rs.Failure.Reason, Message: rs.Failure.Message})
			return
		}
	}
	c.remove(v1alpha1.RolloutReplicaFailure)
}

// progressing says how the update is getting on; the first case that holds wins.
func progressing(c *conditions, s *strategy.Situation, next v1alpha1.RolloutStatus, d deadline) {
	set := func(status corev1.ConditionStatus, reason, message string) {
		c.set(v1alpha1.RolloutCondition{Type: v1alpha1.RolloutProgressing, Status: status, Reason: reason, Message: message})
	}
	name := replicaSetName(s)
	before := c.get(v1alpha1.RolloutProgressing)
	was := func(reasons ...string) bool { return before != nil && slices.Contains(reasons, before.Reason) }
	switch {
	case next.Abort:
		set(corev1.ConditionFalse, v1alpha1.RolloutAbortedReason, d.abortMessage(s))
	case was(v1alpha1.RolloutAbortedReason) && !s.Reset:
		set(corev1.ConditionUnknown, v1alpha1.RolloutRetryReason, v1alpha1.RolloutRetryMessage)
	case d.standing.unmade != nil:
		if before == nil || before.Message != d.standing.unmade.Message {
			c.replace(*d.standing.unmade)
		}
	case s.View.Desired == nil:
		set(corev1.ConditionTrue, v1alpha1.NewReplicaSetReason, fmt.Sprintf(v1alpha1.NewReplicaSetMessage, name))
	case d.standing.healthy && !d.standing.paused:
		set(corev1.ConditionTrue, v1alpha1.NewRSAvailableReason, fmt.Sprintf(v1alpha1.ReplicaSetCompletedMessage, name))
	case d.standing.paused:
		set(corev1.ConditionUnknown, v1alpha1.RolloutPausedReason, v1alpha1.RolloutPausedMessage)
	case d.exceeded:
		set(corev1.ConditionFalse, v1alpha1.TimedOutReason, fmt.Sprintf(v1alpha1.ReplicaSetTimeOutMessage, name))
	case d.standing.promoted && was(v1alpha1.NewRSAvailableReason) && !s.Reset:
		set(corev1.ConditionTrue, v1alpha1.ReplicaSetNotAvailableReason, v1alpha1.NotAvailableMessage)
	case before == nil:
		set(corev1.ConditionTrue, v1alpha1.FoundNewRSReason, fmt.Sprintf(v1alpha1.FoundNewRSMessage, name))
	case was(v1alpha1.RolloutPausedReason) && !s.Reset:
		set(corev1.ConditionUnknown, v1alpha1.RolloutResumedReason, v1alpha1.RolloutResumedMessage)
	case d.moved, s.Reset, was(v1alpha1.FailedRunCreateReason, v1alpha1.FailedExperimentCreateReason):
		c.replace(v1alpha1.RolloutCondition{
			Type: v1alpha1.RolloutProgressing, Status: corev1.ConditionTrue,
			Reason: v1alpha1.ReplicaSetUpdatedReason, Message: fmt.Sprintf(v1alpha1.ReplicaSetProgressingMessage, name),
		})
	}
}
