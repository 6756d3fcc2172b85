package experiment

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Snapshot is everything a decision about an Experiment may know.
type Snapshot struct {
	// Experiment as it was read, never edited.
	Experiment *v1alpha1.Experiment
	// Spec is the parsed manifest. Meaningless when Invalid is not empty.
	Spec    spec.Experiment
	Invalid field.ErrorList
	// ReplicaSets are all that the Experiment owns, and those of others that have a
	// name it needs, in any order.
	ReplicaSets []plan.ReplicaSet
	// Services are all that the Experiment owns, and those of others that have a name
	// it needs, in any order.
	Services []Service
	// Runs are all that the Experiment owns, and those of others that have a name it
	// needs, in any order.
	Runs []Run
	// Templates are those of the analyses that were not started yet.
	Templates spec.Templates
}

// Service is what matters about one Service.
type Service struct {
	Name, UID, Version string
	// Owned: the Experiment is its controller.
	Owned bool
	// Hash is the template that its selector pins, "" when it selects any.
	Hash string
}

// Run is what matters about one AnalysisRun.
type Run struct {
	Name, Version string
	// Owned: the Experiment is its controller.
	Owned bool
	// Attempt is the availableAt that it was started for; "" when it does not say.
	Attempt string
	// Terminating: it was asked to stop.
	Terminating bool
	Phase       v1alpha1.AnalysisPhase
	Message     string
}

// Reads is what a decision needs observed beyond what the Experiment owns.
type Reads struct {
	// Services by name.
	Services []string
	// Runs by the beginning of their names: a run of that name, and as long as names
	// are taken the next, see RunName.
	Runs []string
	// Recorded are the runs that the status counts on, by name.
	Recorded []string
	// Templates of analyses, with those that they refer to.
	Templates []v1alpha1.AnalysisTemplateRef
}

// ReadsOf says what a decision needs observed. Its snapshot needs no more than the
// Experiment and its parsed manifest.
func ReadsOf(s Snapshot) Reads {
	var r Reads
	if len(s.Invalid) > 0 {
		return r
	}
	for _, p := range partsOf(s) {
		if name := p.serviceName(); name != "" {
			r.Services = append(r.Services, name)
		}
	}
	status := s.Experiment.Status
	if completed(status.Phase) {
		return r
	}
	for _, a := range s.Spec.Analyses {
		if have, begun := recordOf(status, a.Name); begun {
			if !completed(have.Phase) {
				r.Recorded = append(r.Recorded, have.AnalysisRun)
			}
			continue
		}
		r.Templates = append(r.Templates, ref(a))
		if status.AvailableAt != nil {
			r.Runs = append(r.Runs, runBase(s, a))
		}
	}
	return r
}
