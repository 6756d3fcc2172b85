package rollout

import (
	"slices"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/revision"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// situationOf is where the rollout stands: its revisions, what changed since the
// last status, and which of the user's commands are in force.
//
// The events tell what analyses found.
func situationOf(s plan.Snapshot, now time.Time) (*strategy.Situation, []plan.Event) {
	lagging := false
	if s.PodsListed && restartDue(s.Spec, s.Rollout, now) {
		s.ReplicaSets, lagging = recounted(s)
	}
	status := s.Rollout.Status
	view := revision.Of(s)
	reset := status.CurrentPodHash != view.Hash || status.CurrentStepHash != stepsHash(s.Spec)
	switch {
	case reset:
		status = resetStatus(s, view, status)
	case status.AbortedAt != nil && !status.Abort:
		status = retriedStatus(status)
	}
	promoted, initial := view.Promoted(status.StableRS), status.StableRS == ""
	situation := &strategy.Situation{
		Snapshot: s, View: view, Now: now, Status: status, Reset: reset,
		Lagging:     lagging,
		Initial:     initial,
		Promoted:    promoted,
		PromoteFull: status.PromoteFull && !promoted,
		Aborted:     status.Abort && !promoted && !initial && !status.PromoteFull,
	}
	situation.InWindow = !situation.Aborted && view.InWindow(s.Spec.RollbackWindow)
	events := judge(situation)
	situation.InWindow = situation.InWindow && !situation.Aborted
	undecided := strategy.Inconclusive(situation.Status.PauseConditions) &&
		!situation.PromoteFull && !situation.InWindow && !situation.Promoted
	situation.Halted = !situation.Aborted && (s.Spec.Paused || undecided)
	return situation, events
}

// retriedStatus is what the retry of an aborted update leaves of a status: the verdicts
// of the first try count no more.
func retriedStatus(status v1alpha1.RolloutStatus) v1alpha1.RolloutStatus {
	status.Canary.CurrentStepAnalysisRunStatus, status.Canary.CurrentBackgroundAnalysisRunStatus = nil, nil
	status.Canary.CurrentExperiment = ""
	status.BlueGreen.PrePromotionAnalysisRunStatus, status.BlueGreen.PostPromotionAnalysisRunStatus = nil, nil
	return status
}

// recounted corrects what ReplicaSets say of available pods by the pods themselves,
// which show our own evictions sooner, and tells whether there was something to correct.
func recounted(s plan.Snapshot) ([]plan.ReplicaSet, bool) {
	available := map[string]int32{}
	for _, pod := range s.Pods {
		if pod.Available && !pod.Terminating {
			available[pod.ReplicaSet]++
		}
	}
	next := slices.Clone(s.ReplicaSets)
	lagging := false
	for i := range next {
		lagging = lagging || next[i].Available > available[next[i].Name]
		next[i].Available = min(next[i].Available, available[next[i].Name])
	}
	return next, lagging
}

// stepsHash identifies the steps in the status; "" for blue-green.
func stepsHash(r spec.Rollout) string {
	if c, ok := r.Strategy.(spec.Canary); ok {
		return c.StepsHash
	}
	return ""
}

// resetStatus is what a change of the template or the steps leaves of a status:
// pauses, commands and everything about the update that was under way are gone. A
// restart that was pending counts as done, since all pods are replaced anyway.
func resetStatus(s plan.Snapshot, view revision.View, status v1alpha1.RolloutStatus) v1alpha1.RolloutStatus {
	next := *status.DeepCopy()
	if status.CurrentPodHash != "" && status.CurrentPodHash != view.Hash && !s.Spec.RestartAt.IsZero() {
		next.RestartedAt = timeOf(s.Spec.RestartAt)
	}
	next.PauseConditions, next.ControllerPause = nil, false
	next.Abort, next.AbortedAt, next.PromoteFull = false, nil, false
	next.CurrentStepIndex = nil
	next.Canary = v1alpha1.CanaryStatus{Weights: next.Canary.Weights, StablePingPong: next.Canary.StablePingPong}
	next.BlueGreen = v1alpha1.BlueGreenStatus{PreviewSelector: next.BlueGreen.PreviewSelector, ActiveSelector: next.BlueGreen.ActiveSelector}
	return next
}
