package analysis

import (
	"fmt"
	"maps"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

const terminated = "Metric Terminated"

// take adds the readings to the metrics that they are about. unresolved is why the
// run's arguments have no values, if a reading says so: that is the end of the run.
func take(metrics []metric, s Snapshot, now time.Time) (taken []metric, unresolved string) {
	taken = append([]metric(nil), metrics...)
	firsts := 0
	for _, r := range s.Readings {
		i := indexOf(taken, r.Metric)
		if i < 0 || !expected(taken[i].result, r) {
			continue
		}
		if r.Unresolved && r.Call != Stop {
			return metrics, clean(r, r.Failure)
		}
		m := takeOne(taken[i], r, now)
		if taken[i].result.Name == "" {
			firsts++
			m.first = firsts
		}
		taken[i] = m
	}
	return taken, ""
}

// expected says that a reading is about the measurement that is in flight, or about the
// next one if none is. Everything else was recorded before, or is of no use any more.
func expected(result v1alpha1.MetricResult, r Reading) bool {
	return !isFinal(result.Phase) && r.Number == number(result) && inFlight(result) == (r.Call != Start)
}

// takeOne adds a reading to a metric.
func takeOne(m metric, r Reading, now time.Time) metric {
	measurement, note := measured(m, r, now)
	result := *m.result.DeepCopy()
	if result.Name == "" {
		result.Name, result.DryRun = m.Name, m.DryRun
	}
	if len(result.Metadata) == 0 {
		result.Metadata = cleanMap(r, r.Description)
	}
	if inFlight(result) {
		result.Measurements[len(result.Measurements)-1] = measurement
	} else {
		result.Measurements = append(result.Measurements, measurement)
	}
	if measurement.FinishedAt != nil {
		result = tally(result, measurement.Phase)
	}
	m.result, m.fresh = result, true
	m.notes = append(append([]string(nil), m.notes...), note)
	return m
}

// measured is the measurement that a reading makes of the one in flight, or of none.
func measured(m metric, r Reading, now time.Time) (v1alpha1.Measurement, string) {
	out := v1alpha1.Measurement{StartedAt: seconds(r.Started)}
	if inFlight(m.result) {
		before := last(m.result)
		out = *before.DeepCopy()
	}
	out.Metadata = merge(out.Metadata, cleanMap(r, r.Metadata))
	out.ResumeAt = nil
	if r.Value != "" {
		out.Value = clean(r, r.Value)
	}
	out.Phase, out.Message = judged(m, r, now)
	if out.Phase == v1alpha1.AnalysisPhaseRunning {
		if !r.ResumeAt.IsZero() {
			out.ResumeAt = &metav1.Time{Time: r.ResumeAt.Truncate(time.Second)}
		}
		return out, fmt.Sprintf("measurement %d of metric %s is in flight", r.Number, m.Name)
	}
	out.FinishedAt = seconds(r.Finished)
	return out, fmt.Sprintf("measurement %d of metric %s is %s", r.Number, m.Name, out.Phase)
}

// judged is the phase of a reading, and why.
func judged(m metric, r Reading, now time.Time) (v1alpha1.AnalysisPhase, string) {
	switch {
	case r.Failure != "":
		return v1alpha1.AnalysisPhaseError, clean(r, r.Failure)
	case r.Call == Stop:
		return stopped(r)
	case isFinal(r.Phase):
		return r.Phase, clean(r, r.Message)
	case r.Phase != "":
		return v1alpha1.AnalysisPhaseRunning, clean(r, r.Message)
	default:
		phase, message := judge(conditionsOf(m, r), r, now)
		return phase, clean(r, message)
	}
}

// stopped is the phase of a measurement that was ended. A source that has nothing to
// say leaves it open whether all was well.
//
// Argo Rollouts leaves such a measurement running for ever in a run that is over.
func stopped(r Reading) (v1alpha1.AnalysisPhase, string) {
	if isBad(r.Phase) {
		return r.Phase, clean(r, r.Message)
	}
	if r.Phase == v1alpha1.AnalysisPhaseSuccessful {
		return r.Phase, terminated
	}
	return v1alpha1.AnalysisPhaseInconclusive, terminated
}

// tally counts a finished measurement. Errors are no measurements that count.
func tally(r v1alpha1.MetricResult, phase v1alpha1.AnalysisPhase) v1alpha1.MetricResult {
	if phase == v1alpha1.AnalysisPhaseError {
		r.Error++
		r.ConsecutiveError++
		r.ConsecutiveSuccess = 0
		return r
	}
	r.Count++
	r.ConsecutiveError = 0
	if phase == v1alpha1.AnalysisPhaseSuccessful {
		r.Successful++
		r.ConsecutiveSuccess++
		return r
	}
	r.ConsecutiveSuccess = 0
	if phase == v1alpha1.AnalysisPhaseFailed {
		r.Failed++
	} else {
		r.Inconclusive++
	}
	return r
}

// clean is a text that may be recorded: without secrets, and not too long.
func clean(r Reading, text string) string {
	if r.Resolved != nil {
		text = r.Resolved.Redact(text)
	}
	return shortened(text, textLimit)
}

func cleanMap(r Reading, values map[string]string) map[string]string {
	if len(values) == 0 {
		return nil
	}
	out := make(map[string]string, len(values))
	for key, value := range values {
		out[clean(r, key)] = clean(r, value)
	}
	return out
}

func merge(before, more map[string]string) map[string]string {
	if len(before) == 0 {
		return more
	}
	merged := maps.Clone(before)
	maps.Copy(merged, more)
	return merged
}
