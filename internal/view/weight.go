package view

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// StepsDone is how many canary steps are behind, never more than there are.
// Zero for a Rollout without an index.
func StepsDone(ro *v1alpha1.Rollout) int32 {
	if ro.Spec.Strategy.Canary == nil {
		return 0
	}
	index := valueOr(ro.Status.CurrentStepIndex, 0)
	return max(0, min(index, int32(len(ro.Spec.Strategy.Canary.Steps))))
}

// stepText is "index/total", or nothing when there are no steps or no index yet.
func stepText(ro *v1alpha1.Rollout) string {
	canary := ro.Spec.Strategy.Canary
	if canary == nil || len(canary.Steps) == 0 || ro.Status.CurrentStepIndex == nil {
		return ""
	}
	return fmt.Sprintf("%d/%d", StepsDone(ro), len(canary.Steps))
}

// atStep is true while there is a step to work on.
func atStep(ro *v1alpha1.Rollout) bool {
	return int(StepsDone(ro)) < len(ro.Spec.Strategy.Canary.Steps)
}

// maxWeight is what all traffic is called. Unit: weight, 100 unless set.
func maxWeight(canary *v1alpha1.CanaryStrategy) int32 {
	if canary.TrafficRouting == nil {
		return 100
	}
	return valueOr(canary.TrafficRouting.MaxTrafficWeight, 100)
}

// setWeight is the share that the steps ask for the canary: that of the nearest
// setWeight at or before the current step.
func setWeight(ro *v1alpha1.Rollout) int32 {
	canary := ro.Spec.Strategy.Canary
	switch {
	case ro.Status.Abort:
		return 0
	case !atStep(ro):
		return maxWeight(canary)
	}
	for i := StepsDone(ro); i >= 0; i-- {
		if w := canary.Steps[i].SetWeight; w != nil {
			return *w
		}
	}
	return 0
}

// actualWeight is the share that the canary has: as the routers were told, or
// by pods when there are none.
// Example: 1 of 4 available pods is the canary's -> 25.
func actualWeight(ro *v1alpha1.Rollout, replicaSets []*appsv1.ReplicaSet) int32 {
	canary := ro.Spec.Strategy.Canary
	switch {
	case !atStep(ro):
		return maxWeight(canary)
	case ro.Status.AvailableReplicas == 0:
		return 0
	case canary.TrafficRouting == nil:
		return canaryAvailable(ro, replicaSets) * maxWeight(canary) / ro.Status.AvailableReplicas
	case ro.Status.Canary.Weights == nil:
		return setWeight(ro)
	default:
		return ro.Status.Canary.Weights.Canary.Weight
	}
}

// canaryAvailable counts the available pods of the desired version.
func canaryAvailable(ro *v1alpha1.Rollout, replicaSets []*appsv1.ReplicaSet) int32 {
	for _, rs := range replicaSets {
		hash := rs.Labels[v1alpha1.DefaultRolloutUniqueLabelKey]
		if hash != "" && hash == ro.Status.CurrentPodHash {
			return rs.Status.AvailableReplicas
		}
	}
	return 0
}
