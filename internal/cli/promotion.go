package cli

import (
	"errors"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/view"
)

// promoteMode is how far a promote goes.
type promoteMode int

const (
	// promoteNext ends what is being waited for.
	promoteNext promoteMode = iota
	// promoteAll skips everything that is left: pauses, analyses and steps.
	promoteAll
	// skipStep passes the current step. Deprecated in favour of promoteNext.
	skipStep
	// skipSteps passes all steps. Deprecated in favour of promoteAll.
	skipSteps
)

// promotion is what a promote sends. Both parts may be empty.
type promotion struct {
	// status and spec are fields for a merge patch.
	status, spec map[string]any
	// note says why nothing is sent. Empty when something is.
	note string
}

func (p promotion) empty() bool { return len(p.status) == 0 && len(p.spec) == 0 }

// Errors of the deprecated flags.
var (
	errSkipBoth      = errors.New("Cannot use skip-current-step and skip-all-steps flags at the same time") //nolint:staticcheck // scripts match this text
	errSkipBlueGreen = errors.New("Cannot skip steps of a bluegreen rollout. Run without a flags")          //nolint:staticcheck // scripts match this text
	errSkipNoSteps   = errors.New("Cannot skip steps of a rollout without steps")                           //nolint:staticcheck // scripts match this text
)

// decidePromotion says what a promote means for a Rollout in this state.
func decidePromotion(ro *v1alpha1.Rollout, mode promoteMode) (promotion, error) {
	switch mode {
	case skipStep, skipSteps:
		return skipping(ro, mode)
	case promoteAll:
		return promotingAll(ro), nil
	case promoteNext:
		return promotingNext(ro), nil
	}
	return promotion{}, errors.New("unknown way to promote")
}

// skipping moves the cursor without a look at what is being waited for.
func skipping(ro *v1alpha1.Rollout, mode promoteMode) (promotion, error) {
	canary := ro.Spec.Strategy.Canary
	switch {
	case ro.Spec.Strategy.BlueGreen != nil:
		return promotion{}, errSkipBlueGreen
	case canary == nil || len(canary.Steps) == 0:
		return promotion{}, errSkipNoSteps
	case mode == skipSteps:
		return promotion{status: passing(ro, int32(len(canary.Steps)))}, nil
	default:
		return promotion{status: passing(ro, nextStep(ro))}, nil
	}
}

// passing moves the cursor to index, and ends the pause of the step that it leaves: a
// pause at the new step has to begin anew.
func passing(ro *v1alpha1.Rollout, index int32) map[string]any {
	status := map[string]any{"currentStepIndex": index}
	if len(ro.Status.PauseConditions) > 0 {
		status["pauseConditions"], status["controllerPause"] = nil, false
	}
	return status
}

// promotingAll asks the controller to skip everything that is left.
func promotingAll(ro *v1alpha1.Rollout) promotion {
	p := promotion{spec: unpaused(ro)}
	if ro.Status.CurrentPodHash != ro.Status.StableRS {
		p.status = map[string]any{"promoteFull": true}
	}
	if p.empty() {
		p.note = "no update is under way"
	}
	return p
}

// promotingNext ends what is being waited for; the first match counts. A
// user's pause is lifted without touching the step: going on is all that was
// asked for.
func promotingNext(ro *v1alpha1.Rollout) promotion {
	paused := len(ro.Status.PauseConditions) > 0
	switch {
	case paused && ro.Status.ControllerPause && inconclusive(ro):
		return promotion{spec: unpaused(ro), status: passing(ro, nextStep(ro))}
	case paused:
		return promotion{spec: unpaused(ro), status: map[string]any{"pauseConditions": nil}}
	case ro.Spec.Paused:
		return promotion{spec: unpaused(ro)}
	case view.Resuming(ro):
		return promotion{note: "it was promoted a moment ago and the controller has not answered yet"}
	case ro.Status.Abort:
		return promotion{note: "the update is aborted; retry it, or promote it with --full"}
	case hasStepToPass(ro):
		return promotion{status: map[string]any{"pauseConditions": nil, "currentStepIndex": nextStep(ro)}}
	default:
		return promotion{note: "it is not waiting for anybody"}
	}
}

// unpaused lifts a user's pause, if there is one.
func unpaused(ro *v1alpha1.Rollout) map[string]any {
	if !ro.Spec.Paused {
		return nil
	}
	return map[string]any{"paused": false}
}

// inconclusive is true when the analysis of the current step could not decide.
func inconclusive(ro *v1alpha1.Rollout) bool {
	run := ro.Status.Canary.CurrentStepAnalysisRunStatus
	return ro.Spec.Strategy.Canary != nil && run != nil && run.Status == v1alpha1.AnalysisPhaseInconclusive
}

func hasStepToPass(ro *v1alpha1.Rollout) bool {
	canary := ro.Spec.Strategy.Canary
	return canary != nil && ro.Status.CurrentStepIndex != nil && int(view.StepsDone(ro)) < len(canary.Steps)
}

// nextStep is the index after the current step, never past the end.
// Example: step 3 of 5 -> 4; step 5 of 5 -> 5.
func nextStep(ro *v1alpha1.Rollout) int32 {
	return min(view.StepsDone(ro)+1, int32(len(ro.Spec.Strategy.Canary.Steps)))
}

// movedOn is true when the Rollout left by itself the place that a user looked
// at when deciding to promote it.
func movedOn(before, after *v1alpha1.Rollout) bool {
	return before.Status.CurrentPodHash != after.Status.CurrentPodHash ||
		before.Status.StableRS != after.Status.StableRS ||
		view.StepsDone(before) != view.StepsDone(after) ||
		len(before.Status.PauseConditions) > len(after.Status.PauseConditions)
}
