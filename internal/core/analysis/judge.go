package analysis

import (
	"fmt"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/expr"
)

// conditions of a metric. What is shown differs from what is evaluated when a
// condition holds a secret.
type conditions struct {
	success, failure           string
	shownSuccess, shownFailure string
}

func conditionsOf(m metric, r Reading) conditions {
	c := conditions{m.SuccessCondition, m.FailureCondition, m.SuccessCondition, m.FailureCondition}
	if r.Resolved != nil {
		c.success, c.failure = r.Resolved.Metric.SuccessCondition, r.Resolved.Metric.FailureCondition
	}
	return c
}

// judge is the verdict of a metric's conditions on a result. Both are evaluated when
// both are set, so that an error in either is seen; failure goes before success. A
// metric without conditions is content with any result.
//
// A verdict other than success says which condition was not met, and by what.
func judge(c conditions, r Reading, now time.Time) (v1alpha1.AnalysisPhase, string) {
	succeeded, err := holds("successCondition", c.success, r, now)
	if err != nil {
		return v1alpha1.AnalysisPhaseError, err.Error()
	}
	failed, err := holds("failureCondition", c.failure, r, now)
	if err != nil {
		return v1alpha1.AnalysisPhaseError, err.Error()
	}
	value := seen(r)
	switch {
	case failed:
		return v1alpha1.AnalysisPhaseFailed, fmt.Sprintf("%s is true for %s", c.shownFailure, value)
	case succeeded, c.success == "":
		return v1alpha1.AnalysisPhaseSuccessful, ""
	case c.failure == "":
		return v1alpha1.AnalysisPhaseFailed, fmt.Sprintf("%s is false for %s", c.shownSuccess, value)
	default:
		return v1alpha1.AnalysisPhaseInconclusive, fmt.Sprintf("neither %s nor %s is true for %s", c.shownSuccess, c.shownFailure, value)
	}
}

// holds evaluates a condition; one that is not set does not hold.
func holds(name, condition string, r Reading, now time.Time) (bool, error) {
	if condition == "" {
		return false, nil
	}
	held, err := expr.Holds(condition, r.Result, now)
	if err != nil {
		return false, fmt.Errorf("could not evaluate %s \"%s\": %w", name, condition, err)
	}
	return held, nil
}

// seen is the value in a message.
func seen(r Reading) string {
	if r.Value == "" {
		return "no value"
	}
	return shortened(r.Value, seenLimit)
}
