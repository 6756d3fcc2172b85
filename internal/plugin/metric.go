package plugin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
)

const (
	callTimeout     = 5 * time.Minute
	describeTimeout = 10 * time.Second
	// resumeAfter is when to look again at a measurement of which the plugin does not
	// say it.
	resumeAfter = 10 * time.Second
)

// What travels to a metric provider. The names of the fields are the protocol.
type (
	runArgs struct {
		AnalysisRun *v1alpha1.AnalysisRun
		Metric      v1alpha1.Metric
	}
	measurementArgs struct {
		AnalysisRun *v1alpha1.AnalysisRun
		Metric      v1alpha1.Metric
		Measurement v1alpha1.Measurement
	}
	collectArgs struct {
		AnalysisRun *v1alpha1.AnalysisRun
		Metric      v1alpha1.Metric
		Limit       int
	}
	metricArgs struct{ Metric v1alpha1.Metric }
)

// Metric is a metric provider in a program of its own. It implements provider.Job,
// provider.Collector and provider.Describer.
type Metric struct{ process *process }

// Start implements provider.Job.
func (m Metric) Start(ctx context.Context, q provider.Query) (provider.Progress, error) {
	return m.measure(ctx, q, step{"Run", "run"}, runArgs{AnalysisRun: q.Run, Metric: q.Metric})
}

// Poll implements provider.Job.
func (m Metric) Poll(ctx context.Context, q provider.Query, last v1alpha1.Measurement) (provider.Progress, error) {
	return m.measure(ctx, q, step{"Resume", "resume"}, measurementArgs{AnalysisRun: q.Run, Metric: q.Metric, Measurement: last})
}

// Stop implements provider.Job.
func (m Metric) Stop(ctx context.Context, q provider.Query, last v1alpha1.Measurement) (provider.Progress, error) {
	return m.measure(ctx, q, step{"Terminate", "terminate"}, measurementArgs{AnalysisRun: q.Run, Metric: q.Metric, Measurement: last})
}

// Collect implements provider.Collector.
func (m Metric) Collect(ctx context.Context, q provider.Query, keep int) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var (
		failed failure
		args   any = collectArgs{AnalysisRun: q.Run, Metric: q.Metric, Limit: keep}
	)
	if err := m.process.call(ctx, "GarbageCollect", &args, &failed); err != nil {
		return fmt.Errorf("GarbageCollect rpc call error: %w", err)
	}
	if failed.ErrorString != "" {
		return errors.New(q.Redact("failed to garbage collect via plugin: " + failed.ErrorString))
	}
	return nil
}

// Describe implements provider.Describer.
func (m Metric) Describe(q provider.Query) map[string]string {
	ctx, cancel := context.WithTimeout(context.Background(), describeTimeout)
	defer cancel()
	var (
		said map[string]string
		args any = metricArgs{Metric: q.Metric}
	)
	if err := m.process.call(ctx, "GetMetadata", &args, &said); err != nil {
		return map[string]string{"error": "GetMetadata rpc call error: " + err.Error()}
	}
	if said["error"] != "" {
		said["error"] = "failed to get metadata via plugin: " + said["error"]
	}
	return redacted(q, said)
}

// Type is what the plugin calls itself.
func (m Metric) Type(ctx context.Context) (string, error) {
	var (
		name    string
		nothing any
	)
	if err := m.process.call(ctx, "Type", &nothing, &name); err != nil {
		return "", fmt.Errorf("Type rpc call error: %w", err)
	}
	return name, nil
}

// step is a call about a measurement: its method, and its verb in errors.
type step struct{ method, verb string }

// measure makes a call that answers with a measurement.
func (m Metric) measure(ctx context.Context, q provider.Query, s step, args any) (provider.Progress, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var got v1alpha1.Measurement
	if err := m.process.call(ctx, s.method, &args, &got); err != nil {
		return provider.Progress{}, errors.New(q.Redact(fmt.Sprintf("%s rpc call error: %s", s.method, err)))
	}
	switch got.Phase {
	case v1alpha1.AnalysisPhaseRunning, v1alpha1.AnalysisPhasePending:
		return progress(q, got, v1alpha1.AnalysisPhaseRunning), nil
	case v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseInconclusive:
		return progress(q, got, got.Phase), nil
	case v1alpha1.AnalysisPhaseError:
		return provider.Progress{}, errors.New(q.Redact(fmt.Sprintf("failed to %s via plugin: %s", s.verb, got.Message)))
	}
	return provider.Progress{}, fmt.Errorf("plugin %s answered with phase %q", m.process.name, got.Phase)
}

func progress(q provider.Query, m v1alpha1.Measurement, phase v1alpha1.AnalysisPhase) provider.Progress {
	p := provider.Progress{Phase: phase, Message: q.Redact(m.Message), Text: q.Redact(m.Value), Metadata: redacted(q, m.Metadata)}
	switch {
	case m.ResumeAt != nil:
		p.ResumeAt = m.ResumeAt.Time
	case phase == v1alpha1.AnalysisPhaseRunning:
		p.ResumeAt = q.Now.Add(resumeAfter)
	}
	return p
}

func redacted(q provider.Query, texts map[string]string) map[string]string {
	for key, text := range texts {
		texts[key] = q.Redact(text)
	}
	return texts
}
