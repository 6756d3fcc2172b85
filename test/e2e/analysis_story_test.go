package e2e_test

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

const (
	analysisDemo = "canary-demo"
	analysisHost = "progressive-auto-in-k8s.cheverjohn.me"
	// analysisInterval is that of the faster copy of the example.
	analysisInterval = 2 * time.Second
	// wholeSecond is lost where a status says when something was.
	wholeSecond = time.Second
)

// TestCanaryAnalysis: Prometheus is asked how many requests succeed while a canary
// gets more and more of them. A good version is promoted; a bad one is taken back,
// without anybody's help.
func TestCanaryAnalysis(t *testing.T) {
	n := cluster.Namespace(t)
	visitor := n.Visitor(analysisHost)
	defer visitor.Close()

	// Given the first version under load.
	n.Apply(n.Kubectl("kustomize", "--load-restrictor", "LoadRestrictionsNone", "test/e2e/testdata/canary-analysis"))
	n.WaitPhase(analysisDemo, v1alpha1.RolloutPhaseHealthy)
	wantOnly(t, n, visitor, "blue")
	load := n.Load(analysisHost, 20)
	defer func() { load.Stop() }()

	// When a good version comes, then it is measured from the second weight on, and promoted.
	n.Rollouts("set", "image", analysisDemo, "canary-demo=argoproj/rollouts-demo:green")
	wantNoRunBeforeStep2(t, n, 0)
	n.WaitPausedAt(analysisDemo, 3)
	wantAbout(t, visitor, "green", 40)
	measured := n.WaitRun("has measured", local.Patience, func(r *v1alpha1.AnalysisRun) bool { return resultOf(r).Successful > 0 })
	wantLines(t, n.Rollouts("get", "rollout", analysisDemo), "Step: 3/8", "SetWeight: 40", "ActualWeight: 40")
	n.WaitPhase(analysisDemo, v1alpha1.RolloutPhaseHealthy)
	wantOnly(t, n, visitor, "green")
	ended := n.WaitRunOver(measured.Name)
	if result := resultOf(ended); ended.Status.Phase != v1alpha1.AnalysisPhaseSuccessful || result.Failed > 0 || result.Successful < 4 {
		t.Errorf("run = %s with %+v, want Successful and a measurement every %s", ended.Status.Phase, result, analysisInterval)
	}
	if tally := load.Stop(); tally.Failed > 0 {
		t.Errorf("requests during the release that passes: want no failure, got %s", tally)
	}

	// When a version comes whose requests fail, then the run fails at the fourth
	// measurement, and stable serves at once.
	load = n.Load(analysisHost, 20)
	load.Slide(`[{"color": "yellow", "return500": 100}]`)
	n.Rollouts("set", "image", analysisDemo, "canary-demo=argoproj/rollouts-demo:yellow")
	wantNoRunBeforeStep2(t, n, 1)
	failed := n.WaitRun("fails", local.Patience, func(r *v1alpha1.AnalysisRun) bool {
		return r.Name != ended.Name && r.Status.CompletedAt != nil
	})
	n.WaitOnly(visitor, "green")
	if late := time.Since(failed.Status.CompletedAt.Time); late > analysisInterval+2*time.Second+wholeSecond {
		t.Errorf("stable served alone %s after the verdict, want an interval and 2s", late)
	}
	if tally := visitor.Sample(t.Context(), 200); tally.Bodies["green"] != 200 {
		t.Errorf("want 200 of 200 from stable, got %s", tally)
	}
	if result := resultOf(failed); failed.Status.Phase != v1alpha1.AnalysisPhaseFailed || result.Failed != 4 {
		t.Errorf("run = %s with %+v, want Failed at the fourth failure", failed.Status.Phase, result)
	}
	wantReason(t, n, failed)
}

// wantNoRunBeforeStep2 checks that the pause of 20 % is not analysed.
func wantNoRunBeforeStep2(t *testing.T, n *local.Namespace, before int) {
	t.Helper()
	n.WaitPausedAt(analysisDemo, 1)
	runs := len(n.Runs())
	// Read after the runs: if the step is still the same, it was so then.
	if at := *n.Rollout(analysisDemo).Status.CurrentStepIndex; at != 1 || runs != before {
		t.Errorf("at step %d: %d runs, want %d at step 1", at, runs, before)
	}
}

// wantReason checks that a failed analysis is explained wherever people look.
func wantReason(t *testing.T, n *local.Namespace, failed *v1alpha1.AnalysisRun) {
	t.Helper()
	const why = `Metric "success-rate" assessed Failed due to failed (4) > failureLimit (3)`
	const aborted = "Rollout aborted update to revision 3: Background analysis phase error/failed: " + why
	if failed.Status.Message != why {
		t.Errorf("message of the run = %q, want %q", failed.Status.Message, why)
	}
	for _, m := range resultOf(failed).Measurements {
		if m.Phase == v1alpha1.AnalysisPhaseFailed && !hasAll(m.Message, []string{"result[0] > 0.90 is false for [0."}) {
			t.Errorf("message of a measurement = %q, want the condition and the value", m.Message)
		}
	}
	wantAborted(n, analysisDemo, aborted)
	wantEvent(n, "RolloutAborted", aborted)
	wantEvent(n, "AnalysisRunFailed", "Background Analysis Run '"+failed.Name+"' Status New: 'Failed' Previous: 'Running'")
	wantEvent(n, "AnalysisRunFailed", "Analysis Completed. Result: Failed")
	wantEvent(n, "MetricFailed", "Metric 'success-rate' Completed. Result: Failed")
	shown := n.Rollouts("get", "rollout", analysisDemo)
	wantLines(t, shown, "Status: ✖ Degraded", "Message: RolloutAborted: "+aborted, "SetWeight: 0", "ActualWeight: 0")
	if !hasAll(shown, []string{failed.Name, "AnalysisRun", "✖ Failed", "✖ 4"}) {
		t.Errorf("want the run and its four failures in:\n%s", shown)
	}
}

// resultOf is the result of a run's only metric, empty before the first measurement.
func resultOf(r *v1alpha1.AnalysisRun) v1alpha1.MetricResult {
	if len(r.Status.MetricResults) != 1 {
		return v1alpha1.MetricResult{}
	}
	return r.Status.MetricResults[0]
}

// wantEvent waits for an event with that text.
func wantEvent(n *local.Namespace, reason, text string) {
	events := schema.GroupVersionResource{Version: "v1", Resource: "events"}
	n.WaitAll(events, local.Patience, "there is an event "+reason+": "+text, func(all []*unstructured.Unstructured) bool {
		for _, e := range all {
			message, _, _ := unstructured.NestedString(e.Object, "message")
			is, _, _ := unstructured.NestedString(e.Object, "reason")
			if is == reason && strings.Contains(message, text) {
				return true
			}
		}
		return false
	})
}
