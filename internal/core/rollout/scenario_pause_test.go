package rollout_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	specs "github.com/serin-rollouts/serin/internal/spec"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

func userPause() build.Option {
	return spec(func(s *v1alpha1.RolloutSpec) { s.Paused = true })
}

func TestPauses(t *testing.T) {
	pause := v1alpha1.PauseReasonCanaryPauseStep
	timed := []v1alpha1.CanaryStep{build.Weight(25), build.WaitFor("60s"), build.Weight(50), build.Wait()}
	atPause := func(ro *v1alpha1.Rollout, facts ...build.Fact) plan.Snapshot {
		return under(ro, append([]build.Fact{build.Has("v1", 3), build.Has("v2", 1), build.AtStep(1)}, facts...)...)
	}
	basic := func(options ...build.Option) *v1alpha1.Rollout {
		return update(build.Canary("demo", 4, timed...), "v2", options...)
	}
	play(t, map[string]scenario{
		"a timed pause that ran half its time wakes for the other half": {
			given: atPause(basic(), build.Paused(pause, 30*time.Second)),
			want:  build.Words{"step": "1", "wake": "30s", "phase": "Paused: CanaryPauseStep"},
		},
		"and ends after its time": {
			given: atPause(basic(), build.Paused(pause, time.Minute)),
			want:  build.Words{"step": "2", "pauses": "", "event RolloutStepCompleted": "Rollout step 2/4 completed (pause: 60s)"},
		},
		"paused as a whole nothing ends": {
			given: atPause(basic(userPause()), build.Paused(pause, time.Hour)),
			want:  build.Words{"step": "1", "pauses": "CanaryPauseStep", "phase": "Paused: manually paused", "writes": "0"},
		},
		"paused as a whole a resize keeps the proportion": {
			given: under(basic(userPause(), spec(func(s *v1alpha1.RolloutSpec) { eight := int32(8); s.Replicas = &eight })),
				build.Has("v1", 3, build.SizedFor(4)), build.Has("v2", 1, build.SizedFor(4)), build.AtStep(1), build.Paused(pause, time.Minute)),
			want: build.Words{"v1": "6", "v2": "2", "phase": "Paused: manually paused"},
		},
		"paused as a whole in the middle of a step, no pod comes or goes": {
			given: under(update(build.Canary("demo", 4, build.Weight(50), build.Wait()), "v2", userPause()), build.Has("v1", 3), build.Has("v2", 1), build.AtStep(0)),
			want:  build.Words{"v1": "3", "v2": "1", "step": "0", "writes": "0"},
		},
		"a resize in a pause at 25 % keeps a quarter": {
			given: under(update(build.Canary("demo", 8, build.Weight(25), build.Wait()), "v2"), build.Has("v1", 3, build.SizedFor(4)), build.Has("v2", 1, build.SizedFor(4)),
				build.AtStep(1), build.Paused(pause, time.Minute)),
			want: build.Words{"v1": "6", "v2": "2", "pauses": "CanaryPauseStep"},
		},
		"and back again": {
			given: under(update(build.Canary("demo", 4, build.Weight(25), build.Wait()), "v2"), build.Has("v1", 6, build.SizedFor(8)), build.Has("v2", 2, build.SizedFor(8)),
				build.AtStep(1), build.Paused(pause, time.Minute)),
			want: build.Words{"v1": "3", "v2": "1", "pauses": "CanaryPauseStep"},
		},
		"no replicas at all are no reason to stop": {
			given: under(update(build.Canary("demo", 0, build.Weight(25), build.Wait()), "v2"), build.Has("v1", 3, build.SizedFor(4)), build.Has("v2", 1, build.SizedFor(4)),
				build.AtStep(1), build.Paused(pause, time.Minute)),
			want: build.Words{"v1": "0", "v2": "0", "pauses": "CanaryPauseStep"},
		},
		"replicas and template in one apply both count": {
			given: build.Snapshot(update(build.Canary("demo", 8, timed...), "v2"), build.Stable("v1"), build.Seen("v1"), build.Has("v1", 4, build.SizedFor(4)), build.AtStep(4)),
			want:  build.Words{"v1": "6", "v2": "2", "step": "0"},
		},
		"a pause ended under an inconclusive analysis is kept as ended": {
			given: atPause(basic(userPause()), build.Resumed()),
			want:  build.Words{"step": "1", "pauses": "", "phase": "Paused: manually paused"},
		},
	})
}

