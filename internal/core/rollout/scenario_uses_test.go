package rollout_test

import (
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

func TestBackgroundAnalysis(t *testing.T) {
	at := func(step int32, facts ...build.Fact) plan.Snapshot {
		ro := update(build.Canary("demo", 4, build.Weight(25), build.Wait(), build.Weight(25), build.Wait()), "v2", build.Background("ok", 2))
		return build.Snapshot(ro, append([]build.Fact{
			build.Has("v1", 3), build.Has("v2", 1), build.Stable("v1"), build.AtStep(step), build.Templates("ok"),
		}, facts...)...)
	}
	play(t, map[string]scenario{
		"not before its step": {at(1, build.Paused(v1alpha1.PauseReasonCanaryPauseStep, time.Minute)), build.Words{
			"background run": "", "starts": "",
		}},
		"a name from its step on": {at(2), build.Words{"background run": "demo-v2-2", "starts": ""}},
		"made while a step waits": {
			at(3, build.Refers("background", "demo-v2-2", ""), build.Paused(v1alpha1.PauseReasonCanaryPauseStep, time.Minute)), build.Words{
				"starts": "demo-v2-2", "pauses": "CanaryPauseStep",
			}},
		"an early success moves nothing and is not repeated": {
			at(3, build.Refers("background", "demo-v2-2", running), build.Run("demo-v2-2", successful)), build.Words{
				"background run": "demo-v2-2: Successful", "starts": "", "step": "3", "pauses": "CanaryPauseStep",
			}},
		"failure aborts at any step": {
			at(3, build.Refers("background", "demo-v2-2", running), build.Run("demo-v2-2", failed, says("bad"))), build.Words{
				"abort": "true", "v1": "4", "background run": "", "pauses": "",
				"event RolloutAborted": "Rollout aborted update to revision 2: Background analysis phase error/failed: bad",
			}},
		"inconclusive at a pause step is one more pause": {
			at(3, build.Refers("background", "demo-v2-2", running), build.Run("demo-v2-2", inconclusive), build.Paused(v1alpha1.PauseReasonCanaryPauseStep, time.Minute)), build.Words{
				"pauses": "CanaryPauseStep,InconclusiveAnalysisRun", "background run": "demo-v2-2: Inconclusive", "starts": "",
			}},
		"a pause step that a person ended at the same moment is not begun again": {
			at(3, build.Refers("background", "demo-v2-2", running), build.Run("demo-v2-2", inconclusive), build.Resumed()), build.Words{
				"pauses": "InconclusiveAnalysisRun", "background run": "demo-v2-2: Inconclusive", "step": "3",
			}},
		"and makes no further run while it waits": {
			at(3, build.Refers("background", "demo-v2-2", inconclusive), build.Run("demo-v2-2", inconclusive),
				build.Paused(v1alpha1.PauseReasonCanaryPauseStep, time.Minute), build.Paused(v1alpha1.PauseReasonInconclusiveAnalysis, time.Minute)), build.Words{
				"pauses": "CanaryPauseStep,InconclusiveAnalysisRun", "background run": "demo-v2-2: Inconclusive", "writes": "0",
			}},
		"dropped below its step, it is stopped": {
			at(1, build.Refers("background", "demo-v2-2", running), build.Run("demo-v2-2", running)), build.Words{
				"background run": "", "stops": "demo-v2-2",
			}},
		"full promotion stops it": {at(3, promoteFull(), build.Refers("background", "demo-v2-2", running), build.Run("demo-v2-2", running)), build.Words{
			"background run": "", "stops": "demo-v2-2",
		}},
		"another update stops it": {at(3, build.Seen("v1"), build.Refers("background", "demo-v1-1", running), build.Run("demo-v1-1", running)), build.Words{
			"background run": "", "stops": "demo-v1-1",
		}},
		"an aborted update has none": {at(0, build.Aborted(), build.Refers("background", "demo-v2-2", failed), build.Run("demo-v2-2", failed)), build.Words{
			"background run": "", "starts": "", "deletes": "",
		}},
	})
}

func TestPromotionAnalysis(t *testing.T) {
	manifest := func(options ...build.Option) *v1alpha1.Rollout {
		return update(build.BlueGreen("demo", 2), "v2", append([]build.Option{blueGreen(func(b *v1alpha1.BlueGreenStrategy) {
			b.PrePromotionAnalysis, b.PostPromotionAnalysis = build.Analysis("ok"), build.Analysis("ok")
		})}, options...)...)
	}
	at := func(facts ...build.Fact) plan.Snapshot {
		return build.Snapshot(manifest(), append([]build.Fact{build.Has("v1", 2), build.Stable("v1"), build.Templates("ok")}, facts...)...)
	}
	play(t, map[string]scenario{
		"before the pods are there, nothing is analysed": {at(build.Has("v2", 2, build.Available(1))), build.Words{
			"pre run": "", "service active": "v1",
		}},
		"then a run gets its name": {at(build.Has("v2", 2)), build.Words{"pre run": "demo-v2-2-pre", "service active": "v1"}},
		"a lost pod does not end it": {
			at(build.Has("v2", 2, build.Available(1)), build.Refers("pre", "demo-v2-2-pre", running), build.Run("demo-v2-2-pre", running)), build.Words{
				"pre run": "demo-v2-2-pre: Running", "stops": "", "service active": "v1",
			}},
		"success opens the gate": {
			at(build.Has("v2", 2), build.Refers("pre", "demo-v2-2-pre", running), build.Run("demo-v2-2-pre", successful)), build.Words{
				"pre run": "demo-v2-2-pre: Successful", "service active": "v2", "stable": "v1",
			}},
		"failure aborts": {
			at(build.Has("v2", 2), build.Refers("pre", "demo-v2-2-pre", running), build.Run("demo-v2-2-pre", failed, says("bad"))), build.Words{
				"pre run": "demo-v2-2-pre: Failed", "service active": "v1", "abort": "true",
				"event RolloutAborted": "Rollout aborted update to revision 2: Blue/green pre-promotion analysis phase error/failed: bad",
			}},
		"after the switch there is another run": {
			at(build.Has("v2", 2), build.Serves("active", "v2"), build.Refers("pre", "demo-v2-2-pre", successful), build.Run("demo-v2-2-pre", successful)), build.Words{
				"post run": "demo-v2-2-post", "pre run": "demo-v2-2-pre: Successful", "stable": "v1", "v1": "2",
				"phase": "Progressing: waiting for analysis to complete",
			}},
		"its success makes the revision stable": {
			at(build.Has("v2", 2), build.Serves("active", "v2"), build.Refers("post", "demo-v2-2-post", running), build.Run("demo-v2-2-post", successful)), build.Words{
				"stable": "v2", "post run": "demo-v2-2-post: Successful",
			}},
		"its failure takes the Service back in the same pass": {
			at(build.Has("v2", 2), build.Serves("active", "v2"), build.Refers("post", "demo-v2-2-post", running), build.Run("demo-v2-2-post", failed)), build.Words{
				"stable": "v1", "abort": "true", "service active": "v1", "v1": "2",
			}},
		"a retry forgets the first verdict": {
			at(build.Has("v2", 2), build.Refers("pre", "demo-v2-2-pre", failed), build.Run("demo-v2-2-pre", failed), build.Aborted(),
				build.Status(func(st *v1alpha1.RolloutStatus) { st.Abort = false })), build.Words{
				"pre run": "demo-v2-2-pre.1", "abort": "", "service active": "v1",
			}},
		"resizing keeps the run": {
			build.Snapshot(manifest(spec(func(s *v1alpha1.RolloutSpec) { s.Replicas = seconds(5) })), build.Has("v1", 2), build.Has("v2", 2), build.Stable("v1"),
				build.Templates("ok"), build.Refers("pre", "demo-v2-2-pre", running), build.Run("demo-v2-2-pre", running)), build.Words{
				"pre run": "demo-v2-2-pre: Running", "stops": "", "v2": "5",
			}},
		"the seconds before an automatic promotion count from the success": {
			build.Snapshot(manifest(blueGreen(func(b *v1alpha1.BlueGreenStrategy) { b.AutoPromotionSeconds = 30 })), build.Has("v1", 2), build.Has("v2", 2), build.Stable("v1"),
				build.Templates("ok"), build.Refers("pre", "demo-v2-2-pre", running), build.Run("demo-v2-2-pre", successful)), build.Words{
				"pauses": "BlueGreenPause", "wake": "30s", "service active": "v1",
			}},
		"no pause while it is analysed": {
			build.Snapshot(manifest(blueGreen(func(b *v1alpha1.BlueGreenStrategy) { b.AutoPromotionSeconds = 30 })), build.Has("v1", 2), build.Has("v2", 2), build.Stable("v1"),
				build.Templates("ok"), build.Refers("pre", "demo-v2-2-pre", running), build.Run("demo-v2-2-pre", running)), build.Words{
				"pauses": "", "wake": "never", "service active": "v1",
			}},
	})
}

func TestExperimentStep(t *testing.T) {
	at := func(facts ...build.Fact) plan.Snapshot {
		ro := update(build.Canary("demo", 4, build.Weight(25), build.Experiment(), build.Weight(50)), "v2")
		return build.Snapshot(ro, append([]build.Fact{
			build.Has("v1", 3), build.Has("v2", 1), build.Stable("v1"), build.AtStep(1),
		}, facts...)...)
	}
	found := func(message string) func(*plan.Experiment) {
		return func(e *plan.Experiment) { e.Message = message }
	}
	play(t, map[string]scenario{
		"a name first":     {at(), build.Words{"experiment": "demo-v2-2-1", "starts": ""}},
		"then it is made":  {at(build.Refers("experiment", "demo-v2-2-1", "")), build.Words{"experiment": "demo-v2-2-1", "starts": "demo-v2-2-1"}},
		"waits for it":     {at(build.Refers("experiment", "demo-v2-2-1", ""), build.Trial("demo-v2-2-1", running)), build.Words{"step": "1", "writes": "0", "Progressing": "True/ReplicaSetUpdated"}},
		"success moves on": {at(build.Refers("experiment", "demo-v2-2-1", ""), build.Trial("demo-v2-2-1", successful)), build.Words{"step": "2", "experiment": "", "deletes": ""}},
		"failure aborts": {at(build.Refers("experiment", "demo-v2-2-1", ""), build.Trial("demo-v2-2-1", failed, found("bad"))), build.Words{
			"abort": "true", "step": "0", "experiment": "", "v1": "4",
			"event RolloutAborted": "Rollout aborted update to revision 2: Experiment analysis phase is error/failed: bad",
		}},
		"inconclusive waits and keeps its name": {at(build.Refers("experiment", "demo-v2-2-1", ""), build.Trial("demo-v2-2-1", inconclusive)), build.Words{
			"pauses": "InconclusiveExperiment", "experiment": "demo-v2-2-1", "starts": "", "step": "1",
		}},
		"for as long as it takes": {
			at(build.Refers("experiment", "demo-v2-2-1", ""), build.Trial("demo-v2-2-1", inconclusive), build.Paused(v1alpha1.PauseReasonInconclusiveExperiment, time.Hour)), build.Words{
				"pauses": "InconclusiveExperiment", "experiment": "demo-v2-2-1", "writes": "0",
			}},
		"whoever ends that gets another": {
			at(build.Refers("experiment", "demo-v2-2-1", ""), build.Trial("demo-v2-2-1", inconclusive), build.Resumed()), build.Words{
				"pauses": "", "experiment": "demo-v2-2-1-1", "starts": "",
			}},
		"an abort ends it": {at(build.Aborted(), build.Refers("experiment", "demo-v2-2-1", ""), build.Trial("demo-v2-2-1", running)), build.Words{
			"experiment": "", "stops": "demo-v2-2-1",
		}},
		"past its step it is ended": {at(build.AtStep(2), build.Refers("experiment", "demo-v2-2-1", ""), build.Trial("demo-v2-2-1", running)), build.Words{
			"experiment": "", "stops": "demo-v2-2-1",
		}},
	})
}

func TestOldRuns(t *testing.T) {
	at := func(limit int32, facts ...build.Fact) plan.Snapshot {
		ro := update(build.Canary("demo", 4, build.Weight(25), build.Analyse("ok")), "v2", spec(func(s *v1alpha1.RolloutSpec) {
			s.Analysis = &v1alpha1.AnalysisRunStrategy{SuccessfulRunHistoryLimit: &limit, UnsuccessfulRunHistoryLimit: &limit}
		}))
		return build.Snapshot(ro, append([]build.Fact{
			build.Has("v1", 3), build.Has("v2", 1), build.Stable("v1"), build.AtStep(1), build.Templates("ok"),
		}, facts...)...)
	}
	labelled := func(hash string) func(*plan.Run) {
		return func(r *plan.Run) { r.Labels = map[string]string{v1alpha1.DefaultRolloutUniqueLabelKey: hash} }
	}
	younger := func(r *plan.Run) { r.Created = r.Created.Add(time.Second) }
	play(t, map[string]scenario{
		"as many as allowed of each kind": {at(1,
			build.Run("demo-v1-1-1", successful), build.Run("demo-v1-1-2", successful, younger), build.Run("demo-v2-2-1", failed), build.Run("demo-v2-2-1.1", failed)), build.Words{
			"deletes": "demo-v1-1-1, demo-v2-2-1",
		}},
		"of those made together, the last names stay": {at(1, build.Run("demo-v1-1-2", successful), build.Run("demo-v1-1-1", successful)), build.Words{"deletes": "demo-v1-1-1"}},
		"none, but what the status shows": {at(0,
			build.Refers("step", "demo-v2-2-1", failed), build.Run("demo-v2-2-1", failed), build.Run("demo-v1-1-1", successful)), build.Words{
			"deletes": "demo-v1-1-1",
		}},
		"what is not finished stays": {at(0, build.Refers("step", "demo-v2-2-1", running), build.Run("demo-v2-2-1", running)), build.Words{"deletes": ""}},
		"a revision that is gone takes its runs along": {at(5, build.Run("demo-v7-7-1", successful), build.Run("demo-v1-1-1", successful)), build.Words{
			"deletes": deleted("demo-v7-7-1"),
		}},
		"a user's label does not make a run old": {at(5, build.Run("demo-v2-2-1", failed, labelled("mine"))), build.Words{"deletes": ""}},
		"experiments too": {at(0, build.Trial("demo-v1-1-0", successful), build.Trial("demo-v1-1-1", running, func(e *plan.Experiment) { e.Spec.Terminate = true })), build.Words{
			"deletes": "demo-v1-1-0",
		}},
	})
}

// deleted is the name of a run whose revision has no ReplicaSet to name it by.
func deleted(name string) string {
	return build.Snapshot(build.Canary("demo", 4), build.Run(name, "")).Runs[0].Name
}
