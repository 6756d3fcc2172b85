package e2e_test

import (
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
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
		weight         string
		canary, stable int32
		image          string
	}{
		{weight: "setWeight: 10", canary: 1, stable: 9, image: "nginx:1.15.5"},
		{weight: "setWeight: 15", canary: 2, stable: 9, image: "nginx:1.15.6"},
	}
	for _, tc := range cases {
		n.Apply(change(t, change(t, manifest, "setWeight: 10", tc.weight), "nginx:1.15.4", tc.image))
		n.WaitPausedAt(name, 1)
		n.WaitPods(name, tc.weight, func(canary, stable, others int32) bool {
			return canary == tc.canary && stable == tc.stable && others == 0
		})
	}

	n.Rollouts("promote", name)
	n.WaitPausedAt(name, 3)
	n.WaitPods(name, "20 % of ten", func(canary, stable, others int32) bool { return canary == 2 && stable == 8 })
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
		n.WaitPods(name, tc.what, func(canary, stable, others int32) bool { return canary == tc.canary && stable == 10 })
		if tc.weight == 0 {
			wantOnly(t, n, visitor, "blue")
		} else {
			wantShare(t, visitor, "green", tc.weight)
		}
		n.Rollouts("promote", name)
	}
	n.WaitPhase(name, v1alpha1.RolloutPhaseHealthy)
	n.WaitPods(name, "no pod of the version before", func(canary, stable, others int32) bool { return stable == 10 && canary+others == 0 })
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
	n.WaitPods(name, "two and eight", func(canary, stable, others int32) bool { return canary == 2 && stable == 8 })
	wantShare(t, visitor, "green", 20)
	n.Rollouts("promote", name)
	n.WaitPausedAt(name, 3)
	n.WaitPods(name, "five and five", func(canary, stable, others int32) bool { return canary == 5 && stable == 5 })
	wantShare(t, visitor, "green", 50)

	load := n.Load("dynamic-stable-scale.example", 100)
	n.Rollouts("abort", name)
	n.WaitPhase(name, v1alpha1.RolloutPhaseDegraded)
	n.WaitPods(name, "stable alone", func(canary, stable, others int32) bool { return stable == 10 && canary == 0 })
	if tally := load.Stop(); tally.Failed > 0 {
		t.Errorf("want no failure through the abort, got %s", tally)
	}
	wantOnly(t, n, visitor, "blue")
}
