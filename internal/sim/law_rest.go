package sim

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/traffic"
)

// determinism: the same snapshot gives the same plan, whatever the order of its
// lists, and is not edited.
func determinism() Law {
	const every = 16 // looking at each decision would double the work
	look := func(w *World, p *pass) string {
		if p.number%every != 0 {
			return ""
		}
		again := p.snapshot
		again.ReplicaSets = slices.Clone(again.ReplicaSets)
		slices.Reverse(again.ReplicaSets)
		again.Pods = slices.Clone(again.Pods)
		slices.Reverse(again.Pods)
		again.Runs, again.Experiments = slices.Clone(again.Runs), slices.Clone(again.Experiments)
		slices.Reverse(again.Runs)
		slices.Reverse(again.Experiments)
		status := *again.Rollout.Status.DeepCopy()
		other := w.cfg.Core.Decide(again, w.Now())
		if !reflect.DeepEqual(status, again.Rollout.Status) {
			return "the snapshot's status was edited: " + difference(&status, &again.Rollout.Status)
		}
		if !reflect.DeepEqual(p.plan, other) {
			return fmt.Sprintf("two decisions on the same facts differ: %v and %v, status %s",
				p.plan.Actions, other.Actions, difference(&p.plan.Status, &other.Status))
		}
		return ""
	}
	return Law{Name: "determinism", New: func() Check { return Check{Plan: look} }}
}

// quiet: at rest repeated passes change nothing, now and later, and a pass that
// changes nothing does not ask for another one at once.
func quiet() Law {
	busy := func(_ *World, p *pass) string {
		if !p.acted && !p.wrote && !p.plan.WakeAt.IsZero() && !p.plan.WakeAt.After(Epoch().Add(p.decided)) {
			return fmt.Sprintf("nothing changed, yet it wakes at %s, which is not later", p.plan.WakeAt.Format(time.TimeOnly))
		}
		return ""
	}
	rest := func(w *World) string {
		if w.control.timer != never {
			return "" // a restart that polls
		}
		for _, later := range []time.Duration{0, 10 * time.Minute, 30 * 24 * time.Hour} {
			if what := w.changes(w.now + later); what != "" {
				return fmt.Sprintf("at rest, and not asked to be woken, but %v later it %s", later, what)
			}
		}
		return ""
	}
	return Law{Name: "quiet", New: func() Check { return Check{Pass: busy, Rest: rest} }}
}

// exactWake: when only the controller's own timer is left, nothing would change
// before it and something does when it is due. World.probe looks.
func exactWake() Law { return Law{Name: exactWakeName, New: func() Check { return Check{} }} }

const exactWakeName = "exact wake"

// restarting: pods are looked at, and going pods are not watched.
func (w *World) restarting() bool {
	p := w.parse(w.live())
	at := w.live().Status.RestartedAt
	return !p.spec.RestartAt.IsZero() && (at == nil || !at.Time.Equal(p.spec.RestartAt))
}

// probe looks just before the controller's timer. What is not watched (pods, what data
// planes obey) the controller may only look at again, so such wakes may be idle.
func (w *World) probe() {
	watched := slices.ContainsFunc(w.laws, func(c check) bool { return c.name == exactWakeName })
	if !watched || w.broken != nil || !w.settled() || w.control.down {
		return
	}
	timer, seen := w.control.timer, w.control.session.pass.snapshot
	if what := w.changesOn(seen, timer-1); what != "" && timer > w.now {
		w.breaks(exactWakeName, fmt.Sprintf("asked to be woken at %ss, but something changes before that: it %s", stamp(timer), what))
	}
	c := w.control
	calm := len(w.cfg.Faults) == 0 && !w.restarting() && !unverified(seen)
	c.expected = calm
}

// idleWake looks back at a pass that the timer asked for.
func (w *World) idleWake() {
	c := w.control
	p := &c.session.pass
	if c.expected && !p.acted && !p.wrote && w.broken == nil {
		w.breaks(exactWakeName, fmt.Sprintf("woken at %ss for nothing", stamp(w.now)))
	}
	c.expected = false
}

// unverified: a data plane had not confirmed yet what it was told.
func unverified(s plan.Snapshot) bool {
	return slices.ContainsFunc(s.Traffic, func(o traffic.Observation) bool { return o.Verified != nil && !*o.Verified })
}

// noEventWithoutChange: a pass that changes nothing tells nothing.
func noEventWithoutChange() Law {
	look := func(_ *World, p *pass) string {
		if p.acted || p.wrote || len(p.plan.Events) == 0 {
			return ""
		}
		return fmt.Sprintf("nothing changed, yet there is event %s: %s", p.plan.Events[0].Reason, p.plan.Events[0].Message)
	}
	return Law{Name: "no event without change", New: func() Check { return Check{Pass: look} }}
}

