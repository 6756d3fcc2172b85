package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/spec"
)

// weightsAddUp: shares are never negative and add up to the whole.
func weightsAddUp() Law {
	action := func(_ *World, _ *pass, a plan.Action) string {
		set, ok := a.(plan.SetTraffic)
		if !ok {
			return ""
		}
		s := set.Split
		sum := s.Canary + s.Stable()
		for _, d := range s.Additional {
			sum += d.Weight
		}
		if s.Canary < 0 || s.Max < 1 || sum != s.Max {
			return fmt.Sprintf("canary %d and stable %d of %d", s.Canary, s.Stable(), s.Max)
		}
		return ""
	}
	status := func(_ *World, p *pass, _, after *v1alpha1.RolloutStatus) string {
		c, ok := canaryOf(p.snapshot.Spec)
		if after.Canary.Weights == nil || !ok || c.Routing == nil {
			return ""
		}
		weights := after.Canary.Weights
		sum := weights.Canary.Weight + weights.Stable.Weight
		for _, d := range weights.Additional {
			sum += d.Weight
		}
		if sum != c.Routing.MaxWeight || weights.Canary.Weight < 0 || weights.Stable.Weight < 0 {
			return fmt.Sprintf("the status says canary %d and stable %d of %d", weights.Canary.Weight, weights.Stable.Weight, c.Routing.MaxWeight)
		}
		return ""
	}
	return Law{Name: "weights add up", New: func() Check { return Check{Action: action, Status: status} }}
}

// roles are the Services of a strategy: who serves production, who serves a part.
func roles(s spec.Rollout, status *v1alpha1.RolloutStatus) (canary, stable string) {
	switch x := s.Strategy.(type) {
	case spec.BlueGreen:
		return "", x.ActiveService
	case spec.Canary:
		if x.PingPong == nil {
			return x.CanaryService, x.StableService
		}
		if status.Canary.StablePingPong == v1alpha1.PPPing {
			return x.PingPong.PongService, x.PingPong.PingService
		}
		return x.PingPong.PingService, x.PingPong.PongService
	default:
		return "", ""
	}
}

// behind is the revision that a Service, or a split's own hash, leads to; "" when any.
func (w *World) behind(service, hash string) string {
	if s := w.service(service); s != nil && s.live.found {
		return s.live.value.Hash
	}
	return hash
}

// serving is how many pods a revision has to serve with; any revision for "".
func (w *World) serving(hash string) int32 {
	if hash != "" {
		return w.available(w.setOf(hash))
	}
	var all int32
	for _, s := range w.sets {
		all += w.available(s)
	}
	return all
}

// staying is how many pods of a revision serve and are still wanted.
func (w *World) staying(hash string) int32 {
	var all int32
	for _, s := range w.sets {
		if hash == "" || s.live.value.Hash == hash {
			all += min(w.available(s), s.live.value.Want)
		}
	}
	return all
}

// excused: the environment took the revision's pods after the controller looked.
func (w *World) excused(hash string, since time.Duration) bool {
	for _, s := range w.sets {
		if (hash == "" || s.live.value.Hash == hash) && s.lostLately(since) {
			return true
		}
	}
	return false
}

// noTrafficWithoutPods: nothing gets weight or a Service's selector while it has no
// available pods, unless the others have none either.
func noTrafficWithoutPods() Law {
	look := func(w *World, p *pass, a plan.Action) string {
		if p.snapshot.Spec.Replicas == 0 {
			return ""
		}
		switch a := a.(type) {
		case plan.SetTraffic:
			return w.weightWithoutPods(p, a)
		case plan.PointService:
			return w.selectorWithoutPods(p, a)
		default:
			return ""
		}
	}
	return Law{Name: "no traffic without pods", New: func() Check { return Check{Action: look} }}
}

// restarted: the controller restarted a pod of the revision a moment ago, which the
// counts may not show yet.
func (w *World) restarted(hash string) bool {
	s := w.setOf(hash)
	return s != nil && s.evicted > 0 && w.now-s.evicted < time.Second
}

