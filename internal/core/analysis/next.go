package analysis

import (
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// errorGap is the time from an error to the next attempt, whatever the interval is.
const errorGap = 10 * time.Second

// next is what to ask of a metric's source now, and when there will be something to
// ask. Both are nothing for a metric that is through, that is being measured, or whose
// source tells by itself when it has news.
func next(m metric, stopping bool, started, now time.Time) (Action, time.Time) {
	switch {
	case m.busy && !stopping:
		return nil, time.Time{}
	case m.busy:
		return cancelled(m), time.Time{}
	case isFinal(m.result.Phase):
		return nil, time.Time{}
	case inFlight(m.result):
		return follow(m, stopping, now)
	case stopping:
		return nil, time.Time{}
	default:
		return at(m, Measure{Metric: m.Name, Number: number(m.result), Call: Start}, due(m, started), now)
	}
}

// cancelled gives up a measurement that nobody waits for. What a slow source is asked
// is awaited: it may be beginning something that has to be stopped.
func cancelled(m metric) Action {
	if m.Slow {
		return nil
	}
	return Cancel{Metric: m.Name}
}

// follow is about a measurement in flight.
func follow(m metric, stopping bool, now time.Time) (Action, time.Time) {
	look := Measure{Metric: m.Name, Number: number(m.result), Call: Resume, Last: last(m.result)}
	if stopping {
		look.Call = Stop
		return at(m, look, now, now)
	}
	if look.Last.ResumeAt != nil {
		return at(m, look, look.Last.ResumeAt.Time, now)
	}
	if m.fresh {
		return nil, time.Time{}
	}
	return look, time.Time{}
}

// at asks for a measurement when its time has come. A reading that came with this pass
// is recorded first.
func at(m metric, ask Measure, due, now time.Time) (Action, time.Time) {
	if now.Before(due) {
		return nil, due
	}
	if m.fresh {
		return nil, now
	}
	return ask, time.Time{}
}

// due is when a metric without a measurement in flight is measured next: the initial
// delay after the start of the run, then the interval after the last measurement.
func due(m metric, started time.Time) time.Time {
	before := last(m.result)
	switch {
	case before.FinishedAt == nil:
		return started.Add(max(0, m.InitialDelay))
	case before.Phase == v1alpha1.AnalysisPhaseError:
		return before.FinishedAt.Add(errorGap)
	default:
		return before.FinishedAt.Add(m.Interval)
	}
}
