package canary

import (
	"time"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/scale"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// sizes are the wishes for every ReplicaSet.
type sizes struct {
	desired strategy.Wish
	others  map[string]strategy.Wish
	wake    time.Time
}

func (z *sizes) wish(rs *plan.ReplicaSet, w strategy.Wish) {
	if rs != nil {
		z.others[rs.Name] = w
	}
}

// sizesOf decides the size of every ReplicaSet for this pass.
func sizesOf(s *strategy.Situation, c spec.Canary, f flow) sizes {
	z := sizes{others: map[string]strategy.Wish{}}
	switch {
	case s.Halted && neverSized(s):
		z.desired = strategy.Wish{}
	case c.Routing == nil:
		basicSizes(&z, s, c, f.at)
	default:
		routedSizes(&z, s, c, f)
	}
	return z
}

// keepPinned leaves one pod to every revision that a Service selects, or will by these
// moves, as long
// as the Service has a revision to move to. Where it has none, as without surge, an
// empty revision is what was asked for.
func keepPinned(z *sizes, s *strategy.Situation, c spec.Canary, moves []plan.Action) {
	if s.Replicas() == 0 {
		return
	}
	if z.desired.Replicas == 0 && lastToServe(s) {
		z.desired.Replicas = s.Size().Want
	}
	for _, rs := range s.View.All() {
		wish, ok := z.others[rs.Name]
		desired := rs == s.View.Desired
		if desired {
			wish, ok = z.desired, true
		}
		if !ok || wish.Replicas > 0 || rs.Want == 0 || !selected(s, c, rs, moves) || !elsewhere(s, z, rs) {
			continue
		}
		wish.Replicas = 1
		if desired {
			z.desired = wish
		} else {
			z.others[rs.Name] = wish
		}
	}
}

// selected reports whether a Service selects the revision, or will by these moves.
func selected(s *strategy.Situation, c spec.Canary, rs *plan.ReplicaSet, moves []plan.Action) bool {
	for _, move := range moves {
		if point, ok := move.(plan.PointService); ok && point.Hash == rs.Hash {
			return true
		}
	}
	return s.Pinned(rs.Hash, services(c)...)
}

// lastToServe reports whether only the desired revision has pods that serve.
func lastToServe(s *strategy.Situation) bool {
	for _, rs := range s.View.All() {
		if rs != s.View.Desired && rs.Available > 0 {
			return false
		}
	}
	return s.Size().Serving() > 0
}

// elsewhere reports whether the desired or the stable revision serves, or comes up to
// serve, in place of rs.
func elsewhere(s *strategy.Situation, z *sizes, rs *plan.ReplicaSet) bool {
	if s.View.Desired != rs && (s.Size().Serving() > 0 || z.desired.Replicas > 0) {
		return true
	}
	stable := s.View.Stable
	return stable != nil && stable != rs && (s.StableSize().Serving() > 0 || z.others[stable.Name].Replicas > 0)
}

// services are all Services that the strategy points.
func services(c spec.Canary) []string {
	if c.PingPong != nil {
		return []string{c.PingPong.PingService, c.PingPong.PongService}
	}
	return []string{c.CanaryService, c.StableService}
}

// neverSized reports a first revision that was created while paused: it stays empty.
func neverSized(s *strategy.Situation) bool {
	return (s.Initial || s.Promoted) && s.Size().Want == 0 && s.Size().SizedFor < 0
}

// alone reports whether the desired revision has all the pods to itself.
func alone(s *strategy.Situation) bool { return s.Initial || s.Promoted || s.View.Stable == nil }

// targets is how many pods each revision should end up with.
func targets(s *strategy.Situation, c spec.Canary, at cursor) scale.Counts {
	switch {
	case alone(s):
		return scale.Counts{Canary: s.Replicas()}
	case s.Halted:
		return proportional(s, c)
	case c.Routing == nil:
		return scale.ByWeight(scale.Ask{Replicas: s.Replicas(), Weight: goal(s, c, at), Max: maxWeight(c), Surge: c.Surge})
	default:
		return routedTarget(s, c, at).Sizes()
	}
}

// routedTarget is the sizing of a routed canary for its goal.
func routedTarget(s *strategy.Situation, c spec.Canary, at cursor) scale.Routed {
	r := scale.Routed{Replicas: s.Replicas(), Weight: goal(s, c, at), Max: maxWeight(c), MinPods: c.MinPods, Dynamic: c.DynamicStableScale}
	if s.Aborted || s.PromoteFull || at.pastEnd() {
		return r
	}
	if pinned, ok := at.scaleAt(at.index); ok {
		if pinned.Replicas != nil {
			r.Explicit = pinned.Replicas
		} else if pinned.Weight != nil {
			r.Weight = *pinned.Weight
		}
	}
	return r
}

// proportional keeps the shares that the revisions had when the Rollout was resized
// while halted. Example: 1 of 4 canary pods, resized to 8 -> 2 and 6.
func proportional(s *strategy.Situation, c spec.Canary) scale.Counts {
	canary, stable := s.Size(), s.StableSize()
	next := scale.Counts{Canary: resized(canary, s.Replicas()), Stable: resized(stable, s.Replicas())}
	if c.Routing == nil && (canary.SizedFor != s.Replicas() || stable.SizedFor != s.Replicas()) {
		next.Stable = max(0, s.Replicas()-next.Canary)
	}
	return next
}

// resized scales a size along with the Rollout, rounded up.
func resized(rs strategy.Size, replicas int32) int32 {
	if rs.SizedFor <= 0 || rs.SizedFor == replicas {
		return rs.Want
	}
	share := scale.Routed{Replicas: replicas}
	return share.Needed(rs.Want, rs.SizedFor)
}

// atSize reports whether both revisions have the pods of the current step.
func atSize(s *strategy.Situation, c spec.Canary, at cursor) bool {
	want := targets(s, c, at)
	canary, stable := s.Size(), s.StableSize()
	if s.View.Desired == nil {
		return false
	}
	spare := c.Routing != nil && leaving(s, want.Canary) && canary.Sure() >= want.Canary
	if !spare && (canary.Want != want.Canary || !reached(c, canary, want.Canary)) {
		return false
	}
	if alone(s) {
		return true
	}
	if !c.DynamicStableScale && (stable.Want != want.Stable || stable.Pods != want.Stable) {
		return false
	}
	if c.Routing != nil {
		return true
	}
	for _, rs := range s.View.Superseded {
		if rs.Available > 0 {
			return false
		}
	}
	return true
}

// reached reports whether enough of a revision's wanted pods are available.
func reached(c spec.Canary, rs strategy.Size, wanted int32) bool {
	if c.Threshold == nil {
		return rs.Observed && rs.Available == wanted
	}
	return enough(c, rs.Sure(), wanted)
}

// basicSizes moves the pods of a canary without router one bounded step.
func basicSizes(z *sizes, s *strategy.Situation, c spec.Canary, at cursor) {
	canary, stable := s.Size(), s.StableSize()
	bounds := scale.Bounds{Replicas: s.Replicas(), Surge: c.Surge, Unavailable: c.Unavailable}
	pods := scale.Pods{Canary: scale.Size{Want: canary.Want, Available: canary.Sure(), Broken: canary.Broken(), Going: canary.Going()}}
	if !alone(s) {
		pods.Stable = scale.Size{Want: stable.Want, Available: stable.Sure(), Broken: stable.Broken(), Going: stable.Going()}
	}
	for _, rs := range s.View.Superseded {
		pods.Superseded += max(rs.Want, rs.Pods)
	}
	next := scale.Move(pods, targets(s, c, at), bounds)
	z.desired = strategy.Wish{Replicas: next.Canary, Sized: true}
	if !alone(s) {
		z.wish(s.View.Stable, strategy.Wish{Replicas: next.Stable, Sized: true})
	}
	if next.Canary == pods.Canary.Want && next.Stable == pods.Stable.Want {
		drain(z, s.View.Superseded, pods.Canary.Available+pods.Stable.Available, bounds)
	}
}

// drain empties superseded ReplicaSets, newest first: broken pods at once, working
// ones as far as enough pods stay available. other is what is available elsewhere.
func drain(z *sizes, superseded []*plan.ReplicaSet, other int32, b scale.Bounds) {
	spare := other - b.Least()
	for _, rs := range superseded {
		spare += min(rs.Available, rs.Want)
	}
	for _, rs := range superseded {
		left := min(rs.Want, rs.Available)
		if spare > 0 {
			gone := min(spare, left)
			left -= gone
			spare -= gone
		}
		z.others[rs.Name] = strategy.Wish{Replicas: left}
	}
}
