package analysis

import (
	"fmt"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// verdict is the phase of the run and its message. The worst metric that counts decides
// as soon as all are through, dry runs included. The first of equally bad ones is named.
func verdict(metrics []metric, stopping, terminate bool) (v1alpha1.AnalysisPhase, string) {
	worst, message := v1alpha1.AnalysisPhaseSuccessful, ""
	if terminate {
		message = "Run Terminated"
	}
	for _, m := range metrics {
		if !through(m, stopping) {
			return v1alpha1.AnalysisPhaseRunning, ""
		}
		if !m.DryRun && badness(m.result.Phase) > badness(worst) {
			worst, message = m.result.Phase, explained(m)
		}
	}
	return worst, message
}

// through says that nothing more is expected of a metric.
func through(m metric, stopping bool) bool {
	if m.result.Name == "" {
		return stopping && !awaited(m)
	}
	return isFinal(m.result.Phase)
}

func badness(phase v1alpha1.AnalysisPhase) int {
	switch phase {
	case v1alpha1.AnalysisPhaseFailed:
		return 3
	case v1alpha1.AnalysisPhaseError:
		return 2
	case v1alpha1.AnalysisPhaseInconclusive:
		return 1
	case v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhasePending, v1alpha1.AnalysisPhaseRunning:
		return 0
	default:
		return 0
	}
}

// explained is the message of a run that m has decided. What a source said is quoted.
// Which condition was not met, and by what, is in the messages of the metric and of the
// measurement, so that the run's message is the one that users and their alerts know.
func explained(m metric) string {
	message := fmt.Sprintf("Metric %q assessed %s due to %s", m.Name, m.result.Phase, reasonOf(m))
	if quoted := last(m.result); quoted.Message != "" && (m.Slow || quoted.Phase == v1alpha1.AnalysisPhaseError) {
		message += fmt.Sprintf(": \"Error Message: %s\"", quoted.Message)
	}
	return message
}

// counted and dryRun select metrics for a summary.
func counted(m metric) bool { return !m.DryRun }
func dryRun(m metric) bool  { return m.DryRun }

// summary counts the metrics that are through, by their phases.
func summary(metrics []metric, selected func(metric) bool) v1alpha1.RunSummary {
	var s v1alpha1.RunSummary
	for _, m := range metrics {
		if !selected(m) || !isFinal(m.result.Phase) {
			continue
		}
		s.Count++
		switch m.result.Phase {
		case v1alpha1.AnalysisPhaseSuccessful:
			s.Successful++
		case v1alpha1.AnalysisPhaseFailed:
			s.Failed++
		case v1alpha1.AnalysisPhaseInconclusive:
			s.Inconclusive++
		case v1alpha1.AnalysisPhaseError:
			s.Error++
		case v1alpha1.AnalysisPhasePending, v1alpha1.AnalysisPhaseRunning:
		}
	}
	return s
}
