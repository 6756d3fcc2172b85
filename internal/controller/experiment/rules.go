package experiment

import (
	"time"

	"github.com/serin-rollouts/serin/internal/core/experiment"
	"github.com/serin-rollouts/serin/internal/engine"
)

// Rules are the decisions about Experiments, all pure.
type Rules struct {
	Decide func(experiment.Snapshot, time.Time) experiment.Plan
	Failed func(experiment.Snapshot, experiment.Action, error, time.Time) experiment.Outcome
}

// decider gives the rules the shape of the loop.
func (r Rules) decider() engine.Decider[experiment.Snapshot, experiment.Action, experiment.Outcome] {
	return engine.Decider[experiment.Snapshot, experiment.Action, experiment.Outcome]{
		Decide: func(s experiment.Snapshot, now time.Time) engine.Decision[experiment.Action, experiment.Outcome] {
			p := r.Decide(s, now)
			return engine.Decision[experiment.Action, experiment.Outcome]{Actions: p.Actions, Outcome: p.Outcome(s), WakeAt: p.WakeAt}
		},
		Failed: r.Failed,
	}
}
