package e2e_test

import (
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// TestCanaryRounding: without a router, weights that ten pods cannot show exactly
// are rounded. The pods become available sooner than in the manifest.
func TestCanaryRounding(t *testing.T) {
	const name = "example-rollout"
	n := cluster.Namespace(t)
	manifest := change(t, n.Example("canary-rounding"), "minReadySeconds: 30", "minReadySeconds: 1")
	n.Apply(manifest)
	n.WaitPhase(name, v1alpha1.RolloutPhaseHealthy)

	cases := []struct {
		weight, image string
		want          local.Pods
	}{
		{weight: "setWeight: 10", image: "nginx:1.15.5", want: local.Pods{Canary: 1, Stable: 9}},
		{weight: "setWeight: 15", image: "nginx:1.15.6", want: local.Pods{Canary: 2, Stable: 9}},
	}
	for _, tc := range cases {
		n.Apply(change(t, change(t, manifest, "setWeight: 10", tc.weight), "nginx:1.15.4", tc.image))
		n.WaitPausedAt(name, 1)
		n.WaitPods(name, tc.want)
	}

	n.Rollouts("promote", name)
	n.WaitPausedAt(name, 3)
	n.WaitPods(name, local.Pods{Canary: 2, Stable: 8})
}

// TestCanaryScale: setCanaryScale sizes the canary apart from its weight.
func TestCanaryScale(t *testing.T) {
	const name = "canary-scale"
	n := cluster.Namespace(t)
	visitor := n.Visitor("canary-scale.example")
	defer visitor.Close()
	n.Kubectl("apply", "-f", "examples/canary-scale")
	n.WaitPhase(name, v1alpha1.RolloutPhaseHealthy)
	n.Rollouts("set", "image", name, "demo=argoproj/rollouts-demo:green")

	for _, tc := range []struct {
		what   string
		step   int32
		canary int32
		weight float64
	}{
		{what: "an explicit count", step: 1, canary: 3, weight: 0},
		{what: "25 % of ten pods, rounded up", step: 3, canary: 3, weight: 0},
		{what: "90 % of the traffic on one pod", step: 6, canary: 1, weight: 90},
		{what: "pods as the weight again", step: 8, canary: 9, weight: 90},
	} {
		n.WaitPausedAt(name, tc.step)
		t.Log(tc.what)
		n.WaitPods(name, local.Pods{Canary: tc.canary, Stable: 10})
		if tc.weight == 0 {
			wantOnly(t, n, visitor, "blue")
		} else {
			wantShare(t, visitor, "green", tc.weight)
		}
		n.Rollouts("promote", name)
	}
	n.WaitPhase(name, v1alpha1.RolloutPhaseHealthy)
	n.WaitPods(name, local.Pods{Stable: 10})
	wantOnly(t, n, visitor, "green")
}

// TestDynamicStableScale: stable shrinks as traffic leaves it and grows back before
// traffic returns.
func TestDynamicStableScale(t *testing.T) {
	const name = "dynamic-stable-scale"
	n := cluster.Namespace(t)
	visitor := n.Visitor("dynamic-stable-scale.example")
	defer visitor.Close()
	n.Kubectl("apply", "-f", "examples/dynamic-stable-scale")
	n.WaitPhase(name, v1alpha1.RolloutPhaseHealthy)

	n.Rollouts("set", "image", name, "demo=argoproj/rollouts-demo:green")
	n.WaitPausedAt(name, 1)
	n.WaitPods(name, local.Pods{Canary: 2, Stable: 8})
	wantShare(t, visitor, "green", 20)
	n.Rollouts("promote", name)
	n.WaitPausedAt(name, 3)
	n.WaitPods(name, local.Pods{Canary: 5, Stable: 5})
	wantShare(t, visitor, "green", 50)

	load := n.Load("dynamic-stable-scale.example", 100)
	n.Rollouts("abort", name)
	n.WaitPhase(name, v1alpha1.RolloutPhaseDegraded)
	n.WaitPods(name, local.Pods{Stable: 10})
	if tally := load.Stop(); tally.Failed > 0 {
		t.Errorf("want no failure through the abort, got %s", tally)
	}
	wantOnly(t, n, visitor, "blue")
}
