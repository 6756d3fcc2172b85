package canary

import (
	"fmt"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// advance moves the cursor by at most one step and keeps the pauses.
func advance(v strategy.Verdict, s *strategy.Situation, c spec.Canary, f flow) strategy.Verdict {
	v.Index = f.at.pointer()
	step := f.at.step()
	if s.Aborted || s.Promoted || s.PromoteFull || s.InWindow {
		return v
	}
	v.Pauses = s.Status.PauseConditions
	if _, ok := step.(spec.Pause); !ok {
		v.Pauses = strategy.WithoutPause(v.Pauses, v1alpha1.PauseReasonCanaryPauseStep)
	}
	if step == nil {
		return v
	}
	if s.Halted || !completed(s, c, f) {
		return wait(v, s, step)
	}
	v.Event(v1alpha1.RolloutStepCompletedReason, fmt.Sprintf("Rollout step %d/%d completed (%s)", f.at.index+1, f.at.count, step))
	v.Pauses = strategy.WithoutPause(v.Pauses, v1alpha1.PauseReasonCanaryPauseStep)
	leaveStep(&v)
	f.at.index++
	v.Index = f.at.pointer()
	if pause, ok := f.at.step().(spec.Pause); ok {
		return begin(v, s, pause)
	}
	return v
}

// completed reports whether the current step is done.
func completed(s *strategy.Situation, c spec.Canary, f flow) bool {
	switch step := f.at.step().(type) {
	case spec.SetWeight:
		return atSize(s, c, f.at) && f.done(step.Weight)
	case spec.SetCanaryScale:
		return atSize(s, c, f.at)
	case spec.Pause:
		return pauseOver(s, step)
	case spec.SetHeaderRoute, spec.SetMirrorRoute:
		return !f.held
	case spec.AnalysisStep:
		return stepAnalysed(s)
	case spec.ExperimentStep:
		return s.Trial != nil && s.Trial.Phase == v1alpha1.AnalysisPhaseSuccessful
	case spec.PluginStep:
		return false
	default:
		return false
	}
}

// pauseOver reports whether a pause has lasted as asked, or a person ended it: the
// condition is gone although the controller had set one.
func pauseOver(s *strategy.Situation, step spec.Pause) bool {
	held, ok := strategy.Pause(s.Status.PauseConditions, v1alpha1.PauseReasonCanaryPauseStep)
	if !ok {
		return s.Status.ControllerPause && len(s.Status.PauseConditions) == 0
	}
	return !step.Indefinite && !s.Now.Before(held.StartTime.Add(step.Duration))
}

// wait stays at the current step; a pause step that has not begun begins.
func wait(v strategy.Verdict, s *strategy.Situation, step spec.Step) strategy.Verdict {
	pause, ok := step.(spec.Pause)
	if !ok {
		return v
	}
	_, held := strategy.Pause(v.Pauses, v1alpha1.PauseReasonCanaryPauseStep)
	if s.Halted && !held && s.Status.ControllerPause {
		v.Resumed = len(v.Pauses) == 0
		v.Note("pause", "ended by a person, but the rollout is paused as a whole")
		return v
	}
	return begin(v, s, pause)
}

// begin starts a pause, or goes on with the one that holds, and wakes at its end.
func begin(v strategy.Verdict, s *strategy.Situation, pause spec.Pause) strategy.Verdict {
	v.Pauses = strategy.WithPause(v.Pauses, v1alpha1.PauseReasonCanaryPauseStep, s.Now)
	held, _ := strategy.Pause(v.Pauses, v1alpha1.PauseReasonCanaryPauseStep)
	if pause.Indefinite {
		v.Note("pause", "until it is promoted")
		return v
	}
	if !s.Halted { // time alone moves nothing while the rollout is paused as a whole
		v.Wake(held.StartTime.Add(pause.Duration))
	}
	v.Note("pause", fmt.Sprintf("for %s", pause.Duration))
	return v
}
