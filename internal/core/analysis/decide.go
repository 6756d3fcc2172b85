package analysis

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Beginnings of messages, as users know them.
const (
	cannotResolve = "Unable to resolve metric arguments: "
	specInvalid   = "Analysis spec invalid: "
)

// Decide decides everything about a run for one pass. It is pure.
//
// What is in flight is in the status, so a controller that has just started goes on
// where another stopped: a measurement in flight is resumed, a metric that is due is
// measured. A measurement that was under way in memory only is taken again.
func Decide(s Snapshot, now time.Time) Plan {
	if isFinal(s.Run.Status.Phase) {
		return afterwards(s, now)
	}
	if s.Unreadable != "" {
		return giveUp(s, specInvalid+s.Unreadable, now)
	}
	run, err := spec.ParseRun(s.Run.Spec)
	if err != nil {
		return giveUp(s, err.Error(), now)
	}
	metrics := observe(run, s)
	metrics, unresolved := take(metrics, s, now)
	if unresolved != "" {
		return giveUp(s, cannotResolve+unresolved, now)
	}
	metrics, stopping := assess(metrics, s.Run.Spec.Terminate)
	return conclude(s, metrics, stopping, now)
}

// conclude puts together what is next and what is recorded.
func conclude(s Snapshot, metrics []metric, stopping bool, now time.Time) Plan {
	started := s.Run.Status.StartedAt
	if started == nil {
		started = seconds(now)
	}
	var p Plan
	for i, m := range metrics {
		action, wake := next(m, stopping, started.Time, now)
		if action != nil {
			p.Actions = append(p.Actions, action)
		}
		p.WakeAt = plan.Sooner(p.WakeAt, wake)
		if m.Slow && len(m.result.Measurements) > m.Keep {
			p.Actions = append(p.Actions, Collect{Metric: m.Name, Keep: m.Keep})
		}
		metrics[i].result.Measurements = newest(m.result.Measurements, m.Keep)
	}
	phase, message := verdict(metrics, stopping, s.Run.Spec.Terminate)
	p.Status = v1alpha1.AnalysisRunStatus{
		Phase:         phase,
		Message:       s.Run.Status.Message,
		MetricResults: fit(results(s.Run.Status.MetricResults, metrics)),
		StartedAt:     started,
		RunSummary:    summary(metrics, counted),
	}
	dry := summary(metrics, dryRun)
	p.Status.DryRunSummary = &dry
	if phase != s.Run.Status.Phase {
		p.Status.Message = message
	}
	p.Events, p.Notes = told(metrics)
	if isFinal(phase) {
		p.Status.CompletedAt = seconds(now)
		p.Events = append(p.Events, runEvent(phase))
		p.WakeAt, _ = expiry(s.Run.Spec.TTLStrategy, p.Status)
	}
	return p
}

// giveUp ends a run about which nothing can be decided. What is under way is given up
// and what is in flight is stopped, but nobody waits for that.
func giveUp(s Snapshot, message string, now time.Time) Plan {
	p := Plan{Status: *s.Run.Status.DeepCopy()}
	for _, r := range p.Status.MetricResults {
		if inFlight(r) && !s.Busy[r.Name] {
			p.Actions = append(p.Actions, Measure{Metric: r.Name, Number: number(r), Call: Stop, Last: last(r)})
		}
	}
	p.Actions = append(p.Actions, cancelAll(s)...)
	if p.Status.StartedAt == nil {
		p.Status.StartedAt = seconds(now)
	}
	p.Status.CompletedAt = seconds(now)
	p.Status.Phase, p.Status.Message = v1alpha1.AnalysisPhaseError, message
	p.Events = []plan.Event{runEvent(p.Status.Phase)}
	p.Notes = []plan.Note{{Topic: "run", Text: message}}
	p.WakeAt, _ = expiry(s.Run.Spec.TTLStrategy, p.Status)
	return p
}

// results are the metrics' results: those that were there in their order, then new ones
// in the order in which the metrics were first measured.
func results(before []v1alpha1.MetricResult, metrics []metric) []v1alpha1.MetricResult {
	out := make([]v1alpha1.MetricResult, 0, len(metrics))
	for _, r := range before {
		if i := indexOf(metrics, r.Name); i >= 0 {
			r = metrics[i].result
		}
		out = append(out, r)
	}
	for order := 1; order <= len(metrics); order++ {
		for _, m := range metrics {
			if m.first == order {
				out = append(out, m.result)
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// newest are the last keep measurements.
func newest(measurements []v1alpha1.Measurement, keep int) []v1alpha1.Measurement {
	return measurements[max(0, len(measurements)-keep):]
}

// told is what there is to tell about the metrics: an event for each that is through.
func told(metrics []metric) ([]plan.Event, []plan.Note) {
	var events []plan.Event
	var notes []plan.Note
	for _, m := range metrics {
		for _, text := range m.notes {
			notes = append(notes, plan.Note{Topic: "metric", Text: text})
		}
		if !isFinal(m.result.Phase) || m.before == m.result.Phase {
			continue
		}
		events = append(events, plan.Event{
			Reason:  v1alpha1.MetricReasonPrefix + string(m.result.Phase),
			Message: fmt.Sprintf("Metric '%s' Completed. Result: %s", m.Name, m.result.Phase),
			Warning: isBad(m.result.Phase),
		})
		text := fmt.Sprintf("metric %s is %s", m.Name, strings.ToLower(string(m.result.Phase)))
		if m.result.Message != "" {
			text += ": " + m.result.Message
		}
		notes = append(notes, plan.Note{Topic: "verdict", Text: text})
	}
	return events, notes
}

func runEvent(phase v1alpha1.AnalysisPhase) plan.Event {
	return plan.Event{
		Reason:  v1alpha1.AnalysisRunReasonPrefix + string(phase),
		Message: fmt.Sprintf("Analysis Completed. Result: %s", phase),
		Warning: isBad(phase),
	}
}

func isBad(phase v1alpha1.AnalysisPhase) bool {
	return phase == v1alpha1.AnalysisPhaseFailed || phase == v1alpha1.AnalysisPhaseError
}

func isFinal(phase v1alpha1.AnalysisPhase) bool {
	return isBad(phase) || phase == v1alpha1.AnalysisPhaseSuccessful || phase == v1alpha1.AnalysisPhaseInconclusive
}

// seconds is a time as the API stores it.
func seconds(t time.Time) *metav1.Time {
	return &metav1.Time{Time: t.Truncate(time.Second)}
}
