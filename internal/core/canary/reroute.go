package canary

import (
	"slices"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// reroute puts the writes that move traffic in a safe order. The stable Service comes
// first: it only ever moves to a revision that serves. When the canary's share falls,
// weights come before the canary's Service; when it rises, the Service comes first.
func reroute(s *strategy.Situation, c spec.Canary, f flow) []plan.Action {
	stable, canary := stableService(s, c, f), canaryService(s, c, f)
	if !s.Promoted && f.routed && partOf(f.most, f.split.Max) > f.split.Canary {
		return slices.Concat(stable, f.set, canary)
	}
	return slices.Concat(stable, canary, f.set)
}

// stableService follows stable, once that can serve. Without a router it moves on to
// the desired revision when stable is about to end up without pods and the desired
// revision has become the larger one.
func stableService(s *strategy.Situation, c spec.Canary, f flow) []plan.Action {
	if c.StableService == "" || s.Initial {
		return nil
	}
	target := s.View.Stable
	if !alone(s) && c.Routing == nil && targets(s, c, f.at).Stable == 0 && larger(s, c) {
		target = s.View.Desired
	}
	if !s.CanServe(c.StableService, target) && !idle(s) {
		return nil
	}
	return s.Point(c.StableService, target.Hash)
}

// idle reports whether the promoted revision may have the Services without a pod: none
// is wanted, and none is left of another one.
func idle(s *strategy.Situation) bool {
	return s.Promoted && s.View.Stable != nil && s.Replicas() == 0 && s.NobodyServes()
}

// larger reports whether the desired revision serves with more pods than stable, or
// has the stable Service already.
func larger(s *strategy.Situation, c spec.Canary) bool {
	return s.Size().Serving() >= s.StableSize().Serving() || s.Pinned(s.View.Hash, c.StableService)
}

// canaryService follows the desired revision while that can serve, and otherwise
// falls back to stable rather than select pods that are going away.
func canaryService(s *strategy.Situation, c spec.Canary, f flow) []plan.Action {
	if c.CanaryService == "" || s.Initial || leftovers(s, c) {
		return nil
	}
	if f.routed && f.split.Canary > 0 && (s.Aborted || handover(s, c) && s.Size().Available == 0) {
		return nil
	}
	target := s.View.Desired
	if s.Aborted || unwanted(s, c, f) {
		target = s.View.Stable
	}
	if !s.CanServe(c.CanaryService, target) {
		return nil
	}
	return s.Point(c.CanaryService, target.Hash)
}

// unwanted reports whether the canary Service has nothing to do at the desired
// revision: it has no pods to offer, and no traffic goes through it.
func unwanted(s *strategy.Situation, c spec.Canary, f flow) bool {
	if s.Promoted || f.routed && f.split.Canary > 0 {
		return false
	}
	if targets(s, c, f.at).Canary == 0 {
		return true
	}
	return s.Size().Available == 0 && !s.Pinned(s.View.Hash, c.CanaryService)
}
