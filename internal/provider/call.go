package provider

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/analysis"
)

const (
	// longestCall is the longest that a call may take, unless the metric asks its source
	// to wait longer. Sources have limits of their own, which are shorter.
	longestCall = 10 * time.Minute
	// lastWord is how much longer a source has to say why it could not answer in time.
	lastWord = time.Second
)

// take makes one call and returns what came of it. It never panics and always returns
// some time.
func (w *Workers) take(ctx context.Context, run *v1alpha1.AnalysisRun, m analysis.Measure) analysis.Reading {
	reading := analysis.Reading{Metric: m.Metric, Number: m.Number, Call: m.Call}
	metric, found := metricOf(run, m.Metric)
	if !found {
		return w.failed(reading, "there is no such metric")
	}
	leave, err := w.gate.enter(ctx, placeOf(metric.Provider, run.Namespace))
	if err != nil {
		return w.failed(reading, err.Error())
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, patience(metric.Provider))
	defer cancel()
	reading.Started = w.options.Now()
	answer := w.answer(ctx, Query{Run: run, Metric: metric, Number: m.Number, Now: reading.Started, Secrets: w.options.Secrets}, m, reading)
	answer.Finished = w.options.Now()
	return answer
}

// answer is what the source says before ctx ends, or shortly after.
func (w *Workers) answer(ctx context.Context, q Query, m analysis.Measure, r analysis.Reading) analysis.Reading {
	answers := make(chan analysis.Reading, 1)
	go func() { answers <- w.ask(ctx, q, m, r) }()
	select {
	case answer := <-answers:
		return answer
	case <-ctx.Done():
		return w.lastWord(answers, r)
	}
}

// lastWord waits a moment for a source whose time is over. One that does not listen
// is left to itself, so that it holds no slot.
func (w *Workers) lastWord(answers <-chan analysis.Reading, asked analysis.Reading) analysis.Reading {
	select {
	case reading := <-answers:
		return reading
	case <-time.After(lastWord):
		return w.failed(asked, "no answer in time")
	}
}

func (w *Workers) failed(r analysis.Reading, why string) analysis.Reading {
	if r.Started.IsZero() {
		r.Started = w.options.Now()
	}
	r.Failure, r.Finished = why, w.options.Now()
	return r
}

// ask fills in the metric's arguments and calls its source. The reading is redacted.
func (w *Workers) ask(ctx context.Context, q Query, m analysis.Measure, r analysis.Reading) (answer analysis.Reading) {
	defer func() {
		if cause := recover(); cause != nil {
			text := fmt.Sprintf("the metric provider panicked: %v", cause)
			w.options.Report(q.String(), q.Redact(text+"\n"+string(debug.Stack())))
			r.Failure = text
			answer = redact(q, r)
		}
	}()
	q, resolved, err := w.resolve(ctx, q)
	// What nobody waits for any more is stopped even if its Secret is gone.
	if err != nil && m.Call != analysis.Stop {
		r.Failure, r.Unresolved = err.Error(), errors.As(err, &missing{})
		return redact(q, r)
	}
	r.Resolved = resolved
	source, err := w.options.Sources.Find(q.Metric.Provider)
	if err != nil {
		r.Failure = err.Error()
		return redact(q, r)
	}
	if m.Call == analysis.Start && m.Number == 1 {
		r.Description = source.describe(q)
	}
	if source.Job != nil {
		r = answerOfJob(ctx, source.Job, q, m, r)
	} else {
		r = answerOfProvider(ctx, source.Provider, q, r)
	}
	return redact(q, r)
}

// describe is what the source says about all measurements of the metric.
func (s Source) describe(q Query) map[string]string {
	var describer Describer
	if s.Job != nil {
		describer, _ = s.Job.(Describer)
	} else {
		describer, _ = s.Provider.(Describer)
	}
	if describer == nil {
		return nil
	}
	return describer.Describe(q)
}

