package canary

import (
	"time"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

func sooner(a, b time.Time) time.Time { return plan.Sooner(a, b) }

// abortedWish is what happens to the pods of an aborted, routed canary: kept, or
// drained along with its traffic (DynamicStableScale), or kept until stable is
// complete and then for the abort delay.
func abortedWish(s *strategy.Situation, c spec.Canary, f flow) (strategy.Wish, time.Time) {
	canary := s.Size()
	stay := strategy.Wish{Replicas: canary.Want, Deadline: canary.Deadline, Sized: true}
	switch {
	case c.AbortDelay.Keep:
		stay.Deadline = time.Time{}
		return stay, time.Time{}
	case c.DynamicStableScale && !c.AbortDelay.Explicit && f.unsure():
		return stay, time.Time{}
	case c.DynamicStableScale && !c.AbortDelay.Explicit:
		return strategy.Wish{Replicas: min(canary.Want, stillNeeded(s, c, f)), Sized: true}, time.Time{}
	case s.StableSize().Available < s.Replicas() || stillReached(s, c, f):
		return stay, time.Time{}
	case canary.Want == 0:
		return strategy.Wish{Sized: true}, time.Time{}
	case canary.Deadline.IsZero():
		stay.Deadline = strategy.WholeSecond(s.Now.Add(c.AbortDelay.After))
		return stay, stay.Deadline
	case canary.Deadline.After(s.Now):
		return stay, canary.Deadline
	default:
		return strategy.Wish{Sized: true}, time.Time{}
	}
}

// stillReached reports whether requests may still reach the aborted canary.
func stillReached(s *strategy.Situation, c spec.Canary, f flow) bool {
	return f.most.Part > 0 || s.Pinned(s.View.Hash, c.CanaryService)
}
