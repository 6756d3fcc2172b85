package analysis

import (
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Snapshot is everything a decision about a run may know.
type Snapshot struct {
	// Run as it was read, never edited.
	Run *v1alpha1.AnalysisRun
	// Unreadable says which value of the run's spec could not be read, and was left out
	// of Run; "" for none. Such a run ends.
	Unreadable string
	// Readings came back since the status was written, oldest first; at most one for
	// each metric. They are repeated until a status that has them was recorded.
	Readings []Reading
	// Busy are the metrics that are being measured at this moment.
	Busy map[string]bool
}

// Reading is what came back from a source, not judged.
type Reading struct {
	// Metric is the metric's name. Number is the measurement's, as it was asked for: a
	// reading whose number is not the next one is old, and is dropped.
	Metric string
	Number int32
	// Call is what was asked of the source.
	Call Call
	// Started and Finished bound the call.
	Started, Finished time.Time
	// Phase is Running, or the verdict, of a source that judges by itself; "" leaves
	// judging to the metric's conditions.
	Phase   v1alpha1.AnalysisPhase
	Message string
	// Result is what conditions see; Value is the text to record.
	Result any
	Value  string
	// Metadata is the measurement's, Description the metric's.
	Metadata, Description map[string]string
	// ResumeAt is when to look again at a measurement in flight; zero: when woken.
	ResumeAt time.Time
	// Resolved is the metric that was measured, when the run has secrets: conditions are
	// judged with them, and every text that is recorded is rid of them. Nil: there are
	// none, and the run's own spec is used.
	Resolved *spec.Resolved
	// Failure is why nothing could be measured; "" when it could. It is the bare cause,
	// without "Unable to resolve metric arguments: ".
	Failure string
	// Unresolved: Failure is about the run's arguments (an error of spec.Resolve, or a
	// Secret that is not there), and measuring again is no use: the run ends.
	Unresolved bool
}
