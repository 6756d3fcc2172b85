package e2e_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// TestCanaryAnalysis: Prometheus judges two releases that nobody promotes or aborts.
// The manifests are those of examples/canary-analysis with shorter durations.
func TestCanaryAnalysis(t *testing.T) {
	n := cluster.Namespace(t)
	const host = "progressive-auto-in-k8s.cheverjohn.me"
	visitor := n.Visitor(host)
	defer visitor.Close()
	n.Apply(n.Kubectl("kustomize", "--load-restrictor=LoadRestrictionsNone", "test/e2e/testdata/canary-analysis"))
	n.WaitPhase("canary-demo", v1alpha1.RolloutPhaseHealthy)
	wantOnly(t, n, visitor, "blue")

	load := n.Load(host, requestsPerSecond)
	n.Rollouts("set", "image", "canary-demo", "canary-demo=argoproj/rollouts-demo:green")
	n.WaitPausedAt("canary-demo", 1)
	if runs := analysisRuns(n); len(runs) != 0 {
		t.Errorf("runs before startingStep: got %v, want none", runs)
	}
	for _, step := range []int32{3, 5, 7} {
		n.WaitPausedAt("canary-demo", step)
		wantRuns(t, n, "Running")
	}
	n.WaitPhase("canary-demo", v1alpha1.RolloutPhaseHealthy)
	wantOnly(t, n, visitor, "green")
	wantRuns(t, n, "Successful")
	if tally := load.Stop(); tally.Failed > 0 {
		t.Errorf("requests during the release that passes: want no failure, got %s", tally)
	}

	load = n.Load(host, requestsPerSecond)
	n.Rollouts("set", "image", "canary-demo", "canary-demo=argoproj/rollouts-demo:bad-yellow")
	rollout := n.WaitPhase("canary-demo", v1alpha1.RolloutPhaseDegraded)
	wantOnly(t, n, visitor, "green")
	load.Stop()
	wantRuns(t, n, "Successful", "Failed")
	const why = `Metric "success-rate" assessed Failed due to failed (4) > failureLimit (3)`
	if !strings.Contains(rollout.Status.Message, why) {
		t.Errorf("message of the Rollout: got %q, want %q in it", rollout.Status.Message, why)
	}
}

// analysisRuns are the phases of the AnalysisRuns, the oldest first.
func analysisRuns(n *local.Namespace) []string {
	return strings.Fields(n.Kubectl("get", "analysisruns", "--sort-by=.metadata.creationTimestamp", "-o", "jsonpath={.items[*].status.phase}"))
}

// wantRuns waits until the AnalysisRuns have these phases; a run is there a moment
// before it runs, and a Rollout is done a moment before its run.
func wantRuns(t *testing.T, n *local.Namespace, phases ...string) {
	t.Helper()
	deadline := time.Now().Add(runPatience)
	for {
		got := analysisRuns(n)
		if slices.Equal(got, phases) {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("phases of the AnalysisRuns: got %v, want %v", got, phases)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// runPatience is less than a pause, so that a run is seen at its step.
const runPatience = 4 * time.Second
