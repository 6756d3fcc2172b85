package experiment

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// Failed is what to record when an action failed and the rest was not tried. A
// conflict records nothing: the world moved, and is looked at again. What the API
// server refuses for good ends the template or the analysis; anything else is tried
// again, and told.
func Failed(s Snapshot, action Action, failure error, now time.Time) Outcome {
	out := Outcome{Version: s.Experiment.ResourceVersion}
	if errors.Is(failure, plan.ErrConflict) {
		return out
	}
	if !errors.Is(failure, plan.ErrCollision) && !errors.Is(failure, plan.ErrInvalid) {
		out.Events = []plan.Event{{Reason: v1alpha1.ReconciliationErrorReason, Message: failure.Error(), Warning: true}}
		return out
	}
	next := s.Experiment.Status.DeepCopy()
	switch a := action.(type) {
	case CreateReplicaSet:
		failTemplates(s, next, problem{replicaSet: a.Name, text: createProblem(s, a.Name, failure)}, now)
	case ScaleReplicaSet:
		failTemplates(s, next, problem{replicaSet: a.Name, text: failure.Error()}, now)
	case AnnotateReplicaSet:
		failTemplates(s, next, problem{replicaSet: a.Name, text: failure.Error()}, now)
	case CreateService:
		failTemplates(s, next, problem{template: a.Template, text: serviceProblem(a, failure)}, now)
	case StartRun:
		failed := analysis{}
		failed.Name = a.Analysis
		next.AnalysisRuns = append(next.AnalysisRuns, *failed.failure("", createFailed(a.Analysis, failure)))
	case DeleteService, StopRun:
		out.Events = []plan.Event{{Reason: v1alpha1.ReconciliationErrorReason, Message: failure.Error(), Warning: true}}
		return out
	}
	out.Status = next
	out.Events, out.Forwarded = transitions(s.Experiment.Status, *next)
	return out
}

// problem is what keeps a template from running; one of the names says whose it is.
type problem struct{ template, replicaSet, text string }

func createProblem(s Snapshot, name string, failure error) string {
	if errors.Is(failure, plan.ErrCollision) {
		return foreignReplicaSet(name, strings.TrimPrefix(name, s.Experiment.Name+"-"))
	}
	return fmt.Sprintf(v1alpha1.FailedRSCreateMessage, name, failure)
}

func serviceProblem(a CreateService, failure error) string {
	if errors.Is(failure, plan.ErrCollision) {
		return foreignService(a.Name, a.Template)
	}
	return fmt.Sprintf("Failed to create service %s for template %s: %v", a.Name, a.Template, failure)
}

// failTemplates marks a template in a status. One that is through stays as it is.
func failTemplates(s Snapshot, next *v1alpha1.ExperimentStatus, why problem, now time.Time) {
	var templates []v1alpha1.TemplateStatus
	for _, p := range partsOf(s) {
		t := p.before
		t.Name = p.Name
		if (p.Name == why.template || p.replicaSet == why.replicaSet) && !final(t.Status) {
			t.Status, t.Message = v1alpha1.TemplateStatusError, why.text
			t = stamped(p.before, t, now)
		}
		templates = append(templates, t)
	}
	next.TemplateStatuses = templates
}