// answerOfProvider takes a measurement. There is nothing to look at again, so that a
// Resume measures; and nothing to stop, so that what was never measured is unknown.
func answerOfProvider(ctx context.Context, p Provider, q Query, r analysis.Reading) analysis.Reading {
	if r.Call == analysis.Stop {
		r.Phase = v1alpha1.AnalysisPhaseInconclusive
		return r
	}
	value, err := p.Measure(ctx, q)
	r.Result, r.Value, r.Metadata = value.Result, value.Text, value.Metadata
	if err != nil {
		r.Failure = err.Error()
	}
	return r
}

func answerOfJob(ctx context.Context, j Job, q Query, m analysis.Measure, r analysis.Reading) analysis.Reading {
	var (
		progress Progress
		err      error
	)
	switch m.Call {
	case analysis.Start:
		progress, err = j.Start(ctx, q)
	case analysis.Resume:
		progress, err = j.Poll(ctx, q, m.Last)
	case analysis.Stop:
		progress, err = j.Stop(ctx, q, m.Last)
	default:
		err = fmt.Errorf("unknown call %q", m.Call)
	}
	r.Phase, r.Message, r.Value = progress.Phase, progress.Message, progress.Text
	r.Metadata, r.ResumeAt = progress.Metadata, progress.ResumeAt
	if err != nil {
		r.Failure = err.Error()
	}
	return r
}

// collect has a source clean up. Secrets are not read for that.
func (w *Workers) collect(run *v1alpha1.AnalysisRun, c analysis.Collect) {
	metric, found := metricOf(run, c.Metric)
	collector, ok := w.options.Sources[NameOf(metric.Provider)].Job.(Collector)
	if !found || !ok {
		return
	}
	q := Query{Run: run, Metric: metric, Now: w.options.Now(), Secrets: w.options.Secrets}
	w.cleanUp(q, func(ctx context.Context) error { return collector.Collect(ctx, q, c.Keep) })
}

// cleanUp calls a source that cleans up, and reports what went wrong.
func (w *Workers) cleanUp(q Query, call func(context.Context) error) {
	defer func() {
		if cause := recover(); cause != nil {
			w.options.Report(q.String(), fmt.Sprintf("the metric provider panicked: %v\n%s", cause, debug.Stack()))
		}
	}()
	ctx, cancel := context.WithTimeout(w.life, longestCall)
	defer cancel()
	if err := call(ctx); err != nil && ctx.Err() == nil {
		w.options.Report(q.String(), "clean up: "+err.Error())
	}
}

func metricOf(run *v1alpha1.AnalysisRun, name string) (v1alpha1.Metric, bool) {
	for i := range run.Spec.Metrics {
		if run.Spec.Metrics[i].Name == name {
			return run.Spec.Metrics[i], true
		}
	}
	return v1alpha1.Metric{}, false
}

// patience is how long a call may take. Unit of the fields: seconds.
func patience(p v1alpha1.MetricProvider) time.Duration {
	var asked int64
	if p.Prometheus != nil && p.Prometheus.Timeout != nil {
		asked = *p.Prometheus.Timeout
	}
	if p.Web != nil {
		asked = p.Web.TimeoutSeconds
	}
	return max(longestCall, time.Duration(asked)*time.Second+lastWord)
}

// placeOf names what is called: the source, and where it is. An address that comes from
// an argument counts as one for the whole namespace. Calls to one place wait for each
// other when there are very many.
func placeOf(p v1alpha1.MetricProvider, namespace string) string {
	name, at := NameOf(p), ""
	switch {
	case p.Prometheus != nil:
		at = p.Prometheus.Address
	case p.Web != nil:
		at = hostOf(p.Web.URL)
	case p.Graphite != nil:
		at = p.Graphite.Address
	case p.Kayenta != nil:
		at = p.Kayenta.Address
	case p.SkyWalking != nil:
		at = p.SkyWalking.Address
	case p.Wavefront != nil:
		at = p.Wavefront.Address
	}
	if at == "" || strings.Contains(at, "{{") {
		at += " " + namespace
	}
	return name + " " + at
}

// hostOf is the part of a URL before its path.
func hostOf(url string) string {
	scheme, rest, found := strings.Cut(url, "://")
	if !found {
		return url
	}
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}
