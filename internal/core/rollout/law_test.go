package rollout_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/rollout"
	specs "github.com/serin-rollouts/serin/internal/spec"
	"github.com/serin-rollouts/serin/internal/testing/build"
	"github.com/serin-rollouts/serin/internal/testing/gen"
)

// law checks a statement about decisions on any snapshot. Snapshots are made by a
// function, so that a law can have as many equal ones as it needs.
func law(t *testing.T, holds func(t *rapid.T, snapshot func() plan.Snapshot)) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) { holds(t, drawSnapshot(t)) })
}

// drawSnapshot draws what an observer may see, likely or not.
func drawSnapshot(t *rapid.T) func() plan.Snapshot {
	ro := gen.Rollout().Draw(t, "rollout")
	ro.Name = "demo"
	version := func(label string) string { return fmt.Sprintf("v%d", rapid.IntRange(1, 4).Draw(t, label)) }
	build.With(ro, build.Image("demo:"+version("desired")))
	var facts []build.Fact
	if rapid.IntRange(0, 9).Draw(t, "first deploy") > 0 {
		facts = append(facts, build.Stable(version("stable")))
	}
	if rapid.IntRange(0, 4).Draw(t, "template changed") == 0 {
		facts = append(facts, build.Seen(version("seen")))
	}
	for n := range 4 {
		facts = append(facts, drawReplicaSet(t, fmt.Sprintf("v%d", n+1))...)
	}
	facts = append(facts, drawStatus(t)...)
	for _, name := range []string{"active", "preview", "stable", "canary"} {
		if rapid.Bool().Draw(t, name+" told") {
			facts = append(facts, build.Serves(name, version(name)))
		}
	}
	c := ro.Spec.Strategy.Canary
	if c != nil && c.TrafficRouting != nil && rapid.IntRange(0, 4).Draw(t, "routed before") > 0 {
		facts = append(facts, build.CanaryWeight(rapid.Int32Range(0, 100).Draw(t, "weight")))
		if rapid.Bool().Draw(t, "verifies") {
			facts = append(facts, build.Verified(rapid.Bool().Draw(t, "verified")))
		}
	}
	return func() plan.Snapshot { return build.Snapshot(ro.DeepCopy(), facts...) }
}

// drawReplicaSet draws the ReplicaSet of a version with its pods, if there is one.
func drawReplicaSet(t *rapid.T, version string) []build.Fact {
	if rapid.IntRange(0, 3).Draw(t, version+" exists") == 0 {
		return nil
	}
	pods := rapid.Int32Range(0, 8).Draw(t, version)
	tweaks := []func(*plan.ReplicaSet){build.Available(rapid.Int32Range(0, pods).Draw(t, version+" available"))}
	if rapid.IntRange(0, 3).Draw(t, version+" waits") == 0 {
		tweaks = append(tweaks, build.Until(time.Duration(rapid.IntRange(-60, 60).Draw(t, version+" until"))*time.Second))
	}
	if rapid.IntRange(0, 3).Draw(t, version+" resized") == 0 {
		tweaks = append(tweaks, build.SizedFor(rapid.Int32Range(-1, 8).Draw(t, version+" sized for")))
	}
	observed := rapid.IntRange(0, 3).Draw(t, version+" observed") > 0
	tweaks = append(tweaks, func(rs *plan.ReplicaSet) { rs.Observed = observed })
	return []build.Fact{build.Has(version, pods, tweaks...), build.Pods(version, int(pods), time.Hour)}
}

// drawStatus draws how far the update is and what a user asked for.
func drawStatus(t *rapid.T) []build.Fact {
	facts := []build.Fact{build.AtStep(rapid.Int32Range(0, 7).Draw(t, "step"))}
	ago := time.Duration(rapid.IntRange(0, 100).Draw(t, "ago")) * time.Second
	switch rapid.SampledFrom([]string{"", "", "aborted", "full", "paused", "resumed", "blue-green pause", "slow"}).Draw(t, "standing") {
	case "aborted":
		facts = append(facts, build.Aborted())
	case "full":
		facts = append(facts, promoteFull())
	case "paused":
		facts = append(facts, build.Paused(v1alpha1.PauseReasonCanaryPauseStep, ago))
	case "blue-green pause":
		facts = append(facts, build.Paused(v1alpha1.PauseReasonBlueGreenPause, ago))
	case "resumed":
		facts = append(facts, build.Resumed())
	case "slow":
		facts = append(facts, build.ConditionSince(10*ago, v1alpha1.RolloutProgressing, corev1.ConditionTrue, v1alpha1.ReplicaSetUpdatedReason))
	}
	return facts
}

// The order of lists means nothing.
func TestDeterminism(t *testing.T) {
	law(t, func(t *rapid.T, snapshot func() plan.Snapshot) {
		s, shuffled := snapshot(), snapshot()
		shuffled.ReplicaSets = rapid.Permutation(shuffled.ReplicaSets).Draw(t, "ReplicaSets")
		shuffled.Pods = rapid.Permutation(shuffled.Pods).Draw(t, "pods")
		shuffled.Traffic = rapid.Permutation(shuffled.Traffic).Draw(t, "traffic")
		conditions := &shuffled.Rollout.Status.Conditions
		*conditions = rapid.Permutation(*conditions).Draw(t, "conditions")
		if diff := cmp.Diff(rollout.Decide(s, build.Now()), rollout.Decide(shuffled, build.Now())); diff != "" {
			t.Fatalf("the order of lists changes the plan (-as drawn +shuffled):\n%s", diff)
		}
	})
}

