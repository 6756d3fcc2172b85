package rollout

import (
	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// duration keeps how long the update has taken and how it ended. The time that
// people took (indefinite pauses) is counted apart.
func duration(s *strategy.Situation, v strategy.Verdict, next v1alpha1.RolloutStatus) *v1alpha1.RolloutDurationStatus {
	d := attempt(s, next)
	if d == nil || d.FinishedAt != nil {
		return d
	}
	manual := manuallyPaused(s, next)
	switch {
	case manual && d.ManualPauseStartedAt == nil:
		d.ManualPauseStartedAt = timeOf(s.Now)
	case !manual && d.ManualPauseStartedAt != nil:
		d.TotalManualPauseDurationSeconds += int64(s.Now.Sub(d.ManualPauseStartedAt.Time).Seconds())
		d.ManualPauseStartedAt = nil
	}
	promoted := next.StableRS == next.CurrentPodHash && next.StableRS != ""
	switch {
	case next.Abort:
		d.FinishedAt, d.CompletionStatus = timeOf(s.Now), v1alpha1.RolloutCompletionStatusAborted
	case promoted && s.Size().Available >= s.Replicas():
		d.FinishedAt = timeOf(s.Now)
		if d.CompletionStatus == "" {
			d.CompletionStatus = v1alpha1.RolloutCompletionStatusPromoted
		}
	}
	if s.PromoteFull && v.Promote != "" && d.CompletionStatus == "" {
		d.CompletionStatus = v1alpha1.RolloutCompletionStatusFastPromoted
	}
	return d
}

// attempt is the running attempt's record, or a new one when an update starts.
func attempt(s *strategy.Situation, next v1alpha1.RolloutStatus) *v1alpha1.RolloutDurationStatus {
	before := s.Status.Duration
	retried := s.Snapshot.Rollout.Status.AbortedAt != nil && !next.Abort && !s.Reset
	running := before != nil && before.FinishedAt == nil
	rollback := s.Reset && !s.Initial && s.View.Rollback()
	switch {
	case s.Reset && rollback && running:
		kept := before.DeepCopy()
		kept.CompletionStatus = rollbackStatus(s)
		return kept
	case s.Reset && !(s.Promoted && s.Size().Available >= s.Replicas()), retried:
		started := &v1alpha1.RolloutDurationStatus{RolloutStartedAt: timeOf(s.Now)}
		if rollback {
			started.CompletionStatus = rollbackStatus(s)
		}
		return started
	default:
		return before.DeepCopy()
	}
}

func rollbackStatus(s *strategy.Situation) v1alpha1.RolloutCompletionStatus {
	if s.Promoted || s.InWindow {
		return v1alpha1.RolloutCompletionStatusFastRolledBack
	}
	return v1alpha1.RolloutCompletionStatusRolledBack
}

// manuallyPaused reports whether the rollout waits for a person.
func manuallyPaused(s *strategy.Situation, next v1alpha1.RolloutStatus) bool {
	if s.Snapshot.Spec.Paused {
		return true
	}
	for _, p := range next.PauseConditions {
		switch p.Reason {
		case v1alpha1.PauseReasonInconclusiveAnalysis, v1alpha1.PauseReasonInconclusiveExperiment:
			return true
		case v1alpha1.PauseReasonBlueGreenPause:
			b, ok := s.Snapshot.Spec.Strategy.(spec.BlueGreen)
			return ok && !b.AutoPromote
		case v1alpha1.PauseReasonCanaryPauseStep:
			c, ok := s.Snapshot.Spec.Strategy.(spec.Canary)
			return ok && indefinite(c, next.CurrentStepIndex)
		}
	}
	return false
}

func indefinite(c spec.Canary, index *int32) bool {
	if index == nil || int(*index) >= len(c.Steps) {
		return false
	}
	pause, ok := c.Steps[*index].(spec.Pause)
	return ok && pause.Indefinite
}
