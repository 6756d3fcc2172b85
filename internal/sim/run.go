package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
)

// Verdict is what becomes of an AnalysisRun or an Experiment.
type Verdict struct {
	// After it began. Zero means at once.
	After time.Duration
	// Phase is final; "" never comes to a verdict.
	Phase   v1alpha1.AnalysisPhase
	Message string
}

// kept is one AnalysisRun or Experiment.
type kept[T any] struct {
	cell[T]
	// name stays when the object is gone.
	name string
}

// subject is how a model lives, whether it is a run or an experiment.
type subject struct {
	name string
	// phase reads the present phase; false when it is gone.
	phase func() (v1alpha1.AnalysisPhase, bool)
	// enter writes a new phase.
	enter func(v1alpha1.AnalysisPhase, string)
}

// live lets a subject be worked on by its own controller.
func (w *World) liveThrough(s subject) {
	react := func() time.Duration { return w.dice.within(w.env.Analysis) }
	w.after(react(), func() {
		s.step(v1alpha1.AnalysisPhasePending, "")
		w.after(react(), func() {
			s.step(v1alpha1.AnalysisPhaseRunning, "")
			verdict := w.verdict(s.name)
			if verdict.Phase != "" {
				w.after(verdict.After, func() { s.step(verdict.Phase, verdict.Message) })
			}
		})
	})
}

// step enters a phase unless the subject is over or gone.
func (s subject) step(phase v1alpha1.AnalysisPhase, message string) {
	if now, found := s.phase(); found && !strategy.Over(now) {
		s.enter(phase, message)
	}
}

// stopped lets a subject end because it was asked to.
func (w *World) stopped(s subject) {
	w.after(w.dice.within(w.env.Analysis), func() { s.step(v1alpha1.AnalysisPhaseSuccessful, "Run Terminated") })
}

func (w *World) verdict(name string) Verdict {
	if w.cfg.Verdict == nil {
		return Verdict{After: 3 * time.Second, Phase: v1alpha1.AnalysisPhaseSuccessful}
	}
	return w.cfg.Verdict(w.named(name))
}

func (w *World) runSubject(r *kept[plan.Run]) subject {
	return subject{
		name:  r.name,
		phase: func() (v1alpha1.AnalysisPhase, bool) { return r.live.value.Phase, r.live.found },
		enter: func(phase v1alpha1.AnalysisPhase, message string) {
			next := r.live.value
			next.Phase, next.Message = phase, message
			w.putRun(r, next, byOthers)
		},
	}
}

func (w *World) trialSubject(e *kept[plan.Experiment]) subject {
	return subject{
		name:  e.name,
		phase: func() (v1alpha1.AnalysisPhase, bool) { return e.live.value.Phase, e.live.found },
		enter: func(phase v1alpha1.AnalysisPhase, message string) {
			next := e.live.value
			next.Phase, next.Message = phase, message
			next.Templates = templateStatuses(next)
			w.putTrial(e, next, byOthers)
		},
	}
}

// templateStatuses are what an experiment says of its templates.
func templateStatuses(e plan.Experiment) []v1alpha1.TemplateStatus {
	var all []v1alpha1.TemplateStatus
	for _, t := range e.Spec.Templates {
		made := v1alpha1.TemplateStatus{Name: t.Name, PodTemplateHash: e.Name + "-" + t.Name}
		if t.Service != nil {
			made.ServiceName = e.Name + "-" + t.Name
		}
		all = append(all, made)
	}
	return all
}

func (w *World) putRun(r *kept[plan.Run], next plan.Run, by author) {
	next.Version = w.nextVersion()
	if w.trace.on && next.Phase != r.live.value.Phase {
		w.trace.add(w, "analysis", fmt.Sprintf("%s is %s", next.Name, next.Phase))
	}
	put(w, &r.cell, next, true, by)
}

func (w *World) putTrial(e *kept[plan.Experiment], next plan.Experiment, by author) {
	next.Version = w.nextVersion()
	if w.trace.on && next.Phase != e.live.value.Phase {
		w.trace.add(w, "experiment", fmt.Sprintf("%s is %s", next.Name, next.Phase))
	}
	put(w, &e.cell, next, true, by)
}

