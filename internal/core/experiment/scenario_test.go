package experiment_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

const (
	pending      = v1alpha1.AnalysisPhasePending
	running      = v1alpha1.AnalysisPhaseRunning
	successful   = v1alpha1.AnalysisPhaseSuccessful
	failed       = v1alpha1.AnalysisPhaseFailed
	erroneous    = v1alpha1.AnalysisPhaseError
	inconclusive = v1alpha1.AnalysisPhaseInconclusive
)

func (w *world) template(t rapid.TB, name string) v1alpha1.TemplateStatus {
	t.Helper()
	i := slices.IndexFunc(w.experiment.Status.TemplateStatuses, func(s v1alpha1.TemplateStatus) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("template %s has no status; there are %v", name, w.experiment.Status.TemplateStatuses)
	}
	return w.experiment.Status.TemplateStatuses[i]
}

func (w *world) toldOf(reason string) int {
	count := 0
	for _, e := range w.told {
		if e.Reason == reason {
			count++
		}
	}
	return count
}

func two() map[string]int32 { return map[string]int32{"demo-a": 1, "demo-b": 2} }

func TestDurationElapses(t *testing.T) {
	w := newWorld(template("a", 1), template("b", 2), lasts("1m"))
	w.settle(t)
	w.wants(t, pending, "", two())
	wake := w.work(t)
	w.wants(t, running, "", two())
	if want := w.now.Truncate(time.Second).Add(time.Second + time.Minute); !wake.Equal(want) {
		t.Errorf("wakes at %v, want %v: a duration is never shorter than asked", wake, want)
	}
	w.pass(time.Minute)
	w.settle(t)
	w.wants(t, running, "", two())
	w.now = wake
	wake = w.settle(t)
	w.wants(t, successful, "", two())
	w.now = wake.Add(-time.Second)
	w.settle(t)
	w.wants(t, successful, "", two())
	w.now = wake
	w.settle(t)
	w.wants(t, successful, "", nil)
}

func TestNeverAvailable(t *testing.T) {
	w := newWorld(template("a", 1), template("b", 2), lasts("1m"))
	w.unready["demo-b"] = true
	wake := w.work(t)
	w.wants(t, pending, "", two())
	w.now = wake
	w.settle(t)
	text := "Template 'b' exceeded its progressDeadlineSeconds (600)"
	w.wants(t, failed, text, two())
	if b, a := w.template(t, "b"), w.template(t, "a"); b.Status != v1alpha1.TemplateStatusFailed || b.Message != text || a.Status != v1alpha1.TemplateStatusSuccessful {
		t.Errorf("templates are %v %q and %v", b.Status, b.Message, a.Status)
	}
	w.pass(31 * time.Second)
	w.settle(t)
	w.wants(t, failed, text, nil)
}

func TestPodsThatComeLateGetTheirTime(t *testing.T) {
	w := newWorld(template("a", 1))
	w.unready["demo-a"] = true
	w.work(t)
	w.pass(9 * time.Minute)
	w.unready["demo-a"] = false
	w.work(t)
	w.wants(t, running, "", map[string]int32{"demo-a": 1})
	w.pass(time.Hour)
	w.unready["demo-a"] = true
	wake := w.work(t)
	w.wants(t, pending, "", map[string]int32{"demo-a": 1})
	if left := wake.Sub(w.now); left < 10*time.Minute || left > 10*time.Minute+time.Second {
		t.Errorf("the deadline is %v away, want 10m from the loss", left)
	}
}

// A required analysis that takes longer than the duration is waited for, without pods;
// one that is not required is stopped, and changes nothing any more.
func TestAnalysisLongerThanDuration(t *testing.T) {
	cases := map[string]struct {
		analysis string
		want     v1alpha1.AnalysisPhase
		end      v1alpha1.AnalysisPhase
	}{
		"required":     {analysis: "check!", want: running, end: inconclusive},
		"not required": {analysis: "check", want: successful, end: successful},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(template("a", 1), lasts("1m"), analyses(tc.analysis))
			w.work(t)
			w.finish("demo-check", running, "")
			w.pass(2 * time.Minute)
			w.settle(t)
			w.pass(time.Minute)
			w.settle(t)
			w.wants(t, tc.want, "", nil)
			if stopped := w.runs["demo-check"].Terminating; stopped != (tc.want == successful) {
				t.Errorf("run stopped: %v", stopped)
			}
			w.finish("demo-check", inconclusive, "")
			w.settle(t)
			w.wants(t, tc.end, "", nil)
		})
	}
}

func TestOneAnalysisFails(t *testing.T) {
	w := newWorld(template("a", 1), analyses("good", "bad"))
	w.work(t)
	w.finish("demo-good", running, "")
	w.finish("demo-bad", failed, "too many errors")
	w.settle(t)
	w.wants(t, failed, "too many errors", map[string]int32{"demo-a": 1})
	if !w.runs["demo-good"].Terminating || w.toldOf(v1alpha1.AnalysisRunTerminatingReason) != 1 {
		t.Error("the sibling was not stopped once")
	}
	w.pass(31 * time.Second)
	w.settle(t)
	w.wants(t, failed, "too many errors", nil)
	w.finish("demo-good", successful, "")
	w.settle(t)
	w.wants(t, failed, "too many errors", nil)
}

