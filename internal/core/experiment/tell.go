package experiment

import (
	"fmt"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// transitions tells what changes with a status. Those of runs are told to the Rollout
// that owns the Experiment too, always as warnings.
func transitions(before, next v1alpha1.ExperimentStatus) (events, forwarded []plan.Event) {
	for _, t := range next.TemplateStatuses {
		if was := codeOf(before, t.Name); was != t.Status {
			events = append(events, templateEvent(t.Name, string(was), t))
		}
	}
	for _, r := range next.AnalysisRuns {
		have, _ := recordOf(before, r.Name)
		if have.Phase == r.Phase {
			continue
		}
		event := runEvent(string(have.Phase), r)
		events = append(events, event)
		event.Warning = true
		forwarded = append(forwarded, event)
	}
	if before.Phase != next.Phase {
		events = append(events, plan.Event{
			Reason:  v1alpha1.ExperimentReasonPrefix + string(next.Phase),
			Message: transition("Experiment", string(before.Phase), string(next.Phase), next.Message),
			Warning: bad(next.Phase),
		})
	}
	return events, forwarded
}

func codeOf(status v1alpha1.ExperimentStatus, template string) v1alpha1.TemplateStatusCode {
	for _, t := range status.TemplateStatuses {
		if t.Name == template {
			return t.Status
		}
	}
	return ""
}

func templateEvent(name, was string, t v1alpha1.TemplateStatus) plan.Event {
	return plan.Event{
		Reason:  v1alpha1.TemplateReasonPrefix + string(t.Status),
		Message: transition(fmt.Sprintf("Template '%s'", name), was, string(t.Status), t.Message),
		Warning: t.Status == v1alpha1.TemplateStatusFailed || t.Status == v1alpha1.TemplateStatusError,
	}
}

func runEvent(was string, r v1alpha1.ExperimentAnalysisRunStatus) plan.Event {
	return plan.Event{
		Reason:  v1alpha1.AnalysisRunReasonPrefix + string(r.Phase),
		Message: transition(fmt.Sprintf("AnalysisRun '%s'", r.Name), was, string(r.Phase), r.Message),
		Warning: bad(r.Phase),
	}
}

// transition is the text of a change. Example: Template 'a' transitioned from
// Progressing -> Failed: too late.
func transition(what, from, to, why string) string {
	text := fmt.Sprintf("%s transitioned from %s -> %s", what, from, to)
	if why != "" {
		text += ": " + why
	}
	return text
}

func bad(phase v1alpha1.AnalysisPhase) bool {
	return phase == v1alpha1.AnalysisPhaseFailed || phase == v1alpha1.AnalysisPhaseError
}

// nextDeadline is when time alone changes the verdict; zero: never.
func nextDeadline(s Snapshot, analyses []analysis, next v1alpha1.ExperimentStatus, now time.Time) time.Time {
	var wake time.Time
	if completed(next.Phase) {
		return wake
	}
	all, _ := required(analyses)
	running := len(next.TemplateStatuses) == 0 && all == 0 // without templates only that ends with the duration
	for _, t := range next.TemplateStatuses {
		running = running || t.Status == v1alpha1.TemplateStatusRunning
		if t.Status == v1alpha1.TemplateStatusProgressing {
			wake = plan.Sooner(wake, t.LastTransitionTime.Add(s.Spec.ProgressDeadline))
		}
	}
	if running && s.Spec.Duration != nil && next.AvailableAt != nil {
		if over := next.AvailableAt.Add(*s.Spec.Duration); over.After(now) {
			wake = plan.Sooner(wake, over)
		}
	}
	return wake
}

// notes say what the Experiment waits for.
func notes(s Snapshot, next v1alpha1.ExperimentStatus, now time.Time) []plan.Note {
	if completed(next.Phase) {
		return nil
	}
	var all []plan.Note
	for i, t := range next.TemplateStatuses {
		if t.Status == v1alpha1.TemplateStatusProgressing {
			all = append(all, plan.Note{Topic: "template", Text: fmt.Sprintf("template %s has %d of %d pods available", t.Name, t.AvailableReplicas, s.Spec.Templates[i].Replicas)})
		}
	}
	if over := end(s); !over.IsZero() && over.After(now) {
		all = append(all, plan.Note{Topic: "duration", Text: "runs until " + over.UTC().Format(time.RFC3339)})
	}
	for _, a := range s.Spec.Analyses {
		if have, _ := recordOf(next, a.Name); a.Required && !completed(have.Phase) {
			all = append(all, plan.Note{Topic: "analysis", Text: "waits for the required analysis " + a.Name})
		}
	}
	return all
}
