package canary

import (
	"fmt"
	"slices"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/spec"
)

// flow is the traffic of one pass: what is observed and what it should become.
type flow struct {
	at     cursor
	routed bool
	// most and least are the canary's observed shares over all routers.
	most, least traffic.Share
	// split is what every router should serve.
	split traffic.Split
	// empty: no canary pods are wanted, so no weight can be reached, nor is any needed.
	empty bool
	// rescue: the canary takes everything while stable has nothing to serve with.
	rescue bool
	// held: stable cannot take its share yet, so split repeats what is observed.
	held bool
	// set are the writes that are needed for split.
	set []plan.Action
	// verified is nil when no router can tell, false also while a write is under way.
	verified *bool
	notes    []plan.Note
}

// unsure reports whether a data plane may still serve another split than observed.
func (f flow) unsure() bool { return f.verified != nil && !*f.verified }

// flowOf decides the traffic. Without routers the zero flow says so.
func flowOf(s *strategy.Situation, c spec.Canary, at cursor) flow {
	if c.Routing == nil || len(s.Snapshot.Traffic) == 0 {
		return flow{at: at}
	}
	f := flow{
		at:       at,
		routed:   true,
		most:     traffic.MostCanary(s.Snapshot.Traffic),
		least:    traffic.LeastCanary(s.Snapshot.Traffic),
		verified: verified(s.Snapshot.Traffic),
	}
	weight, why := allowed(s, c, at, f.most)
	if weight > 0 && s.StableSize().Available == 0 && s.Size().Available > 0 {
		weight, why, f.rescue = maxWeight(c), "stable has no available pod", true
	}
	if current := partOf(f.most, maxWeight(c)); weight > current && !s.Size().Observed && s.View.Desired != nil {
		weight, why, f.held = current, "held: the canary's pods are being counted", true
	}
	if !stableCanTake(s, c, f, weight) {
		weight, why, f.held = partOf(f.most, maxWeight(c)), "held: stable has too few available pods", true
	}
	f.empty = targets(s, c, at).Canary == 0
	f.notes = append(f.notes, plan.Note{Topic: "weight", Text: fmt.Sprintf("%d of %d: %s", weight, maxWeight(c), why)})
	f.split = traffic.NewSplit(weight, maxWeight(c)).WithAdditional(trialDestinations(s)...)
	f.split.CanaryHash, f.split.StableHash = canaryHash(s, c), s.StableSize().Hash
	if s.Size().Available > 0 && !s.Aborted && !s.Promoted && !s.PromoteFull {
		f.split.Headers, f.split.Mirrors = routesAt(at)
	}
	for _, o := range s.Snapshot.Traffic {
		if f.outOfDate(o) {
			f.set = append(f.set, plan.SetTraffic{Router: o.Router, Split: f.split})
		}
	}
	if f.verified != nil && len(f.set) > 0 {
		unconfirmed := false
		f.verified = &unconfirmed
	}
	return f
}

// outOfDate reports whether a router must be written to. Nothing is made for a
// rollout whose stable revision is not up yet.
func (f flow) outOfDate(o traffic.Observation) bool {
	if !o.Found {
		return !f.held
	}
	return !o.InSync || !o.Split.SameWeights(f.split) || !sameRoutes(o.Split, f.split)
}

// stableCanTake reports whether stable has the pods for what the canary would leave.
// A weight that does not fall asks nothing of stable, once there is a first one. A
// canary without pods, or an aborted one, is left whatever stable has, as long as it
// has any: it is the better place in any case.
func stableCanTake(s *strategy.Situation, c spec.Canary, f flow, weight int32) bool {
	if s.View.Stable == nil || s.Initial {
		return false
	}
	found := !slices.ContainsFunc(s.Snapshot.Traffic, func(o traffic.Observation) bool { return !o.Found })
	if found && weight >= partOf(f.most, maxWeight(c)) {
		return true
	}
	if c.StableService != "" && !s.Pinned(s.StableSize().Hash, c.StableService) && !s.CanServe(c.StableService, s.View.Stable) {
		return false // what the canary leaves would go to another revision
	}
	full := int64(maxWeight(c))
	need := int32(((full-int64(weight))*int64(s.Replicas()) + full - 1) / full)
	available := s.StableSize().Sure()
	if available >= need || enough(c, available, need) {
		return true
	}
	bad := s.Aborted && !c.DynamicStableScale || !s.Promoted && s.Size().Available == 0
	return bad && s.StableSize().Serving() > 0
}