// The same snapshot at the same time gives the same plan, again and again.
func TestSameInputSamePlan(t *testing.T) {
	law(t, func(t *rapid.T, snapshot func() plan.Snapshot) {
		s := snapshot()
		first := rollout.Decide(s, build.Now())
		for range 3 {
			if diff := cmp.Diff(first, rollout.Decide(s, build.Now())); diff != "" {
				t.Fatalf("the same snapshot gives two plans (-first +again):\n%s", diff)
			}
		}
	})
}

// A decision edits nothing that it was given, nor does its reader edit it through
// the plan.
func TestPurity(t *testing.T) {
	law(t, func(t *rapid.T, snapshot func() plan.Snapshot) {
		before, s := snapshot(), snapshot()
		p := rollout.Decide(s, build.Now())
		if diff := cmp.Diff(before, s, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("the decision edits its snapshot (-before +after):\n%s", diff)
		}
		scribble(p)
		if diff := cmp.Diff(before, s, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("the plan shares memory with the snapshot (-before +after):\n%s", diff)
		}
	})
}

// scribble edits what an executor may edit of a plan: its own maps and templates.
func scribble(p plan.Plan) {
	mark := func(m map[string]string) {
		if m != nil {
			m["scribbled"] = "on"
		}
	}
	for _, a := range p.Actions {
		switch a := a.(type) {
		case plan.CreateReplicaSet:
			mark(a.Labels)
			mark(a.Annotations)
			mark(a.Selector.MatchLabels)
			mark(a.Template.Labels)
			a.Template.Spec.Containers[0].Image = "scribbled"
		case plan.ScaleReplicaSet:
			mark(a.Annotate)
		case plan.AnnotateReplicaSet:
			mark(a.Annotate)
		case plan.LabelPod:
			mark(a.Labels)
		case plan.AnnotateRollout:
			mark(a.Annotate)
		}
	}
}

// No object is written twice, and weights stay between nothing and everything.
func TestWritesAreFewAndValid(t *testing.T) {
	law(t, func(t *rapid.T, snapshot func() plan.Snapshot) {
		s := snapshot()
		written := map[string]bool{}
		for _, a := range rollout.Decide(s, build.Now()).Actions {
			var object string
			switch a := a.(type) {
			case plan.CreateReplicaSet:
				object = "ReplicaSet " + a.Name
			case plan.ScaleReplicaSet:
				object = "ReplicaSet " + a.Name
				if a.To < 0 || a.To == a.From {
					t.Fatalf("scales %s from %d to %d", a.Name, a.From, a.To)
				}
			case plan.AnnotateReplicaSet:
				object = "ReplicaSet " + a.Name
			case plan.DeleteReplicaSet:
				object = "ReplicaSet " + a.Name
			case plan.PointService:
				object = "Service " + a.Name
			case plan.SetTraffic:
				object = "router " + a.Router
				if a.Split.Canary < 0 || a.Split.Canary > a.Split.Max || a.Split.Canary+a.Split.Stable() != a.Split.Max {
					t.Fatalf("weights do not add up: %+v", a.Split)
				}
			default:
				continue
			}
			if written[object] {
				t.Fatalf("%s is written twice", object)
			}
			written[object] = true
		}
	})
}

// The cursor moves by one step, unless something names a jump, and never while the
// rollout is aborted or paused as a whole.
func TestStepOrder(t *testing.T) {
	law(t, func(t *rapid.T, snapshot func() plan.Snapshot) {
		s := snapshot()
		c, ok := s.Spec.Strategy.(specs.Canary)
		if !ok || len(c.Steps) == 0 {
			t.Skip("no steps")
		}
		p := rollout.Decide(s, build.Now())
		before, after := s.Rollout.Status, p.Status
		from, to, end := min(*before.CurrentStepIndex, int32(len(c.Steps))), *after.CurrentStepIndex, int32(len(c.Steps))
		reset := before.CurrentPodHash != after.CurrentPodHash
		switch {
		case to == from, to == 0 && after.Abort, to <= 1 && reset: // the first step may be done at once
		case to == end && (after.StableRS == after.CurrentPodHash || before.PromoteFull || skips(p)):
		case to == from+1 && !reset && !s.Spec.Paused && !before.Abort:
		default:
			t.Fatalf("the cursor goes from %d to %d of %d; events %v", from, to, end, p.Events)
		}
	})
}

func skips(p plan.Plan) bool {
	return slices.ContainsFunc(p.Events, func(e plan.Event) bool { return e.Reason == v1alpha1.SkipStepsReason })
}

// Only the desired revision becomes stable, never an aborted one, and only once.
func TestStableChangesByPromotion(t *testing.T) {
	law(t, func(t *rapid.T, snapshot func() plan.Snapshot) {
		s := snapshot()
		p := rollout.Decide(s, build.Now())
		if p.Status.StableRS == s.Rollout.Status.StableRS {
			return
		}
		told := slices.ContainsFunc(p.Events, func(e plan.Event) bool { return e.Reason == v1alpha1.RolloutCompletedReason })
		if p.Status.StableRS != p.Status.CurrentPodHash || p.Status.Abort || !told {
			t.Fatalf("stable becomes %s, desired is %s, abort %v, told %v", p.Status.StableRS, p.Status.CurrentPodHash, p.Status.Abort, told)
		}
	})
}

// A plan that changes nothing does not ask to be made again at once.
func TestNoBusyLoop(t *testing.T) {
	law(t, func(t *rapid.T, snapshot func() plan.Snapshot) {
		s := snapshot()
		p := rollout.Decide(s, build.Now())
		if p.WakeAt.IsZero() || p.WakeAt.After(build.Now()) || len(p.Actions) > 0 || !cmp.Equal(p.Status, s.Rollout.Status) {
			return
		}
		t.Fatalf("nothing changes, yet it wakes %v from now; notes %v", p.WakeAt.Sub(build.Now()), p.Notes)
	})
}
