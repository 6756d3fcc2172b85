package analysis

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// tester is a test or a property.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

var midnight = time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)

// world is one run and the sources of its metrics. A source answers by letters, one
// for each measurement; the last one is repeated:
//
//	S F I  successful, failed, inconclusive
//	E      no measurement could be taken
//	U      the run's arguments cannot be resolved
//	r      a slow source begins, or goes on; what follows is the answer to the next look
type world struct {
	t   tester
	run *v1alpha1.AnalysisRun
	now time.Time
	// answers are the letters by metric; latency is how long a call takes, by metric.
	answers map[string]string
	latency map[string]time.Duration
	asked   map[string]int
	// calls under way by metric, and when they end.
	calls map[string]Reading
	ends  map[string]time.Time
	// readings that are not recorded yet.
	readings []Reading
	// log is what was asked of sources, and when: "10s start a 2".
	log     []string
	events  []string
	notes   []string
	passes  int
	deleted bool
}

func newWorld(t tester, manifest string, answers map[string]string) *world {
	t.Helper()
	run := &v1alpha1.AnalysisRun{ObjectMeta: metav1.ObjectMeta{Name: "run", UID: "uid", ResourceVersion: "7"}}
	if err := yaml.UnmarshalStrict([]byte(manifest), &run.Spec); err != nil {
		t.Fatalf("read run: %v", err)
	}
	return &world{
		t: t, run: run, now: midnight, answers: answers, latency: map[string]time.Duration{}, asked: map[string]int{},
		calls: map[string]Reading{}, ends: map[string]time.Time{},
	}
}

// metricOf is a metric that the letters can be measured with.
func metricOf(name, fields string) string {
	return `{name: ` + name + `, successCondition: "result == 1", failureCondition: "result == 0", provider: {web: {url: "http://x"}}` + comma(fields) + `}`
}

func jobOf(name, fields string) string {
	return `{name: ` + name + `, provider: {job: {spec: {template: {}}}}` + comma(fields) + `}`
}

func comma(fields string) string {
	if fields == "" {
		return ""
	}
	return ", " + fields
}

func runOf(metrics ...string) string { return `{metrics: [` + strings.Join(metrics, ", ") + `]}` }

func (w *world) snapshot() Snapshot {
	busy := map[string]bool{}
	for name := range w.calls {
		busy[name] = true
	}
	return Snapshot{Run: w.run, Readings: slices.Clone(w.readings), Busy: busy}
}

// pass decides once, does what was decided, and records it.
func (w *world) pass() Plan {
	w.t.Helper()
	w.collect()
	p := w.decide()
	w.execute(p)
	w.record(p)
	return p
}

func (w *world) decide() Plan {
	w.t.Helper()
	w.passes++
	return Decide(w.snapshot(), w.now)
}

// collect takes in the calls that have ended, in the order of their metrics' names.
func (w *world) collect() {
	for _, name := range slices.Sorted(maps.Keys(w.calls)) {
		if w.ends[name].After(w.now) {
			continue
		}
		reading := w.calls[name]
		reading.Finished = w.now
		w.readings = append(w.readings, reading)
		delete(w.calls, name)
	}
}

func (w *world) execute(p Plan) {
	w.t.Helper()
	for _, a := range p.Actions {
		elapsed := w.now.Sub(midnight)
		switch a := a.(type) {
		case Measure:
			if _, busy := w.calls[a.Metric]; busy {
				w.t.Fatalf("%v: %v although the metric is busy", elapsed, a)
			}
			w.log = append(w.log, fmt.Sprintf("%v %s %s %d", elapsed, a.Call, a.Metric, a.Number))
			w.calls[a.Metric] = w.answer(a)
			w.ends[a.Metric] = w.now.Add(w.latency[a.Metric])
		case Cancel:
			w.log = append(w.log, fmt.Sprintf("%v cancel %s", elapsed, a.Metric))
			delete(w.calls, a.Metric)
		case Collect:
			w.log = append(w.log, fmt.Sprintf("%v collect %s %d", elapsed, a.Metric, a.Keep))
		case DeleteRun:
			w.log = append(w.log, fmt.Sprintf("%v delete %s %s", elapsed, a.UID, a.Version))
			w.deleted = true
		}
	}
}

