package cli

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// canary is a canary of three steps at an index, changed by edits.
func canary(index int32, edits ...func(*v1alpha1.Rollout)) *v1alpha1.Rollout {
	weight := int32(20)
	ro := &v1alpha1.Rollout{}
	ro.Name = "web"
	ro.Spec.Strategy.Canary = &v1alpha1.CanaryStrategy{Steps: []v1alpha1.CanaryStep{
		{SetWeight: &weight}, {Pause: &v1alpha1.RolloutPause{}}, {Analysis: &v1alpha1.RolloutAnalysis{}},
	}}
	ro.Status.CurrentStepIndex = &index
	ro.Status.CurrentPodHash, ro.Status.StableRS = "desired", "stable"
	for _, edit := range edits {
		edit(ro)
	}
	return ro
}

func blueGreen(edits ...func(*v1alpha1.Rollout)) *v1alpha1.Rollout {
	ro := &v1alpha1.Rollout{}
	ro.Spec.Strategy.BlueGreen = &v1alpha1.BlueGreenStrategy{ActiveService: "web"}
	ro.Status.CurrentPodHash, ro.Status.StableRS = "desired", "stable"
	for _, edit := range edits {
		edit(ro)
	}
	return ro
}

func pausedFor(reason v1alpha1.PauseReason) func(*v1alpha1.Rollout) {
	return func(ro *v1alpha1.Rollout) {
		ro.Status.ControllerPause = true
		ro.Status.PauseConditions = []v1alpha1.PauseCondition{{Reason: reason}}
	}
}

func userPaused(ro *v1alpha1.Rollout)  { ro.Spec.Paused = true }
func aborted(ro *v1alpha1.Rollout)     { ro.Status.Abort = true }
func fullyDone(ro *v1alpha1.Rollout)   { ro.Status.StableRS = ro.Status.CurrentPodHash }
func resuming(ro *v1alpha1.Rollout)    { ro.Status.ControllerPause = true }
func withoutStep(ro *v1alpha1.Rollout) { ro.Spec.Strategy.Canary.Steps = nil }
func unseen(ro *v1alpha1.Rollout)      { ro.Status = v1alpha1.RolloutStatus{} }
func undecided(ro *v1alpha1.Rollout) {
	ro.Status.Canary.CurrentStepAnalysisRunStatus = &v1alpha1.RolloutAnalysisRunStatus{Status: v1alpha1.AnalysisPhaseInconclusive}
}

type fields = map[string]any

