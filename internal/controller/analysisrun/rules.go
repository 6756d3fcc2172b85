package analysisrun

import (
	"time"

	"github.com/serin-rollouts/serin/internal/core/analysis"
	"github.com/serin-rollouts/serin/internal/engine"
)

// Rules are the decisions about AnalysisRuns, all pure.
type Rules struct {
	Decide func(analysis.Snapshot, time.Time) analysis.Plan
	Failed func(analysis.Snapshot, analysis.Action, error) analysis.Outcome
}

// decider gives the rules the shape of the loop.
func (r Rules) decider() engine.Decider[analysis.Snapshot, analysis.Action, analysis.Outcome] {
	return engine.Decider[analysis.Snapshot, analysis.Action, analysis.Outcome]{
		Decide: func(s analysis.Snapshot, now time.Time) engine.Decision[analysis.Action, analysis.Outcome] {
			p := r.Decide(s, now)
			return engine.Decision[analysis.Action, analysis.Outcome]{
				Actions: p.Actions,
				// The status goes along even when it stays as it is: with it, the readings
				// that were decided on are through.
				Outcome: analysis.Outcome{
					Status:  &p.Status,
					UID:     string(s.Run.UID),
					Version: s.Run.ResourceVersion,
					Events:  p.Events,
					Notes:   p.Notes,
				},
				WakeAt: p.WakeAt,
			}
		},
		Failed: func(s analysis.Snapshot, a analysis.Action, failure error, _ time.Time) analysis.Outcome {
			return r.Failed(s, a, failure)
		},
	}
}
