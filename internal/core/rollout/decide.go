package rollout

import (
	"slices"
	"time"

	"github.com/serin-rollouts/serin/internal/core/bluegreen"
	"github.com/serin-rollouts/serin/internal/core/canary"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Decide decides everything about a Rollout for one pass. It is pure: the same
// snapshot and time give the same plan, whatever the order of lists in it.
func Decide(s plan.Snapshot, now time.Time) plan.Plan {
	if len(s.Invalid) > 0 {
		return invalidPlan(s, s.Invalid[0], now)
	}
	situation, events := situationOf(s, now)
	s.References = slices.Concat(s.References, checkAnalyses(s))
	if len(s.References) > 0 {
		return unresolvedPlan(situation, s.References[0])
	}
	p := conclude(situation, verdict(situation))
	p.Events = append(events, p.Events...)
	return p
}

func isResize(a plan.Action) bool {
	_, ok := a.(plan.ScaleReplicaSet)
	return ok
}

func verdict(s *strategy.Situation) strategy.Verdict {
	switch chosen := s.Snapshot.Spec.Strategy.(type) {
	case spec.Canary:
		return canary.Decide(s, chosen)
	case spec.BlueGreen:
		return bluegreen.Decide(s, chosen)
	default:
		panic("a parsed Rollout has a strategy")
	}
}

// conclude turns a verdict into the plan.
func conclude(s *strategy.Situation, v strategy.Verdict) plan.Plan {
	writes := compose(s, v)
	began := analyses(s, v)
	restart := restartOf(s)
	if resizes := slices.ContainsFunc(writes.actions, isResize); resizes {
		restart.actions = nil // which pods stay is known only after that
	}
	p := plan.Plan{
		Actions: slices.Concat(writes.actions, began.actions, restart.actions),
		Notes:   v.Notes,
		WakeAt:  plan.Sooner(v.WakeAt, restart.wake),
	}
	p.Status = nextStatus(s, v, restart)
	var events []plan.Event
	p.Status, events, p.WakeAt = progress(s, p.Status, p.WakeAt, began.unmade)
	p.Status.Phase, p.Status.Message = phase(s, p.Status)
	p.Status.Duration = duration(s, v, p.Status)
	p.Events = append(p.Events, writes.events...)
	p.Events = append(p.Events, began.events...)
	p.Events = append(p.Events, v.Events...)
	p.Events = append(p.Events, transitions(s, v, p.Status)...)
	p.Events = append(p.Events, events...)
	return p
}
