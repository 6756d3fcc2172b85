package rollout_test

import (
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

func abortDelay(n int32) build.Option {
	return canary(func(c *v1alpha1.CanaryStrategy) { c.AbortScaleDownDelaySeconds = seconds(n) })
}

func dynamic() build.Option {
	return canary(func(c *v1alpha1.CanaryStrategy) { c.DynamicStableScale = true })
}

func abortNow() build.Fact {
	return build.Status(func(st *v1alpha1.RolloutStatus) { st.Abort = true })
}

func TestAbort(t *testing.T) {
	steps := []v1alpha1.CanaryStep{build.Weight(50), build.Wait()}
	play(t, map[string]scenario{
		"an abort of what is promoted is dropped": {
			given: build.Snapshot(update(build.RoutedCanary("demo", 4, steps...), "v1"), build.Stable("v1"), build.Has("v1", 4), build.CanaryWeight(0), build.AtStep(2), abortNow()),
			want:  build.Words{"abort": "", "writes": "0", "phase": "Healthy"},
		},
		"an abort takes the traffic back, keeps the pods, and says so": {
			given: under(routed(4, steps...), build.Has("v1", 4), build.Has("v2", 2), build.CanaryWeight(50), build.AtStep(1), abortNow(),
				build.Paused(v1alpha1.PauseReasonCanaryPauseStep, time.Minute)),
			want: build.Words{
				"weight": "0", "v2": "2", "step": "0", "pauses": "", "abort": "true",
				"Progressing": "False/RolloutAborted", "event RolloutAborted": "Rollout aborted update to revision 2",
				"phase": "Degraded: RolloutAborted: Rollout aborted update to revision 2",
			},
		},
		"the delay begins when no traffic is left": {
			given: under(routed(4, steps...), build.Has("v1", 4), build.Has("v2", 2), build.CanaryWeight(0), build.Serves("canary", "v1"), build.Aborted()),
			want:  build.Words{"v2": "2 for 30s", "wake": "30s"},
		},
		"it waits for stable to be complete": {
			given: under(routed(4, steps...), build.Has("v1", 4, build.Available(3)), build.Has("v2", 2), build.CanaryWeight(0), build.Serves("canary", "v1"), build.Aborted()),
			want:  build.Words{"v2": "2"},
		},
		"a canary Service that is back on stable is written no more": {
			given: under(routed(4, steps...), build.Has("v1", 4), build.Has("v2", 2, build.Until(20*time.Second)), build.CanaryWeight(0), build.Serves("canary", "v1"), build.Aborted()),
			want:  build.Words{"service canary": "v1", "writes": "0"},
		},
		"after the delay the pods go": {
			given: under(routed(4, steps...), build.Has("v1", 4), build.Has("v2", 2, build.Until(0)), build.CanaryWeight(0), build.Serves("canary", "v1"), build.Aborted()),
			want:  build.Words{"v2": "0"},
		},
		"with a delay of zero they stay, whatever the first step is": {
			given: under(build.With(routed(4, steps...), abortDelay(0)), build.Has("v1", 4), build.Has("v2", 2), build.CanaryWeight(0), build.Serves("canary", "v1"), build.Aborted()),
			want:  build.Words{"v2": "2", "wake": "never"},
		},
		"a delay of half an hour is half an hour": {
			given: under(build.With(routed(4, steps...), abortDelay(1800)), build.Has("v1", 4), build.Has("v2", 2, build.Until(25*time.Minute)), build.CanaryWeight(0), build.Serves("canary", "v1"), build.Aborted()),
			want:  build.Words{"v2": "2 for 25m0s", "wake": "25m0s"},
		},
		"a resize while the pods are held is noted on them": {
			given: under(routed(8, steps...), build.Has("v1", 4, build.SizedFor(4)), build.Has("v2", 2, build.SizedFor(4)), build.CanaryWeight(0), build.Serves("canary", "v1"), build.Aborted()),
			want:  build.Words{"v1": "8", "v2": "2", "v2 sized for": "8"},
		},
		"a shrunk stable gets all its pods back first, and the weight holds till then": {
			given: under(build.With(routed(10, build.Weight(20), build.Weight(50), build.Wait()), dynamic()), build.Has("v1", 5), build.Has("v2", 5), build.CanaryWeight(50), build.Aborted()),
			want:  build.Words{"v1": "10", "v2": "5", "weight": "50"},
		},
		"then the weight steps down to what the canary's pods carried before": {
			given: under(build.With(routed(10, build.Weight(20), build.Weight(50), build.Wait()), dynamic()), build.Has("v1", 10), build.Has("v2", 5), build.CanaryWeight(50), build.Aborted()),
			want:  build.Words{"v1": "10", "v2": "5", "weight": "20"},
		},
		"then its pods go": {
			given: under(build.With(routed(10, build.Weight(20), build.Weight(50), build.Wait()), dynamic()), build.Has("v1", 10), build.Has("v2", 5), build.CanaryWeight(20), build.Aborted()),
			want:  build.Words{"v1": "10", "v2": "2", "weight": "20"},
		},
		"and the last traffic with them": {
			given: under(build.With(routed(10, build.Weight(20), build.Weight(50), build.Wait()), dynamic()), build.Has("v1", 10), build.Has("v2", 2), build.CanaryWeight(20), build.Aborted()),
			want:  build.Words{"v1": "10", "weight": "0"},
		},
		"a stable that lost pods gets no less traffic than it had": {
			given: under(build.With(routed(10, build.Weight(60), build.Wait()), dynamic()), build.Has("v1", 10, build.Available(4)), build.Has("v2", 6, build.Available(3)), build.CanaryWeight(0), build.Aborted()),
			want:  build.Words{"weight": "0"},
		},
		"what is aborted is not promoted, though all its pods are available": {
			given: under(update(build.Canary("demo", 4), "v2"), build.Has("v1", 0), build.Has("v2", 4), abortNow()),
			want:  build.Words{"stable": "v1", "v1": "1", "abort": "true"},
		},
		"of no replicas nothing is divided": {
			given: under(build.With(routed(0, build.Weight(50), build.Wait()), dynamic()), build.Has("v1", 0), build.Has("v2", 0), build.CanaryWeight(50), build.Aborted()),
			want:  build.Words{"weight": "0", "v1": "0", "v2": "0"},
		},
		"a retry begins at the first step and takes the deadline off": {
			given: under(routed(4, steps...), build.Has("v1", 4), build.Has("v2", 2, build.Until(20*time.Second)), build.CanaryWeight(0), build.Serves("canary", "v1"), build.Aborted(),
				build.Status(func(st *v1alpha1.RolloutStatus) { st.Abort = false })),
			want: build.Words{"Progressing": "Unknown/RolloutRetry", "v2": "2", "abort": ""},
		},
		"a retry does not wait for the delay that keeps pods of the aborted try": {
			given: under(build.With(routed(10, build.Weight(20), build.Wait()), abortDelay(3600)), build.Has("v1", 10), build.Has("v2", 5, build.Until(50*time.Minute)),
				build.CanaryWeight(0), build.Serves("canary", "v1"), build.Aborted(), build.Status(func(st *v1alpha1.RolloutStatus) { st.Abort = false })),
			want: build.Words{"v2": "5 for 50m0s", "weight": "20", "step": "1", "wake": "50m0s"},
		},
		"a new template forgets the abort": {
			given: build.Snapshot(update(build.RoutedCanary("demo", 4, steps...), "v3"), build.Stable("v1"), build.Seen("v2"), build.Has("v1", 4), build.Has("v2", 2),
				build.CanaryWeight(0), build.Serves("canary", "v1"), build.Aborted()),
			want: build.Words{"abort": "", "step": "0", "v3": "2", "phase": "Progressing: more replicas need to be updated"},
		},
	})
}

func TestPromotion(t *testing.T) {
	steps := []v1alpha1.CanaryStep{build.Weight(20), build.Wait(), build.Weight(60), build.Wait()}
	play(t, map[string]scenario{
		"a pause that a person ended is over": {
			given: under(routed(5, steps...), build.Has("v1", 5), build.Has("v2", 1), build.CanaryWeight(20), build.AtStep(1), build.Resumed()),
			want:  build.Words{"step": "2", "pauses": "", "v2": "1"},
		},
		"an empty list of pauses is ended as well": {
			given: under(routed(5, steps...), build.Has("v1", 5), build.Has("v2", 1), build.CanaryWeight(20), build.AtStep(1), build.Resumed(),
				build.Status(func(st *v1alpha1.RolloutStatus) { st.PauseConditions = []v1alpha1.PauseCondition{} })),
			want: build.Words{"step": "2", "pauses": ""},
		},
		"a step that a person skipped is skipped, and nothing more": {
			given: under(routed(5, steps...), build.Has("v1", 5), build.Has("v2", 1, build.Available(0)), build.CanaryWeight(0), build.AtStep(1)),
			want:  build.Words{"step": "1", "pauses": "CanaryPauseStep"},
		},
		"an index beyond the steps is the end": {
			given: under(routed(5, steps...), build.Has("v1", 5), build.Has("v2", 1), build.CanaryWeight(20), build.AtStep(9)),
			want:  build.Words{"step": "4", "v2": "5"},
		},
		"a full promotion brings up all pods and holds the weight": {
			given: under(routed(5, steps...), build.Has("v1", 5), build.Has("v2", 1), build.CanaryWeight(20), build.AtStep(1), promoteFull(),
				build.Paused(v1alpha1.PauseReasonCanaryPauseStep, time.Minute)),
			want: build.Words{"v2": "5", "weight": "20", "promoteFull": "true", "pauses": "", "stable": "v1"},
		},
		"and promotes when they are available": {
			given: under(routed(5, steps...), build.Has("v1", 5), build.Has("v2", 5), build.CanaryWeight(20), build.AtStep(4), promoteFull()),
			want:  build.Words{"stable": "v2", "promoteFull": "", "step": "4"},
		},
		"with a shrinking stable the weight never passes the whole": {
			given: under(build.With(routed(4, steps...), dynamic()), build.Has("v1", 4), build.Has("v2", 6), build.CanaryWeight(20), promoteFull()),
			want:  build.Words{"weight": "100"},
		},
		"of no replicas a full promotion divides nothing": {
			given: under(build.With(routed(0, steps...), dynamic()), build.Has("v1", 0), build.Has("v2", 0), build.CanaryWeight(20), promoteFull()),
			want:  build.Words{"stable": "v2", "weight": "0"},
		},
		"a canary that is larger than asked can still be promoted": {
			given: under(routed(3, steps...), build.Has("v1", 3), build.Has("v2", 5), build.CanaryWeight(100), build.AtStep(4)),
			want:  build.Words{"stable": "v2"},
		},
	})
}

func TestRollbackWindow(t *testing.T) {
	window := func(n int32) build.Option {
		return spec(func(s *v1alpha1.RolloutSpec) { s.RollbackWindow = &v1alpha1.RollbackWindowSpec{Revisions: n} })
	}
	steps := []v1alpha1.CanaryStep{build.Weight(20), build.Wait()}
	back := func(to string, options ...build.Option) *v1alpha1.Rollout {
		return update(build.RoutedCanary("demo", 4, steps...), to, append(options, window(1))...)
	}
	three := func(v1, v2 int32, facts ...build.Fact) []build.Fact {
		return append([]build.Fact{build.Stable("v3"), build.Seen("v3"), build.Has("v1", v1), build.Has("v2", v2), build.Has("v3", 4), build.AtStep(2)}, facts...)
	}
	play(t, map[string]scenario{
		"one revision back skips the steps": {
			given: build.Snapshot(back("v2"), three(0, 4, build.CanaryWeight(0))...),
			want:  build.Words{"stable": "v2", "event SkipSteps": "Rollback to active ReplicaSets within RollbackWindow"},
		},
		"two revisions back take them all": {
			given: build.Snapshot(back("v1"), three(4, 0, build.CanaryWeight(0))...),
			want:  build.Words{"stable": "v3", "step": "0", "event SkipSteps": ""},
		},
		"revisions of experiments are not counted": {
			given: build.Snapshot(back("v1"), build.Stable("v3"), build.Seen("v3"), build.Has("v1", 4), build.Has("v3", 4), build.AtStep(2), build.CanaryWeight(0),
				build.Has("v2", 4, func(rs *plan.ReplicaSet) { rs.OfExperiment = true })),
			want: build.Words{"stable": "v1"},
		},
		"a revision without pods gets them first, and traffic waits": {
			given: build.Snapshot(back("v2"), three(0, 0, build.CanaryWeight(0))...),
			want:  build.Words{"stable": "v3", "v2": "4", "weight": "0"},
		},
		"one pod of four gets no more than its share": {
			given: build.Snapshot(back("v2"), build.Stable("v3"), build.Has("v2", 4, build.Available(1)), build.Has("v3", 4), build.AtStep(2), build.CanaryWeight(0)),
			want:  build.Words{"stable": "v3", "weight": "20"},
		},
		"without a window one revision back takes the steps": {
			given: build.Snapshot(update(build.RoutedCanary("demo", 4, steps...), "v2"), three(0, 4, build.CanaryWeight(0))...),
			want:  build.Words{"stable": "v3", "event SkipSteps": ""},
		},
	})
}
