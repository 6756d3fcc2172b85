package analysisrun

import (
	"time"

	"github.com/serin-rollouts/serin/internal/core/analysis"
	"github.com/serin-rollouts/serin/internal/engine"
)

// Rules are the decisions about AnalysisRuns, all pure.
type Rules struct {
	Decide func(analysis.Snapshot, time.Time) analysis.Plan
	Failed func(analysis.Snapshot, analysis.Action, error, time.Time) analysis.Outcome
}

// decider gives the rules the shape of the loop.
func (r Rules) decider() engine.Decider[analysis.Snapshot, analysis.Action, analysis.Outcome] {
	return engine.Decider[analysis.Snapshot, analysis.Action, analysis.Outcome]{
		Decide: func(s analysis.Snapshot, now time.Time) engine.Decision[analysis.Action, analysis.Outcome] {
			p := r.Decide(s, now)
			return engine.Decision[analysis.Action, analysis.Outcome]{
				Actions: p.Actions,
				Outcome: analysis.Outcome{
					Status:  &p.Status,
					Version: s.Run.ResourceVersion,
					Events:  p.Events,
					Notes:   p.Notes,
				},
				WakeAt: p.WakeAt,
			}
		},
		Failed: r.Failed,
	}
}
