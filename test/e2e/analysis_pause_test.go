package e2e_test

import (
	"slices"
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// neither is a metric whose value meets neither condition.
const neither = "successCondition: result > 10\nfailureCondition: result < 5"

// why is what its measurement of 7 says.
const why = "neither result > 10 nor result < 5 is true for 7"

// TestInconclusiveStep: a step that cannot be judged waits for a person, and the
// weight stays. Who ends the pause has it judged again; who skips the step goes on.
func TestInconclusiveStep(t *testing.T) {
	t.Parallel()
	n := cluster.Namespace(t)
	s := newSource(t, `{"data": {"ok": 7}}`)
	visitor := given(t, n, "analysis-canary.yaml", template("check", webMetric(s, neither)))

	release(n, "green")
	wantInconclusive(t, n, "-1", "7", why)
	wantLines(t, n.Rollouts("get", "rollout", analysed), "Status: ॥ Paused", "Message: InconclusiveAnalysisRun", "Step: 1/4")
	wantShare(t, visitor, "green", 25)

	// As a client of the API that knows no steps does.
	n.Kubectl("patch", "rollout", analysed, "--subresource=status", "--type=merge", "-p", `{"status":{"pauseConditions":null}}`)
	wantInconclusive(t, n, "-1.1", "7", why)
	if asked := len(s.times()); asked != 2 {
		t.Errorf("the source was asked %d times, want once more", asked)
	}

	n.Rollouts("promote", analysed, "--skip-current-step")
	n.WaitPausedAt(analysed, afterAnalysis)
	wantShare(t, visitor, "green", 50)
	if asked := len(s.times()); asked != 2 {
		t.Errorf("the source was asked %d times, want no more for the next steps", asked)
	}
}

// TestInconclusiveStepPromoted: NaN is neither success nor failure when both are asked
// for. Promoting what waits at such a step goes on.
func TestInconclusiveStepPromoted(t *testing.T) {
	t.Parallel()
	n := cluster.Namespace(t)
	given(t, n, "analysis-canary.yaml", template("check", query("vector(0) / vector(0)", "successCondition: result[0] > 10\nfailureCondition: result[0] < 5")(t)))
	release(n, "green")
	wantInconclusive(t, n, "-1", "[NaN]", "neither result[0] > 10 nor result[0] < 5 is true for [NaN]")
	n.Rollouts("promote", analysed)
	n.WaitPausedAt(analysed, afterAnalysis)
}

// TestInconclusiveBackground: the same in the background while a step pauses. Who
// promotes it passes the pause, and the next run judges the next step.
func TestInconclusiveBackground(t *testing.T) {
	t.Parallel()
	n := cluster.Namespace(t)
	s := newSource(t, `{"data": {"ok": 7}}`)
	const step = "      - analysis:\n          templates:\n          - templateName: check\n"
	const background = "      analysis:\n        startingStep: 1\n        templates:\n        - templateName: check\n"
	n.Apply(template("check", webMetric(s, neither)))
	manifest := change(t, n.ReadFile("test/e2e/testdata/analysis-canary.yaml"), step, "      - pause: {}\n")
	manifest = change(t, manifest, "      steps:\n", background+"      steps:\n")
	n.Apply(change(t, manifest, "analysed.example", n.Name+".example"))
	n.WaitPhase(analysed, v1alpha1.RolloutPhaseHealthy)

	release(n, "green")
	wantInconclusive(t, n, "-2", "7", why)
	s.now(`{"data": {"ok": 11}}`)
	n.Rollouts("promote", analysed)
	if run := n.WaitRunOver("-2.1"); run.Status.Phase != v1alpha1.AnalysisPhaseSuccessful {
		t.Errorf("the second run is %s: %q, want Successful", run.Status.Phase, run.Status.Message)
	}
	n.WaitPausedAt(analysed, afterAnalysis)
	if asked := len(s.times()); asked != 2 {
		t.Errorf("the source was asked %d times, want twice", asked)
	}
}

// wantInconclusive waits until a run could not decide, by one measurement, and the
// Rollout stays at the first weight for that reason.
func wantInconclusive(t *testing.T, n *local.Namespace, suffix, value, why string) {
	t.Helper()
	run := n.WaitRunOver(suffix)
	wantOutcome(t, run, outcome{
		phase: v1alpha1.AnalysisPhaseInconclusive, run: `Metric "check" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0)`,
		value: value, measurement: []string{why}, measurements: 1,
	})
	n.WaitRollout(analysed, "is paused by "+run.Name, local.Patience, func(r *v1alpha1.Rollout) bool {
		weights := r.Status.Canary.Weights
		return r.Status.Phase == v1alpha1.RolloutPhasePaused && pausedFor(r, v1alpha1.PauseReasonInconclusiveAnalysis) &&
			*r.Status.CurrentStepIndex == analysisStep && weights != nil && weights.Canary.Weight == 25 && references(r, run)
	})
}

func pausedFor(r *v1alpha1.Rollout, reason v1alpha1.PauseReason) bool {
	return slices.ContainsFunc(r.Status.PauseConditions, func(c v1alpha1.PauseCondition) bool { return c.Reason == reason })
}

// references reports whether the status names a run and its verdict.
func references(r *v1alpha1.Rollout, run *v1alpha1.AnalysisRun) bool {
	for _, seen := range []*v1alpha1.RolloutAnalysisRunStatus{
		r.Status.Canary.CurrentStepAnalysisRunStatus, r.Status.Canary.CurrentBackgroundAnalysisRunStatus,
	} {
		if seen != nil && seen.Name == run.Name && seen.Status == run.Status.Phase {
			return true
		}
	}
	return false
}
