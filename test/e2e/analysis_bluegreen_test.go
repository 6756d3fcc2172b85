package e2e_test

import (
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

const (
	yes, no = `{"data": {"ok": true}}`, `{"data": {"ok": false}}`
	// isTrue is the condition of both analyses.
	isTrue = "successCondition: result == true"
	// whyFailed is the message of a run that failed it.
	whyFailed = `Metric "check" assessed Failed due to failed (1) > failureLimit (0)`
)

// TestBlueGreenFailsBeforeTheSwitch: nobody but the preview ever sees a version that
// its analysis refuses.
func TestBlueGreenFailsBeforeTheSwitch(t *testing.T) {
	t.Parallel()
	n := cluster.Namespace(t)
	before, after := newSource(t, no), newSource(t, yes)
	visitor := given(t, n, "analysis-bluegreen.yaml", template("before", webMetric(before, isTrue)), template("after", webMetric(after, isTrue)))
	wantOnly(t, n, visitor, "blue")

	before.keepBack()
	load := n.Load(n.Name+".example", 50)
	release(n, "green")
	n.WaitRun("of the preview is under way", local.Patience, func(r *v1alpha1.AnalysisRun) bool {
		return r.Labels[v1alpha1.RolloutTypeLabel] == v1alpha1.RolloutTypePrePromotionLabel
	})
	wantSelected(t, n, "analysed-preview", n.Rollout(analysed).Status.CurrentPodHash)
	before.release()

	run := n.WaitRunOver("-2-pre")
	wantOutcome(t, run, outcome{
		phase: v1alpha1.AnalysisPhaseFailed, run: whyFailed, value: "false",
		measurement: []string{"result == true is false for false"}, measurements: 1,
	})
	ro := wantAborted(n, analysed, "Rollout aborted update to revision 2: Blue/green pre-promotion analysis phase error/failed: "+whyFailed)
	wantSelected(t, n, "analysed-active", ro.Status.StableRS)
	n.WaitPods(analysed, local.Pods{Stable: 1})
	if tally := load.Stop(); tally.Failed > 0 || tally.Bodies["blue"] != tally.Total {
		t.Errorf("want the active version undisturbed, got %s", tally)
	}
	if asked := len(after.times()); asked > 0 {
		t.Errorf("the analysis after the switch was asked %d times, want never", asked)
	}
}

// TestBlueGreenFailsAfterTheSwitch: the active Service goes back to the version before,
// whose pods are still there.
func TestBlueGreenFailsAfterTheSwitch(t *testing.T) {
	t.Parallel()
	n := cluster.Namespace(t)
	before, after := newSource(t, yes), newSource(t, no)
	visitor := given(t, n, "analysis-bluegreen.yaml", template("before", webMetric(before, isTrue)), template("after", webMetric(after, isTrue)))
	wantOnly(t, n, visitor, "blue")
	pods := n.Kubectl("get", "pods", "-o", "name")

	after.keepBack()
	load := n.Load(n.Name+".example", 50)
	release(n, "green")
	n.WaitRun("of the active version is under way", local.Patience, func(r *v1alpha1.AnalysisRun) bool {
		return r.Labels[v1alpha1.RolloutTypeLabel] == v1alpha1.RolloutTypePostPromotionLabel
	})
	wantOnly(t, n, visitor, "green")
	if ro := n.Rollout(analysed); ro.Status.StableRS == ro.Status.CurrentPodHash {
		t.Error("the version is stable before its analysis is over")
	}
	after.release()

	if run := n.WaitRunOver("-2-post"); run.Status.Phase != v1alpha1.AnalysisPhaseFailed || run.Status.Message != whyFailed {
		t.Errorf("run = %s: %q, want Failed: %q", run.Status.Phase, run.Status.Message, whyFailed)
	}
	ro := wantAborted(n, analysed, "Rollout aborted update to revision 2: Blue/green post-promotion analysis phase error/failed: "+whyFailed)
	wantSelected(t, n, "analysed-active", ro.Status.StableRS)
	wantOnly(t, n, visitor, "blue")
	if tally := load.Stop(); tally.Failed > 0 {
		t.Errorf("want no request to fail at the switches, got %s", tally)
	}
	n.WaitPods(analysed, local.Pods{Stable: 1})
	n.Kubectl("get", oneBlank(pods))
}

// wantSelected checks which revision a Service selects.
func wantSelected(t *testing.T, n *local.Namespace, service, hash string) {
	t.Helper()
	if got := n.Kubectl("get", "service", service, "-o", "jsonpath={.spec.selector."+v1alpha1.DefaultRolloutUniqueLabelKey+"}"); got != hash {
		t.Errorf("Service %s selects %q, want %q", service, got, hash)
	}
}
