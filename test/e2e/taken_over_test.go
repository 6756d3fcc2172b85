package e2e_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// untouchedFor is how long an update that was taken over is watched.
const untouchedFor = 10 * time.Second

// TestTakenOver: Argo Rollouts was stopped in the middle of an update, in a pause.
// Serin takes it over as it is: no ReplicaSet, no pod, no step, no share of the
// traffic changes. Then it is promoted as if nothing had been.
func TestTakenOver(t *testing.T) {
	const name, folder = "demo", "test/e2e/testdata/taken-over/"
	cluster.Controller().Stop()
	t.Cleanup(restartController)
	n := cluster.Namespace(t)
	host := n.Name + ".example"
	visitor := n.Visitor(host)
	defer visitor.Close()

	// Given what Argo Rollouts left.
	n.Apply(change(t, n.ReadFile(folder+"rollout.yaml"), "taken-over.example", host))
	ro := n.Rollout(name)
	n.Apply(change(t, change(t, n.ReadFile(folder+"left.yaml"), "taken-over.example", host), "uid: UID", "uid: "+string(ro.UID)))
	status := change(t, n.ReadFile(folder+"status.json"), "GENERATION", fmt.Sprint(ro.Generation))
	n.Kubectl("patch", "rollout", name, "--subresource=status", "--type=merge", "-p", status)
	n.WaitPods(name, local.Pods{Canary: 1, Stable: 5})
	wantShare(t, visitor, "green", 20)
	before, left := made(n), n.Rollout(name)

	// When Serin starts, then it leaves everything alone.
	if err := cluster.Controller().Start(t.Context()); err != nil {
		t.Fatalf("start the controller: %v", err)
	}
	n.Never(name, "leave its pause", untouchedFor, func(r *v1alpha1.Rollout) bool {
		return !sameRest(r.Status, left.Status)
	})
	if after := made(n); after != before {
		t.Errorf("something changed: before\n%safter\n%s", before, after)
	}
	wantShare(t, visitor, "green", 20)

	// When it is promoted, then it gets through, on the pods that there are.
	load := n.Load(host, requestsPerSecond)
	n.Rollouts("promote", name)
	n.WaitPausedAt(name, 3)
	wantAbout(t, visitor, "green", 50)
	promoted := n.WaitPhase(name, v1alpha1.RolloutPhaseHealthy)
	if promoted.Status.StableRS != left.Status.CurrentPodHash {
		t.Errorf("stable is %s, want the revision that was under way", promoted.Status.StableRS)
	}
	wantOnly(t, n, visitor, "green")
	if tally := load.Stop(); tally.Failed > 0 {
		t.Errorf("want no failure, got %s", tally)
	}
	if sets := n.Kubectl("get", "replicasets", "-o", "name"); len(strings.Fields(sets)) != 2 {
		t.Errorf("want the two ReplicaSets that there were, got:\n%s", sets)
	}
}

// sameRest reports whether an update rests where it did, since then: a pause that began
// anew would be another one.
func sameRest(got, want v1alpha1.RolloutStatus) bool {
	return got.Phase == want.Phase && got.CurrentPodHash == want.CurrentPodHash && got.StableRS == want.StableRS &&
		reflect.DeepEqual(got.CurrentStepIndex, want.CurrentStepIndex) && reflect.DeepEqual(got.PauseConditions, want.PauseConditions) &&
		reflect.DeepEqual(got.Canary.Weights, want.Canary.Weights)
}

// made lists what makes up an update: ReplicaSets with their sizes and selectors, pods
// with their restarts, Services and Ingresses with what they lead to.
func made(n *local.Namespace) string {
	return n.Kubectl("get", "replicasets,pods,services,ingresses", "-o", `jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.uid}`+
		` {.spec.replicas} {.spec.selector} {.spec.rules} {.metadata.annotations.nginx\.ingress\.kubernetes\.io/canary-weight}`+
		` {.status.containerStatuses[*].restartCount}{"\n"}{end}`)
}

// restartController leaves the controller as the next test wants it.
func restartController() {
	cluster.Controller().Stop()
	if err := cluster.Controller().Start(context.Background()); err != nil {
		panic(err)
	}
}
