package rollout_test

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// surge bounds a canary as a manifest writes it.
func surge(most, missing string) build.Option {
	return canary(func(c *v1alpha1.CanaryStrategy) {
		a, b := intstr.Parse(most), intstr.Parse(missing)
		c.MaxSurge, c.MaxUnavailable = &a, &b
	})
}

func TestFirstDeploy(t *testing.T) {
	steps := []v1alpha1.CanaryStep{build.Weight(20), build.Wait()}
	play(t, map[string]scenario{
		"a first deploy goes straight to full size, and past all steps": {
			given: build.Snapshot(build.Canary("demo", 10, steps...)),
			want: build.Words{
				"v1": "10", "step": "2", "stable": "v1", "pauses": "",
				"Completed": "True/RolloutCompleted", "phase": "Progressing: more replicas need to be updated",
			},
		},
		"it is complete before its pods are ready, as an initial deploy": {
			given: build.Snapshot(build.Canary("demo", 10, steps...), build.Has("v1", 10, build.Available(0))),
			want:  build.Words{"step": "2", "stable": "v1", "phase": "Progressing: updated replicas are still becoming available"},
		},
		"one that is paused from the beginning has no pods": {
			given: build.Snapshot(build.With(build.Canary("demo", 10, steps...), spec(func(s *v1alpha1.RolloutSpec) { s.Paused = true }))),
			want:  build.Words{"v1": "0", "phase": "Paused: manually paused"},
		},
		"unpausing it brings the pods up": {
			given: build.Snapshot(build.Canary("demo", 10, steps...), build.Stable("v1"), build.Has("v1", 0, build.SizedFor(-1)), build.AtStep(2)),
			want:  build.Words{"v1": "10"},
		},
	})
}

func TestBasicCanarySizes(t *testing.T) {
	weight := func(replicas, weight int32, options ...build.Option) *v1alpha1.Rollout {
		return update(build.Canary("demo", replicas, build.Weight(weight), build.Wait()), "v2", options...)
	}
	from := func(ro *v1alpha1.Rollout, stable, canary int32) plan.Snapshot {
		return build.Snapshot(ro, build.Stable("v1"), build.Has("v1", stable), build.Has("v2", canary))
	}
	play(t, map[string]scenario{
		"one pod at 10 % with surge: one canary beside the stable pod": {
			given: from(weight(1, 10, surge("1", "0")), 1, 0),
			want:  build.Words{"v1": "1", "v2": "1"},
		},
		"two pods at 75 % without surge: one on each side, not none for the canary": {
			given: from(weight(2, 75, surge("0", "1")), 1, 0),
			want:  build.Words{"v1": "1", "v2": "1"},
		},
		"ten pods at 95 % without surge: nine and one, not none for the canary": {
			given: from(weight(10, 95, surge("0", "1")), 1, 8),
			want:  build.Words{"v1": "1", "v2": "9"},
		},
		"a percentage without its sign is a percentage": {
			given: from(update(build.Canary("demo", 10), "v2", canary(func(c *v1alpha1.CanaryStrategy) {
				five, none := intstr.FromString("5"), intstr.FromInt(0)
				c.MaxSurge, c.MaxUnavailable = &five, &none
			})), 10, 0),
			want: build.Words{"v1": "10", "v2": "1"},
		},
		"surge goes to the canary while none of its pods works": {
			given: build.Snapshot(update(build.Canary("demo", 10), "v2"), build.Stable("v1"), build.Has("v1", 8), build.Has("v2", 5, build.Available(0))),
			want:  build.Words{"v1": "8", "v2": "5", "writes": "0"},
		},
		"a broken stable revision does not block the update that mends it": {
			given: build.Snapshot(update(build.Canary("demo", 4), "v2", surge("0", "1")), build.Stable("v1"),
				build.Has("v1", 4, build.Available(0)), build.Has("v2", 0)),
			want: build.Words{"v1": "3"},
		},
		"lowering to 0 drains the canary": {
			given: build.Snapshot(update(build.Canary("demo", 10, build.Weight(20), build.Weight(0), build.Wait()), "v2"), build.Stable("v1"),
				build.Has("v1", 10), build.Has("v2", 2), build.AtStep(1)),
			want: build.Words{"v1": "10", "v2": "0", "step": "1"},
		},
		"and the step is done when no canary pod is left": {
			given: build.Snapshot(update(build.Canary("demo", 10, build.Weight(20), build.Weight(0), build.Wait()), "v2"), build.Stable("v1"),
				build.Has("v1", 10), build.Has("v2", 0), build.AtStep(1)),
			want: build.Words{"step": "2", "phase": "Paused: CanaryPauseStep"},
		},
		"100 % before the last step drains stable, and yet promotes nothing": {
			given: build.Snapshot(update(build.Canary("demo", 10, build.Weight(100), build.Wait()), "v2"), build.Stable("v1"),
				build.Has("v1", 0), build.Has("v2", 10), build.AtStep(0)),
			want: build.Words{"step": "1", "stable": "v1", "v1": "0", "phase": "Paused: CanaryPauseStep"},
		},
		"the broken pods of a superseded revision go first": {
			given: build.Snapshot(update(build.Canary("demo", 10), "v3", surge("0", "1")), build.Stable("v1"),
				build.Has("v1", 5), build.Has("v2", 5, build.Available(2)), build.Has("v3", 0)),
			want: build.Words{"v1": "5", "v2": "2", "v3": "0"},
		},
		"a resize at 20 % keeps the shares": {
			given: build.Snapshot(weight(20, 20), build.Stable("v1"), build.Has("v1", 8, build.SizedFor(10)), build.Has("v2", 2, build.SizedFor(10)), build.AtStep(0)),
			want:  build.Words{"v1": "16", "v2": "4"},
		},
	})
}