func (w *World) weightWithoutPods(p *pass, a plan.SetTraffic) string {
	canaryService, stableService := roles(p.snapshot.Spec, &p.snapshot.Rollout.Status)
	canary, stable := w.behind(canaryService, a.Split.CanaryHash), w.behind(stableService, a.Split.StableHash)
	before := w.plane(a.Router).written
	if !before.Found {
		before.Split = traffic.NewSplit(0, a.Split.Max)
	}
	switch {
	case a.Split.Canary > before.Split.Canary && w.serving(canary) == 0 && w.serving(stable) > 0 && !w.excused(canary, p.since) && !w.restarted(canary):
		return fmt.Sprintf("canary %s gets weight %d without pods", canary, a.Split.Canary)
	case a.Split.Stable() > before.Split.Stable() && w.serving(stable) == 0 && w.serving(canary) > 0 && !w.excused(stable, p.since) && !w.restarted(stable):
		return fmt.Sprintf("stable %s gets weight %d without pods", stable, a.Split.Stable())
	default:
		return ""
	}
}

func (w *World) selectorWithoutPods(p *pass, a plan.PointService) string {
	canary, stable := roles(p.snapshot.Spec, &p.snapshot.Rollout.Status)
	if a.Hash == "" || a.Name != canary && a.Name != stable || w.serving(a.Hash) > 0 || w.excused(a.Hash, p.since) || w.restarted(a.Hash) {
		return ""
	}
	if a.Name == canary && routed(p.snapshot.Spec) && w.mostCanary().Part == 0 {
		return "" // nobody is sent there
	}
	if from := w.service(a.Name); from == nil || w.staying(from.live.value.Hash) == 0 {
		return ""
	}
	return fmt.Sprintf("Service %s is pointed at %s, which has no pods", a.Name, a.Hash)
}

// mostCanary is the largest canary share that any data plane was told; where data
// planes verify, also what they still obey.
func (w *World) mostCanary() traffic.Share {
	var list []traffic.Observation
	for _, p := range w.planes {
		list = append(list, p.written)
		if w.env.Verifies {
			list = append(list, p.effective)
		}
	}
	return traffic.MostCanary(list)
}

// leastCanary is the smallest, for what stable must still carry.
func (w *World) leastCanary() traffic.Share {
	var list []traffic.Observation
	for _, p := range w.planes {
		list = append(list, p.written)
		if w.env.Verifies {
			list = append(list, p.effective)
		}
	}
	return traffic.LeastCanary(list)
}

// noPodsRemovedUnderTraffic: a revision is not scaled below what is sent to it.
func noPodsRemovedUnderTraffic() Law {
	look := func(w *World, p *pass, a plan.Action) string {
		scale, ok := a.(plan.ScaleReplicaSet)
		if !ok || p.snapshot.Spec.Replicas == 0 {
			return ""
		}
		s := w.set(scale.Name)
		if s == nil || scale.To >= s.live.value.Want || w.available(s) == 0 || p.seen(s) == 0 {
			return ""
		}
		return w.neededBy(p, s, scale.To)
	}
	return Law{Name: "no pods removed under traffic", New: func() Check { return Check{Action: look} }}
}

// neededBy tells what still sends to a revision more than its next size can serve.
func (w *World) neededBy(p *pass, s *replicaSet, to int32) string {
	hash := s.live.value.Hash
	canary, stable := roles(p.snapshot.Spec, &p.snapshot.Rollout.Status)
	if c, ok := basic(p.snapshot.Spec); ok {
		if c.Unavailable >= p.snapshot.Spec.Replicas {
			return ""
		}
		for _, name := range []string{canary, stable} {
			if service := w.service(name); to == 0 && service != nil && service.live.found && service.live.value.Hash == hash {
				return fmt.Sprintf("%s is scaled to 0 while Service %s selects it", hash, name)
			}
		}
		return ""
	}
	var need int32
	most, least := w.mostCanary(), w.leastCanary()
	if w.behind(canary, w.plannedHash(true)) == hash {
		need = most.Pods(p.snapshot.Spec.Replicas)
	}
	if w.behind(stable, w.plannedHash(false)) == hash {
		need = max(need, least.Rest().Pods(p.snapshot.Spec.Replicas))
	}
	if to > 0 && sizedByUser(p.snapshot.Spec) {
		return ""
	}
	if to < min(need, s.live.value.Want) {
		return fmt.Sprintf("%s is scaled from %d to %d, but the canary weight in force is %d of %d", hash, s.live.value.Want, to, most.Part, most.Of)
	}
	return ""
}

