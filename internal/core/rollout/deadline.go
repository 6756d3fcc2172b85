package rollout

import (
	"fmt"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// standing is what the conditions and the deadline are judged by.
type standing struct {
	paused, healthy, promoted bool
	// unmade says that a run or an experiment could not be made; nil: none was missed.
	unmade *v1alpha1.RolloutCondition
}

// deadline says whether the update still gets on.
type deadline struct {
	standing standing
	// moved: something changed for the better since the last status.
	moved bool
	// exceeded: nothing moved for too long. abort: and that aborts the update.
	exceeded, abort bool
	// wake is when the deadline passes if nothing moves; zero: it is not running.
	wake time.Time
}

// deadlineOf judges an update's progress against spec.progressDeadlineSeconds.
func deadlineOf(s *strategy.Situation, next v1alpha1.RolloutStatus, before *v1alpha1.RolloutCondition, at standing) deadline {
	d := deadline{standing: at, moved: moved(s.Snapshot.Rollout.Status, next)}
	if at.healthy || at.paused || next.Abort || before == nil || d.moved || s.Reset || s.View.Desired == nil || waitsForever(s, next) {
		return d
	}
	end := before.LastUpdateTime.Add(s.Snapshot.Spec.ProgressDeadline)
	switch before.Reason {
	case v1alpha1.RolloutAbortedReason, v1alpha1.RolloutPausedReason, v1alpha1.NewRSAvailableReason:
		return d
	case v1alpha1.TimedOutReason:
		d.exceeded = true
	default:
		d.exceeded = !s.Now.Before(end)
	}
	if !d.exceeded {
		d.wake = end
	}
	d.abort = d.exceeded && s.Snapshot.Spec.AbortOnDeadline && !at.promoted && !s.Initial
	return d
}

// moved reports progress between two statuses.
func moved(before, after v1alpha1.RolloutStatus) bool {
	index := func(st v1alpha1.RolloutStatus) int32 {
		if st.CurrentStepIndex == nil {
			return -1
		}
		return *st.CurrentStepIndex
	}
	return after.UpdatedReplicas != before.UpdatedReplicas ||
		after.Replicas-after.UpdatedReplicas < before.Replicas-before.UpdatedReplicas ||
		after.ReadyReplicas > before.ReadyReplicas ||
		after.AvailableReplicas > before.AvailableReplicas ||
		after.StableRS != before.StableRS ||
		after.CurrentStepHash != before.CurrentStepHash ||
		index(after) != index(before) ||
		after.BlueGreen.ActiveSelector != before.BlueGreen.ActiveSelector ||
		after.BlueGreen.PreviewSelector != before.BlueGreen.PreviewSelector
}

// waitsForever reports whether the rollout waits for something that may rightly take
// longer than any deadline: a pause, an analysis, a scale-down delay.
func waitsForever(s *strategy.Situation, next v1alpha1.RolloutStatus) bool {
	for _, rs := range s.View.Superseded {
		if rs.Deadline.After(s.Now) && rs.Want > 0 && s.StableSize().Available > 0 {
			return true
		}
	}
	if _, judged := s.Use(v1alpha1.RolloutTypePrePromotionLabel); judged {
		return next.BlueGreen.PrePromotionAnalysisRunStatus != nil
	}
	if _, judged := s.Use(v1alpha1.RolloutTypePostPromotionLabel); judged {
		return next.BlueGreen.PostPromotionAnalysisRunStatus != nil
	}
	c, ok := s.Snapshot.Spec.Strategy.(spec.Canary)
	if !ok || next.CurrentStepIndex == nil || int(*next.CurrentStepIndex) >= len(c.Steps) {
		return false
	}
	switch c.Steps[*next.CurrentStepIndex].(type) {
	case spec.Pause, spec.AnalysisStep, spec.ExperimentStep:
		return true
	case spec.SetWeight, spec.SetCanaryScale, spec.SetHeaderRoute, spec.SetMirrorRoute, spec.PluginStep:
		return false
	default:
		return false
	}
}

// abortOnDeadline aborts the update with this status; the next pass acts on it.
func abortOnDeadline(s *strategy.Situation, next v1alpha1.RolloutStatus) (v1alpha1.RolloutStatus, []plan.Event) {
	next.Abort, next.AbortedAt = true, timeOf(s.Now)
	next.PauseConditions, next.ControllerPause, next.PromoteFull = nil, false, false
	if next.CurrentStepIndex != nil {
		zero := int32(0)
		next.CurrentStepIndex = &zero
	}
	message := abortedMessage(s) + ": " + timedOut(s)
	return next, []plan.Event{{Reason: v1alpha1.RolloutAbortedReason, Message: message, Warning: true}}
}

func timedOut(s *strategy.Situation) string {
	return fmt.Sprintf(v1alpha1.ReplicaSetTimeOutMessage, replicaSetName(s))
}

// abortMessage is the text of an abort's condition.
func (d deadline) abortMessage(s *strategy.Situation) string {
	if d.abort {
		return abortedMessage(s) + ": " + timedOut(s)
	}
	return abortedMessage(s)
}