func (w *World) startRun(a plan.StartRun) error {
	if slices.Contains(w.taken, a.Name) {
		return fmt.Errorf("start AnalysisRun %s: %w", a.Name, plan.ErrCollision)
	}
	if find(w.runs, a.Name) != nil {
		return nil
	}
	r := &kept[plan.Run]{name: a.Name}
	w.runs = append(w.runs, r)
	w.putRun(r, plan.Run{Name: a.Name, UID: w.name("run-"), Created: w.second(), Labels: a.Labels, Spec: a.Spec}, byController)
	if w.cfg.Measure == nil {
		w.liveThrough(w.runSubject(r))
		return nil
	}
	w.analysts = append(w.analysts, w.analyse(func() (plan.Run, bool) { return r.live.value, r.live.found }, w.runSubject(r).enter))
	return nil
}

func (w *World) startTrial(a plan.StartExperiment) error {
	if slices.Contains(w.taken, a.Name) {
		return fmt.Errorf("start Experiment %s: %w", a.Name, plan.ErrCollision)
	}
	if find(w.trials, a.Name) != nil {
		return nil
	}
	e := &kept[plan.Experiment]{name: a.Name}
	w.trials = append(w.trials, e)
	w.putTrial(e, plan.Experiment{Name: a.Name, UID: w.name("exp-"), Created: w.second(), Labels: a.Labels, Spec: a.Spec}, byController)
	if w.cfg.Measure == nil {
		w.liveThrough(w.trialSubject(e))
		return nil
	}
	w.experimenters = append(w.experimenters, w.experimentOn(e))
	return nil
}

func (w *World) stopRun(a plan.StopRun) error {
	r := find(w.runs, a.Name)
	if r == nil {
		return nil
	}
	next := r.live.value
	if next.Version != a.Version {
		return fmt.Errorf("stop AnalysisRun %s: %w", a.Name, plan.ErrConflict)
	}
	next.Spec.Terminate = true
	w.putRun(r, next, byController)
	if w.cfg.Measure == nil {
		w.stopped(w.runSubject(r))
	}
	for _, analyst := range w.analysts {
		analyst.soon() // it looks at what is its own only
	}
	return nil
}

func (w *World) stopTrial(a plan.StopExperiment) error {
	e := find(w.trials, a.Name)
	if e == nil {
		return nil
	}
	next := e.live.value
	if next.Version != a.Version {
		return fmt.Errorf("stop Experiment %s: %w", a.Name, plan.ErrConflict)
	}
	next.Spec.Terminate = true
	w.putTrial(e, next, byController)
	if w.cfg.Measure == nil {
		w.stopped(w.trialSubject(e))
	}
	for _, experimenter := range w.experimenters {
		experimenter.soon() // it looks at what is its own only
	}
	return nil
}

func (w *World) deleteRun(a plan.DeleteRun) error {
	r := find(w.runs, a.Name)
	if r == nil {
		return nil
	}
	if v := r.live.value; v.UID != a.UID || v.Version != a.Version {
		return fmt.Errorf("delete AnalysisRun %s: %w", a.Name, plan.ErrConflict)
	}
	put(w, &r.cell, r.live.value, false, byController)
	return nil
}

func (w *World) deleteTrial(a plan.DeleteExperiment) error {
	e := find(w.trials, a.Name)
	if e == nil {
		return nil
	}
	if v := e.live.value; v.UID != a.UID || v.Version != a.Version {
		return fmt.Errorf("delete Experiment %s: %w", a.Name, plan.ErrConflict)
	}
	put(w, &e.cell, e.live.value, false, byController)
	return nil
}

// find returns the object of a name; nil when there is none.
func find[T any](all []*kept[T], name string) *kept[T] {
	for _, k := range all {
		if k.live.found && k.name == name {
			return k
		}
	}
	return nil
}

// cached lists what the controller's cache has.
func cached[T any](all []*kept[T]) []T {
	var list []T
	for _, k := range all {
		if k.seen.found {
			list = append(list, k.seen.value)
		}
	}
	return list
}

func living[T any](all []*kept[T]) []T {
	var list []T
	for _, k := range all {
		if k.live.found {
			list = append(list, k.live.value)
		}
	}
	return list
}

// Runs lists the AnalysisRuns as they stand, oldest first.
func (w *World) Runs() []plan.Run { return living(w.runs) }

// Experiments lists the Experiments as they stand, oldest first.
func (w *World) Experiments() []plan.Experiment { return living(w.trials) }

// DeleteRun removes an AnalysisRun as somebody does by hand.
func (w *World) DeleteRun(name string) {
	for _, r := range w.runs {
		if r.live.found && w.named(r.name) == name {
			put(w, &r.cell, r.live.value, false, byOthers)
		}
	}
}

// SetTemplates replaces the analysis templates that there are.
func (w *World) SetTemplates(change func()) {
	change()
	w.after(w.dice.within(w.env.Watch), w.control.notice)
}
