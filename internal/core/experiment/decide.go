package experiment

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
)

// Decide decides everything about an Experiment for one pass. It is pure: the same
// snapshot and time give the same plan, whatever the order of facts in it.
func Decide(s Snapshot, now time.Time) Plan {
	if len(s.Invalid) > 0 {
		return invalidPlan(s, now)
	}
	parts := partsOf(s)
	analyses := analysesOf(s, parts)
	templates := make([]v1alpha1.TemplateStatus, 0, len(parts))
	for _, p := range parts {
		templates = append(templates, p.stand(s, now))
	}
	v := judge(s, templates, analyses, now)
	analyses = startable(v, templates, analyses)
	for i, p := range parts {
		templates[i] = p.settle(templates[i], v, now)
	}
	next := nextStatus(s, v, templates, analyses)
	if next.AvailableAt == nil && v.phase == v1alpha1.AnalysisPhaseRunning {
		at := metav1.NewTime(strategy.WholeSecond(now))
		next.AvailableAt = &at
	}
	next.Conditions = conditions(s, parts, next, now)
	return conclude(s, parts, analyses, next, now)
}

// settle is a template's status once the verdict is known: the end of the Experiment
// is that of its templates, and what is wanted of one that goes on has a name.
func (p part) settle(t v1alpha1.TemplateStatus, v verdict, now time.Time) v1alpha1.TemplateStatus {
	if completed(v.phase) && !final(t.Status) {
		t.Status, t.Message = v1alpha1.TemplateStatusSuccessful, ""
		t = stamped(p.before, t, now)
	}
	t.ServiceName = ""
	switch {
	case !final(t.Status):
		t.ServiceName, t.PodTemplateHash = p.serviceName(), p.hash
	case p.service != nil && p.service.Owned && p.service.Hash == p.hash:
		t.ServiceName = p.service.Name
	}
	return t
}

// startable drops the starts that nobody would wait for: all of them when the
// Experiment is over, and those not required when its templates are.
func startable(v verdict, templates []v1alpha1.TemplateStatus, analyses []analysis) []analysis {
	through := len(templates) > 0 && worstTemplate(templates).Status == v1alpha1.TemplateStatusSuccessful
	kept := make([]analysis, 0, len(analyses))
	for _, a := range analyses {
		switch {
		case a.start == nil:
		case completed(v.phase), through && !a.Required:
			a.start = nil
		default:
			a.record = &v1alpha1.ExperimentAnalysisRunStatus{Name: a.Name, AnalysisRun: a.start.Name, Phase: v1alpha1.AnalysisPhasePending}
		}
		kept = append(kept, a)
	}
	return kept
}

// nextStatus is the next status without conditions.
func nextStatus(s Snapshot, v verdict, templates []v1alpha1.TemplateStatus, analyses []analysis) v1alpha1.ExperimentStatus {
	next := v1alpha1.ExperimentStatus{
		Phase: v.phase, Message: v.message,
		AvailableAt: s.Experiment.Status.AvailableAt.DeepCopy(),
	}
	if len(templates) > 0 {
		next.TemplateStatuses = templates
	}
	for _, a := range analyses {
		if a.record != nil {
			next.AnalysisRuns = append(next.AnalysisRuns, *a.record)
		}
	}
	return next
}

// conclude turns the next status into the plan.
func conclude(s Snapshot, parts []part, analyses []analysis, next v1alpha1.ExperimentStatus, now time.Time) Plan {
	sizes, wake := resizes(s, parts, next, now)
	p := Plan{Status: next, WakeAt: wake}
	p.Actions = append(p.Actions, sizes.up...)
	p.Actions = append(p.Actions, createServices(parts, next)...)
	p.Actions = append(p.Actions, starts(analyses)...)
	stops, stopped := stops(s, next)
	p.Actions = append(p.Actions, stops...)
	p.Actions = append(p.Actions, sizes.down...)
	p.Actions = append(p.Actions, deleteServices(s, parts)...)
	p.Events, p.Forwarded = transitions(s.Experiment.Status, next)
	p.Events = append(p.Events, stopped...)
	p.Events = append(p.Events, tellSizes(p.Actions)...)
	p.Notes = notes(s, next, now)
	p.WakeAt = plan.Sooner(p.WakeAt, nextDeadline(s, analyses, next, now))
	return p
}
