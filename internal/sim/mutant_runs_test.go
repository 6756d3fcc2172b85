package sim_test

import (
	"slices"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// runMutants break what holds for analyses.
func runMutants() map[string]mutant {
	return map[string]mutant{
		"one that starts a run beside the one that goes on": {
			law: "one run per use",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				for _, r := range s.Runs {
					if r.Phase == v1alpha1.AnalysisPhaseRunning && !r.Spec.Terminate && !strings.Contains(r.Name, "twin") {
						p.Actions = append(p.Actions, plan.StartRun{Name: r.Name + "-twin", Labels: r.Labels, Spec: r.Spec})
					}
				}
			},
		},
		"one that measures again what was successful": {
			law: "no second run",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				for _, r := range s.Runs {
					if r.Phase == v1alpha1.AnalysisPhaseSuccessful && !strings.Contains(r.Name, ".") && shown(p.Status, r.Name) {
						p.Actions = append(p.Actions, plan.StartRun{Name: r.Name + ".1", Labels: r.Labels, Spec: r.Spec})
					}
				}
			},
		},
		"one that never stops a run": {
			law: "stray runs stop",
			mutate: func(_ plan.Snapshot, _ time.Time, p *plan.Plan) {
				p.Actions = slices.DeleteFunc(p.Actions, func(a plan.Action) bool {
					_, is := a.(plan.StopRun)
					return is
				})
			},
		},
		"one that does not abort": {
			law: "failure aborts",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				ref := s.Rollout.Status.Canary.CurrentStepAnalysisRunStatus
				if p.Status.Abort && ref != nil {
					p.Status.Abort = false
					p.Status.Canary.CurrentStepAnalysisRunStatus = &v1alpha1.RolloutAnalysisRunStatus{Name: ref.Name, Status: v1alpha1.AnalysisPhaseFailed}
				}
			},
		},
		"one that deletes what its status shows": {
			law: "current runs stay",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				for _, r := range s.Runs {
					if shown(s.Rollout.Status, r.Name) && shown(p.Status, r.Name) {
						p.Actions = append(p.Actions, plan.DeleteRun{Name: r.Name, UID: r.UID, Version: r.Version})
					}
				}
			},
		},
		"one that does not wait for a verdict": {
			law: "analyses are asked",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				if ref := p.Status.Canary.CurrentStepAnalysisRunStatus; ref != nil && ref.Status == v1alpha1.AnalysisPhaseRunning {
					next := *p.Status.CurrentStepIndex + 1
					p.Status.CurrentStepIndex = &next
				}
			},
		},
	}
}

func shown(s v1alpha1.RolloutStatus, name string) bool {
	for _, ref := range []*v1alpha1.RolloutAnalysisRunStatus{
		s.Canary.CurrentStepAnalysisRunStatus, s.Canary.CurrentBackgroundAnalysisRunStatus,
		s.BlueGreen.PrePromotionAnalysisRunStatus, s.BlueGreen.PostPromotionAnalysisRunStatus,
	} {
		if ref != nil && ref.Name == name {
			return true
		}
	}
	return false
}
