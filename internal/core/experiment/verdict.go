package experiment

import (
	"slices"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// verdict is how the Experiment as a whole stands.
type verdict struct {
	phase   v1alpha1.AnalysisPhase
	message string
}

// completed reports whether a phase is final.
func completed(phase v1alpha1.AnalysisPhase) bool {
	switch phase {
	case v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseError, v1alpha1.AnalysisPhaseInconclusive:
		return true
	case "", v1alpha1.AnalysisPhasePending, v1alpha1.AnalysisPhaseRunning:
		return false
	default:
		return false
	}
}

// final reports whether a template is through.
func final(code v1alpha1.TemplateStatusCode) bool {
	switch code {
	case v1alpha1.TemplateStatusSuccessful, v1alpha1.TemplateStatusFailed, v1alpha1.TemplateStatusError:
		return true
	case "", v1alpha1.TemplateStatusProgressing, v1alpha1.TemplateStatusRunning:
		return false
	default:
		return false
	}
}

// end is when the duration is over; zero while it does not run.
func end(s Snapshot) time.Time {
	available := s.Experiment.Status.AvailableAt
	if s.Spec.Duration == nil || available == nil {
		return time.Time{}
	}
	return available.Add(*s.Spec.Duration)
}

// elapsed reports whether the duration is over.
func elapsed(s Snapshot, now time.Time) bool {
	at := end(s)
	return !at.IsZero() && !now.Before(at)
}

// worstTemplate is the state that stands for all templates, with its message.
func worstTemplate(templates []v1alpha1.TemplateStatus) v1alpha1.TemplateStatus {
	order := []v1alpha1.TemplateStatusCode{
		v1alpha1.TemplateStatusFailed, v1alpha1.TemplateStatusError, v1alpha1.TemplateStatusProgressing,
		v1alpha1.TemplateStatusRunning, v1alpha1.TemplateStatusSuccessful,
	}
	for _, code := range order {
		for _, t := range templates {
			if t.Status == code {
				return t
			}
		}
	}
	return v1alpha1.TemplateStatus{}
}

// templateState is worstTemplate, also of an Experiment without templates: that one is
// over when its duration is, and without a duration when its analyses are.
func templateState(s Snapshot, templates []v1alpha1.TemplateStatus, analyses []analysis, now time.Time) v1alpha1.TemplateStatus {
	if len(templates) > 0 {
		return worstTemplate(templates)
	}
	over := elapsed(s, now)
	if s.Spec.Duration == nil {
		over = !slices.ContainsFunc(analyses, func(a analysis) bool { return !a.finished() })
	}
	if over {
		return v1alpha1.TemplateStatus{Status: v1alpha1.TemplateStatusSuccessful}
	}
	return v1alpha1.TemplateStatus{Status: v1alpha1.TemplateStatusRunning}
}

// worstRun is the entry of the analysis that ended worst; false when none ended badly.
func worstRun(analyses []analysis) (v1alpha1.ExperimentAnalysisRunStatus, bool) {
	order := []v1alpha1.AnalysisPhase{v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseError, v1alpha1.AnalysisPhaseInconclusive}
	for _, phase := range order {
		for _, a := range analyses {
			if a.record != nil && a.record.Phase == phase {
				return *a.record, true
			}
		}
	}
	return v1alpha1.ExperimentAnalysisRunStatus{}, false
}

// required counts the analyses that the Experiment waits for, and how many of them are
// not through.
func required(analyses []analysis) (all, open int) {
	for _, a := range analyses {
		if !a.Required {
			continue
		}
		all++
		if !a.finished() {
			open++
		}
	}
	return all, open
}

// judge is the verdict on templates and analyses. The first case that holds wins, and
// what is final stays.
func judge(s Snapshot, templates []v1alpha1.TemplateStatus, analyses []analysis, now time.Time) verdict {
	if before := s.Experiment.Status; completed(before.Phase) {
		return verdict{before.Phase, before.Message}
	}
	worst := templateState(s, templates, analyses, now)
	run, bad := worstRun(analyses)
	all, open := required(analyses)
	switch {
	case worst.Status == v1alpha1.TemplateStatusFailed:
		return verdict{v1alpha1.AnalysisPhaseFailed, worst.Message}
	case worst.Status == v1alpha1.TemplateStatusError:
		return verdict{v1alpha1.AnalysisPhaseError, worst.Message}
	case bad:
		return verdict{run.Phase, run.Message}
	case all > 0 && open == 0:
		return verdict{v1alpha1.AnalysisPhaseSuccessful, earlyEnd(analyses)}
	case s.Spec.Terminate:
		return verdict{v1alpha1.AnalysisPhaseSuccessful, "Experiment Terminated"}
	case worst.Status == v1alpha1.TemplateStatusSuccessful && all == 0:
		return verdict{phase: v1alpha1.AnalysisPhaseSuccessful}
	case worst.Status == v1alpha1.TemplateStatusSuccessful, worst.Status == v1alpha1.TemplateStatusRunning:
		return verdict{phase: v1alpha1.AnalysisPhaseRunning}
	default:
		return verdict{phase: v1alpha1.AnalysisPhasePending}
	}
}

// earlyEnd says why an Experiment ends while analyses go on; "" when none does.
func earlyEnd(analyses []analysis) string {
	if slices.ContainsFunc(analyses, func(a analysis) bool { return !a.finished() }) {
		return "Required AnalysisRuns completed"
	}
	return ""
}
