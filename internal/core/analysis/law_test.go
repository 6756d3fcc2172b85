package analysis

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/spec"
)

// genWorld draws a run of up to three metrics and what their sources will say.
func genWorld(t *rapid.T) *world {
	var metrics []string
	answers, latency := map[string]string{}, map[string]time.Duration{}
	dry := rapid.SampledFrom([]string{"", "a", "b", ".*"}).Draw(t, "dry run")
	names := []string{"a", "b", "c"}[:rapid.IntRange(1, 3).Draw(t, "metrics")]
	for _, name := range names {
		fields := genFields(t, name)
		if rapid.Bool().Draw(t, name+" is slow") {
			metrics = append(metrics, jobOf(name, fields))
			answers[name] = "r" + rapid.StringOfN(rapid.SampledFrom([]rune("SSFIErr")), 1, 8, -1).Draw(t, name+" answers") + "S"
		} else {
			metrics = append(metrics, metricOf(name, fields))
			answers[name] = rapid.StringOfN(rapid.SampledFrom([]rune("SSSFIE")), 1, 8, -1).Draw(t, name+" answers")
		}
		latency[name] = time.Duration(rapid.IntRange(0, 7000).Draw(t, name+" latency")) * time.Millisecond
	}
	manifest := `{metrics: [` + strings.Join(metrics, ", ") + `], measurementRetention: [{metricName: ".*", limit: ` + fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "keep")) + `}]`
	if dry != "" && dry <= names[len(names)-1] {
		manifest += `, dryRun: [{metricName: "` + dry + `"}]`
	}
	w := newWorld(t, manifest+"}", answers)
	w.latency = latency
	return w
}

// genFields draws settings that are valid.
func genFields(t *rapid.T, name string) string {
	draw := func(what string, choices ...string) string {
		return rapid.SampledFrom(choices).Draw(t, name+" "+what)
	}
	fields := []string{
		draw("count", "count: 1", "interval: 3s, count: 3, failureLimit: 1, inconclusiveLimit: 1", "interval: 20s", "interval: 1s, count: 5, failureLimit: 2, consecutiveSuccessLimit: 2", "interval: 2s, failureLimit: -1, consecutiveSuccessLimit: 2"),
		draw("errors", "consecutiveErrorLimit: 0", "consecutiveErrorLimit: 2", "consecutiveErrorLimit: 4"),
	}
	if delay := draw("delay", "", "initialDelay: 4s", "initialDelay: -4s"); delay != "" {
		fields = append(fields, delay)
	}
	return strings.Join(fields, ", ")
}

// checked is a pass that holds every law of a single pass. The write of its status is
// lost when it is told so.
func checked(w *world, lost bool) {
	w.collect()
	before := w.run
	untouched := before.DeepCopy()
	p := w.decide()
	if diff := cmp.Diff(untouched, before); diff != "" {
		w.t.Fatalf("Decide() edited the run:\n%s", diff)
	}
	if diff := cmp.Diff(p, Decide(w.snapshot(), w.now)); diff != "" {
		w.t.Fatalf("two decisions on the same snapshot differ:\n%s", diff)
	}
	checkCalls(w, before, p)
	w.execute(p)
	if lost {
		return
	}
	w.record(p)
	checkStatus(w, before.Status, w.run.Status)
}

// checkCalls holds the laws about what is asked of sources.
func checkCalls(w *world, before *v1alpha1.AnalysisRun, p Plan) {
	for _, a := range p.Actions {
		ask, measures := a.(Measure)
		if !measures {
			continue
		}
		for _, r := range w.readings {
			if r.Metric == ask.Metric && !isFinal(p.Status.Phase) {
				w.t.Fatalf("%v: %v before the reading of measurement %d is recorded", w.now.Sub(midnight), a, r.Number)
			}
		}
		if isFinal(before.Status.Phase) {
			w.t.Fatalf("%v: %v of a run that is over", w.now.Sub(midnight), a)
		}
		for _, r := range before.Status.MetricResults {
			if r.Name == ask.Metric && isFinal(r.Phase) {
				w.t.Fatalf("%v: %v of a metric that is %s", w.now.Sub(midnight), a, r.Phase)
			}
		}
		if ask.Call == Start {
			checkStart(w, before, ask)
		}
	}
}

// checkStart: nothing before its time, minus the fraction of a second that the status
// does not store.
func checkStart(w *world, before *v1alpha1.AnalysisRun, ask Measure) {
	run, err := spec.ParseRun(before.Spec)
	if err != nil {
		w.t.Fatalf("parse: %v", err)
	}
	started := w.now
	if before.Status.StartedAt != nil {
		started = before.Status.StartedAt.Time
	}
	for _, m := range run.Metrics {
		if m.Name != ask.Metric {
			continue
		}
		earliest := started.Add(m.InitialDelay)
		for _, r := range before.Status.MetricResults {
			if r.Name != m.Name {
				continue
			}
			earliest = r.Measurements[len(r.Measurements)-1].FinishedAt.Add(m.Interval)
			if r.ConsecutiveError > 0 {
				earliest = r.Measurements[len(r.Measurements)-1].FinishedAt.Add(10 * time.Second)
			}
		}
		if w.now.Before(earliest) && m.InitialDelay >= 0 {
			w.t.Fatalf("%v: %v, which was due at %v", w.now.Sub(midnight), ask, earliest.Sub(midnight))
		}
	}
}

