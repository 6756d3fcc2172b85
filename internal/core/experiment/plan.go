package experiment

import (
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// Plan is everything one decision about an Experiment wants done.
type Plan struct {
	// Actions in order; every prefix is safe to stop after.
	Actions []Action
	// Status is the whole next status.
	Status v1alpha1.ExperimentStatus
	Events []plan.Event
	// Forwarded are the events that the Rollout which owns the Experiment is told too.
	Forwarded []plan.Event
	Notes     []plan.Note
	// WakeAt is when time alone changes the answer; zero: never.
	WakeAt time.Time
}

// Outcome is what is left to record when the actions are through.
type Outcome struct {
	// Status to write; nil: leave it as it is.
	Status *v1alpha1.ExperimentStatus
	// Version is the Experiment's resourceVersion that was decided on.
	Version           string
	Events, Forwarded []plan.Event
	Notes             []plan.Note
}

// Outcome is the plan without what is done before.
func (p Plan) Outcome(s Snapshot) Outcome {
	return Outcome{
		Status: &p.Status, Version: s.Experiment.ResourceVersion,
		Events: p.Events, Forwarded: p.Forwarded, Notes: p.Notes,
	}
}
