package sim

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// runsOf lists what a status says of runs, by kind.
func runsOf(s *v1alpha1.RolloutStatus) map[string]*v1alpha1.RolloutAnalysisRunStatus {
	all := map[string]*v1alpha1.RolloutAnalysisRunStatus{
		v1alpha1.RolloutTypeStepLabel:          s.Canary.CurrentStepAnalysisRunStatus,
		v1alpha1.RolloutTypeBackgroundRunLabel: s.Canary.CurrentBackgroundAnalysisRunStatus,
		v1alpha1.RolloutTypePrePromotionLabel:  s.BlueGreen.PrePromotionAnalysisRunStatus,
		v1alpha1.RolloutTypePostPromotionLabel: s.BlueGreen.PostPromotionAnalysisRunStatus,
	}
	for kind, ref := range all {
		if ref == nil {
			delete(all, kind)
		}
	}
	return all
}

// shows reports whether a status names a run. An experiment may have the same name.
func shows(s *v1alpha1.RolloutStatus, name string) bool {
	for _, ref := range runsOf(s) {
		if ref.Name == name {
			return true
		}
	}
	return false
}

// oneRunPerUse: no two runs measure for the same purpose at the same time.
func oneRunPerUse() Law {
	look := func(w *World) string {
		busy := map[string]string{}
		for _, r := range w.Runs() {
			if strategy.Over(r.Phase) || r.Spec.Terminate {
				continue
			}
			kind := r.Labels[v1alpha1.RolloutTypeLabel]
			if other, found := busy[kind]; found {
				return fmt.Sprintf("%s and %s are both for %s", other, r.Name, kind)
			}
			busy[kind] = r.Name
		}
		return ""
	}
	return Law{Name: "one run per use", New: func() Check { return Check{Moment: look} }}
}

// another ends the name of a second, third and further run or experiment.
var another = regexp.MustCompile(`^(.*-\d+(?:-(?:\d+|pre|post))?)\.\d+$`)

// purpose is a run's name without the number that tells it from others for the same.
func purpose(name string) string {
	if parts := another.FindStringSubmatch(name); parts != nil {
		return parts[1]
	}
	return name
}

// noSecondRun: a purpose of a revision gets another run only when an abort was retried,
// a person ended an inconclusive pause, a person moved the cursor or the steps, or
// somebody deleted the run.
func noSecondRun() Law {
	newCheck := func() Check {
		began := map[string]bool{}
		excused := map[string]bool{}
		excuse := func() { clear(began) }
		status := func(_ *World, p *pass, before, after *v1alpha1.RolloutStatus) string {
			m, moved := moved(p, before, after)
			if begun(before, after) || before.Abort || after.Abort || before.PromoteFull || moved && m.to < m.from {
				excuse()
			}
			return ""
		}
		moment := func(w *World) string {
			for _, r := range w.runs {
				if r.live.value.Phase == v1alpha1.AnalysisPhaseInconclusive || !r.live.found {
					excused[purpose(r.name)] = true
				}
			}
			if w.live().Status.Abort || w.asked == w.now {
				excuse()
			}
			return ""
		}
		action := func(w *World, _ *pass, a plan.Action) string {
			start, ok := a.(plan.StartRun)
			if !ok || find(w.runs, start.Name) != nil || slices.Contains(w.taken, start.Name) {
				return ""
			}
			why := purpose(start.Name)
			if began[why] && !excused[why] {
				return fmt.Sprintf("%s is started although %s had its run", start.Name, why)
			}
			began[why] = true
			return ""
		}
		return Check{Action: action, Status: status, Moment: moment}
	}
	return Law{Name: "no second run", New: newCheck}
}

// strayRunsStop: at rest nothing measures that no status shows.
func strayRunsStop() Law {
	look := func(w *World) string {
		for _, r := range w.Runs() {
			if !strategy.Over(r.Phase) && !shows(&w.live().Status, r.Name) {
				return fmt.Sprintf("at rest, run %s is %s and nothing refers to it", r.Name, r.Phase)
			}
		}
		for _, e := range w.Experiments() {
			if !strategy.Over(e.Phase) && w.live().Status.Canary.CurrentExperiment != e.Name {
				return fmt.Sprintf("at rest, experiment %s is %s and nothing refers to it", e.Name, e.Phase)
			}
		}
		return ""
	}
	return Law{Name: "stray runs stop", New: func() Check { return Check{Rest: look} }}
}

// failureAborts: the pass that sees a failed verdict of a run in force aborts.
func failureAborts() Law {
	look := func(_ *World, p *pass) string {
		before, after := &p.snapshot.Rollout.Status, &p.plan.Status
		if after.Abort || refused(after) {
			return ""
		}
		for kind, ref := range runsOf(before) {
			still := runsOf(after)[kind]
			if still == nil || still.Name != ref.Name || begun(before, after) || !inForce(p, kind) {
				continue
			}
			if still.Status == v1alpha1.AnalysisPhaseFailed || still.Status == v1alpha1.AnalysisPhaseError {
				return fmt.Sprintf("run %s is %s, and nothing is aborted", ref.Name, still.Status)
			}
		}
		return ""
	}
	return Law{Name: "failure aborts", New: func() Check { return Check{Plan: look} }}
}

