package rollout

import (
	"time"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// Rules are the decisions about Rollouts, all pure.
type Rules struct {
	Decide func(plan.Snapshot, time.Time) plan.Plan
	Failed func(plan.Snapshot, plan.Action, error, time.Time) plan.Outcome
}

// decider gives the rules the shape of the loop.
func (r Rules) decider() engine.Decider[plan.Snapshot, plan.Action, plan.Outcome] {
	return engine.Decider[plan.Snapshot, plan.Action, plan.Outcome]{
		Decide: func(s plan.Snapshot, now time.Time) engine.Decision[plan.Action, plan.Outcome] {
			p := r.Decide(s, now)
			return engine.Decision[plan.Action, plan.Outcome]{
				Actions: p.Actions,
				Outcome: plan.Outcome{
					Status:  &p.Status,
					Version: s.Rollout.Version,
					Events:  p.Events,
					Notes:   p.Notes,
				},
				WakeAt: p.WakeAt,
			}
		},
		Failed: r.Failed,
	}
}
