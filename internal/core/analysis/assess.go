package analysis

import (
	"fmt"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// assess gives every metric its verdict so far. stopping says that the run is to end:
// because it was told to, or because a metric that counts has ended badly. The others
// are then judged by what they have.
func assess(metrics []metric, terminate bool) (assessed []metric, stopping bool) {
	stopping = terminate || anyBad(metrics)
	assessed = assessAll(metrics, stopping)
	if !stopping && anyBad(assessed) {
		stopping = true
		assessed = assessAll(metrics, stopping)
	}
	return assessed, stopping
}

func anyBad(metrics []metric) bool {
	for _, m := range metrics {
		if !m.DryRun && (isBad(m.result.Phase) || m.result.Phase == v1alpha1.AnalysisPhaseInconclusive) {
			return true
		}
	}
	return false
}

func assessAll(metrics []metric, stopping bool) []metric {
	assessed := make([]metric, 0, len(metrics))
	for _, m := range metrics {
		if m.result.Name != "" {
			m = assessOne(m, stopping)
		}
		assessed = append(assessed, m)
	}
	return assessed
}

// assessOne sets a metric's phase; its message changes with the phase and only then.
func assessOne(m metric, stopping bool) metric {
	phase := phaseOf(m, stopping)
	if phase == m.result.Phase {
		return m
	}
	m.result.Phase = phase
	m.result.Message = last(m.result).Message
	if reason := reasonOf(m); m.DryRun && isFinal(phase) && reason != "" {
		m.result.Message = fmt.Sprintf("Metric assessed %s due to %s", phase, reason)
	}
	return m
}

// phaseOf is the verdict on a metric that was measured, by the first rule that applies.
func phaseOf(m metric, stopping bool) v1alpha1.AnalysisPhase {
	r := m.result
	if isFinal(r.Phase) {
		return r.Phase
	}
	if inFlight(r) {
		return v1alpha1.AnalysisPhaseRunning
	}
	if phase, _ := overLimit(m); phase != "" {
		return phase
	}
	if m.ConsecutiveSuccessLimit > 0 && r.ConsecutiveSuccess >= m.ConsecutiveSuccessLimit {
		return v1alpha1.AnalysisPhaseSuccessful
	}
	if m.Count > 0 && r.Count >= m.Count {
		return atCount(m)
	}
	if stopping && !awaited(m) {
		return v1alpha1.AnalysisPhaseSuccessful
	}
	return v1alpha1.AnalysisPhaseRunning
}

// awaited says that a slow source is beginning something that must be stopped, once it
// is known what.
func awaited(m metric) bool { return m.Slow && m.busy }

// overLimit is the phase of a metric with more bad measurements than are tolerated, and
// why; "" while it has not. The order matters only when limits are changed under way:
// it is that of the rules, not that of a run's verdict.
func overLimit(m metric) (v1alpha1.AnalysisPhase, string) {
	r := m.result
	switch {
	case r.ConsecutiveError > m.ConsecutiveErrorLimit:
		return v1alpha1.AnalysisPhaseError, fmt.Sprintf("consecutiveErrors (%d) > consecutiveErrorLimit (%d)", r.ConsecutiveError, m.ConsecutiveErrorLimit)
	case r.Inconclusive > m.InconclusiveLimit:
		return v1alpha1.AnalysisPhaseInconclusive, fmt.Sprintf("inconclusive (%d) > inconclusiveLimit (%d)", r.Inconclusive, m.InconclusiveLimit)
	case m.FailureLimit >= 0 && r.Failed > m.FailureLimit:
		return v1alpha1.AnalysisPhaseFailed, fmt.Sprintf("failed (%d) > failureLimit (%d)", r.Failed, m.FailureLimit)
	default:
		return "", ""
	}
}

// atCount is the phase of a metric that is through with its measurements and within
// its limits. Successes in a row that were asked for did not come.
func atCount(m metric) v1alpha1.AnalysisPhase {
	switch {
	case m.ConsecutiveSuccessLimit <= 0:
		return v1alpha1.AnalysisPhaseSuccessful
	case m.FailureLimit >= 0:
		return v1alpha1.AnalysisPhaseInconclusive
	default:
		return v1alpha1.AnalysisPhaseFailed
	}
}

// reasonOf is why a metric ended otherwise than well. Argo Rollouts has no words for
// successes in a row that did not come; then it shows those of another metric.
func reasonOf(m metric) string {
	if m.result.Phase == v1alpha1.AnalysisPhaseSuccessful {
		return ""
	}
	if _, reason := overLimit(m); reason != "" {
		return reason
	}
	return fmt.Sprintf("count (%d) reached before consecutiveSuccessLimit (%d)", m.result.Count, m.ConsecutiveSuccessLimit)
}
