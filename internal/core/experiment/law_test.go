package experiment_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/experiment"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// law checks a statement after every move of a history of any Experiment. Histories
// hold all that users, kubelets and analyses may do, and crashes in the middle of plans.
func law(t *testing.T, holds func(t *rapid.T, w *world)) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		holds(t, w)
		for n := range rapid.IntRange(1, 9).Draw(t, "moves") {
			w.move(t, fmt.Sprintf("move %d", n))
			holds(t, w)
		}
	})
}

func drawWorld(t *rapid.T) *world {
	var tweaks []func(*v1alpha1.Experiment)
	for _, name := range []string{"a", "b", "c"}[:rapid.IntRange(0, 3).Draw(t, "templates")] {
		var more []func(*v1alpha1.TemplateSpec)
		if rapid.Bool().Draw(t, name+" has ports") {
			more = append(more, ports(80))
		}
		if rapid.Bool().Draw(t, name+" wants a Service") {
			more = append(more, service(rapid.SampledFrom([]string{"", "web"}).Draw(t, name+" Service")))
		}
		tweaks = append(tweaks, template(name, rapid.Int32Range(0, 2).Draw(t, name+" pods"), more...))
	}
	for _, name := range []string{"one", "two"}[:rapid.IntRange(0, 2).Draw(t, "analyses")] {
		tweaks = append(tweaks, analyses(name+rapid.SampledFrom([]string{"", "!"}).Draw(t, name)))
	}
	if rapid.Bool().Draw(t, "has duration") {
		tweaks = append(tweaks, lasts(rapid.SampledFrom([]string{"0s", "5s", "1m"}).Draw(t, "duration")))
	}
	tweaks = append(tweaks, func(e *v1alpha1.Experiment) {
		delay := rapid.SampledFrom([]int32{0, 5, 30}).Draw(t, "delay")
		e.Spec.ScaleDownDelaySeconds = &delay
	})
	return newWorld(tweaks...)
}

// move is one thing that happens.
func (w *world) move(t *rapid.T, label string) {
	kinds := []string{"step", "step", "settle", "work", "work", "crash", "time", "verdict", "verdict", "unready", "terminate", "retry", "edit"}
	switch rapid.SampledFrom(kinds).Draw(t, label) {
	case "step":
		w.step()
	case "settle":
		w.settle(t)
	case "work":
		w.work(t)
	case "crash":
		w.crash(rapid.IntRange(0, 4).Draw(t, label+" after"))
	case "time":
		w.pass(time.Duration(rapid.SampledFrom([]int{300, 4_000, 31_000, 700_000}).Draw(t, label+" ms")) * time.Millisecond)
	case "verdict":
		phases := []v1alpha1.AnalysisPhase{running, successful, successful, failed, inconclusive}
		for _, name := range slices.Sorted(maps.Keys(w.runs)) {
			if p := w.runs[name].Phase; p == "" || p == running {
				w.finish(name, rapid.SampledFrom(phases).Draw(t, label+" "+name), "")
			}
		}
	case "unready":
		name := rapid.SampledFrom([]string{"demo-a", "demo-b"}).Draw(t, label+" whose")
		w.unready[name] = !w.unready[name]
		w.kubelet()
	case "terminate":
		w.experiment.Spec.Terminate, w.experiment.ResourceVersion = true, w.next()
	case "retry":
		w.experiment.Status, w.experiment.ResourceVersion = v1alpha1.ExperimentStatus{}, w.next()
		w.retries++
		w.pass(2 * time.Second)
	case "edit":
		if len(w.experiment.Spec.Templates) > 0 {
			replicas := rapid.Int32Range(0, 3).Draw(t, label+" pods")
			w.experiment.Spec.Templates[0].Replicas, w.experiment.ResourceVersion = &replicas, w.next()
		}
	}
}

// crash performs the beginning of a plan and loses the rest, the status with it.
func (w *world) crash(after int) {
	for i, a := range experiment.Decide(w.snapshot(), w.now).Actions {
		if i >= after {
			break
		}
		w.logf("%s", a)
		if w.execute(a) != nil {
			break
		}
	}
	w.logf("crash")
}

// fork is the same world once more.
func (w *world) fork() *world {
	f := *w
	f.experiment = w.experiment.DeepCopy()
	f.sets, f.services, f.runs = forked(w.sets), forked(w.services), forked(w.runs)
	f.specs, f.unready = maps.Clone(w.specs), maps.Clone(w.unready)
	f.told, f.lines = slices.Clone(w.told), slices.Clone(w.lines)
	return &f
}