// refused: the manifest, or what it refers to, is not good.
func refused(s *v1alpha1.RolloutStatus) bool {
	return slices.ContainsFunc(s.Conditions, func(c v1alpha1.RolloutCondition) bool { return c.Type == v1alpha1.InvalidSpec })
}

// inForce: the verdict of that kind decides about the update. What blue-green shows of
// runs that are over is only to be read.
func inForce(p *pass, kind string) bool {
	bg, ok := p.snapshot.Spec.Strategy.(spec.BlueGreen)
	if !ok {
		return true
	}
	status := &p.plan.Status
	active := p.snapshot.Services[bg.ActiveService].Hash
	older := false
	for _, rs := range p.snapshot.ReplicaSets {
		older = older || rs.Hash == status.CurrentPodHash && !rs.Deadline.IsZero()
	}
	switch {
	case older, status.PromoteFull, p.snapshot.Rollout.Status.PromoteFull, status.StableRS == status.CurrentPodHash, p.snapshot.Spec.RollbackWindow > 0, active == "":
		return false
	case kind == v1alpha1.RolloutTypePrePromotionLabel:
		return active != status.CurrentPodHash
	default:
		return active == status.CurrentPodHash
	}
}

// currentRunsStay: nothing that a status shows is deleted, and nothing that decides is
// stopped.
func currentRunsStay() Law {
	look := func(w *World, p *pass, a plan.Action) string {
		status := &w.live().Status
		if status.ObservedGeneration != p.snapshot.Rollout.Status.ObservedGeneration {
			return ""
		}
		switch a := a.(type) {
		case plan.DeleteRun:
			if shows(status, a.Name) {
				return fmt.Sprintf("run %s is deleted while the status shows it", a.Name)
			}
		case plan.DeleteExperiment:
			if status.Canary.CurrentExperiment == a.Name {
				return fmt.Sprintf("experiment %s is deleted while the status shows it", a.Name)
			}
		case plan.StopRun:
			if shows(&p.plan.Status, a.Name) && !status.Abort && !slices.Contains(p.displayed(), a.Name) {
				return fmt.Sprintf("run %s is stopped and goes on being shown", a.Name)
			}
		default:
		}
		return ""
	}
	return Law{Name: "current runs stay", New: func() Check { return Check{Action: look} }}
}

// displayed are the runs that blue-green shows and does not use.
func (p *pass) displayed() []string {
	var names []string
	for kind, ref := range runsOf(&p.plan.Status) {
		if !inForce(p, kind) {
			names = append(names, ref.Name)
		}
	}
	return names
}

// analysesAreAsked: the cursor leaves an analysis or an experiment only after a yes, and
// a Service moves to a new revision only after one.
func analysesAreAsked() Law {
	status := func(w *World, p *pass, before, after *v1alpha1.RolloutStatus) string {
		m, ok := moved(p, before, after)
		if !ok || m.begun || m.told || m.ended || m.to != m.from+1 || m.from >= m.steps || p.snapshot.Spec.RollbackWindow > 0 {
			return ""
		}
		c, _ := canaryOf(p.snapshot.Spec)
		switch c.Steps[m.from].(type) {
		case spec.AnalysisStep:
			ref := before.Canary.CurrentStepAnalysisRunStatus
			if ref == nil || !w.said(ref.Name, v1alpha1.AnalysisPhaseSuccessful) {
				return fmt.Sprintf("the analysis of step %d was passed without a success", m.from)
			}
		case spec.ExperimentStep:
			if !w.said(before.Canary.CurrentExperiment, v1alpha1.AnalysisPhaseSuccessful) {
				return fmt.Sprintf("the experiment of step %d was passed without a success", m.from)
			}
		default:
		}
		return ""
	}
	action := func(w *World, p *pass, a plan.Action) string {
		point, ok := a.(plan.PointService)
		bg, isBG := p.snapshot.Spec.Strategy.(spec.BlueGreen)
		if !ok || !isBG || point.Name != bg.ActiveService || bg.PrePromotion == nil || point.Hash != p.plan.Status.CurrentPodHash {
			return ""
		}
		if point.From == point.Hash || !inForce(p, v1alpha1.RolloutTypePrePromotionLabel) || p.snapshot.Rollout.Status.StableRS == "" {
			return ""
		}
		ref := p.snapshot.Rollout.Status.BlueGreen.PrePromotionAnalysisRunStatus
		if ref == nil || !w.said(ref.Name, v1alpha1.AnalysisPhaseSuccessful) {
			return "the active Service moves although the analysis did not say yes"
		}
		return ""
	}
	return Law{Name: "analyses are asked", New: func() Check { return Check{Status: status, Action: action} }}
}

// said reports whether a run or an experiment, gone by now or not, came to a phase.
func (w *World) said(name string, phase v1alpha1.AnalysisPhase) bool {
	for _, r := range w.runs {
		if r.name == name && r.live.value.Phase == phase {
			return true
		}
	}
	for _, e := range w.trials {
		if e.name == name && e.live.value.Phase == phase {
			return true
		}
	}
	return false
}
