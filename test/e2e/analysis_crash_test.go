package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// crashTries is how many random moments are tried.
const crashTries = 5

// TestCrashBetweenMeasurements: the run goes on with the measurements that it has, at
// the times at which it would have measured anyway.
func TestCrashBetweenMeasurements(t *testing.T) {
	const (
		interval = 3 * time.Second
		count    = 4
		// late is what a busy machine may add to an interval.
		late = 2 * time.Second
	)
	n := cluster.Namespace(t)
	s := newSource(t, yes)
	given(t, n, "analysis-canary.yaml", template("check", webMetric(s, "count: 4\ninterval: 3s\n"+isTrue)))
	release(n, "green")
	n.WaitRun("has measured twice", local.Patience, func(r *v1alpha1.AnalysisRun) bool { return resultOf(r).Count == 2 })
	if err := crash(t.Context()); err != nil {
		t.Fatalf("restart the controller: %v", err)
	}
	back := time.Now()

	run := n.WaitRunOver("-1")
	result := resultOf(run)
	if run.Status.Phase != v1alpha1.AnalysisPhaseSuccessful || result.Count != count || len(result.Measurements) != count || result.Error > 0 {
		t.Errorf("run = %s with %+v, want Successful after %d measurements", run.Status.Phase, result, count)
	}
	asked := s.times()
	if len(asked) != count {
		t.Fatalf("the source was asked at %v, want %d times", asked, count)
	}
	for i := 1; i < count; i++ {
		gap, due := asked[i].Sub(asked[i-1]), asked[i-1].Add(interval)
		if due.Before(back) && asked[i].After(back) {
			due = back
		}
		if gap < interval-wholeSecond || asked[i].After(due.Add(late)) {
			t.Errorf("measurement %d came %s after the one before, want %s (the controller was back at %s): %v", i+1, gap, interval, back, asked)
		}
	}
	n.WaitPausedAt(analysed, afterAnalysis)
	if runs := n.Runs(); len(runs) != 1 {
		t.Errorf("%d runs, want one", len(runs))
	}
}

// TestCrashDuringAJob: the run waits for the Job that it has, and starts no other.
func TestCrashDuringAJob(t *testing.T) {
	n := cluster.Namespace(t)
	given(t, n, "analysis-canary.yaml", template("check", command("sleep 4")))
	release(n, "green")
	inFlight := n.WaitRun("waits for its Job", local.Patience, func(r *v1alpha1.AnalysisRun) bool {
		return len(resultOf(r).Measurements) == 1 && resultOf(r).Phase == v1alpha1.AnalysisPhaseRunning
	})
	if err := crash(t.Context()); err != nil {
		t.Fatalf("restart the controller: %v", err)
	}
	run := n.WaitRunOver("-1")
	wantOutcome(t, run, outcome{phase: v1alpha1.AnalysisPhaseSuccessful, measurements: 1})
	job := resultOf(inFlight).Measurements[0].Metadata["job-name"]
	if listed := n.Kubectl("get", "jobs", "-o", "name"); listed != "job.batch/"+job+"\n" {
		t.Errorf("Jobs = %q, want only %s", listed, job)
	}
	n.WaitPausedAt(analysed, afterAnalysis)
}

// TestCrashAroundAVerdict: whenever the controller is killed around the end of a run
// that fails, the update is aborted, by that one run and its one verdict.
func TestCrashAroundAVerdict(t *testing.T) {
	n := cluster.Namespace(t)
	s := newSource(t, no)
	given(t, n, "analysis-canary.yaml", template("check", webMetric(s, isTrue)))
	for try := range crashTries {
		s.keepBack()
		release(n, colors[try%len(colors)])
		hash := n.WaitRun("is under way", local.Patience, func(r *v1alpha1.AnalysisRun) bool {
			return r.Status.Phase == v1alpha1.AnalysisPhaseRunning || r.Status.Phase == ""
		}).Labels[v1alpha1.DefaultRolloutUniqueLabelKey]
		left := crashSoon(t, n, s.release, 100*time.Millisecond)

		aborted := wantAborted(n, analysed, "Step-based analysis phase error/failed: "+whyFailed)
		run := wantOneRun(t, n, hash)
		if run.Status.Phase != v1alpha1.AnalysisPhaseFailed || run.Status.Message != whyFailed || resultOf(run).Count != 1 {
			t.Errorf("%s: run = %s: %q, want Failed: %q", left, run.Status.Phase, run.Status.Message, whyFailed)
		}
		n.Never(analysed, "be aborted again, or go on", time.Second, func(r *v1alpha1.Rollout) bool {
			return !r.Status.Abort || !r.Status.AbortedAt.Equal(aborted.Status.AbortedAt) || r.Status.CurrentPodHash != hash
		})
	}
}

