package e2e_test

import (
	"strings"
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// TestBasicRollout: without a router the weight is a share of the pods. A version is
// promoted, the next one aborted, and the old image brings the Rollout back at once.
func TestBasicRollout(t *testing.T) {
	const name = "rollouts-demo"
	n := cluster.Namespace(t)

	// Given five pods; the first version skips the steps.
	n.Kubectl("apply", "-f", "examples/basic-rollout/basic-rollout.yaml")
	n.Kubectl("apply", "-f", "examples/basic-rollout/basic-service.yaml")
	n.WaitPhase(name, v1alpha1.RolloutPhaseHealthy)
	n.WaitPods(name, local.Pods{Stable: 5})

	// When the image changes, then one of five pods runs it.
	n.Rollouts("set", "image", name, "rollouts-demo=argoproj/rollouts-demo:yellow")
	n.WaitPausedAt(name, 1)
	n.WaitPods(name, local.Pods{Canary: 1, Stable: 4})
	wantLines(t, n.Rollouts("get", "rollout", name), "Message: CanaryPauseStep", "Step: 1/8", "SetWeight: 20", "ActualWeight: 20")

	// When it is promoted, then it gets through by itself.
	n.Rollouts("promote", name)
	n.WaitPausedAt(name, 3)
	n.WaitPods(name, local.Pods{Canary: 2, Stable: 3})
	n.WaitPhase(name, v1alpha1.RolloutPhaseHealthy)
	n.WaitPods(name, local.Pods{Stable: 5})
	wantImages(t, n.Kubectl("get", "pods", "-o", "jsonpath={.items[*].spec.containers[0].image}"), "argoproj/rollouts-demo:yellow", 5)

	// When the next one is aborted, then the stable version is back, and the Rollout
	// is not what was asked for.
	n.Rollouts("set", "image", name, "rollouts-demo=argoproj/rollouts-demo:red")
	n.WaitPausedAt(name, 1)
	n.Rollouts("abort", name)
	aborted := n.WaitPhase(name, v1alpha1.RolloutPhaseDegraded)
	if !strings.HasPrefix(aborted.Status.Message, "RolloutAborted: ") {
		t.Errorf("message = %q, want one that begins with RolloutAborted", aborted.Status.Message)
	}
	n.WaitPods(name, local.Pods{Stable: 5})

	// When the old image is set, then it is healthy at once: no ReplicaSet, no pod.
	before := n.Kubectl("get", "replicasets,pods", "-o", "name")
	n.Rollouts("set", "image", name, "rollouts-demo=argoproj/rollouts-demo:yellow")
	n.WaitPhase(name, v1alpha1.RolloutPhaseHealthy)
	if after := n.Kubectl("get", "replicasets,pods", "-o", "name"); after != before {
		t.Errorf("going back to the stable image changed objects: before\n%safter\n%s", before, after)
	}
}

// wantImages checks that a list has that image, that many times, and nothing else.
func wantImages(t *testing.T, got, image string, times int) {
	t.Helper()
	if want := strings.TrimSpace(strings.Repeat(image+" ", times)); got != want {
		t.Errorf("images = %q, want %q", got, want)
	}
}

// TestPromoteFull: all steps that are left are skipped.
func TestPromoteFull(t *testing.T) {
	const name = "rollouts-demo"
	n := cluster.Namespace(t)
	n.Kubectl("apply", "-f", "examples/basic-rollout")
	n.WaitPhase(name, v1alpha1.RolloutPhaseHealthy)
	n.Rollouts("set", "image", name, "rollouts-demo=argoproj/rollouts-demo:yellow")
	n.WaitPausedAt(name, 1)
	if got := n.Rollouts("promote", name, "--full"); got != "rollout 'rollouts-demo' fully promoted\n" {
		t.Errorf("promote --full printed %q", got)
	}
	n.WaitPhase(name, v1alpha1.RolloutPhaseHealthy)
	n.WaitPods(name, local.Pods{Stable: 5})
}