// canaryHash is the revision behind the canary destination. While a superseded
// canary hands over to stable it is still that one.
func canaryHash(s *strategy.Situation, c spec.Canary) string {
	if leftovers(s, c) {
		return s.Status.Canary.Weights.Canary.PodTemplateHash
	}
	return s.View.Hash
}

// verified joins what the routers confirm: false if one does not serve the split,
// true if one confirms it, nil when none can tell.
func verified(observed []traffic.Observation) *bool {
	var all *bool
	for _, o := range observed {
		if o.Verified != nil && (all == nil || !*o.Verified) {
			all = o.Verified
		}
	}
	return all
}

// done reports whether the data planes serve this weight, or will when this plan's
// writes are through.
func (f flow) done(weight int32) bool {
	if !f.routed {
		return true
	}
	return !f.held && !f.unsure() && (f.empty || f.rescue || f.split.Canary == weight)
}

// complete reports whether traffic is where promotion needs it.
func (f flow) complete(s *strategy.Situation) bool {
	if !f.routed || f.at.count == 0 || s.PromoteFull {
		return true
	}
	return f.done(f.split.Max)
}

// event describes a change of weight since the last status; "" when there is none.
func (f flow) event(s *strategy.Situation) string {
	if !f.routed || len(f.set) == 0 {
		return ""
	}
	recorded := s.Status.Canary.Weights
	switch {
	case recorded == nil:
		return fmt.Sprintf("Traffic weight updated to %d", f.split.Canary)
	case recorded.Canary.Weight != f.split.Canary:
		return fmt.Sprintf("Traffic weight updated from %d to %d", recorded.Canary.Weight, f.split.Canary)
	default:
		return ""
	}
}

// canaryStatus is the strategy's part of the status.
func canaryStatus(s *strategy.Situation, c spec.Canary, f flow) v1alpha1.CanaryStatus {
	status := v1alpha1.CanaryStatus{StablePingPong: s.Status.Canary.StablePingPong}
	if !f.routed {
		return status
	}
	if f.held && s.Status.Canary.Weights == nil {
		return status
	}
	status.Weights = &v1alpha1.TrafficWeights{
		Canary:   v1alpha1.WeightDestination{Weight: f.split.Canary, ServiceName: c.CanaryService, PodTemplateHash: f.split.CanaryHash},
		Stable:   v1alpha1.WeightDestination{Weight: f.split.Stable(), ServiceName: c.StableService, PodTemplateHash: f.split.StableHash},
		Verified: f.verified,
	}
	for _, d := range f.split.Additional {
		status.Weights.Additional = append(status.Weights.Additional, v1alpha1.WeightDestination{Weight: d.Weight, ServiceName: d.Service, PodTemplateHash: d.Hash})
	}
	return status
}

func sameRoutes(a, b traffic.Split) bool {
	return slices.EqualFunc(a.Headers, b.Headers, equalHeaderRoutes) && slices.EqualFunc(a.Mirrors, b.Mirrors, equalMirrorRoutes)
}

func equalHeaderRoutes(a, b traffic.HeaderRoute) bool {
	return a.Name == b.Name && slices.Equal(a.Match, b.Match)
}

func equalMirrorRoutes(a, b traffic.MirrorRoute) bool {
	return a.Name == b.Name && a.Percentage == b.Percentage && slices.EqualFunc(a.Match, b.Match, func(x, y traffic.RequestMatch) bool {
		return x.Method == y.Method && x.Path == y.Path && slices.Equal(x.Headers, y.Headers)
	})
}
