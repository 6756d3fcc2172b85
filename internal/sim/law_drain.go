package sim

import (
	"fmt"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/spec"
)

// requestsAreServed: once everything written is obeyed, no share of the requests
// leads to nothing, unless the environment or the user took the pods.
func requestsAreServed() Law {
	const (
		forgiven = 10 * time.Minute // how long a lost pod or an empty Rollout is an excuse
		healing  = 5 * time.Second  // how long two controllers at once are one
	)
	newCheck := func() Check {
		served := false
		look := func(w *World) string {
			status := &w.live().Status
			served = served || status.Phase == v1alpha1.RolloutPhaseHealthy && status.AvailableReplicas > 0
			if w.mayHaveNone() {
				w.emptied = w.now
				served = false // whoever may have nothing begins anew
			}
			if w.emptied > 0 && w.now-w.emptied < forgiven || !w.obeyed() {
				return ""
			}
			if w.rivaled > 0 && w.now-w.rivaled < healing {
				return "" // a write of one cannot know the other's; the next pass puts it right
			}
			for _, d := range w.Requests() {
				if d.Share.Part == 0 || d.Available > 0 {
					continue
				}
				if s := w.service(d.Name); s != nil && !s.live.found {
					continue
				}
				if served && !w.broke(d.Hash) && !w.excused(d.Hash, max(1, w.now-forgiven)) && !w.restartedAlone(d.Hash) {
					return fmt.Sprintf("%d of %d requests go to %s %s, which has no pods", d.Share.Part, d.Share.Of, d.Name, d.Hash)
				}
			}
			return ""
		}
		return Check{Moment: look}
	}
	return Law{Name: "requests are served", New: newCheck}
}

// broke: the revision's pods fail by themselves, and did.
func (w *World) broke(hash string) bool {
	for _, s := range w.sets {
		if (hash == "" || s.live.value.Hash == hash) && s.behaviour == Crashing && s.lost > 0 {
			return true
		}
	}
	return false
}

// restartedAlone: the only pod of a revision was restarted a while ago, which cannot be
// done without a gap.
func (w *World) restartedAlone(hash string) bool {
	s := w.setOf(hash)
	return s != nil && s.alone > 0 && w.now-s.alone < 10*time.Minute
}

// lastPods: the controller never scales away the last pods that serve.
func lastPods() Law {
	look := func(w *World, p *pass, a plan.Action) string {
		scale, ok := a.(plan.ScaleReplicaSet)
		s := w.set(scale.Name)
		c, isBasic := basic(p.snapshot.Spec)
		if !ok || s == nil || p.snapshot.Spec.Replicas == 0 || scale.To > 0 {
			return ""
		}
		if isBasic && c.Unavailable >= p.snapshot.Spec.Replicas || w.excused("", p.since) || !w.reached(p, s) {
			return ""
		}
		serving := min(w.available(s), p.seen(s))
		for _, other := range w.sets {
			if other != s && w.available(other) > 0 {
				return ""
			}
		}
		if serving > 0 {
			return fmt.Sprintf("%s is scaled to 0, and its %d pods are the last that serve", s.live.value.Hash, serving)
		}
		return ""
	}
	return Law{Name: "last pods", New: func() Check { return Check{Action: look} }}
}

// reached reports whether production requests can end at a revision: nothing pins
// another one.
func (w *World) reached(p *pass, s *replicaSet) bool {
	_, stable := roles(p.snapshot.Spec, &p.snapshot.Rollout.Status)
	pin := w.behind(stable, "")
	return pin == "" || pin == s.live.value.Hash
}

// obeyed reports whether data planes and endpoints follow what is written. Where
// data planes verify, the controller has to wait for that itself.
func (w *World) obeyed() bool {
	for _, s := range w.services {
		if s.live.found && s.effective != s.live.value.Hash {
			return false
		}
	}
	for _, p := range w.planes {
		if p.obeyed != p.writes && !w.env.Verifies {
			return false
		}
	}
	return true
}

// mayHaveNone: the bounds of the manifest allow that no pod is available.
func (w *World) mayHaveNone() bool {
	p := w.parse(w.live())
	if len(p.invalid) > 0 || p.spec.Replicas == 0 || p.spec.Replicas <= 1 && w.restarting() {
		return true
	}
	c, ok := basic(p.spec)
	return ok && c.Unavailable >= p.spec.Replicas
}

