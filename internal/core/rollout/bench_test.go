package rollout_test

import (
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/rollout"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// One decision about a canary in the middle of its steps. Target: 5 µs and 40
// allocations.
func BenchmarkDecide(b *testing.B) {
	steps := []v1alpha1.CanaryStep{
		build.Weight(10), build.WaitFor("60s"), build.Weight(30), build.WaitFor("60s"), build.Weight(60), build.WaitFor("60s"), build.Weight(100), build.Wait(),
	}
	old := []build.Fact{build.Stable("v3"), build.Has("v1", 0), build.Has("v2", 0), build.Has("v3", 10)}
	paused := build.Paused(v1alpha1.PauseReasonCanaryPauseStep, 20*time.Second)
	at := func(ro *v1alpha1.Rollout, facts ...build.Fact) plan.Snapshot {
		return settled(build.Snapshot(update(ro, "v4"), append(old, facts...)...))
	}
	cases := map[string]plan.Snapshot{
		"routed, waiting":  at(build.RoutedCanary("demo", 10, steps...), build.Has("v4", 3), build.CanaryWeight(30), build.AtStep(3), paused),
		"routed, at work":  at(build.RoutedCanary("demo", 10, steps...), build.Has("v4", 6), build.CanaryWeight(30), build.AtStep(4)),
		"basic, waiting":   at(build.Canary("demo", 10, steps...), build.Has("v4", 3), build.AtStep(3), paused),
		"basic, at work":   at(build.Canary("demo", 10, steps...), build.Has("v4", 3), build.AtStep(4)),
		"blue-green, gate": settled(build.Snapshot(update(build.BlueGreen("demo", 10), "v4"), append(old, build.Has("v4", 10))...)),
		"promoted":         settled(build.Snapshot(update(build.RoutedCanary("demo", 10, steps...), "v3"), append(old, build.CanaryWeight(0), build.AtStep(8))...)),
	}
	for name, s := range cases {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rollout.Decide(s, build.Now())
			}
		})
	}
}

// settled is a snapshot with the status that the decision about it would write, as
// most decisions find it.
func settled(s plan.Snapshot) plan.Snapshot {
	before := s.Rollout.Status
	s.Rollout.Status = rollout.Decide(s, build.Now()).Status
	s.Rollout.Status.CurrentStepIndex = before.CurrentStepIndex
	return s
}
