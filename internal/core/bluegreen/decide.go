package bluegreen

import (
	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Decide is the whole blue-green strategy for one pass.
func Decide(s *strategy.Situation, b spec.BlueGreen) strategy.Verdict {
	at := standing(s, b)
	g := gateOf(s, b, at)
	active, reroute := route(s, b, at, g)
	var v strategy.Verdict
	v.Reroute = reroute
	if active == s.View.Hash {
		at.target = s.Replicas()
	}
	sizes(&v, s, b, at)
	v.Pauses, v.Resumed = g.pauses, g.resumed
	v.Notes = g.notes
	v.Wake(g.wake)
	v.BlueGreen = v1alpha1.BlueGreenStatus{
		PreviewSelector:          previewHash(s, b),
		ActiveSelector:           active,
		ScaleUpPreviewCheckPoint: g.checkpoint && !s.Promoted,
	}
	keepAnalyses(&v, s, at)
	v.Promote = promotion(s, b, at, active)
	if v.Promote != "" {
		v.Pauses, v.Resumed, v.BlueGreen.ScaleUpPreviewCheckPoint = nil, false, false
	}
	return v
}

// place is where the update stands.
type place struct {
	// active is the revision that the active Service selects; "" when it selects any.
	active string
	// first: nothing was ever served, so there is nothing to protect.
	first bool
	// fast: gates are passed without waiting.
	fast bool
	// target is the size that the desired revision should have now.
	target int32
	// ready: the desired revision has target pods, all available.
	ready bool
	// saturated: it has all the Rollout's pods, all available.
	saturated bool
}

func standing(s *strategy.Situation, b spec.BlueGreen) place {
	desired, replicas := s.Size(), s.Replicas()
	at := place{active: s.Snapshot.Services[b.ActiveService].Hash}
	at.first = s.Initial || at.active == "" && s.StableSize().Available == 0
	at.fast = fastTracked(s, at)
	at.target = target(s, b, at)
	exists := s.View.Desired != nil
	at.ready = exists && desired.Want == at.target && desired.Sure() >= at.target
	at.saturated = exists && desired.Want == replicas && desired.Sure() >= replicas
	return at
}

// fastTracked reports whether the gates are moot: the first deploy, a full promotion,
// the way back to stable or within the rollback window, or to a revision that is
// still up in its scale-down delay.
func fastTracked(s *strategy.Situation, at place) bool {
	switch {
	case at.first, s.PromoteFull, s.Promoted, s.InWindow:
		return true
	case at.active == s.View.Hash:
		return true
	default:
		return s.View.Rollback() && s.Size().Deadline.After(s.Now)
	}
}

// target is how many pods the desired revision should have: the preview's size until
// the gate is passed.
func target(s *strategy.Situation, b spec.BlueGreen, at place) int32 {
	if b.PreviewReplicas == nil || at.fast || s.Status.BlueGreen.ScaleUpPreviewCheckPoint {
		return s.Replicas()
	}
	return *b.PreviewReplicas
}

// promotion is why the desired revision becomes stable now; "": it does not.
// active is what the active Service selects once this pass is through.
func promotion(s *strategy.Situation, b spec.BlueGreen, at place, active string) string {
	switch {
	case s.Promoted, s.Aborted:
		return ""
	case at.first:
		return "Initial deploy"
	case active != s.View.Hash, !at.saturated:
		return ""
	case s.PromoteFull:
		return "Full promotion requested"
	case s.InWindow:
		return "Rollback within window"
	case analyses(b.PostPromotion) && !hurried(s) && !proven(s, at):
		return ""
	case at.fast && s.View.Rollback():
		return "Fast rollback"
	default:
		return "Completed blue-green update"
	}
}

// route decides what the Services select, in a safe order, and returns what the
// active Service selects afterwards.
func route(s *strategy.Situation, b spec.BlueGreen, at place, g gate) (string, []plan.Action) {
	if s.Halted {
		return at.active, nil
	}
	var actions []plan.Action
	if !s.Aborted && b.PreviewService != "" {
		actions = s.Point(b.PreviewService, s.View.Hash)
	}
	wanted, desired := at.active, s.Size()
	switch {
	case s.Aborted:
		if s.StableSize().Available > 0 {
			wanted = s.StableSize().Hash
		}
	case at.saturated && (at.fast || g.open) && (desired.Serving() > 0 || s.NobodyServes()):
		wanted = s.View.Hash
	case (at.active == "" || stranded(s, at)) && s.CanServe(b.ActiveService, s.View.Stable):
		// The first deploy was superseded before the Service was pinned, or somebody
		// switched to what was superseded at the same time.
		wanted = s.StableSize().Hash
	}
	return wanted, append(actions, s.Point(b.ActiveService, wanted)...)
}

// stranded reports whether the active Service selects a superseded revision that has
// no pod to serve with.
func stranded(s *strategy.Situation, at place) bool {
	if at.active == "" || at.active == s.View.Hash || at.active == s.StableSize().Hash {
		return false
	}
	active := s.View.ByHash(at.active)
	return active == nil || active.Available == 0
}

// previewHash is what the preview Service selects once this pass is through.
func previewHash(s *strategy.Situation, b spec.BlueGreen) string {
	svc, ok := s.Snapshot.Services[b.PreviewService]
	switch {
	case b.PreviewService == "" || !ok || !svc.Found:
		return ""
	case s.Aborted || s.Halted:
		return svc.Hash
	default:
		return s.View.Hash
	}
}
