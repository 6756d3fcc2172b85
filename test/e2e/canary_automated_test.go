package e2e_test

import (
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// TestCanaryAutomated: a manifest edited and applied again moves traffic to 20, 50
// and 70 %, then all of it. The pauses are shorter than in the manifest.
func TestCanaryAutomated(t *testing.T) {
	n := cluster.Namespace(t)
	visitor := n.Visitor("canary.auto")
	defer visitor.Close()
	manifest := change(t, n.Example("canary-automated"), "duration: 30s", "duration: 5s")
	n.Apply(manifest)
	n.WaitPhase("canary-demo", v1alpha1.RolloutPhaseHealthy)
	wantOnly(t, n, visitor, "blue")

	n.Apply(change(t, manifest, "rollouts-demo:blue", "rollouts-demo:green"))
	n.WaitPausedAt("canary-demo", 1)
	wantShare(t, visitor, "green", 20)
	wantOnly(t, n, visitor, "green", "X-Canary", "always")
	if roles := n.Kubectl("get", "pods", "-l", "deployment=canary", "-o", "jsonpath={.items[*].spec.containers[0].image}"); roles != "argoproj/rollouts-demo:green" {
		t.Errorf("pods labelled canary run %q, want green", roles)
	}

	n.Rollouts("promote", "canary-demo")
	n.WaitPausedAt("canary-demo", 3)
	wantShare(t, visitor, "green", 50)
	n.WaitPausedAt("canary-demo", 5)
	wantShare(t, visitor, "green", 70)
	n.WaitPhase("canary-demo", v1alpha1.RolloutPhaseHealthy)

	// The version before is scaled down, and the canary Ingress stays for next time.
	n.WaitPods("canary-demo", local.Pods{Stable: 1})
	wantOnly(t, n, visitor, "green")
	n.Kubectl("get", "ingress", "canary-demo-canary-demo-canary")
}
