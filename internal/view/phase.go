package view

import (
	"strconv"
	"strings"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Messages that clients add to what the controller says.
const (
	messageUnobserved         = "waiting for rollout spec update to be observed"
	messageUnobservedWorkload = "waiting for rollout spec update to be observed for the reference workload"
	messageResuming           = "waiting for rollout to unpause"
)

// Phase is the phase and message of a Rollout as clients show them. A phase
// that the controller wrote before it saw the latest spec is not trusted.
// The workload may be nil.
func Phase(ro *v1alpha1.Rollout, workload *Workload) (phase v1alpha1.RolloutPhase, message string) {
	switch {
	case !Observed(ro):
		return v1alpha1.RolloutPhaseProgressing, messageUnobserved
	case Resuming(ro):
		return v1alpha1.RolloutPhaseProgressing, messageResuming
	case !workloadObserved(ro, workload):
		return v1alpha1.RolloutPhaseProgressing, messageUnobservedWorkload
	case ro.Status.Phase == "":
		return computedPhase(ro)
	default:
		return ro.Status.Phase, ro.Status.Message
	}
}

// Resuming is true between a user's promote and the controller's answer to it.
func Resuming(ro *v1alpha1.Rollout) bool {
	return ro.Status.ControllerPause && len(ro.Status.PauseConditions) == 0
}

// Retrying is true between a user's retry, or full promote, of an aborted
// update and the controller's answer to it: the phase still tells of the abort.
// Phase does not look at it, since other clients show that phase too, but who
// waits for an outcome should.
func Retrying(ro *v1alpha1.Rollout) bool {
	return strings.HasPrefix(ro.Status.Message, v1alpha1.RolloutAbortedReason+":") &&
		(!ro.Status.Abort || ro.Status.PromoteFull)
}

// Observed is true when the controller has seen the latest spec.
//
// Compat: a value that is no number, or greater than the generation, is a hash
// that old controllers wrote, and counts as observed.
func Observed(ro *v1alpha1.Rollout) bool {
	observed, err := strconv.ParseInt(ro.Status.ObservedGeneration, 10, 64)
	return err != nil || observed >= ro.Generation
}

// workloadObserved is true when the controller has seen the latest template of
// the referenced workload, or when that cannot be told.
func workloadObserved(ro *v1alpha1.Rollout, workload *Workload) bool {
	if ro.Spec.WorkloadRef == nil || ro.Status.WorkloadObservedGeneration == "" {
		return true
	}
	wanted := ro.Annotations[v1alpha1.WorkloadGenerationAnnotation]
	if workload != nil && workload.Generation != 0 {
		wanted = strconv.FormatInt(workload.Generation, 10)
	}
	return wanted == "" || wanted == ro.Status.WorkloadObservedGeneration
}

// computedPhase stands in for a controller that did not write a phase: one that
// has not seen the Rollout yet, or a very old one. The first match counts.
func computedPhase(ro *v1alpha1.Rollout) (v1alpha1.RolloutPhase, string) {
	if message, degraded := degradedMessage(ro); degraded {
		return v1alpha1.RolloutPhaseDegraded, message
	}
	if ro.Spec.Paused {
		return v1alpha1.RolloutPhasePaused, "manually paused"
	}
	if len(ro.Status.PauseConditions) > 0 {
		return v1alpha1.RolloutPhasePaused, string(ro.Status.PauseConditions[0].Reason)
	}
	if message := progressMessage(ro); message != "" {
		return v1alpha1.RolloutPhaseProgressing, message
	}
	return v1alpha1.RolloutPhaseHealthy, ""
}

func degradedMessage(ro *v1alpha1.Rollout) (message string, degraded bool) {
	for _, c := range ro.Status.Conditions {
		switch {
		case c.Type == v1alpha1.InvalidSpec:
			return string(v1alpha1.InvalidSpec) + ": " + c.Message, true
		case c.Reason == v1alpha1.RolloutAbortedReason, c.Reason == v1alpha1.TimedOutReason:
			return c.Reason + ": " + c.Message, true
		}
	}
	return "", false
}

// progressMessage says what is missing until the Rollout is healthy; nothing
// when it is.
func progressMessage(ro *v1alpha1.Rollout) string {
	s := ro.Status
	canary, blueGreen := ro.Spec.Strategy.Canary, ro.Spec.Strategy.BlueGreen
	promoted := s.StableRS == s.CurrentPodHash
	switch {
	case ro.Spec.RestartAt != nil && !ro.Spec.RestartAt.Equal(s.RestartedAt):
		return "rollout is restarting"
	case s.UpdatedReplicas < valueOr(ro.Spec.Replicas, 1):
		return "more replicas need to be updated"
	case s.AvailableReplicas < s.UpdatedReplicas:
		return "updated replicas are still becoming available"
	case blueGreen != nil && (s.BlueGreen.ActiveSelector == "" || s.BlueGreen.ActiveSelector != s.CurrentPodHash):
		return "active service cutover pending"
	case blueGreen != nil && !promoted && postPromotionOpen(ro):
		return "waiting for analysis to complete"
	case blueGreen != nil && !promoted:
		return "waiting for post-promotion verification to complete"
	case canary != nil && canary.TrafficRouting == nil && s.Replicas > s.UpdatedReplicas:
		return "old replicas are pending termination"
	case canary != nil && !promoted:
		return "waiting for all steps to complete"
	default:
		return ""
	}
}

func postPromotionOpen(ro *v1alpha1.Rollout) bool {
	run := ro.Status.BlueGreen.PostPromotionAnalysisRunStatus
	if ro.Spec.Strategy.BlueGreen.PostPromotionAnalysis == nil {
		return false
	}
	return run == nil || run.Status == "" ||
		run.Status == v1alpha1.AnalysisPhasePending || run.Status == v1alpha1.AnalysisPhaseRunning
}