func forked[T any](m map[string]*T) map[string]*T {
	next := make(map[string]*T, len(m))
	for key, value := range m {
		same := *value
		next[key] = &same
	}
	return next
}

func (w *world) story() string { return strings.Join(w.lines, "\n") }

// The order of facts means nothing.
func TestDeterminism(t *testing.T) {
	law(t, func(t *rapid.T, w *world) {
		s, shuffled := w.snapshot(), w.snapshot()
		shuffled.ReplicaSets = rapid.Permutation(shuffled.ReplicaSets).Draw(t, "ReplicaSets")
		shuffled.Services = rapid.Permutation(shuffled.Services).Draw(t, "Services")
		shuffled.Runs = rapid.Permutation(shuffled.Runs).Draw(t, "runs")
		if diff := cmp.Diff(experiment.Decide(s, w.now), experiment.Decide(shuffled, w.now)); diff != "" {
			t.Fatalf("the order of facts changes the plan (-as they are +shuffled):\n%s", diff)
		}
	})
}

// A decision edits nothing that it was given, nor does whoever executes it.
func TestPurity(t *testing.T) {
	law(t, func(t *rapid.T, w *world) {
		before, s := w.snapshot(), w.snapshot()
		for _, a := range experiment.Decide(s, w.now).Actions {
			switch a := a.(type) {
			case experiment.CreateReplicaSet:
				a.Labels["x"], a.Annotations["x"], a.Selector.MatchLabels["x"], a.Template.Labels["x"] = "1", "1", "1", "1"
				a.Template.Spec.Containers[0].Image = "x"
			case experiment.CreateService:
				a.Selector["x"] = "1"
			case experiment.StartRun:
				a.Labels["x"], a.Annotations["x"] = "1", "1"
				a.Spec.Metrics[0].Name = "x"
			}
		}
		if diff := cmp.Diff(before, s, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("the decision or its plan edits the snapshot (-before +after):\n%s", diff)
		}
	})
}

// With the world at rest decisions come to rest (settle fails otherwise), and nothing
// changes before the time that was named, while something does at that time.
func TestExactWake(t *testing.T) {
	law(t, func(t *rapid.T, w *world) {
		w = w.fork()
		wake := w.settle(t)
		if wake.IsZero() {
			w.pass(time.Hour)
			if changed, _ := w.step(); changed {
				t.Fatalf("nothing was announced, and yet:\n%s", w.story())
			}
			return
		}
		if !wake.After(w.now) {
			t.Fatalf("at rest, it wakes at once:\n%s", w.story())
		}
		w.now = wake.Add(-time.Nanosecond)
		if changed, _ := w.step(); changed {
			t.Fatalf("something changes before %v:\n%s", wake, w.story())
		}
		w.now = wake
		if changed, _ := w.step(); !changed {
			t.Fatalf("nothing changes at %v:\n%s", wake, w.story())
		}
	})
}

// A phase that is final stays, whatever happens, until a user clears the status.
func TestFinalPhaseStays(t *testing.T) {
	law(t, func(t *rapid.T, w *world) {
		before := w.experiment.Status
		if !isFinal(before.Phase) {
			return
		}
		w = w.fork()
		retries := w.retries
		for n := range 4 {
			w.move(t, fmt.Sprintf("later %d", n))
			w.work(t)
			if after := w.experiment.Status; w.retries == retries && after.Phase != before.Phase {
				t.Fatalf("%s became %s:\n%s", before.Phase, after.Phase, w.story())
			}
		}
	})
}

func isFinal(p v1alpha1.AnalysisPhase) bool {
	return p == successful || p == failed || p == erroneous || p == inconclusive
}

