package e2e_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// requestsPerSecond is the load that no story may hurt.
const requestsPerSecond = 200

// TestNoRequestFails: pods that start and stop slowly are promoted, aborted, rolled
// back, superseded and scaled under load, and every request is answered.
func TestNoRequestFails(t *testing.T) {
	playUnderLoad(t, func(play func()) { play() })
}

// TestNoRequestFailsWhenTheControllerCrashes: the same, and in each story the
// controller is killed at a random moment and started again.
func TestNoRequestFailsWhenTheControllerCrashes(t *testing.T) {
	playUnderLoad(t, func(play func()) {
		after := time.Duration(rand.Int64N(int64(latestCrash)))
		t.Logf("the controller crashes after %s", after)
		crashed := make(chan error)
		time.AfterFunc(after, func() { crashed <- crash(t.Context()) })
		play()
		if err := <-crashed; err != nil {
			t.Fatalf("restart the controller: %v", err)
		}
	})
}

// latestCrash is about how long one story takes.
const latestCrash = 8 * time.Second

func crash(ctx context.Context) error {
	cluster.Controller().Kill()
	return cluster.Controller().Start(ctx)
}

// playUnderLoad plays all stories on one Rollout, each surrounded by around.
func playUnderLoad(t *testing.T, around func(play func())) {
	n := cluster.Namespace(t)
	n.Kubectl("apply", "-f", "test/e2e/testdata/slow-pods.yaml")
	n.WaitPhase(slowPods, v1alpha1.RolloutPhaseHealthy)
	visitor := n.Visitor("slow-pods.example")
	defer visitor.Close()
	n.WaitOnly(visitor, "blue")

	for _, story := range slowPodsStories() {
		load := n.Load("slow-pods.example", requestsPerSecond)
		around(func() { story.play(n) })
		n.WaitPods(slowPods, local.Pods{Stable: story.pods})
		tally := load.Stop()
		t.Logf("%s: %s", story.what, tally)
		if tally.Failed > 0 {
			t.Errorf("%s: want no failure", story.what)
		}
		wantOnly(t, n, visitor, story.ends)
		if t.Failed() {
			return
		}
	}
}

const slowPods = "slow-pods"

// slowPodsStories follow each other: every one begins where the one before ended.
func slowPodsStories() []story {
	return []story{
		{what: "promote", ends: "green", pods: 4, play: func(n *local.Namespace) {
			setColor(n, "green")
			n.WaitPausedAt(slowPods, 1)
			n.Rollouts("promote", slowPods)
			n.WaitPhase(slowPods, v1alpha1.RolloutPhaseHealthy)
		}},
		{what: "abort", ends: "green", pods: 4, play: func(n *local.Namespace) {
			setColor(n, "red")
			n.WaitPausedAt(slowPods, 1)
			n.Rollouts("promote", slowPods)
			n.WaitPausedAt(slowPods, 3)
			n.Rollouts("abort", slowPods)
			n.WaitPhase(slowPods, v1alpha1.RolloutPhaseDegraded)
		}},
		{what: "roll back", ends: "green", pods: 4, play: func(n *local.Namespace) {
			setColor(n, "yellow")
			n.WaitPausedAt(slowPods, 1)
			setColor(n, "green")
			n.WaitPhase(slowPods, v1alpha1.RolloutPhaseHealthy)
		}},
		{what: "supersede", ends: "purple", pods: 4, play: func(n *local.Namespace) {
			setColor(n, "orange")
			n.WaitPausedAt(slowPods, 1)
			setColor(n, "purple")
			n.WaitPausedAt(slowPods, 1)
			n.Rollouts("promote", slowPods, "--full")
			n.WaitPhase(slowPods, v1alpha1.RolloutPhaseHealthy)
		}},
		{what: "scale up and down", ends: "purple", pods: 2, play: func(n *local.Namespace) {
			n.Kubectl("scale", "rollout", slowPods, "--replicas=6")
			n.WaitPods(slowPods, local.Pods{Stable: 6})
			n.Kubectl("scale", "rollout", slowPods, "--replicas=2")
			n.WaitPods(slowPods, local.Pods{Stable: 2})
		}},
	}
}

// story is something that users do, the color that all get in the end, and the pods
// that are left.
type story struct {
	what, ends string
	pods       int32
	play       func(*local.Namespace)
}

func setColor(n *local.Namespace, color string) {
	n.Rollouts("set", "image", slowPods, "demo=argoproj/rollouts-demo:"+color)
}
