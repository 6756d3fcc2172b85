package rollout

import (
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// nextStatus is the status without conditions, phase and duration.
func nextStatus(s *strategy.Situation, v strategy.Verdict, r restart) v1alpha1.RolloutStatus {
	next := counters(s, v)
	next.ObservedGeneration = strconv.FormatInt(s.Snapshot.Rollout.Generation, 10)
	if s.Snapshot.Workload != nil {
		next.WorkloadObservedGeneration = strconv.FormatInt(s.Snapshot.Workload.Generation, 10)
	}
	next.CurrentPodHash, next.CurrentStepHash = s.View.Hash, stepsHash(s.Snapshot.Spec)
	next.CurrentStepIndex = v.Index
	next.StableRS = s.Status.StableRS
	next.CollisionCount = s.Status.CollisionCount
	next.Conditions = s.Status.Conditions
	next.Canary, next.BlueGreen = v.Canary, v.BlueGreen
	next.ALB, next.ALBs, next.Duration = s.Status.ALB, s.Status.ALBs, s.Status.Duration
	next.PauseConditions = v.Pauses
	next.ControllerPause = len(v.Pauses) > 0 || v.Resumed
	next.RestartedAt = s.Status.RestartedAt
	if r.done {
		next.RestartedAt = timeOf(s.Snapshot.Spec.RestartAt)
	}
	if s.Aborted {
		next.Abort, next.AbortedAt = true, s.Status.AbortedAt
		if next.AbortedAt == nil {
			next.AbortedAt = timeOf(s.Now)
		}
	}
	next.PromoteFull = s.PromoteFull
	if v.Promote != "" {
		next.StableRS, next.PromoteFull = s.View.Hash, false
	}
	return next
}

// counters are the pod counts as clients and autoscalers read them.
func counters(s *strategy.Situation, v strategy.Verdict) v1alpha1.RolloutStatus {
	var next v1alpha1.RolloutStatus
	for _, rs := range s.View.All() {
		next.Replicas += rs.Pods
		next.ReadyReplicas += rs.Ready
		next.AvailableReplicas += rs.Available
	}
	next.UpdatedReplicas = s.Size().Pods
	next.HPAReplicas = next.Replicas
	next.Selector = selectorText(s.Snapshot.Spec.Selector)
	if _, ok := s.Snapshot.Spec.Strategy.(spec.BlueGreen); !ok {
		return next
	}
	if active := s.View.ByHash(v.BlueGreen.ActiveSelector); active != nil && v.BlueGreen.ActiveSelector != "" {
		next.ReadyReplicas, next.AvailableReplicas, next.HPAReplicas = active.Ready, active.Available, active.Pods
		next.Selector = selectorText(withHash(s.Snapshot.Spec.Selector, active.Hash))
	}
	return next
}

// selectorText is a selector as autoscalers read it. Labels alone, as nearly all have,
// need none of the checks that a selector went through when it was parsed.
func selectorText(selector *metav1.LabelSelector) string {
	if len(selector.MatchLabels) == 0 || len(selector.MatchExpressions) > 0 {
		return metav1.FormatLabelSelector(selector)
	}
	keys := make([]string, 0, len(selector.MatchLabels))
	for key := range selector.MatchLabels {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	var text strings.Builder
	for _, key := range keys {
		if text.Len() > 0 {
			text.WriteByte(',')
		}
		text.WriteString(key + "=" + selector.MatchLabels[key])
	}
	return text.String()
}

// withHash narrows a selector to one revision.
func withHash(selector *metav1.LabelSelector, hash string) *metav1.LabelSelector {
	next := selector.DeepCopy()
	next.MatchLabels = hashed(next.MatchLabels, hash)
	return next
}

// timeOf is a time as the API keeps it, in whole seconds.
func timeOf(t time.Time) *metav1.Time {
	whole := metav1.NewTime(t.Truncate(time.Second))
	return &whole
}

// transitions are the events of what changes with this status.
func transitions(s *strategy.Situation, v strategy.Verdict, next v1alpha1.RolloutStatus) []plan.Event {
	var events []plan.Event
	if v.Promote != "" {
		events = append(events, plan.Event{Reason: v1alpha1.RolloutCompletedReason, Message: completedMessage(s, v.Promote)})
	}
	before, after := s.Snapshot.Rollout.Status, next
	if len(before.PauseConditions) == 0 && len(after.PauseConditions) > 0 {
		events = append(events, plan.Event{Reason: v1alpha1.RolloutPausedReason, Message: "Rollout is paused (" + string(after.PauseConditions[0].Reason) + ")"})
	}
	resumed := before.ControllerPause && !after.ControllerPause && len(after.PauseConditions) == 0
	if resumed && !s.Aborted && !s.Reset {
		events = append(events, plan.Event{Reason: v1alpha1.RolloutResumedReason, Message: "Rollout is resumed"})
	}
	if s.Aborted && s.Status.AbortedAt == nil {
		events = append(events, plan.Event{Reason: v1alpha1.RolloutAbortedReason, Message: abortedMessage(s), Warning: true})
	}
	return events
}

func completedMessage(s *strategy.Situation, reason string) string {
	return "Rollout completed update to revision " + strconv.FormatInt(s.View.Number(), 10) + " (" + s.View.Hash + "): " + reason
}

func abortedMessage(s *strategy.Situation) string {
	return because("Rollout aborted update to revision "+strconv.FormatInt(s.View.Number(), 10), s.Failure)
}