// checkStatus holds the laws about a status and the one before it.
func checkStatus(w *world, before, after v1alpha1.AnalysisRunStatus) {
	if isFinal(before.Phase) {
		if diff := cmp.Diff(before, after); diff != "" {
			w.t.Fatalf("a finished run changed:\n%s", diff)
		}
	}
	run, err := spec.ParseRun(w.run.Spec)
	if err != nil {
		w.t.Fatalf("parse: %v", err)
	}
	for _, r := range after.MetricResults {
		for _, m := range run.Metrics {
			if m.Name == r.Name {
				checkResult(w, m, r)
			}
		}
		for _, was := range before.MetricResults {
			if was.Name == r.Name && isFinal(was.Phase) && was.Phase != r.Phase {
				w.t.Fatalf("metric %s was %s and is %s", r.Name, was.Phase, r.Phase)
			}
		}
	}
	checkVerdict(w, after)
}

func checkResult(w *world, m spec.Metric, r v1alpha1.MetricResult) {
	switch {
	case r.Count != r.Successful+r.Failed+r.Inconclusive:
		w.t.Fatalf("count %d is not the sum of verdicts: %+v", r.Count, r)
	case m.Count > 0 && r.Count > m.Count:
		w.t.Fatalf("metric %s was measured %d times, count is %d", r.Name, r.Count, m.Count)
	case r.ConsecutiveError > 0 && r.ConsecutiveSuccess > 0:
		w.t.Fatalf("errors and successes are both in a row: %+v", r)
	case len(r.Measurements) > m.Keep:
		w.t.Fatalf("%d measurements are kept of metric %s, want at most %d", len(r.Measurements), r.Name, m.Keep)
	case isFinal(r.Phase) && inFlight(r):
		w.t.Fatalf("metric %s is over with a measurement in flight", r.Name)
	}
	errs := !inFlight(r) && last(r).Phase == v1alpha1.AnalysisPhaseError
	if !inFlight(r) && errs != (r.ConsecutiveError > 0) {
		w.t.Fatalf("%d errors in a row, the last measurement is %s", r.ConsecutiveError, last(r).Phase)
	}
	for i, one := range r.Measurements {
		if one.FinishedAt == nil && i < len(r.Measurements)-1 {
			w.t.Fatalf("measurement %d of metric %s is in flight and not the last", i, r.Name)
		}
		if (one.Phase == v1alpha1.AnalysisPhaseRunning) != (one.FinishedAt == nil) {
			w.t.Fatalf("measurement %d of metric %s is %s with finishedAt %v", i, r.Name, one.Phase, one.FinishedAt)
		}
	}
}

func checkVerdict(w *world, s v1alpha1.AnalysisRunStatus) {
	if s.StartedAt == nil || isFinal(s.Phase) != (s.CompletedAt != nil) {
		w.t.Fatalf("%s with startedAt %v, completedAt %v", s.Phase, s.StartedAt, s.CompletedAt)
	}
	sums := s.RunSummary
	if sums.Count != sums.Successful+sums.Failed+sums.Inconclusive+sums.Error {
		w.t.Fatalf("summary %+v does not add up", sums)
	}
	if s.Phase == v1alpha1.AnalysisPhaseSuccessful && sums.Failed+sums.Error+sums.Inconclusive > 0 {
		w.t.Fatalf("successful with summary %+v", sums)
	}
	if !isBad(s.Phase) && s.Phase != v1alpha1.AnalysisPhaseInconclusive {
		return
	}
	for _, r := range s.MetricResults {
		if strings.HasPrefix(s.Message, fmt.Sprintf("Metric %q assessed %s due to ", r.Name, s.Phase)) {
			if r.DryRun || r.Phase != s.Phase {
				w.t.Fatalf("message %q is about a metric that is %s, dry run %v", s.Message, r.Phase, r.DryRun)
			}
			return
		}
	}
	w.t.Fatalf("message %q of a run that is %s names none of its metrics", s.Message, s.Phase)
}