func TestDecidePromotion(t *testing.T) {
	unpause := fields{"paused": false}
	resume := fields{"pauseConditions": nil}
	const answerPending = "it was promoted a moment ago and the controller has not answered yet"
	cases := map[string]struct {
		rollout *v1alpha1.Rollout
		mode    promoteMode
		want    promotion
	}{
		"a pause step ends":                     {canary(1, pausedFor(v1alpha1.PauseReasonCanaryPauseStep)), promoteNext, promotion{status: resume}},
		"a user's pause ends, the step stays":   {canary(1, userPaused), promoteNext, promotion{spec: unpause}},
		"both pauses end together":              {canary(1, userPaused, pausedFor(v1alpha1.PauseReasonCanaryPauseStep)), promoteNext, promotion{status: resume, spec: unpause}},
		"an undecided analysis is passed":       {canary(2, undecided, pausedFor(v1alpha1.PauseReasonInconclusiveAnalysis)), promoteNext, promotion{status: fields{"pauseConditions": nil, "controllerPause": false, "currentStepIndex": int32(3)}}},
		"a running analysis is passed":          {canary(2), promoteNext, promotion{status: fields{"pauseConditions": nil, "currentStepIndex": int32(3)}}},
		"a promote is not sent twice":           {canary(1, resuming), promoteNext, promotion{note: answerPending}},
		"after the last step nothing waits":     {canary(3), promoteNext, promotion{note: "it is not waiting for anybody"}},
		"a promoted rollout waits for nobody":   {canary(3, fullyDone), promoteNext, promotion{note: "it is not waiting for anybody"}},
		"an aborted rollout needs a retry":      {canary(0, aborted), promoteNext, promotion{note: "the update is aborted; retry it, or promote it with --full"}},
		"a canary without steps waits for none": {canary(0, withoutStep), promoteNext, promotion{note: "it is not waiting for anybody"}},
		"a canary nobody saw yet is left alone": {canary(0, unseen), promoteNext, promotion{note: "it is not waiting for anybody"}},
		"a blue-green pause ends":               {blueGreen(pausedFor(v1alpha1.PauseReasonBlueGreenPause)), promoteNext, promotion{status: resume}},
		"a blue-green at work waits for nobody": {blueGreen(), promoteNext, promotion{note: "it is not waiting for anybody"}},
		"a blue-green paused by a user goes on": {blueGreen(userPaused), promoteNext, promotion{spec: unpause}},

		"full skips what is left":               {canary(1, pausedFor(v1alpha1.PauseReasonCanaryPauseStep)), promoteAll, promotion{status: fields{"promoteFull": true}}},
		"full lifts a user's pause too":         {canary(1, userPaused), promoteAll, promotion{status: fields{"promoteFull": true}, spec: unpause}},
		"full on a promoted one only unpauses":  {canary(3, fullyDone, userPaused), promoteAll, promotion{spec: unpause}},
		"full on a promoted one has no effect":  {canary(3, fullyDone), promoteAll, promotion{note: "no update is under way"}},
		"full takes an abort back":              {canary(0, aborted), promoteAll, promotion{status: fields{"promoteFull": true}}},
		"full skips a blue-green's gates":       {blueGreen(), promoteAll, promotion{status: fields{"promoteFull": true}}},
		"the current step is skipped":           {canary(0), skipStep, promotion{status: fields{"currentStepIndex": int32(1)}}},
		"with the step its pause is left":       {canary(1, pausedFor(v1alpha1.PauseReasonCanaryPauseStep)), skipStep, promotion{status: fields{"pauseConditions": nil, "controllerPause": false, "currentStepIndex": int32(2)}}},
		"no step after the last is skipped":     {canary(3), skipStep, promotion{status: fields{"currentStepIndex": int32(3)}}},
		"an index past the end is not followed": {canary(4), skipStep, promotion{status: fields{"currentStepIndex": int32(3)}}},
		"all steps are skipped":                 {canary(1), skipSteps, promotion{status: fields{"currentStepIndex": int32(3)}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := decidePromotion(tc.rollout, tc.mode)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(promotion{})); diff != "" {
				t.Errorf("decidePromotion() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecidePromotionErrors(t *testing.T) {
	cases := map[string]struct {
		rollout *v1alpha1.Rollout
		mode    promoteMode
		want    error
	}{
		"a blue-green has no steps to skip":   {blueGreen(), skipStep, errSkipBlueGreen},
		"nor all of them":                     {blueGreen(), skipSteps, errSkipBlueGreen},
		"a canary without steps has none too": {canary(0, withoutStep), skipStep, errSkipNoSteps},
		"not even all of none":                {canary(0, withoutStep), skipSteps, errSkipNoSteps},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := decidePromotion(tc.rollout, tc.mode); !errors.Is(err, tc.want) {
				t.Errorf("decidePromotion() error = %v, want %v", err, tc.want)
			}
		})
	}
}

func TestMovedOn(t *testing.T) {
	paused := pausedFor(v1alpha1.PauseReasonCanaryPauseStep)
	cases := map[string]struct {
		before, after *v1alpha1.Rollout
		want          bool
	}{
		"nothing that matters changed": {canary(1, paused), canary(1, paused), false},
		"a pause began":                {canary(1), canary(1, paused), false},
		"the step is over":             {canary(1), canary(2), true},
		"the pause is over":            {canary(1, paused), canary(1), true},
		"the update is over":           {canary(1), canary(1, fullyDone), true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := movedOn(tc.before, tc.after); got != tc.want {
				t.Errorf("movedOn() = %v, want %v", got, tc.want)
			}
		})
	}
}