// delayLasts: pods that lost their traffic stay for the delay that was asked for.
func delayLasts() Law {
	newCheck := func() Check {
		left := map[string]time.Duration{}
		used := map[string]bool{}
		moment := func(w *World) string {
			for hash := range used {
				if !w.referenced(hash) {
					left[hash] = w.now
					delete(used, hash)
				}
			}
			for _, s := range w.sets {
				if hash := s.live.value.Hash; s.live.found && w.referenced(hash) {
					used[hash] = true
				}
			}
			return ""
		}
		action := func(w *World, p *pass, a plan.Action) string {
			scale, ok := a.(plan.ScaleReplicaSet)
			s := w.set(scale.Name)
			if !ok || s == nil || scale.To > 0 || w.available(s) == 0 || p.snapshot.Spec.Replicas == 0 {
				return ""
			}
			since, lost := left[s.live.value.Hash]
			delay := keepFor(p.snapshot.Spec)
			status := p.snapshot.Rollout.Status
			if s.live.value.Hash == p.snapshot.Spec.TemplateHash {
				return "" // wanted again, with a size of its own
			}
			if !lost || delay == 0 || s.live.value.Hash == status.StableRS || s.live.value.Hash == status.CurrentPodHash {
				return ""
			}
			// The deadline is stored in whole seconds.
			if w.now-since < delay-time.Second {
				return fmt.Sprintf("%s lost its traffic %v ago and is scaled to 0, the delay is %v", s.live.value.Hash, w.now-since, delay)
			}
			return ""
		}
		return Check{Moment: moment, Action: action}
	}
	return Law{Name: "delay lasts", New: newCheck}
}

// keepFor is how long superseded pods stay; 0 when nothing was promised.
func keepFor(s spec.Rollout) time.Duration {
	switch x := s.Strategy.(type) {
	case spec.BlueGreen:
		if x.ScaleDownRevisions == nil {
			return shorter(x.ScaleDownDelay, x.AbortDelay)
		}
	case spec.Canary:
		if x.Routing != nil && !x.DynamicStableScale && x.ScaleDownRevisions == nil {
			return shorter(x.ScaleDownDelay, x.AbortDelay)
		}
	}
	return 0
}

// shorter is the delay that holds in any case: that of an abort may be shorter.
func shorter(delay time.Duration, abort spec.AbortDelay) time.Duration {
	if abort.Keep {
		return delay
	}
	return min(delay, abort.After)
}

// referenced reports whether production traffic is sent to a revision by what is
// written now.
func (w *World) referenced(hash string) bool {
	p := w.parse(w.live())
	if len(p.invalid) > 0 {
		return false
	}
	status := &w.live().Status
	canary, stable := roles(p.spec, status)
	if !routed(p.spec) {
		return w.pinned(stable, hash)
	}
	most, least := w.mostCanary(), w.leastCanary()
	return most.Part > 0 && w.pinned(canary, hash) || least.Rest().Part > 0 && w.pinned(stable, hash)
}

func (w *World) pinned(service, hash string) bool {
	s := w.service(service)
	return s != nil && s.live.found && s.live.value.Hash == hash
}

// finished says what is missing when an update that was promoted in full came to
// rest; "" for nothing.
func (w *World) finished() string {
	p := w.parse(w.live())
	status := w.live().Status
	if status.Phase != v1alpha1.RolloutPhaseHealthy {
		return fmt.Sprintf("the phase is %s (%s)", status.Phase, status.Message)
	}
	for _, s := range w.sets {
		want := int32(0)
		if s.live.value.Hash == status.CurrentPodHash {
			want = p.spec.Replicas
		}
		if s.live.found && s.live.value.Want != want {
			return fmt.Sprintf("%s has %d pods, %d are right", s.live.value.Hash, s.live.value.Want, want)
		}
	}
	_, stable := roles(p.spec, &status)
	if s := w.service(stable); s != nil && p.spec.Replicas > 0 && s.live.value.Hash != status.CurrentPodHash {
		return fmt.Sprintf("Service %s selects %s, not %s", stable, s.live.value.Hash, status.CurrentPodHash)
	}
	for _, plane := range w.planes {
		if plane.written.Found && plane.written.Split.Canary != 0 {
			return fmt.Sprintf("%s still gives the canary %d", plane.name, plane.written.Split.Canary)
		}
	}
	return ""
}
