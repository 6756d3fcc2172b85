package sim

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/analysis"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
)

// Sample is what a metric source has to say.
type Sample struct {
	// Takes is how long a measurement is under way.
	Takes time.Duration
	// Phase of a source that judges by itself; "" leaves that to the conditions.
	Phase   v1alpha1.AnalysisPhase
	Message string
	// Result is what conditions see; Value is its text.
	Result any
	Value  string
	// Failure is why nothing could be measured; "" when it could.
	Failure string
}

// Ask is a question to a metric source.
type Ask struct {
	// Run is the AnalysisRun's name, with a revision in place of a hash.
	Run    string
	Metric v1alpha1.Metric
	// Number counts the metric's measurements from 1. At is the present moment.
	Number int32
	At     time.Duration
}

// analyst is the controller of one AnalysisRun: the decisions are the real ones, the
// metric sources are modelled.
type analyst struct {
	w        *World
	object   v1alpha1.AnalysisRun
	readings []analysis.Reading
	busy     map[string]bool
	// ends is when a slow source has its answer, by metric.
	ends map[string]time.Duration
	// facts and record are how the rest of the world sees the run.
	facts  func() (plan.Run, bool)
	record func(v1alpha1.AnalysisPhase, string)
	// timer tells wake-ups that were overtaken by others from the last one.
	timer int
}

// analyse lets a run be worked on.
func (w *World) analyse(facts func() (plan.Run, bool), record func(v1alpha1.AnalysisPhase, string)) *analyst {
	now, _ := facts()
	a := &analyst{w: w, facts: facts, record: record, busy: map[string]bool{}, ends: map[string]time.Duration{}}
	a.object = v1alpha1.AnalysisRun{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.key.Namespace, Name: now.Name, UID: types.UID(now.UID), CreationTimestamp: metav1.NewTime(now.Created)},
		Spec:       now.Spec,
	}
	w.after(w.dice.within(w.env.Analysis), a.look)
	return a
}

// soon has the run looked at again.
func (a *analyst) soon() { a.w.after(a.w.dice.within(a.w.env.Analysis), a.look) }

// look is one pass over the run.
func (a *analyst) look() {
	seen, found := a.facts()
	if !found || strategy.Over(a.object.Status.Phase) {
		return
	}
	a.object.Spec.Terminate = seen.Spec.Terminate
	p := analysis.Decide(analysis.Snapshot{Run: &a.object, Readings: a.readings, Busy: a.busy}, a.w.Now())
	a.readings = nil
	for _, action := range p.Actions {
		a.execute(action)
	}
	before := a.object.Status
	a.object.Status = p.Status
	if before.Phase != p.Status.Phase || before.Message != p.Status.Message {
		a.record(p.Status.Phase, p.Status.Message)
	}
	for _, e := range p.Events {
		a.w.tell(v1alpha1.AnalysisRunKind, e)
	}
	a.timer++
	if timer := a.timer; !p.WakeAt.IsZero() {
		a.w.after(max(0, p.WakeAt.Sub(a.w.Now())), func() {
			if timer == a.timer {
				a.look()
			}
		})
	}
}

func (a *analyst) execute(action analysis.Action) {
	switch action := action.(type) {
	case analysis.Measure:
		a.measure(action)
	case analysis.Cancel:
		delete(a.busy, action.Metric)
	case analysis.Collect, analysis.DeleteRun:
	default:
		panic(fmt.Sprintf("unknown action %T", action))
	}
}

// measure asks a source. A slow one begins at once and has its answer later.
func (a *analyst) measure(m analysis.Measure) {
	metric := a.metric(m.Metric)
	now := a.w.now
	sample := a.w.cfg.Measure(Ask{Run: a.w.named(a.object.Name), Metric: metric, Number: m.Number, At: now})
	reading := analysis.Reading{
		Metric: m.Metric, Number: m.Number, Call: m.Call, Started: a.w.Now(), Finished: a.w.Now(),
		Phase: sample.Phase, Message: sample.Message, Result: sample.Result, Value: sample.Value, Failure: sample.Failure,
	}
	if metric.Provider.Job == nil {
		a.busy[m.Metric] = true
		a.w.after(sample.Takes, func() {
			if a.busy[m.Metric] {
				delete(a.busy, m.Metric)
				reading.Finished = a.w.Now()
				a.answer(reading)
			}
		})
		return
	}
	if m.Call == analysis.Start {
		a.ends[m.Metric] = now + sample.Takes
		a.w.after(sample.Takes, a.look)
	}
	if now < a.ends[m.Metric] {
		reading.Phase, reading.Message = v1alpha1.AnalysisPhaseRunning, ""
	}
	a.answer(reading)
}

func (a *analyst) answer(r analysis.Reading) {
	a.readings = append(a.readings, r)
	a.soon()
}

func (a *analyst) metric(name string) v1alpha1.Metric {
	for _, m := range a.object.Spec.Metrics {
		if m.Name == name {
			return m
		}
	}
	panic("a measurement is of one of the run's metrics")
}
