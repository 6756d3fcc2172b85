package e2e_test

import (
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// TestBlueGreenAnalysisExample: a smoke test of the preview lets one version through
// and stops the next, which no user sees. The same test can be run by hand.
func TestBlueGreenAnalysisExample(t *testing.T) {
	t.Parallel()
	const name, host = "shop", "bluegreen-analysis.example"
	n := cluster.Namespace(t)
	visitor := n.Visitor(host)
	defer visitor.Close()
	n.Kubectl("apply", "-f", "examples/bluegreen-analysis")
	n.WaitPhase(name, v1alpha1.RolloutPhaseHealthy)
	wantOnly(t, n, visitor, "blue")

	n.Rollouts("set", "image", name, "shop=argoproj/rollouts-demo:green")
	if run := n.WaitRunOver("-2-pre"); run.Status.Phase != v1alpha1.AnalysisPhaseSuccessful {
		t.Errorf("run = %s: %s, want Successful", run.Status.Phase, run.Status.Message)
	}
	n.WaitPhase(name, v1alpha1.RolloutPhaseHealthy)
	wantOnly(t, n, visitor, "green")

	n.Apply(change(t, n.ReadFile("examples/bluegreen-analysis/analysis-template.yaml"), "exit 0", "exit 1"))
	load := n.Load(host, 50)
	n.Rollouts("set", "image", name, "shop=argoproj/rollouts-demo:red")
	wantAborted(n, name, "Rollout aborted update to revision 3: Blue/green pre-promotion analysis phase error/failed: "+
		`Metric "smoke-test" assessed Failed due to failed (1) > failureLimit (0)`)
	wantOnly(t, n, visitor, "green")
	if tally := load.Stop(); tally.Failed > 0 || tally.Bodies["green"] != tally.Total {
		t.Errorf("want nobody to see the version that was refused, got %s", tally)
	}

	created := n.Rollouts("create", "analysisrun", "--from", "smoke-test", "-a", "service=shop", "--name", "by-hand")
	wantLines(t, created, "analysisrun.argoproj.io/by-hand created")
	if run := n.WaitRunOver("by-hand"); run.Status.Phase != v1alpha1.AnalysisPhaseFailed {
		t.Errorf("run by hand = %s, want Failed as the release was", run.Status.Phase)
	}
	if rollout := n.WaitPhase(name, v1alpha1.RolloutPhaseDegraded); rollout.Status.CurrentPodHash == rollout.Status.StableRS {
		t.Error("the run by hand had an effect on the Rollout")
	}
	if said, good := n.Serin("lint", "-f", "examples/bluegreen-analysis", "-f", "examples/experiment"); !good || said != "" {
		t.Errorf("lint found something in the examples:\n%s", said)
	}
}

// TestAnalysisRunByHand: a template without a count is measured until somebody says
// that it is enough.
func TestAnalysisRunByHand(t *testing.T) {
	t.Parallel()
	n := cluster.Namespace(t)
	n.Kubectl("apply", "-f", "examples/canary-analysis/apd-analysis-success.yaml")
	n.Rollouts("create", "analysisrun", "--from", "success-rate", "-a", "ingress=canary-demo", "--name", "try")
	n.WaitRun("is measured", local.Patience, func(r *v1alpha1.AnalysisRun) bool { return len(resultOf(r).Measurements) > 0 })
	wantLines(t, n.Rollouts("terminate", "analysisrun", "try"), "analysisRun 'try' terminated")
	if run := n.WaitRunOver("try"); run.Status.Phase != v1alpha1.AnalysisPhaseSuccessful || run.Status.Message != "Run Terminated" {
		t.Errorf("run = %s: %q, want Successful: Run Terminated", run.Status.Phase, run.Status.Message)
	}
}