func TestProgressThreshold(t *testing.T) {
	threshold := func(kind string, value int32) build.Option {
		return canary(func(c *v1alpha1.CanaryStrategy) {
			c.ReplicaProgressThreshold = &v1alpha1.ReplicaProgressThreshold{Type: v1alpha1.ProgressThresholdType(kind), Value: value}
		})
	}
	steps := []v1alpha1.CanaryStep{build.Weight(50), build.Wait()}
	at := func(ro *v1alpha1.Rollout, stable, canary, available, step int32) plan.Snapshot {
		return build.Snapshot(ro, build.Stable("v1"), build.Has("v1", stable), build.Has("v2", canary, build.Available(available)), build.AtStep(step))
	}
	play(t, map[string]scenario{
		"four of five are 80 %, so the step is done": {
			given: at(update(build.Canary("demo", 10, steps...), "v2", threshold("Percent", 80)), 5, 5, 4, 0),
			want:  build.Words{"step": "1"},
		},
		"three of five are less, so it is not": {
			given: at(update(build.Canary("demo", 10, steps...), "v2", threshold("Percent", 80)), 5, 5, 3, 0),
			want:  build.Words{"step": "0"},
		},
		"eight of ten are enough to be promoted": {
			given: at(update(build.Canary("demo", 10, steps...), "v2", threshold("Percent", 80)), 0, 10, 8, 2),
			want:  build.Words{"stable": "v2"},
		},
		"three pods of five are enough when three are asked for": {
			given: at(update(build.Canary("demo", 10, steps...), "v2", threshold("Pods", 3)), 5, 5, 3, 0),
			want:  build.Words{"step": "1"},
		},
		"two pods are not": {
			given: at(update(build.Canary("demo", 10, steps...), "v2", threshold("Pods", 3)), 5, 5, 2, 0),
			want:  build.Words{"step": "0"},
		},
	})
}

func TestBasicCanaryChangesItsMind(t *testing.T) {
	steps := []v1alpha1.CanaryStep{build.Weight(20), build.Wait()}
	named := canary(func(c *v1alpha1.CanaryStrategy) { c.CanaryService, c.StableService = "canary", "stable" })
	play(t, map[string]scenario{
		"a third version starts at the first step, and the second is drained first": {
			given: build.Snapshot(update(build.Canary("demo", 10, steps...), "v3"), build.Stable("v1"), build.Seen("v2"), build.AtStep(1),
				build.Has("v1", 8), build.Has("v2", 2), build.Paused(v1alpha1.PauseReasonCanaryPauseStep, time.Minute)),
			want: build.Words{"step": "0", "pauses": "", "v1": "8", "v3": "2", "desired": "v3"},
		},
		"going back to stable skips the steps and is healthy once the pods are": {
			given: build.Snapshot(update(build.Canary("demo", 10, steps...), "v1"), build.Stable("v1"), build.Seen("v2"), build.AtStep(1),
				build.Has("v1", 8), build.Has("v2", 2), build.Paused(v1alpha1.PauseReasonCanaryPauseStep, time.Minute)),
			want: build.Words{
				"step": "2", "event SkipSteps": "Rollback to stable ReplicaSets", "v1": "10", "pauses": "", "stable": "v1",
			},
		},
		"an abort at 50 % grows stable by the surge and drains the canary": {
			given: build.Snapshot(update(build.Canary("demo", 10, build.Weight(50), build.Wait()), "v2", named), build.Stable("v1"), build.AtStep(1),
				build.Has("v1", 5), build.Has("v2", 5), build.Status(func(st *v1alpha1.RolloutStatus) { st.Abort = true })),
			want: build.Words{
				"v1": "8", "v2": "3", "step": "0", "service canary": "v1", "abort": "true",
				"phase": "Degraded: RolloutAborted: Rollout aborted update to revision 2",
			},
		},
	})
}
