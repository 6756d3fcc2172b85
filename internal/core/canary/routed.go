package canary

import (
	"github.com/serin-rollouts/serin/internal/core/scale"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// routedSizes sizes the revisions of a canary with a router: up at once, down only
// when the observed traffic needs the pods no more.
func routedSizes(z *sizes, s *strategy.Situation, c spec.Canary, f flow) {
	want := targets(s, c, f.at)
	switch deadline := s.Size().Deadline; {
	case s.Aborted:
		z.desired, z.wake = abortedWish(s, c, f)
	case leaving(s, want.Canary):
		z.desired, z.wake = strategy.Wish{Replicas: s.Size().Want, Deadline: deadline, Sized: true}, deadline
	default:
		z.desired = strategy.Wish{Replicas: keepServing(s, c, f, want.Canary), Sized: true}
	}
	if !alone(s) {
		z.wish(s.View.Stable, strategy.Wish{Replicas: stableSize(s, c, f, want.Stable), Sized: true})
	}
	delay := strategy.Delay{
		After: c.ScaleDownDelay,
		Limit: c.ScaleDownRevisions,
		InUse: func(hash string) bool { return inUse(s, c, hash) },
		// What is left of a former version may be all that works.
		Holding: s.StableSize().Available == 0 && s.Replicas() > 0,
	}
	if c.DynamicStableScale {
		delay.After = 0
	}
	wishes, wake := delay.LetGo(s.View.Superseded, s.Now)
	for name, w := range wishes {
		z.others[name] = w
	}
	z.wake = sooner(z.wake, wake)
}

// leaving reports whether the canary was on its way out when it became wanted again,
// for fewer pods: the others stay until the delay ends, and no step waits for that.
func leaving(s *strategy.Situation, want int32) bool {
	return !s.Aborted && !s.Promoted && want < s.Size().Want && s.Size().Deadline.After(s.Now)
}

// keepServing is the canary's size: never below what the traffic that is observed
// needs. A size above zero that the manifest pins is the user's choice.
func keepServing(s *strategy.Situation, c spec.Canary, f flow, want int32) int32 {
	current := s.Size().Want
	_, pinned := f.at.scaleAt(f.at.index)
	pinned = pinned && !f.at.pastEnd()
	if want >= current || alone(s) || pinned && want > 0 {
		return want
	}
	if f.unsure() {
		return current
	}
	return min(current, max(want, stillNeeded(s, c, f)))
}

// stillNeeded is how many canary pods the observed and the wanted traffic need.
func stillNeeded(s *strategy.Situation, c spec.Canary, f flow) int32 {
	share := scale.Routed{Replicas: s.Replicas(), MinPods: c.MinPods}
	return max(share.Needed(f.most.Part, f.most.Of), share.Needed(f.split.Canary, f.split.Max))
}

// stableSize is stable's size: all pods, or with DynamicStableScale those that its
// wanted and its observed share need.
func stableSize(s *strategy.Situation, c spec.Canary, f flow, want int32) int32 {
	if !c.DynamicStableScale || s.Halted {
		return want
	}
	share := scale.Routed{Replicas: s.Replicas(), MinPods: c.MinPods}
	if f.unsure() {
		return max(want, s.StableSize().Want)
	}
	rest := f.least.Rest()
	return max(want, share.Needed(rest.Part, rest.Of), share.Needed(f.split.Stable(), f.split.Max))
}

// inUse reports whether anything may still send requests to a revision.
func inUse(s *strategy.Situation, c spec.Canary, hash string) bool {
	if s.Replicas() == 0 {
		return false
	}
	if s.Pinned(hash, services(c)...) {
		return true
	}
	w := s.Status.Canary.Weights
	if w == nil {
		return false
	}
	if w.Canary.PodTemplateHash == hash || w.Stable.PodTemplateHash == hash {
		return true
	}
	for _, d := range w.Additional {
		if d.PodTemplateHash == hash {
			return true
		}
	}
	return false
}
