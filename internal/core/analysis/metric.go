package analysis

import (
	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/spec"
)

// metric is one metric of a run and what is known of it.
type metric struct {
	spec.Metric
	// result is a copy; its name is "" until the metric was measured.
	result v1alpha1.MetricResult
	// before is the phase when the pass began.
	before v1alpha1.AnalysisPhase
	// busy says that a call is under way.
	busy bool
	// fresh says that a reading came in with this pass. Nothing new is asked of the
	// source before that is recorded.
	fresh bool
	// first is the place of the metric among those first measured in this pass, from 1;
	// zero: it is not one of them.
	first int
	// notes are what was seen in this pass.
	notes []string
}

// observe joins what the run asks for with what is recorded.
func observe(run spec.Run, s Snapshot) []metric {
	metrics := make([]metric, 0, len(run.Metrics))
	for _, asked := range run.Metrics {
		m := metric{Metric: asked, busy: s.Busy[asked.Name]}
		for _, r := range s.Run.Status.MetricResults {
			if r.Name == asked.Name {
				m.result = *r.DeepCopy()
			}
		}
		m.before = m.result.Phase
		metrics = append(metrics, m)
	}
	return metrics
}

func indexOf(metrics []metric, name string) int {
	for i := range metrics {
		if metrics[i].Name == name {
			return i
		}
	}
	return -1
}

// number is that of the measurement in flight, or of the next one.
func number(r v1alpha1.MetricResult) int32 { return r.Count + r.Error + 1 }

// inFlight says that the last measurement is not finished. No other one ever is.
func inFlight(r v1alpha1.MetricResult) bool {
	return len(r.Measurements) > 0 && last(r).FinishedAt == nil
}

// last is the latest measurement; the zero value when there is none.
func last(r v1alpha1.MetricResult) v1alpha1.Measurement {
	if len(r.Measurements) == 0 {
		return v1alpha1.Measurement{}
	}
	return r.Measurements[len(r.Measurements)-1]
}
