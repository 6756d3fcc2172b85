package canary

import (
	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// cursor is the place in the steps.
type cursor struct {
	// index of the current step; count when all are done.
	index, count int32
	steps        []spec.Step
}

// cursorOf finds the place in the steps, and says when a change jumped to the end.
func cursorOf(s *strategy.Situation, c spec.Canary) (cursor, []plan.Event) {
	at := cursor{count: int32(len(c.Steps)), steps: c.Steps}
	var events []plan.Event
	switch {
	case s.Reset && !s.Initial && s.Promoted && at.count > 0:
		at.index = at.count
		events = append(events, plan.Event{Reason: v1alpha1.SkipStepsReason, Message: "Rollback to stable ReplicaSets"})
	case s.Reset && s.InWindow && s.Size().Want > 0:
		at.index = at.count
		events = append(events, plan.Event{Reason: v1alpha1.SkipStepsReason, Message: "Rollback to active ReplicaSets within RollbackWindow"})
	case s.Reset || s.Aborted:
		at.index = 0
	case s.Status.CurrentStepIndex != nil:
		at.index = min(max(0, *s.Status.CurrentStepIndex), at.count)
	}
	if s.Promoted || s.PromoteFull || s.InWindow {
		at.index = at.count
	}
	return at, events
}

// pastEnd reports whether every step is done. Without steps it always is.
func (at cursor) pastEnd() bool { return at.index >= at.count }

// step is the current one; nil past the end.
func (at cursor) step() spec.Step {
	if at.pastEnd() {
		return nil
	}
	return at.steps[at.index]
}

// pointer is the index as the status holds it: nil without steps.
func (at cursor) pointer() *int32 {
	if at.count == 0 {
		return nil
	}
	index := at.index
	return &index
}

// end is the index past all steps, as the status holds it.
func (at cursor) end() *int32 {
	at.index = at.count
	return at.pointer()
}

// weightAt is the nearest setWeight at or before the index; 0 when there is none.
func (at cursor) weightAt(index int32) int32 {
	for i := min(index, at.count-1); i >= 0; i-- {
		if w, ok := at.steps[i].(spec.SetWeight); ok {
			return w.Weight
		}
	}
	return 0
}

// scaleAt is the latest setCanaryScale at or before the index that is still in
// force; false when the size follows the weight.
func (at cursor) scaleAt(index int32) (spec.SetCanaryScale, bool) {
	for i := min(index, at.count-1); i >= 0; i-- {
		if scale, ok := at.steps[i].(spec.SetCanaryScale); ok {
			return scale, !scale.MatchTraffic
		}
	}
	return spec.SetCanaryScale{}, false
}
