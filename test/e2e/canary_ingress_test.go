package e2e_test

import (
	"strings"
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// TestCanaryIngress: a person promotes a canary behind ingress-nginx, from 20 % over
// 50 % to all, with the pauses that the manifest asks for.
func TestCanaryIngress(t *testing.T) {
	n := cluster.Namespace(t)
	visitor := n.Visitor("canary.auto")
	defer visitor.Close()

	// Given the first version, which takes no steps.
	n.Kubectl("apply", "-f", "examples/canary-ingress")
	n.WaitPhase("canary-demo", v1alpha1.RolloutPhaseHealthy)
	wantOnly(t, n, visitor, "blue")
	wantPage(t, visitor, "Pod Image: argoproj/rollouts-demo:blue (stable)")
	listed := n.Kubectl("get", "rollout,svc,ingress,pods")
	for _, want := range []string{"rollout.argoproj.io/canary-demo", "service/service-stable", "ingress.networking.k8s.io/canary-demo", "1/1"} {
		if !strings.Contains(listed, want) {
			t.Errorf("want %q in:\n%s", want, listed)
		}
	}

	// When the image changes, then a fifth of the requests try it.
	n.Rollouts("set", "image", "canary-demo", "canary-demo=argoproj/rollouts-demo:green")
	n.WaitPausedAt("canary-demo", 1)
	wantShare(t, visitor, "green", 20)
	wantOnly(t, n, visitor, "green", "X-Canary", "always")
	wantOnly(t, n, visitor, "blue", "X-Canary", "never")
	wantPage(t, visitor, "Pod Image: argoproj/rollouts-demo:green (canary)", "X-Canary", "always")
	wantLines(t, n.Rollouts("get", "rollout", "canary-demo"),
		"Name: canary-demo", "Namespace: "+n.Name, "Message: CanaryPauseStep", "Strategy: Canary",
		"Step: 1/6", "SetWeight: 20", "ActualWeight: 20",
		"Images: argoproj/rollouts-demo:blue (stable)", "argoproj/rollouts-demo:green (canary)")

	// When it is promoted, then the rest goes by itself.
	if got := n.Rollouts("promote", "canary-demo"); got != "rollout 'canary-demo' promoted\n" {
		t.Errorf("promote printed %q", got)
	}
	n.WaitPausedAt("canary-demo", 3)
	wantShare(t, visitor, "green", 50)
	n.WaitPausedAt("canary-demo", 5)
	wantOnly(t, n, visitor, "green")
	n.WaitPhase("canary-demo", v1alpha1.RolloutPhaseHealthy)

	// Then, after the default delay of 30 s, the version before is gone.
	n.WaitPods("canary-demo", local.Pods{Stable: 1})
	wantOnly(t, n, visitor, "green")
	wantPage(t, visitor, "Pod Image: argoproj/rollouts-demo:green (stable)")
	wantLines(t, n.Rollouts("get", "rollout", "canary-demo"),
		"Step: 6/6", "SetWeight: 100", "ActualWeight: 100", "Images: argoproj/rollouts-demo:green (stable)")
	weight := n.Kubectl("get", "ingress", "canary-demo-canary-demo-canary", "-o",
		`jsonpath={.metadata.annotations.nginx\.ingress\.kubernetes\.io/canary-weight}`)
	if weight != "0" {
		t.Errorf("weight at rest = %q, want 0", weight)
	}
}

// TestCanaryIngressAborted: a person gives up, traffic goes back at once, and
// applying the old manifest makes the Rollout healthy without a new pod.
func TestCanaryIngressAborted(t *testing.T) {
	n := cluster.Namespace(t)
	visitor := n.Visitor("canary.auto")
	defer visitor.Close()
	n.Kubectl("apply", "-f", "examples/canary-ingress")
	n.WaitPhase("canary-demo", v1alpha1.RolloutPhaseHealthy)
	before := n.Kubectl("get", "pods", "-o", "name")

	n.Rollouts("set", "image", "canary-demo", "canary-demo=argoproj/rollouts-demo:red")
	n.WaitPausedAt("canary-demo", 1)
	wantShare(t, visitor, "red", 20)

	if got := n.Rollouts("abort", "canary-demo"); got != "rollout 'canary-demo' aborted\n" {
		t.Errorf("abort printed %q", got)
	}
	n.WaitPhase("canary-demo", v1alpha1.RolloutPhaseDegraded)
	wantOnly(t, n, visitor, "blue")
	wantOnly(t, n, visitor, "blue", "X-Canary", "always")

	n.Kubectl("apply", "-f", "examples/canary-ingress/canary-rollout.yaml")
	n.Rollouts("set", "image", "canary-demo", "canary-demo=argoproj/rollouts-demo:blue")
	healthy := n.WaitPhase("canary-demo", v1alpha1.RolloutPhaseHealthy)
	if healthy.Status.Abort {
		t.Error("the Rollout is healthy and still aborted")
	}
	if after := n.Kubectl("get", "pods", "-o", "name"); !strings.Contains(after, strings.TrimSpace(before)) {
		t.Errorf("the stable pod was replaced: before %q, after %q", before, after)
	}
	wantOnly(t, n, visitor, "blue")
}