func TestRestart(t *testing.T) {
	at := func(when time.Time) build.Option {
		return spec(func(s *v1alpha1.RolloutSpec) { s.RestartAt = &metav1.Time{Time: when} })
	}
	promoted := func(ro *v1alpha1.Rollout, facts ...build.Fact) plan.Snapshot {
		return build.Snapshot(ro, append([]build.Fact{
			build.Stable("v1"), build.Has("v1", 4), build.Condition(v1alpha1.RolloutProgressing, corev1.ConditionTrue, v1alpha1.NewRSAvailableReason),
		}, facts...)...)
	}
	old, young := build.Pods("v1", 4, time.Hour), build.Pods("v1", 4, 30*time.Second)
	minuteAgo := build.In(-time.Minute)
	play(t, map[string]scenario{
		"of four pods three go at once when three may be missing": {
			given: promoted(build.With(build.Canary("demo", 4), at(minuteAgo), surge("25%", "75%")), old),
			want:  build.Words{"evictions": "3", "restartedAt": "", "phase": "Progressing: rollout is restarting", "wake": "30s"},
		},
		"one goes even when none may be missing": {
			given: promoted(build.With(build.Canary("demo", 4), at(minuteAgo), surge("1", "0")), old),
			want:  build.Words{"evictions": "1"},
		},
		"none goes while one is missing already": {
			given: build.Snapshot(build.With(build.Canary("demo", 4), at(minuteAgo), surge("1", "0")), build.Stable("v1"), build.Has("v1", 4, build.Available(3)),
				build.Pods("v1", 3, time.Hour)),
			want: build.Words{"evictions": "", "restartedAt": ""},
		},
		"young pods only, so it is done": {
			given: promoted(build.With(build.Canary("demo", 4), at(minuteAgo)), young),
			want:  build.Words{"evictions": "", "restartedAt": minuteAgo.Format(time.TimeOnly), "phase": "Healthy"},
		},
		"one that is still to come changes nothing until then": {
			given: promoted(build.With(build.Canary("demo", 4), at(build.In(time.Hour))), old),
			want:  build.Words{"evictions": "", "phase": "Healthy", "wake": "1h0m0s", "restartedAt": ""},
		},
		"one that became due after the pods were looked at is looked at again": {
			given: with(promoted(build.With(build.Canary("demo", 4), at(minuteAgo))), func(s *plan.Snapshot) { s.PodsListed = false }),
			want:  build.Words{"evictions": "", "restartedAt": "", "Available": "True/AvailableReason", "wake": "0s"},
		},
		"a new template ends a pending one, since all pods are replaced": {
			given: build.Snapshot(update(build.Canary("demo", 4), "v2", at(minuteAgo)), build.Stable("v1"), build.Seen("v1"), build.Has("v1", 4), old),
			want:  build.Words{"evictions": "", "restartedAt": minuteAgo.Format(time.TimeOnly)},
		},
		"a paused canary of one pod restarts one pod at a time": {
			given: build.Snapshot(update(build.Canary("demo", 1, build.Weight(50), build.Wait()), "v2", at(minuteAgo), surge("1", "0")), build.Stable("v1"),
				build.Has("v1", 1), build.Has("v2", 1), build.AtStep(1), build.Paused(v1alpha1.PauseReasonCanaryPauseStep, time.Minute),
				build.Pods("v1", 1, time.Hour), build.Pods("v2", 1, time.Hour)),
			want: build.Words{"evictions": "1"},
		},
	})
}

func TestProgressDeadline(t *testing.T) {
	deadline := func(abort bool) build.Option {
		return spec(func(s *v1alpha1.RolloutSpec) { s.ProgressDeadlineSeconds, s.ProgressDeadlineAbort = seconds(60), abort })
	}
	stuck := func(ro *v1alpha1.Rollout, since time.Duration, facts ...build.Fact) plan.Snapshot {
		return under(ro, append([]build.Fact{
			build.Has("v1", 3), build.Has("v2", 1, build.Available(0)),
			build.ConditionSince(since, v1alpha1.RolloutProgressing, corev1.ConditionTrue, v1alpha1.ReplicaSetUpdatedReason),
		}, facts...)...)
	}
	basic := func(options ...build.Option) *v1alpha1.Rollout {
		return update(build.Canary("demo", 4, build.Weight(25), build.Wait()), "v2", append(options, surge("0", "1"))...)
	}
	name := build.Snapshot(basic()).Spec.TemplateHash
	play(t, map[string]scenario{
		"a canary that is stuck is looked at when its time is up": {
			given: stuck(basic(deadline(false)), 45*time.Second),
			want:  build.Words{"wake": "15s", "Progressing": "True/ReplicaSetUpdated"},
		},
		"then it is degraded, and goes on trying": {
			given: stuck(basic(deadline(false)), time.Minute),
			want: build.Words{
				"Progressing": "False/ProgressDeadlineExceeded", "abort": "", "v2": "1",
				"phase": "Degraded: ProgressDeadlineExceeded: ReplicaSet \"demo-" + name + "\" has timed out progressing.",
			},
		},
		"it is not degraded any more once something moves": {
			given: under(basic(deadline(false)), build.Has("v1", 3), build.Has("v2", 1), build.Condition(v1alpha1.RolloutProgressing, corev1.ConditionFalse, v1alpha1.TimedOutReason)),
			want:  build.Words{"step": "1", "phase": "Paused: CanaryPauseStep"},
		},
		"with progressDeadlineAbort the update is aborted": {
			given: stuck(basic(deadline(true)), time.Minute),
			want: build.Words{
				"abort": "true", "Progressing": "False/RolloutAborted",
				"event RolloutAborted": "Rollout aborted update to revision 2: ReplicaSet \"demo-" + name + "\" has timed out progressing.",
			},
		},
		"a pause may last longer than the deadline": {
			given: stuck(basic(deadline(true)), time.Hour, build.AtStep(1), build.Paused(v1alpha1.PauseReasonCanaryPauseStep, time.Hour)),
			want:  build.Words{"abort": "", "phase": "Paused: CanaryPauseStep", "wake": "never"},
		},
		"so may a scale-down delay": {
			given: under(build.With(routed(4), build.Image("demo:v3"), deadline(true)), build.Has("v1", 4), build.Has("v2", 4, build.Until(20*time.Second)), build.Has("v3", 4, build.Available(1)), build.CanaryWeight(0),
				build.ConditionSince(time.Hour, v1alpha1.RolloutProgressing, corev1.ConditionTrue, v1alpha1.ReplicaSetUpdatedReason)),
			want: build.Words{"abort": "", "Progressing": "True/ReplicaSetUpdated", "wake": "20s"},
		},
		"a promoted rollout whose pods are gone for long is never aborted": {
			given: build.Snapshot(build.With(build.Canary("demo", 4), deadline(true)), build.Stable("v1"), build.Has("v1", 4, build.Available(1)),
				build.ConditionSince(time.Hour, v1alpha1.RolloutProgressing, corev1.ConditionTrue, v1alpha1.ReplicaSetNotAvailableReason)),
			want: build.Words{"abort": "", "stable": "v1"},
		},
		"a blue-green that waited for hours is paused, and nothing is written": {
			given: under(manual(3, deadline(true)), build.Has("v1", 3), build.Has("v2", 3), build.Paused(v1alpha1.PauseReasonBlueGreenPause, 5*time.Hour)),
			want:  build.Words{"phase": "Paused: BlueGreenPause", "writes": "0", "wake": "never", "abort": ""},
		},
	})
}

