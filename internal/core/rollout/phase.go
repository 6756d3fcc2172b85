package rollout

import (
	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// phase sums a status up for people; the first case that holds wins.
func phase(s *strategy.Situation, next v1alpha1.RolloutStatus) (v1alpha1.RolloutPhase, string) {
	for _, c := range next.Conditions {
		if c.Type == v1alpha1.InvalidSpec {
			return v1alpha1.RolloutPhaseDegraded, v1alpha1.InvalidSpecReason + ": " + c.Message
		}
		if c.Reason == v1alpha1.RolloutAbortedReason || c.Reason == v1alpha1.TimedOutReason {
			return v1alpha1.RolloutPhaseDegraded, c.Reason + ": " + c.Message
		}
	}
	switch {
	case s.Snapshot.Spec.Paused:
		return v1alpha1.RolloutPhasePaused, "manually paused"
	case len(next.PauseConditions) > 0:
		return v1alpha1.RolloutPhasePaused, string(next.PauseConditions[0].Reason)
	}
	if waiting := waitingFor(s, next); waiting != "" {
		return v1alpha1.RolloutPhaseProgressing, waiting
	}
	return v1alpha1.RolloutPhaseHealthy, ""
}

// waitingFor is what a rollout that is neither paused nor degraded waits for; "":
// nothing.
func waitingFor(s *strategy.Situation, next v1alpha1.RolloutStatus) string {
	restartAt := s.Snapshot.Spec.RestartAt
	restarting := !restartAt.IsZero() && !restartAt.After(s.Now) && (next.RestartedAt == nil || !next.RestartedAt.Time.Equal(restartAt))
	switch {
	case restarting:
		return "rollout is restarting"
	case next.UpdatedReplicas < s.Replicas():
		return "more replicas need to be updated"
	case next.AvailableReplicas < next.UpdatedReplicas:
		return "updated replicas are still becoming available"
	}
	switch chosen := s.Snapshot.Spec.Strategy.(type) {
	case spec.BlueGreen:
		if next.BlueGreen.ActiveSelector == "" || next.BlueGreen.ActiveSelector != next.CurrentPodHash {
			return "active service cutover pending"
		}
		if post := next.BlueGreen.PostPromotionAnalysisRunStatus; chosen.PostPromotion != nil && next.StableRS != next.CurrentPodHash && (post == nil || !strategy.Over(post.Status)) {
			return "waiting for analysis to complete"
		}
		if next.StableRS != next.CurrentPodHash {
			return "waiting for post-promotion verification to complete"
		}
	case spec.Canary:
		return canaryWaitsFor(s, chosen, next)
	}
	return ""
}

func canaryWaitsFor(s *strategy.Situation, c spec.Canary, next v1alpha1.RolloutStatus) string {
	weights := next.Canary.Weights
	stable, named := s.Snapshot.Services[c.StableService]
	elsewhere := named && stable.Found && stable.Hash != "" && stable.Hash != next.StableRS && s.Replicas() > 0
	switch {
	case c.Routing == nil && next.Replicas > next.UpdatedReplicas:
		return "old replicas are pending termination"
	case next.StableRS != next.CurrentPodHash:
		return "waiting for all steps to complete"
	case weights != nil && weights.Canary.Weight > 0, elsewhere:
		return "waiting for traffic to move to the stable service"
	default:
		return ""
	}
}