// Once it is over nothing gets more pods, and nothing is begun; after the delay there
// are no pods, no Services and no runs that nobody stopped.
func TestNothingIsLeft(t *testing.T) {
	law(t, func(t *rapid.T, w *world) {
		if !isFinal(w.experiment.Status.Phase) {
			return
		}
		for _, a := range experiment.Decide(w.snapshot(), w.now).Actions {
			scale, resizes := a.(experiment.ScaleReplicaSet)
			_, creates := a.(experiment.CreateReplicaSet)
			_, starts := a.(experiment.StartRun)
			if creates || starts || resizes && scale.To > scale.From {
				t.Fatalf("it is over, and yet: %s\n%s", a, w.story())
			}
		}
		w = w.fork()
		w.work(t)
		w.pass(32 * time.Second)
		w.work(t)
		w.wants(t, w.experiment.Status.Phase, w.experiment.Status.Message, nil)
		for name, run := range w.runs {
			if !run.Terminating && !isFinal(run.Phase) {
				t.Fatalf("run %s goes on:\n%s", name, w.story())
			}
		}
		if len(w.services) > 0 {
			t.Fatalf("Services are left: %v\n%s", w.services, w.story())
		}
	})
}

// No pod is taken before the end was recorded, and then not before the delay is over.
func TestPodsStayUntilTheEndIsKnown(t *testing.T) {
	law(t, func(t *rapid.T, w *world) {
		s := w.snapshot()
		for _, a := range experiment.Decide(s, w.now).Actions {
			scale, ok := a.(experiment.ScaleReplicaSet)
			if !ok || scale.To >= scale.From {
				continue
			}
			name := strings.TrimPrefix(scale.Name, "demo-")
			known, wanted := "", int32(0)
			for _, st := range s.Experiment.Status.TemplateStatuses {
				if st.Name == name {
					known = string(st.Status)
				}
			}
			for _, st := range s.Spec.Templates {
				if st.Name == name {
					wanted = st.Replicas
				}
			}
			through := slices.Contains([]string{"Successful", "Failed", "Error"}, known)
			if !through && scale.To != wanted {
				t.Fatalf("template %s is %q, and yet: %s\n%s", name, known, a, w.story())
			}
			if deadline := w.sets[scale.Name].Deadline; through && s.Spec.ScaleDownDelay > 0 && w.now.Before(deadline) {
				t.Fatalf("%s before %v\n%s", a, deadline, w.story())
			}
		}
	})
}

// No analysis of one attempt is begun twice, whatever gets lost.
func TestNoRunTwice(t *testing.T) {
	law(t, func(t *rapid.T, w *world) {
		begun := map[string]string{}
		for _, name := range slices.Sorted(maps.Keys(w.specs)) {
			start := w.specs[name]
			id := start.Analysis + " since " + start.Attempt
			if begun[id] != "" {
				t.Fatalf("%s: %s and %s\n%s", id, begun[id], name, w.story())
			}
			begun[id] = name
		}
	})
}

// After a crash in the middle of a plan the end is the same as without it.
func TestPrefixSafety(t *testing.T) {
	law(t, func(t *rapid.T, w *world) {
		clean, crashed := w.fork(), w.fork()
		for range 3 {
			crashed.crash(rapid.IntRange(0, 5).Draw(t, "crash after"))
			crashed.step()
		}
		for _, each := range []*world{clean, crashed} {
			each.work(t)
			each.work(t)
		}
		sizes := func(w *world) map[string]int32 {
			all := map[string]int32{}
			for name, rs := range w.sets {
				all[name] = rs.Want
			}
			return all
		}
		if diff := cmp.Diff(sizes(clean), sizes(crashed)); diff != "" {
			t.Fatalf("sizes (-clean +crashed):\n%s\n%s", diff, crashed.story())
		}
		if diff := cmp.Diff(clean.experiment.Status, crashed.experiment.Status); diff != "" {
			t.Fatalf("status (-clean +crashed):\n%s\n%s", diff, crashed.story())
		}
	})
}

// What an action fails with never makes a plan that does not come to rest.
func TestFailuresComeToRest(t *testing.T) {
	law(t, func(t *rapid.T, w *world) {
		w = w.fork()
		s := w.snapshot()
		failure := rapid.SampledFrom([]error{plan.ErrConflict, plan.ErrCollision, plan.ErrInvalid, fmt.Errorf("busy")}).Draw(t, "failure")
		for _, a := range experiment.Decide(s, w.now).Actions {
			out := experiment.Failed(s, a, failure, w.now)
			if out.Version != s.Experiment.ResourceVersion || out.Status != nil && errors.Is(failure, plan.ErrConflict) {
				t.Fatalf("%s failed with %v: recorded %+v", a, failure, out)
			}
			f := w.fork()
			f.record(out)
			f.work(t)
		}
	})
}