func TestReferencedWorkload(t *testing.T) {
	deployment := func(mode specs.WorkloadScaleDown, pods int32) build.Fact {
		return func(s *build.Scene) {
			s.Spec.WorkloadRef = &specs.WorkloadRef{APIVersion: "apps/v1", Kind: "Deployment", Name: "demo", ScaleDown: mode}
			s.Workload = &plan.Workload{APIVersion: "apps/v1", Kind: "Deployment", Name: "demo", Version: "5", Generation: 7, Want: pods}
		}
	}
	never, onSuccess, progressively := specs.ScaleDownNever, specs.ScaleDownOnSuccess, specs.ScaleDownProgressively
	one, old := build.Stable("v1"), build.Canary("demo", 5)
	healthy := build.Status(func(st *v1alpha1.RolloutStatus) { st.Phase = v1alpha1.RolloutPhaseHealthy })
	play(t, map[string]scenario{
		"progressively: the Deployment gives up what the Rollout has ready": {
			given: build.Snapshot(old, one, build.Has("v1", 5, build.Available(2)), deployment(progressively, 5)),
			want:  build.Words{"workload": "3"},
		},
		"progressively: the Deployment never grows": {
			given: build.Snapshot(old, one, build.Has("v1", 5, build.Available(2)), deployment(progressively, 1)),
			want:  build.Words{"workload": ""},
		},
		"progressively: nothing while the Rollout has no pod to take over with": {
			given: build.Snapshot(old, one, build.Has("v1", 5, build.Available(0)), deployment(progressively, 10)),
			want:  build.Words{"workload": ""},
		},
		"progressively: everything when the Rollout is healthy": {
			given: build.Snapshot(old, one, build.Has("v1", 5), deployment(progressively, 2), healthy),
			want:  build.Words{"workload": "0"},
		},
		"progressively: a later resize of the Rollout does not touch it": {
			given: build.Snapshot(build.Canary("demo", 8), one, build.Has("v1", 5, build.SizedFor(5)), deployment(progressively, 0), healthy),
			want:  build.Words{"workload": "", "v1": "8"},
		},
		"on success: nothing before the Rollout is healthy": {
			given: build.Snapshot(old, one, build.Has("v1", 5, build.Available(4)), deployment(onSuccess, 5)),
			want:  build.Words{"workload": ""},
		},
		"on success: everything then": {
			given: build.Snapshot(old, one, build.Has("v1", 5), deployment(onSuccess, 5), healthy),
			want:  build.Words{"workload": "0"},
		},
		"on success: with blue-green as well": {
			given: build.Snapshot(build.BlueGreen("demo", 5), one, build.Has("v1", 5), deployment(onSuccess, 5), healthy),
			want:  build.Words{"workload": "0"},
		},
		"never: nothing": {
			given: build.Snapshot(old, one, build.Has("v1", 5), deployment(never, 5), healthy),
			want:  build.Words{"workload": ""},
		},
		"its generation is reported as observed": {
			given: build.Snapshot(old, one, build.Has("v1", 5), deployment(never, 5)),
			want:  build.Words{"workload generation": "7"},
		},
	})
}