// Law: whatever is lost on the way, every pass keeps the counts, the times and the
// verdicts, and the run ends when it is told to.
func TestLawsUnderCrashesAndLostWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := genWorld(t)
		steps := rapid.IntRange(5, 60).Draw(t, "steps")
		for range steps {
			switch rapid.SampledFrom([]string{"pass", "pass", "pass", "wait", "wait", "crash", "lost", "lost"}).Draw(t, "step") {
			case "pass":
				checked(w, false)
			case "lost":
				checked(w, true)
			case "wait":
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 9000).Draw(t, "wait")) * time.Millisecond)
			case "crash":
				w.calls, w.readings = map[string]Reading{}, nil
			}
		}
		w.run.Spec.Terminate = true
		for range 8 {
			checked(w, false)
			w.now = w.now.Add(10 * time.Second)
		}
		if !isFinal(w.run.Status.Phase) {
			t.Fatalf("the run is %s long after it was told to end: %v", w.run.Status.Phase, w.log)
		}
		if len(w.calls) > 0 {
			t.Fatalf("calls are under way after the end: %v", w.calls)
		}
	})
}

// Law: with the world at rest nothing changes before WakeAt, and something does then.
func TestLawExactWake(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := genWorld(t)
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			due := w.rest()
			p := w.decide()
			if len(p.Actions) > 0 || !cmp.Equal(p.Status, w.run.Status) {
				t.Fatalf("not at rest: %v\n%s", p.Actions, cmp.Diff(w.run.Status, p.Status))
			}
			checkWake(t, w, p.WakeAt)
			if due.IsZero() {
				return
			}
			w.now = due
		}
	})
}

func checkWake(t *rapid.T, w *world, wake time.Time) {
	snapshot := w.snapshot()
	far := w.now.Add(24 * time.Hour)
	if !wake.IsZero() {
		far = wake.Add(-time.Nanosecond)
	}
	between := w.now.Add(time.Duration(rapid.Int64Range(0, int64(far.Sub(w.now))).Draw(t, "between")))
	for _, at := range []time.Time{between, far} {
		if p := Decide(snapshot, at); len(p.Actions) > 0 || !cmp.Equal(p.Status, w.run.Status) || !p.WakeAt.Equal(wake) {
			t.Fatalf("at %v, before the wake at %v: %v, wake %v", at, wake, p.Actions, p.WakeAt)
		}
	}
	if wake.IsZero() {
		return
	}
	if p := Decide(snapshot, wake); len(p.Actions) == 0 && cmp.Equal(p.Status, w.run.Status) {
		t.Fatalf("nothing changes at the wake %v", wake)
	}
}

// Law: a history has one verdict, however often one looks in between.
func TestLawSameHistorySameVerdict(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := genWorld(t)
		watched := newWorld(t, `{metrics: []}`, w.answers)
		watched.run, watched.latency = w.run.DeepCopy(), w.latency
		w.play(5 * time.Minute)
		for !isFinal(watched.run.Status.Phase) && watched.now.Before(midnight.Add(5*time.Minute)) {
			due := watched.rest()
			if due.IsZero() {
				break
			}
			for range rapid.IntRange(0, 2).Draw(t, "extra") {
				half := watched.now.Add(due.Sub(watched.now) / 2)
				if half.Before(due) {
					watched.now = half
					watched.pass()
				}
			}
			watched.now = due
			if due.After(midnight.Add(5 * time.Minute)) {
				break
			}
		}
		watched.rest()
		if !isFinal(w.run.Status.Phase) {
			return
		}
		if diff := cmp.Diff(w.run.Status, watched.run.Status); diff != "" {
			t.Fatalf("more looks change the status (-without +with):\n%s", diff)
		}
	})
}

// Law: only dry-run metrics never make a run end badly.
func TestLawDryRunsAlwaysSucceed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := genWorld(t)
		w.run.Spec.DryRun = []v1alpha1.DryRun{{MetricName: ".*"}}
		w.play(3 * time.Minute)
		w.run.Spec.Terminate = true
		w.play(4 * time.Minute)
		if got := w.run.Status.Phase; got != v1alpha1.AnalysisPhaseSuccessful {
			t.Fatalf("a run of dry-run metrics is %s: %s", got, w.run.Status.Message)
		}
	})
}

// Law: every event is told once, and a run tells of its end once.
func TestLawEventsAreToldOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := genWorld(t)
		w.play(3 * time.Minute)
		w.run.Spec.Terminate = true
		w.play(4 * time.Minute)
		seen := map[string]bool{}
		for _, e := range w.events {
			if seen[e] {
				t.Fatalf("told twice: %s", e)
			}
			seen[e] = true
		}
		if want := runEvent(w.run.Status.Phase); !seen[want.Reason+": "+want.Message] {
			t.Fatalf("the end of the run was not told: %v", w.events)
		}
	})
}

func TestEventsWarnOfFailuresAndErrors(t *testing.T) {
	for phase, want := range map[v1alpha1.AnalysisPhase]bool{"Successful": false, "Failed": true, "Error": true, "Inconclusive": false} {
		if got := (plan.Event{Reason: "AnalysisRun" + string(phase), Message: "Analysis Completed. Result: " + string(phase), Warning: want}); got != runEvent(phase) {
			t.Errorf("runEvent(%s) = %+v, want %+v", phase, runEvent(phase), got)
		}
	}
}