func TestRequiredAnalysesEndIt(t *testing.T) {
	w := newWorld(template("a", 1), lasts("1h"), analyses("one!", "two!", "other"))
	w.work(t)
	w.finish("demo-one", successful, "")
	w.settle(t)
	w.wants(t, running, "", map[string]int32{"demo-a": 1})
	w.finish("demo-two", successful, "")
	w.settle(t)
	w.wants(t, successful, "Required AnalysisRuns completed", map[string]int32{"demo-a": 1})
	if !w.runs["demo-other"].Terminating {
		t.Error("a run that nobody waits for goes on")
	}
}

func TestWithoutTemplates(t *testing.T) {
	cases := map[string]struct {
		tweaks []func(*v1alpha1.Experiment)
		before v1alpha1.AnalysisPhase // while the run is unfinished
		after  v1alpha1.AnalysisPhase // once it has failed
	}{
		"nothing to do":                {before: successful, after: successful},
		"a required analysis is run":   {tweaks: []func(*v1alpha1.Experiment){analyses("check!")}, before: running, after: failed},
		"any analysis is run":          {tweaks: []func(*v1alpha1.Experiment){analyses("check")}, before: running, after: failed},
		"required beside a duration":   {tweaks: []func(*v1alpha1.Experiment){analyses("check!"), lasts("1s")}, before: running, after: failed},
		"a duration that is over soon": {tweaks: []func(*v1alpha1.Experiment){analyses("check"), lasts("1s")}, before: successful, after: successful},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(tc.tweaks...)
			w.settle(t)
			w.pass(10 * time.Second)
			w.settle(t)
			w.wants(t, tc.before, "", nil)
			if w.runs["demo-check"] != nil {
				w.finish("demo-check", failed, "")
			}
			w.settle(t)
			w.wants(t, tc.after, "", nil)
		})
	}
}

func TestTerminate(t *testing.T) {
	terminate := func(e *v1alpha1.Experiment) { e.Spec.Terminate = true }
	const told = "Experiment Terminated"
	t.Run("before anything", func(t *testing.T) {
		w := newWorld(template("a", 1), analyses("check!"), terminate)
		w.settle(t)
		w.wants(t, successful, told, nil)
		if len(w.sets)+len(w.runs) > 0 {
			t.Errorf("made %v and %v", w.sets, w.runs)
		}
	})
	t.Run("while pods come up", func(t *testing.T) {
		w := newWorld(template("a", 1), analyses("check!"))
		w.settle(t)
		terminate(w.experiment)
		w.settle(t)
		w.pass(31 * time.Second)
		w.settle(t)
		w.wants(t, successful, told, nil)
	})
	t.Run("long after the progress deadline", func(t *testing.T) {
		w := newWorld(template("a", 1), analyses("check!"))
		w.work(t)
		w.pass(time.Hour)
		terminate(w.experiment)
		w.settle(t)
		w.wants(t, successful, told, map[string]int32{"demo-a": 1})
		if !w.runs["demo-check"].Terminating {
			t.Error("the run goes on")
		}
	})
}

// A retry clears the status: everything is made again, and measured anew.
func TestRetry(t *testing.T) {
	w := newWorld(template("a", 1, ports(80), service("")), analyses("check!"))
	w.work(t)
	w.finish("demo-check", failed, "bad")
	w.settle(t)
	w.pass(time.Second)
	w.settle(t)
	w.experiment.Status, w.experiment.ResourceVersion = v1alpha1.ExperimentStatus{}, w.next()
	w.work(t)
	w.wants(t, running, "", map[string]int32{"demo-a": 1})
	if !w.sets["demo-a"].Deadline.IsZero() {
		t.Error("the delay of the first attempt still runs")
	}
	if w.runs["demo-check.1"] == nil || len(w.runs) != 2 {
		t.Errorf("runs are %v, want a second one", w.runs)
	}
	w.finish("demo-check.1", successful, "")
	w.settle(t)
	w.pass(time.Minute)
	w.work(t)
	w.wants(t, successful, "", nil)
	if len(w.services) > 0 {
		t.Error("the Service is still there")
	}
}

// A retry while pods and runs of the first attempt are still about leaves none of them.
func TestRetryStopsWhatWasBegun(t *testing.T) {
	w := newWorld(template("a", 1), analyses("check!"))
	w.work(t)
	w.pass(time.Minute)
	w.experiment.Status, w.experiment.ResourceVersion = v1alpha1.ExperimentStatus{}, w.next()
	w.settle(t)
	if !w.runs["demo-check"].Terminating || w.runs["demo-check.1"] == nil || w.runs["demo-check.1"].Terminating {
		t.Errorf("runs are %+v and %+v", w.runs["demo-check"], w.runs["demo-check.1"])
	}
}