// answer is what a source will say.
func (w *world) answer(a Measure) Reading {
	r := Reading{Metric: a.Metric, Number: a.Number, Call: a.Call, Started: w.now}
	if a.Call == Stop {
		r.Phase = v1alpha1.AnalysisPhaseInconclusive
		return r
	}
	letters := w.answers[a.Metric]
	letter := letters[min(w.asked[a.Metric], len(letters)-1)]
	w.asked[a.Metric]++
	slow := strings.ContainsRune(letters, 'r')
	switch letter {
	case 'S':
		r.Result, r.Value = 1.0, "1"
	case 'F':
		r.Result, r.Value = 0.0, "0"
	case 'I':
		r.Result, r.Value = 2.0, "2"
	case 'E':
		r.Failure = "no answer"
	case 'U':
		r.Failure, r.Unresolved = "key 'k' does not exist in secret 's'", true
	case 'r':
		r.Phase, r.ResumeAt = v1alpha1.AnalysisPhaseRunning, w.now.Add(time.Second)
	}
	if slow && r.Failure == "" && letter != 'r' {
		r.Phase = map[byte]v1alpha1.AnalysisPhase{
			'S': v1alpha1.AnalysisPhaseSuccessful, 'F': v1alpha1.AnalysisPhaseFailed, 'I': v1alpha1.AnalysisPhaseInconclusive,
		}[letter]
	}
	return r
}

// record writes the status as an API server stores it.
func (w *world) record(p Plan) {
	w.t.Helper()
	raw, err := json.Marshal(p.Status)
	if err != nil {
		w.t.Fatalf("write status: %v", err)
	}
	var stored v1alpha1.AnalysisRunStatus
	if err := json.Unmarshal(raw, &stored); err != nil {
		w.t.Fatalf("read status: %v", err)
	}
	w.run = w.run.DeepCopy()
	w.run.Status, w.readings = stored, nil
	for _, e := range p.Events {
		w.events = append(w.events, e.Reason+": "+e.Message)
	}
	for _, n := range p.Notes {
		w.notes = append(w.notes, n.Topic+": "+n.Text)
	}
}

// rest passes until nothing changes any more without time going on.
func (w *world) rest() time.Time {
	w.t.Helper()
	for range 100 {
		before := w.run.Status
		p := w.pass()
		due := w.nextEnd(p.WakeAt)
		if len(p.Actions) == 0 && cmp.Equal(before, w.run.Status) && (due.IsZero() || due.After(w.now)) {
			return due
		}
		if w.deleted {
			return time.Time{}
		}
	}
	w.t.Fatalf("no rest at %v: %v", w.now.Sub(midnight), w.log)
	return time.Time{}
}

// nextEnd is when something happens next: a call ends, or it is time to wake.
func (w *world) nextEnd(wake time.Time) time.Time {
	next := wake
	for name := range w.calls {
		if next.IsZero() || w.ends[name].Before(next) {
			next = w.ends[name]
		}
	}
	return next
}

// play lets time go on until the run is over and at rest, or the limit is reached.
func (w *world) play(limit time.Duration) {
	w.t.Helper()
	for {
		due := w.rest()
		if due.IsZero() || due.After(midnight.Add(limit)) {
			w.now = midnight.Add(limit)
			return
		}
		w.now = due
	}
}

func (w *world) result(name string) v1alpha1.MetricResult {
	w.t.Helper()
	for _, r := range w.run.Status.MetricResults {
		if r.Name == name {
			return r
		}
	}
	w.t.Fatalf("no result of metric %s", name)
	return v1alpha1.MetricResult{}
}

// counters are count, successful, failed, inconclusive, error.
func counters(r v1alpha1.MetricResult) [5]int32 {
	return [5]int32{r.Count, r.Successful, r.Failed, r.Inconclusive, r.Error}
}

func wantLog(t *testing.T, w *world, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, w.log); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func wantVerdict(t *testing.T, w *world, phase v1alpha1.AnalysisPhase, message string) {
	t.Helper()
	if s := w.run.Status; s.Phase != phase || s.Message != message {
		t.Errorf("the run is %s: %q, want %s: %q", s.Phase, s.Message, phase, message)
	}
}
