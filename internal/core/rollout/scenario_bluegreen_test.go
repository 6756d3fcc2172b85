package rollout_test

import (
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// manual is a blue-green update from v1 to v2 that a person must promote.
func manual(replicas int32, options ...build.Option) *v1alpha1.Rollout {
	no := false
	return update(build.BlueGreen("demo", replicas), "v2", append([]build.Option{
		blueGreen(func(b *v1alpha1.BlueGreenStrategy) { b.AutoPromotionEnabled = &no }),
	}, options...)...)
}

// preview sets the preview's size.
func preview(pods int32) build.Option {
	return blueGreen(func(b *v1alpha1.BlueGreenStrategy) { b.PreviewReplicaCount = &pods })
}

func TestBlueGreenFirstDeploy(t *testing.T) {
	first := build.Stable("v1")
	play(t, map[string]scenario{
		"the preview Service is pinned at once, the active one not before there are pods": {
			given: build.Snapshot(build.BlueGreen("demo", 3)),
			want:  build.Words{"v1": "3", "service preview": "v1", "service active": "any", "stable": "v1"},
		},
		"some pods are not enough": {
			given: build.Snapshot(build.BlueGreen("demo", 3), first, build.Has("v1", 3, build.Available(2)), build.Serves("active", "")),
			want:  build.Words{"service active": "any"},
		},
		"the active one is pinned when all are available": {
			given: build.Snapshot(build.BlueGreen("demo", 3), first, build.Has("v1", 3), build.Serves("active", "")),
			want:  build.Words{"service active": "v1", "phase": "Healthy"},
		},
		"without a preview Service all else is the same": {
			given: build.Snapshot(build.With(build.BlueGreen("demo", 3), blueGreen(func(b *v1alpha1.BlueGreenStrategy) { b.PreviewService = "" })),
				first, build.Has("v1", 3), build.Serves("active", "")),
			want: build.Words{"service active": "v1", "service preview": "", "phase": "Healthy"},
		},
	})
}

func TestBlueGreenGate(t *testing.T) {
	pause := v1alpha1.PauseReasonBlueGreenPause
	delayed := func(n int32) *v1alpha1.Rollout {
		return update(build.BlueGreen("demo", 3), "v2", blueGreen(func(b *v1alpha1.BlueGreenStrategy) { b.AutoPromotionSeconds = n }))
	}
	play(t, map[string]scenario{
		"a preview that is up waits to be promoted": {
			given: under(manual(3), build.Has("v1", 3), build.Has("v2", 3)),
			want:  build.Words{"phase": "Paused: BlueGreenPause", "pauses": "BlueGreenPause", "service active": "v1", "wake": "never"},
		},
		"once promoted the active Service follows, and it is the stable one": {
			given: under(manual(3), build.Has("v1", 3), build.Has("v2", 3), build.Resumed()),
			want:  build.Words{"service active": "v2", "stable": "v2", "pauses": ""},
		},
		"an active Service that somebody left at a superseded revision without pods goes back to stable": {
			given: under(manual(3), build.Has("v1", 3), build.Has("v2", 3, build.Available(0)), build.Has("v3", 0), build.Serves("active", "v3")),
			want:  build.Words{"service active": "v1"},
		},
		"a promotion while a pod is unready is kept": {
			given: under(manual(3), build.Has("v1", 3), build.Has("v2", 3, build.Available(2)), build.Resumed()),
			want:  build.Words{"service active": "v1", "pauses": "", "stable": "v1"},
		},
		"the countdown does not begin before the pods are there": {
			given: under(delayed(30), build.Has("v1", 3), build.Has("v2", 3, build.Available(2))),
			want:  build.Words{"pauses": "", "service active": "v1"},
		},
		"it takes as long as asked from then on": {
			given: under(delayed(30), build.Has("v1", 3), build.Has("v2", 3)),
			want:  build.Words{"pauses": "BlueGreenPause", "wake": "30s", "service active": "v1"},
		},
		"a second before its end nothing moves": {
			given: under(delayed(30), build.Has("v1", 3), build.Has("v2", 3), build.Paused(pause, 29*time.Second)),
			want:  build.Words{"pauses": "BlueGreenPause", "wake": "1s", "service active": "v1"},
		},
		"at its end traffic moves": {
			given: under(delayed(30), build.Has("v1", 3), build.Has("v2", 3), build.Paused(pause, 30*time.Second)),
			want:  build.Words{"service active": "v2", "stable": "v2"},
		},
		"a small preview stays small until it is promoted": {
			given: under(manual(5, preview(1)), build.Has("v1", 5), build.Has("v2", 1)),
			want:  build.Words{"v2": "1", "phase": "Paused: BlueGreenPause"},
		},
		"then it grows to full size, and the active Service waits for that": {
			given: under(manual(5, preview(1)), build.Has("v1", 5), build.Has("v2", 1), build.Resumed()),
			want:  build.Words{"service active": "v1"},
		},
		"it is switched when all pods are available": {
			given: under(manual(5, preview(1)), build.Has("v1", 5), build.Has("v2", 5), build.Status(func(st *v1alpha1.RolloutStatus) {
				st.BlueGreen.ScaleUpPreviewCheckPoint = true
			})),
			want: build.Words{"service active": "v2", "stable": "v2"},
		},
		"paused as a whole nothing is switched": {
			given: under(manual(3, spec(func(s *v1alpha1.RolloutSpec) { s.Paused = true })), build.Has("v1", 3), build.Has("v2", 3), build.Resumed()),
			want:  build.Words{"service active": "v1", "phase": "Paused: manually paused"},
		},
		"paused as a whole replicas are followed on both sides": {
			given: under(manual(6, spec(func(s *v1alpha1.RolloutSpec) { s.Paused = true })), build.Has("v1", 3), build.Has("v2", 3), build.Paused(pause, time.Minute)),
			want:  build.Words{"v1": "6", "v2": "6"},
		},
	})
}

func TestBlueGreenAbort(t *testing.T) {
	aborted := func(options ...build.Option) *v1alpha1.Rollout { return manual(3, options...) }
	delay := func(n int32) build.Option {
		return blueGreen(func(b *v1alpha1.BlueGreenStrategy) { b.AbortScaleDownDelaySeconds = seconds(n) })
	}
	play(t, map[string]scenario{
		"after a cutover the active Service goes back, also when a new pod is broken": {
			given: under(aborted(), build.Has("v1", 3), build.Has("v2", 3, build.Available(2)), build.Aborted(), build.Serves("active", "v2")),
			want:  build.Words{"service active": "v1", "v2": "3"},
		},
		"and also when every new pod is broken": {
			given: under(aborted(), build.Has("v1", 3), build.Has("v2", 3, build.Available(0)), build.Aborted(), build.Serves("active", "v2")),
			want:  build.Words{"service active": "v1", "v2": "3"},
		},
		"it stays while stable has nothing to serve with": {
			given: under(aborted(), build.Has("v1", 3, build.Available(0)), build.Has("v2", 3), build.Aborted(), build.Serves("active", "v2")),
			want:  build.Words{"service active": "v2", "v1": "3", "v2": "3"},
		},
		"a revision that the active Service selects keeps its pods past the delay": {
			given: under(aborted(), build.Has("v1", 3, build.Available(0)), build.Has("v2", 3, build.Until(-time.Minute)), build.Aborted(), build.Serves("active", "v2")),
			want:  build.Words{"v2": "3 for -1m0s", "service active": "v2"},
		},
		"the aborted preview stays for thirty seconds": {
			given: under(aborted(), build.Has("v1", 3), build.Has("v2", 3), build.Aborted(), build.Serves("active", "v1")),
			want:  build.Words{"v2": "3 for 30s", "wake": "30s", "service active": "v1", "service preview": "v2"},
		},
		"and goes then": {
			given: under(aborted(), build.Has("v1", 3), build.Has("v2", 3, build.Until(0)), build.Aborted(), build.Serves("active", "v1")),
			want:  build.Words{"v2": "0"},
		},
		"with a delay of zero it stays": {
			given: under(aborted(delay(0)), build.Has("v1", 3), build.Has("v2", 3), build.Aborted(), build.Serves("active", "v1")),
			want:  build.Words{"v2": "3", "wake": "never"},
		},
		"a delay longer than any resync is kept": {
			given: under(aborted(delay(1800)), build.Has("v1", 3), build.Has("v2", 3, build.Until(29*time.Minute)), build.Aborted(), build.Serves("active", "v1")),
			want:  build.Words{"v2": "3 for 29m0s", "wake": "29m0s"},
		},
		"a retry takes the deadline off": {
			given: under(aborted(), build.Has("v1", 3), build.Has("v2", 3, build.Until(20*time.Second)), build.Aborted(), build.Serves("active", "v1"),
				build.Status(func(st *v1alpha1.RolloutStatus) { st.Abort = false })),
			want: build.Words{"v2": "3", "Progressing": "Unknown/RolloutRetry"},
		},
	})
}

func TestBlueGreenLetsGo(t *testing.T) {
	promoted := func(ro *v1alpha1.Rollout, facts ...build.Fact) plan.Snapshot {
		return build.Snapshot(ro, append([]build.Fact{build.Stable("v2"), build.Has("v2", 3)}, facts...)...)
	}
	delay := func(n int32) build.Option {
		return blueGreen(func(b *v1alpha1.BlueGreenStrategy) { b.ScaleDownDelaySeconds = seconds(n) })
	}
	play(t, map[string]scenario{
		"the old version stays for thirty seconds": {
			given: promoted(manual(3), build.Has("v1", 3)),
			want:  build.Words{"v1": "3 for 30s", "wake": "30s"},
		},
		"with a delay of zero it goes at once": {
			given: promoted(manual(3, delay(0)), build.Has("v1", 3)),
			want:  build.Words{"v1": "0"},
		},
		"and nothing is looked at again": {
			given: promoted(manual(3, delay(0)), build.Has("v1", 0)),
			want:  build.Words{"v1": "0", "writes": "0", "wake": "never", "phase": "Healthy"},
		},
		"a small preview that is superseded keeps its size while it waits": {
			given: build.Snapshot(build.With(manual(5, preview(1)), build.Image("demo:v3")), build.Stable("v1"), build.Seen("v2"),
				build.Has("v1", 5), build.Has("v2", 1), build.Serves("active", "v1"), build.Serves("preview", "v2")),
			want: build.Words{"v2": "1 for 30s", "v3": "1", "service preview": "v3", "service active": "v1"},
		},
		"before the cutover, back to stable: the preview goes back and v2 waits": {
			given: build.Snapshot(manual(3, build.Image("demo:v1")), build.Stable("v1"), build.Seen("v2"),
				build.Has("v1", 3), build.Has("v2", 3), build.Serves("active", "v1"), build.Serves("preview", "v2")),
			want: build.Words{"service preview": "v1", "service active": "v1", "v2": "3 for 30s", "pauses": ""},
		},
		"an old version within its delay is switched to without a pause": {
			given: build.Snapshot(manual(3, build.Image("demo:v1")), build.Stable("v2"), build.Seen("v2"),
				build.Has("v1", 3, build.Until(20*time.Second)), build.Has("v2", 3), build.Serves("active", "v2"), build.Serves("preview", "v2")),
			want: build.Words{"service active": "v1", "stable": "v1", "pauses": "", "v1 revision": "3"},
		},
		"one whose delay is over has a whole update before it": {
			given: build.Snapshot(manual(3, build.Image("demo:v1")), build.Stable("v2"), build.Seen("v2"),
				build.Has("v1", 0), build.Has("v2", 3), build.Serves("active", "v2"), build.Serves("preview", "v2")),
			want: build.Words{"service active": "v2", "v1": "3", "stable": "v2"},
		},
		"a new template forgets an abort, and stable is the same": {
			given: build.Snapshot(manual(3, build.Image("demo:v3")), build.Stable("v1"), build.Seen("v2"), build.Aborted(),
				build.Has("v1", 3), build.Has("v2", 0), build.Serves("active", "v1")),
			want: build.Words{"abort": "", "stable": "v1", "v3": "3", "service active": "v1"},
		},
	})
}
