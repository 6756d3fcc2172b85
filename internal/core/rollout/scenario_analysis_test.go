package rollout_test

import (
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

const (
	running      = v1alpha1.AnalysisPhaseRunning
	successful   = v1alpha1.AnalysisPhaseSuccessful
	failed       = v1alpha1.AnalysisPhaseFailed
	inconclusive = v1alpha1.AnalysisPhaseInconclusive
)

func says(message string) func(*plan.Run) { return func(r *plan.Run) { r.Message = message } }

func TestStepAnalysis(t *testing.T) {
	at := func(facts ...build.Fact) plan.Snapshot {
		ro := update(build.Canary("demo", 4, build.Weight(25), build.Analyse("ok"), build.Weight(50)), "v2")
		return build.Snapshot(ro, append([]build.Fact{
			build.Has("v1", 3), build.Has("v2", 1), build.Stable("v1"), build.AtStep(1), build.Templates("ok"),
		}, facts...)...)
	}
	play(t, map[string]scenario{
		"a run gets its name first": {at(), build.Words{
			"step run": "demo-v2-2-1", "starts": "", "writes": "0",
		}},
		"then it is made": {at(build.Refers("step", "demo-v2-2-1", "")), build.Words{
			"step run": "demo-v2-2-1", "starts": "demo-v2-2-1", "step": "1",
		}},
		"and watched": {at(build.Refers("step", "demo-v2-2-1", ""), build.Run("demo-v2-2-1", running)), build.Words{
			"step run": "demo-v2-2-1: Running", "starts": "", "stops": "", "step": "1",
			"event AnalysisRunRunning": eventOf("demo-v2-2-1", "Running", ""),
		}},
		"success is the next step, and the status forgets the run": {
			at(build.Refers("step", "demo-v2-2-1", running), build.Run("demo-v2-2-1", successful)), build.Words{
				"step run": "", "step": "2", "deletes": "",
				"event AnalysisRunSuccessful": eventOf("demo-v2-2-1", "Successful", "Running"),
				"event RolloutStepCompleted":  "Rollout step 2/3 completed (analysis)",
			}},
		"failure aborts in the same pass": {
			at(build.Refers("step", "demo-v2-2-1", running), build.Run("demo-v2-2-1", failed, says("Metric \"check\" failed"))), build.Words{
				"abort": "true", "step": "0", "step run": "", "v1": "4", "stops": "",
				"event AnalysisRunFailed": eventOf("demo-v2-2-1", "Failed", "Running"),
				"event RolloutAborted":    "Rollout aborted update to revision 2: Step-based analysis phase error/failed: Metric \"check\" failed",
				"Progressing message":     "Rollout aborted update to revision 2: Step-based analysis phase error/failed: Metric \"check\" failed",
			}},
		"inconclusive waits for a person": {
			at(build.Refers("step", "demo-v2-2-1", running), build.Run("demo-v2-2-1", inconclusive)), build.Words{
				"pauses": "InconclusiveAnalysisRun", "step run": "demo-v2-2-1: Inconclusive", "step": "1",
				"phase": "Paused: InconclusiveAnalysisRun", "writes": "0", "wake": "never",
			}},
		"and keeps waiting": {
			at(build.Refers("step", "demo-v2-2-1", inconclusive), build.Run("demo-v2-2-1", inconclusive),
				build.Paused(v1alpha1.PauseReasonInconclusiveAnalysis, 0)), build.Words{
				"pauses": "InconclusiveAnalysisRun", "step run": "demo-v2-2-1: Inconclusive", "writes": "0",
			}},
		"whoever ends the wait gets one more run": {
			at(build.Refers("step", "demo-v2-2-1", inconclusive), build.Run("demo-v2-2-1", inconclusive), build.Resumed()), build.Words{
				"pauses": "", "step run": "demo-v2-2-1.1", "step": "1", "writes": "0",
			}},
		"a run that somebody deleted is made again": {at(build.Refers("step", "demo-v2-2-1", running)), build.Words{
			"step run": "demo-v2-2-1", "starts": "demo-v2-2-1",
		}},
		"a verdict that was seen counts although the run is gone": {at(build.Refers("step", "demo-v2-2-1", failed)), build.Words{
			"abort": "true", "starts": "",
		}},
		"what nothing refers to is stopped": {
			at(build.Refers("step", "demo-v2-2-1", running), build.Run("demo-v2-2-1", running), build.Run("demo-v1-1-1", running)), build.Words{
				"stops": "demo-v1-1-1",
			}},
		"a template that is missing is named": {func() plan.Snapshot {
			s := at()
			s.Templates = nil
			return s
		}(), build.Words{
			"InvalidSpec message": `The Rollout "demo" is invalid: spec.strategy.canary.steps[1].analysis.templates: Invalid value: "ok": AnalysisTemplate 'ok' not found`,
			"phase":               `Degraded: InvalidSpec: The Rollout "demo" is invalid: spec.strategy.canary.steps[1].analysis.templates: Invalid value: "ok": AnalysisTemplate 'ok' not found`,
			"writes":              "0",
		}},
	})
}

// eventOf is what an event says of a step's run; the hash of v2 stands in it.
func eventOf(name, after, before string) string {
	full := build.Snapshot(update(build.Canary("demo", 4), "v2"), build.Run(name, "")).Runs[0].Name
	return "Step Analysis Run '" + full + "' Status New: '" + after + "' Previous: '" + before + "'"
}
