package plan

import (
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Plan is everything one decision wants done.
type Plan struct {
	// Actions in order; every prefix leaves the rollout safe.
	Actions []Action
	// Status is the whole next status, never a fragment.
	Status v1alpha1.RolloutStatus
	// Events tell what happened; they are recorded after the status.
	Events []Event
	// Notes say why, for logs, the CLI and golden traces.
	Notes []Note
	// WakeAt is when time alone changes the answer; zero: never.
	WakeAt time.Time
}

// Event is something that happened, for people and notification triggers.
type Event struct {
	// Reason is one of the v1alpha1 event reasons.
	Reason, Message string
	Warning         bool
}

// Note is one reason for a decision. Topic is short and stable ("weight", "pause").
type Note struct{ Topic, Text string }

// Outcome is what is left to record when the actions are through.
type Outcome struct {
	// Status to write; nil: leave it as it is.
	Status *v1alpha1.RolloutStatus
	// Version is the Rollout's resourceVersion that was decided on.
	Version string
	Events  []Event
	Notes   []Note
}

// Sooner returns the earlier of two wake-up times, where zero means never.
func Sooner(a, b time.Time) time.Time {
	switch {
	case a.IsZero():
		return b
	case b.IsZero() || a.Before(b):
		return a
	default:
		return b
	}
}