// colors are what updates are made of.
var colors = []string{"green", "yellow", "red", "orange", "purple"}

// TestCrashAroundTheStartOfARun: whenever the controller is killed around the moment
// at which a step gets its run, the step gets one.
func TestCrashAroundTheStartOfARun(t *testing.T) {
	n := cluster.Namespace(t)
	s := newSource(t, yes)
	given(t, n, "analysis-canary.yaml", template("check", webMetric(s, isTrue)))
	for try := range crashTries {
		release(n, colors[try%len(colors)])
		n.WaitRollout(analysed, "comes to its analysis", local.Patience, func(r *v1alpha1.Rollout) bool {
			at := r.Status.CurrentStepIndex
			return at != nil && *at == analysisStep && r.Status.CurrentPodHash != r.Status.StableRS
		})
		left := crashSoon(t, n, func() {}, 60*time.Millisecond)

		n.WaitPausedAt(analysed, afterAnalysis)
		run := wantOneRun(t, n, n.Rollout(analysed).Status.CurrentPodHash)
		if run.Status.Phase != v1alpha1.AnalysisPhaseSuccessful || resultOf(run).Count != 1 {
			t.Errorf("%s: run = %s with %+v, want Successful at once", left, run.Status.Phase, resultOf(run))
		}
		n.Rollouts("promote", analysed)
		n.WaitPhase(analysed, v1alpha1.RolloutPhaseHealthy)
	}
}

// crashSoon does something and kills the controller at a random moment in the time
// that follows, then starts it again. It returns what the controller had done by then.
func crashSoon(t *testing.T, n *local.Namespace, do func(), within time.Duration) string {
	t.Helper()
	after := time.Duration(rand.Int64N(int64(within)))
	killed := make(chan struct{})
	time.AfterFunc(after, func() { cluster.Controller().Kill(); close(killed) })
	do()
	<-killed
	left := fmt.Sprintf("killed after %s with %s", after.Round(time.Millisecond), left(n))
	t.Log(left)
	if err := cluster.Controller().Start(t.Context()); err != nil {
		t.Fatalf("restart the controller: %v", err)
	}
	return left
}

// left describes what there is of the current revision's analysis.
func left(n *local.Namespace) string {
	ro := n.Rollout(analysed)
	run := "no run"
	for _, r := range n.Runs() {
		if r.Labels[v1alpha1.DefaultRolloutUniqueLabelKey] == ro.Status.CurrentPodHash {
			run = fmt.Sprintf("a run of phase %q", r.Status.Phase)
		}
	}
	recorded := "none"
	if seen := ro.Status.Canary.CurrentStepAnalysisRunStatus; seen != nil {
		recorded = fmt.Sprintf("phase %q", seen.Status)
	}
	return fmt.Sprintf("%s, in the status: %s, step %d, aborted: %v", run, recorded, *ro.Status.CurrentStepIndex, ro.Status.Abort)
}

// wantOneRun checks that a revision was analysed by one run, and returns it.
func wantOneRun(t *testing.T, n *local.Namespace, hash string) *v1alpha1.AnalysisRun {
	t.Helper()
	var of []*v1alpha1.AnalysisRun
	for _, run := range n.Runs() {
		if run.Labels[v1alpha1.DefaultRolloutUniqueLabelKey] == hash {
			of = append(of, run)
		}
	}
	if len(of) != 1 {
		t.Fatalf("%d runs of revision %s, want one: %+v", len(of), hash, of)
	}
	return of[0]
}
