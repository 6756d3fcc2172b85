package provider

import (
	"context"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Query is one measurement to take.
type Query struct {
	// Run is who asks. It is never edited.
	Run *v1alpha1.AnalysisRun
	// Metric has its placeholders filled in, secrets included.
	Metric v1alpha1.Metric
	// Number counts the measurements of this metric, errors included, from 1.
	Number int32
	// Now is when the measurement starts.
	Now time.Time
	// Secrets reads what a source keeps for itself. Never nil.
	Secrets Secrets
	// Hidden are the secret values in Metric, which no text may show.
	Hidden []string
}

// Secrets reads Secrets of the cluster.
type Secrets interface {
	// Secret returns the data of one Secret. Namespace "" is the controller's own.
	// An absent Secret is an error that Missing recognises.
	Secret(ctx context.Context, namespace, name string) (map[string][]byte, error)
	// Missing reports whether an error means that the Secret is not there.
	Missing(err error) bool
}

// String names the measurement, and nothing that may be secret.
func (q Query) String() string {
	return "metric " + q.Metric.Name + " of AnalysisRun " + q.Run.Namespace + "/" + q.Run.Name
}

// Redact replaces every hidden value in text by *****.
func (q Query) Redact(text string) string {
	for _, hidden := range q.Hidden {
		if hidden != "" {
			text = strings.ReplaceAll(text, hidden, "*****")
		}
	}
	return text
}

// Value is what was measured.
type Value struct {
	// Result is what conditions see as result.
	Result any
	// Text is Result as it is recorded for people.
	Text string
	// Metadata is what the source has to say about this measurement; nil: nothing.
	Metadata map[string]string
}

// Provider takes one measurement. It reports a value; it never judges it. An error
// is a measurement that could not be taken; its text names no secret, and ends with
// what the source answered.
type Provider interface {
	Measure(ctx context.Context, q Query) (Value, error)
}

// Describer is a Provider, or a Job, that has something to say about a metric that
// holds for all of its measurements.
type Describer interface {
	// Describe is recorded with the metric's first measurement; nil: nothing.
	Describe(q Query) map[string]string
}

// Progress is how far a Job is.
type Progress struct {
	// Phase is Running, or the Job's own verdict.
	Phase   v1alpha1.AnalysisPhase
	Message string
	// Text is what was measured; "" when there is no value.
	Text string
	// Metadata is merged into the measurement's: a later look finds it there.
	Metadata map[string]string
	// ResumeAt is when to look again; zero: when something is known to have happened.
	ResumeAt time.Time
}

// Job is a source that takes its time and judges by itself. Errors are measurements
// that could not be taken, as for Provider.
type Job interface {
	// Start begins a measurement. Repeated for the same Number, it finds the first.
	Start(ctx context.Context, q Query) (Progress, error)
	// Poll looks at one that was begun.
	Poll(ctx context.Context, q Query, m v1alpha1.Measurement) (Progress, error)
	// Stop ends one that nobody waits for any more. It may be repeated.
	Stop(ctx context.Context, q Query, m v1alpha1.Measurement) (Progress, error)
}

// Forgetter is a Job that leaves things where they do not go with their run.
type Forgetter interface {
	// Forget removes all that was left for a run that is gone.
	Forget(ctx context.Context, run *v1alpha1.AnalysisRun) error
}

// Collector is a Job that leaves things behind.
type Collector interface {
	// Collect removes what all but the newest keep measurements of the metric left.
	Collect(ctx context.Context, q Query, keep int) error
}
