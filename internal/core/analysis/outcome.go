package analysis

import (
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// Outcome is what is left to record when the actions are through.
type Outcome struct {
	// Status to write; nil: leave it as it is, and keep the readings.
	Status *v1alpha1.AnalysisRunStatus
	// Version is the run's resourceVersion that was decided on.
	Version string
	Events  []plan.Event
	Notes   []plan.Note
}

// Failed is what to record when an action failed and the rest was not tried: nothing.
// Calls to sources do not fail when they are handed over, and a run that could not be
// deleted is over already; the next pass asks for the same again.
func Failed(Snapshot, Action, error, time.Time) Outcome { return Outcome{} }