// conflictsStayQuiet: a write that lost against another one shows nowhere.
func conflictsStayQuiet() Law {
	look := func(_ *World, p *pass, o plan.Outcome) string {
		if !errors.Is(p.failure, plan.ErrConflict) {
			return ""
		}
		if len(o.Events) > 0 {
			return fmt.Sprintf("a conflict became the event %s: %s", o.Events[0].Reason, o.Events[0].Message)
		}
		if o.Status == nil {
			return ""
		}
		status := stored(*o.Status)
		if !sameStatus(&status, &p.snapshot.Rollout.Status) {
			return "a conflict changed the status: " + difference(&p.snapshot.Rollout.Status, &status)
		}
		return ""
	}
	return Law{Name: "conflicts stay quiet", New: func() Check { return Check{Outcome: look} }}
}

// generationObserved: at rest the status belongs to the manifest.
func generationObserved() Law {
	look := func(w *World) string {
		ro := w.live()
		if want := strconv.FormatInt(ro.Generation, 10); ro.Status.ObservedGeneration != want {
			return fmt.Sprintf("at rest with observedGeneration %q of %s", ro.Status.ObservedGeneration, want)
		}
		return ""
	}
	return Law{Name: "generation observed", New: func() Check { return Check{Rest: look} }}
}

// sizesAreCurrent: at rest the desired and the stable ReplicaSet know spec.replicas.
func sizesAreCurrent() Law {
	look := func(w *World) string {
		p := w.parse(w.live())
		status := w.live().Status
		if len(p.invalid) > 0 {
			return ""
		}
		for _, hash := range []string{status.StableRS, status.CurrentPodHash} {
			s := w.setOf(hash)
			if s != nil && s.live.value.Want > 0 && s.live.value.SizedFor != p.spec.Replicas {
				return fmt.Sprintf("at rest, %s was sized for %d replicas of %d", hash, s.live.value.SizedFor, p.spec.Replicas)
			}
		}
		return ""
	}
	return Law{Name: "sizes are current", New: func() Check { return Check{Rest: look} }}
}

// oneSetPerTemplate: equal templates never yield a second ReplicaSet.
func oneSetPerTemplate() Law {
	look := func(w *World, _ *pass, a plan.Action) string {
		created, ok := a.(plan.CreateReplicaSet)
		if !ok || len(created.Template.Spec.Containers) == 0 || w.live().Status.CollisionCount != nil {
			return ""
		}
		image := created.Template.Spec.Containers[0].Image
		for _, s := range w.sets {
			rs := s.live.value
			if s.live.found && rs.Name != created.Name && rs.Template.Spec.Containers[0].Image == image {
				return fmt.Sprintf("%s would run the same template as %s", created.Name, rs.Name)
			}
		}
		return ""
	}
	return Law{Name: "one ReplicaSet per template", New: func() Check { return Check{Action: look} }}
}

// oneWritePerService: a plan points a Service at most once, and never where it points.
func oneWritePerService() Law {
	look := func(_ *World, p *pass) string {
		for _, a := range p.plan.Actions {
			point, ok := a.(plan.PointService)
			if !ok {
				continue
			}
			if writesTo(p.plan.Actions, point.Name) > 1 {
				return fmt.Sprintf("Service %s is pointed twice in one pass", point.Name)
			}
			s := p.snapshot.Services[point.Name]
			if s.Hash == point.Hash && (s.ManagedBy == p.snapshot.Rollout.Name || point.Hash == "" && s.ManagedBy == "") {
				return fmt.Sprintf("Service %s points at %s already", point.Name, point.Hash)
			}
		}
		return ""
	}
	return Law{Name: "one write per Service", New: func() Check { return Check{Plan: look} }}
}

// commandsAreKept: what a user asks for in the status stays until it is acted on.
func commandsAreKept() Law {
	look := func(_ *World, p *pass, before, after *v1alpha1.RolloutStatus) string {
		promoted := after.StableRS != "" && after.StableRS == after.CurrentPodHash
		if begun(before, after) || promoted || p.snapshot.Spec.RollbackWindow > 0 {
			return ""
		}
		switch {
		case before.Abort && !after.Abort && !before.PromoteFull:
			return "an abort was taken back by the controller"
		case before.PromoteFull && !after.PromoteFull && !after.Abort:
			return "a full promotion was forgotten before it was done"
		case resumed(before) && paused(after, v1alpha1.PauseReasonCanaryPauseStep) && sameIndex(before, after):
			return "a pause that the user ended was begun again"
		default:
			return ""
		}
	}
	return Law{Name: "commands are kept", New: func() Check { return Check{Status: look} }}
}

// resumed: the user has cleared the controller's pause and it was not acted on yet.
func resumed(s *v1alpha1.RolloutStatus) bool {
	return s.ControllerPause && len(s.PauseConditions) == 0
}

func sameIndex(a, b *v1alpha1.RolloutStatus) bool {
	return a.CurrentStepIndex != nil && b.CurrentStepIndex != nil && *a.CurrentStepIndex == *b.CurrentStepIndex
}