// plannedHash is the hash that the last split written names itself.
func (w *World) plannedHash(canary bool) string {
	for _, p := range w.planes {
		if p.written.Found && canary {
			return p.written.Split.CanaryHash
		}
		if p.written.Found {
			return p.written.Split.StableHash
		}
	}
	return ""
}

// sizedByUser: steps or a threshold size the canary apart from its weight.
func sizedByUser(s spec.Rollout) bool {
	c, ok := canaryOf(s)
	if !ok {
		return false
	}
	for _, step := range c.Steps {
		if _, is := step.(spec.SetCanaryScale); is {
			return true
		}
	}
	return c.Threshold != nil
}

// basic returns the bounds of a basic canary.
func basic(s spec.Rollout) (spec.Canary, bool) {
	c, ok := canaryOf(s)
	return c, ok && c.Routing == nil
}

// availability: no write of the controller's takes available pods below what must
// stay. Broken pods go first, so a smaller size costs only what it has to.
func availability() Law {
	look := func(w *World, p *pass, a plan.Action) string {
		c, ok := basic(p.snapshot.Spec)
		scale, is := a.(plan.ScaleReplicaSet)
		s := w.set(scale.Name)
		if !ok || !is || s == nil || scale.To >= s.live.value.Want || w.excused("", p.since) {
			return ""
		}
		if w.evictedLately(p.since) {
			return ""
		}
		var before, after int32
		for _, other := range w.sets {
			have := min(w.available(other), p.seen(other), other.live.value.Want)
			before += have
			if other == s {
				have = min(have, scale.To)
			}
			after += have
		}
		if least := p.snapshot.Spec.Replicas - c.Unavailable; after < min(before, least) {
			return fmt.Sprintf("scaling %s to %d leaves %d of %d pods, %d must stay", s.live.value.Hash, scale.To, after, before, least)
		}
		return ""
	}
	return Law{Name: "availability", New: func() Check { return Check{Action: look} }}
}

// evictedLately: the controller restarted a pod, which the counts may not show yet.
func (w *World) evictedLately(since time.Duration) bool {
	return slices.ContainsFunc(w.sets, func(s *replicaSet) bool { return s.evicted > 0 && s.evicted >= since })
}

// seen is how many available pods of a ReplicaSet the controller knew of.
func (p *pass) seen(s *replicaSet) int32 {
	for i := range p.snapshot.ReplicaSets {
		if rs := &p.snapshot.ReplicaSets[i]; rs.Name == s.live.value.Name {
			return rs.Available
		}
	}
	return 0
}

// surge: a basic canary never asks for more pods than allowed.
func surge() Law {
	look := func(w *World, p *pass, a plan.Action) string {
		c, ok := basic(p.snapshot.Spec)
		scale, is := a.(plan.ScaleReplicaSet)
		s := w.set(scale.Name)
		if !ok || !is || p.rivaled || s == nil || scale.To <= s.live.value.Want {
			return ""
		}
		total := scale.To - s.live.value.Want
		for _, other := range w.sets {
			if other.live.found {
				total += other.live.value.Want
			}
		}
		if most := p.snapshot.Spec.Replicas + c.Surge; total > most {
			return fmt.Sprintf("scaling %s to %d makes %d pods, at most %d may be", s.live.value.Hash, scale.To, total, most)
		}
		return ""
	}
	return Law{Name: "surge", New: func() Check { return Check{Action: look} }}
}
