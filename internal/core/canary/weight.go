package canary

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/scale"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/spec"
)

// maxWeight is the weight that means all traffic.
func maxWeight(c spec.Canary) int32 {
	if c.Routing == nil || c.Routing.MaxWeight < 1 {
		return traffic.FullWeight
	}
	return c.Routing.MaxWeight
}

// goal is the weight that the pods are sized for, whether or not they are there yet.
func goal(s *strategy.Situation, c spec.Canary, at cursor) int32 {
	switch {
	case s.PromoteFull, s.Initial, s.Promoted:
		return maxWeight(c)
	case s.Aborted:
		return 0
	case at.pastEnd():
		return maxWeight(c)
	default:
		return at.weightAt(at.index)
	}
}

// allowed is the weight that the canary may have now, and why. It never runs ahead
// of the pods.
func allowed(s *strategy.Situation, c spec.Canary, at cursor, now traffic.Share) (int32, string) {
	full := maxWeight(c)
	current := partOf(now, full)
	switch {
	case s.Promoted, s.Initial:
		return promotedWeight(s, c, current)
	case s.Aborted && c.DynamicStableScale:
		return rampDown(s, c, current), "aborted: stable takes over as its pods come back"
	case s.Aborted:
		return 0, "aborted"
	case s.Size().Available == 0 && c.DynamicStableScale && handover(s, c):
		return rampDown(s, c, current), "the superseded canary hands over as stable grows back"
	case s.Size().Available == 0:
		return 0, "no canary pod is available"
	case s.Halted:
		return current, "held: the rollout is paused as a whole"
	case targets(s, c, at).Canary == 0:
		return 0, "the step asks for no canary pods"
	case s.PromoteFull && c.DynamicStableScale:
		return availableShare(s, full), "full promotion follows the available pods"
	case s.PromoteFull:
		return current, "full promotion holds the weight until every pod is available"
	case at.count == 0:
		return 0, "without steps traffic moves when every pod is available"
	default:
		return stepWeight(s, c, at, current)
	}
}

// promotedWeight is the weight of the canary destination when there is no canary any
// more. It goes to zero once the stable Service leads to the promoted revision.
func promotedWeight(s *strategy.Situation, c spec.Canary, current int32) (int32, string) {
	switch {
	case leftovers(s, c):
		return rampDown(s, c, current), "stable takes over as its pods come back"
	case s.Promoted && awaitsStableService(s, c):
		return current, "held: the stable Service cannot move to the promoted revision yet"
	case s.Promoted && s.Now.Before(settled(s, c)):
		return current, "held: endpoints of the stable Service are settling"
	default:
		return 0, "the stable Service selects the promoted revision"
	}
}

// stepWeight is the weight of the current step. Lowering it waits for nothing, so
// that traffic leaves before its pods do; raising it waits until the pods of the
// step are there. Until then the weight of the step before holds, and never rises
// above what the available pods can carry.
func stepWeight(s *strategy.Situation, c spec.Canary, at cursor, current int32) (int32, string) {
	full := maxWeight(c)
	next, last := full, at.weightAt(at.index-1)
	if !at.pastEnd() {
		next = at.weightAt(at.index)
	}
	switch {
	case next <= current, atSize(s, c, at):
		return next, fmt.Sprintf("step %d of %d", min(at.index+1, at.count), at.count)
	default:
		return min(last, max(current, availableShare(s, full))), "waits for available pods"
	}
}

// partOf converts a share to parts of full, rounded down.
func partOf(share traffic.Share, full int32) int32 {
	if share.Of <= 0 {
		return 0
	}
	return int32(int64(share.Part) * int64(full) / int64(share.Of))
}

// availableShare is the weight that the canary's available pods stand for.
// Example: 3 of 5 pods, full 100 -> 60. With no replicas wanted it is 0.
func availableShare(s *strategy.Situation, full int32) int32 {
	if s.Replicas() <= 0 {
		return 0
	}
	return min(full, int32(int64(full)*int64(s.Size().Available)/int64(s.Replicas())))
}

// leftovers reports whether an update with DynamicStableScale was turned back to
// stable while the previous canary still carries traffic that stable cannot take.
func leftovers(s *strategy.Situation, c spec.Canary) bool {
	weights := s.Status.Canary.Weights
	return s.Promoted && c.DynamicStableScale && weights != nil &&
		weights.Canary.PodTemplateHash != "" && weights.Canary.PodTemplateHash != s.View.Hash &&
		weights.Canary.Weight > 0 && s.Size().Available < s.Replicas()
}

// rampDown is the canary weight while stable grows back under DynamicStableScale:
// down the steps as stable gets the pods for them, and never up.
func rampDown(s *strategy.Situation, c spec.Canary, current int32) int32 {
	full, replicas := maxWeight(c), s.Replicas()
	if replicas <= 0 || s.View.Stable == nil {
		return 0
	}
	stable := int64(s.StableSize().Available)
	capacity := int32(min(int64(full), int64(full)*stable/int64(replicas)))
	byStep := rampStep(s, c)
	switch {
	case byStep <= 0:
		return min(full-capacity, current)
	case capacity < full-byStep:
		return current
	default:
		return min(byStep, current)
	}
}

// rampStep is the setWeight to go back to: the last one in the list that the pods
// stable is short of do not fill. 0 when there is none.
func rampStep(s *strategy.Situation, c spec.Canary) int32 {
	missing := s.Replicas() - s.StableSize().Available
	if !c.AbortDelay.Explicit && !c.AbortDelay.Keep {
		missing = max(missing, s.Size().Available)
	}
	share := scale.Routed{Replicas: s.Replicas(), MinPods: c.MinPods}
	for i := len(c.Steps) - 1; i >= 0; i-- {
		if w, ok := c.Steps[i].(spec.SetWeight); ok && share.Needed(w.Weight, maxWeight(c)) < missing {
			return w.Weight
		}
	}
	return 0
}

// settleTime is how long the canary destination keeps its weight after a promotion.
// The stable Service selects the promoted revision by then, but its endpoints reach
// the data plane by another way than the weight does, and later.
const settleTime = 3 * time.Second

// settled is when the weight may leave the canary destination of a revision that was
// promoted with all traffic; zero when it was not.
func settled(s *strategy.Situation, c spec.Canary) time.Time {
	weights := s.Status.Canary.Weights
	if weights == nil || weights.Canary.Weight < maxWeight(c) || weights.Canary.PodTemplateHash != s.View.Hash {
		return time.Time{}
	}
	for _, c := range s.Status.Conditions {
		if c.Type == v1alpha1.RolloutCompleted && c.Status == corev1.ConditionTrue {
			return c.LastTransitionTime.Add(settleTime)
		}
	}
	return time.Time{}
}

// awaitsStableService reports whether the stable Service selects another revision than
// the promoted one and cannot move yet, so that weight 0 would send requests there.
func awaitsStableService(s *strategy.Situation, c spec.Canary) bool {
	return c.StableService != "" && !s.Pinned(s.View.Hash, c.StableService) && !s.CanServe(c.StableService, s.View.Stable) && !idle(s)
}

// handover reports whether the canary Service still selects a superseded revision
// that has available pods.
func handover(s *strategy.Situation, c spec.Canary) bool {
	for _, rs := range s.View.Superseded {
		if rs.Available > 0 && s.Pinned(rs.Hash, c.CanaryService) {
			return true
		}
	}
	return false
}
