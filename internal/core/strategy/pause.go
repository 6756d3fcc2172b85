package strategy

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Pause finds a pause by its reason; false when it does not hold.
func Pause(pauses []v1alpha1.PauseCondition, reason v1alpha1.PauseReason) (v1alpha1.PauseCondition, bool) {
	for _, p := range pauses {
		if p.Reason == reason {
			return p, true
		}
	}
	return v1alpha1.PauseCondition{}, false
}

// WithPause returns pauses with one more that starts now.
//
// The API keeps whole seconds. The start is rounded up, so that a timed pause is
// never shorter than asked.
func WithPause(pauses []v1alpha1.PauseCondition, reason v1alpha1.PauseReason, now time.Time) []v1alpha1.PauseCondition {
	if _, ok := Pause(pauses, reason); ok {
		return pauses
	}
	next := make([]v1alpha1.PauseCondition, 0, len(pauses)+1)
	return append(append(next, pauses...), v1alpha1.PauseCondition{Reason: reason, StartTime: metav1.NewTime(WholeSecond(now))})
}

// WithoutPause returns pauses without the ones for this reason.
func WithoutPause(pauses []v1alpha1.PauseCondition, reason v1alpha1.PauseReason) []v1alpha1.PauseCondition {
	var next []v1alpha1.PauseCondition
	for _, p := range pauses {
		if p.Reason != reason {
			next = append(next, p)
		}
	}
	return next
}

// WholeSecond rounds up to what the API can keep.
// Example: 12:00:00.2 -> 12:00:01.
func WholeSecond(t time.Time) time.Time {
	if whole := t.Truncate(time.Second); whole.Before(t) {
		return whole.Add(time.Second)
	}
	return t
}

// Inconclusive reports whether a pause waits for a person to judge what an analysis or
// an experiment could not.
func Inconclusive(pauses []v1alpha1.PauseCondition) bool {
	_, analysis := Pause(pauses, v1alpha1.PauseReasonInconclusiveAnalysis)
	_, experiment := Pause(pauses, v1alpha1.PauseReasonInconclusiveExperiment)
	return analysis || experiment
}

// WithoutInconclusive returns pauses without those.
func WithoutInconclusive(pauses []v1alpha1.PauseCondition) []v1alpha1.PauseCondition {
	if !Inconclusive(pauses) {
		return pauses
	}
	return WithoutPause(WithoutPause(pauses, v1alpha1.PauseReasonInconclusiveAnalysis), v1alpha1.PauseReasonInconclusiveExperiment)
}
