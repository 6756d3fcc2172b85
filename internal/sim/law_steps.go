package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/spec"
)

// move is a status write that changed the step cursor.
type move struct {
	from, to, steps int32
	// begun: a new attempt; ended: promoted; told: the user said to skip or to stop.
	begun, ended, told bool
}

// moved tells how a status write moved the cursor; false when it did not, or when
// there is no cursor.
func moved(p *pass, before, after *v1alpha1.RolloutStatus) (move, bool) {
	c, ok := canaryOf(p.snapshot.Spec)
	if !ok || before.CurrentStepIndex == nil || after.CurrentStepIndex == nil || sameIndex(before, after) {
		return move{}, false
	}
	return move{
		from: *before.CurrentStepIndex, to: *after.CurrentStepIndex, steps: int32(len(c.Steps)),
		begun: begun(before, after),
		ended: after.StableRS == after.CurrentPodHash,
		told:  before.PromoteFull || before.Abort || after.Abort || before.AbortedAt != nil,
	}, true
}

// begun: a new attempt begins, with another template or other steps.
func begun(before, after *v1alpha1.RolloutStatus) bool {
	return before.CurrentPodHash != after.CurrentPodHash || before.CurrentStepHash != after.CurrentStepHash
}

// stepOrder: the cursor moves one step at a time unless a reset is named.
func stepOrder() Law {
	look := func(_ *World, p *pass, before, after *v1alpha1.RolloutStatus) string {
		m, ok := moved(p, before, after)
		if !ok {
			return ""
		}
		jump := fmt.Sprintf("the cursor moved from %d to %d of %d", m.from, m.to, m.steps)
		switch {
		case m.begun || m.told || m.ended || m.from > m.steps:
			return ""
		case m.to == m.steps && p.snapshot.Spec.RollbackWindow > 0:
			return ""
		case m.to != m.from+1:
			return jump + ", without a reason"
		case p.snapshot.Spec.Paused:
			return jump + ", although spec.paused is true"
		case len(p.snapshot.Invalid)+len(p.snapshot.References) > 0:
			return jump + ", although the spec is invalid"
		default:
			return ""
		}
	}
	return Law{Name: "step order", New: func() Check { return Check{Status: look} }}
}

// stepsAreDone: the cursor leaves a weight behind only when it is served.
func stepsAreDone() Law {
	look := func(w *World, p *pass, before, after *v1alpha1.RolloutStatus) string {
		m, ok := moved(p, before, after)
		if !ok || m.begun || m.told || m.ended || m.to != m.from+1 || m.from >= m.steps || p.snapshot.Spec.RollbackWindow > 0 {
			return ""
		}
		c, _ := canaryOf(p.snapshot.Spec)
		step, ok := c.Steps[m.from].(spec.SetWeight)
		if !ok || c.Routing == nil || p.snapshot.Spec.Replicas == 0 || sizedByUser(p.snapshot.Spec) && w.staying(after.CurrentPodHash) == 0 || keptEmpty(c.Steps[:m.from]) {
			return "" // a canary that the user keeps empty gets nothing
		}
		if stable := w.setOf(after.StableRS); stable == nil || min(p.seen(stable), w.available(stable)) == 0 {
			return "" // whoever has pods gets everything
		}
		for _, o := range p.snapshot.Traffic {
			if sets(p.plan.Actions, o.Router, c.Routing.MaxWeight) || o.Split.Canary == c.Routing.MaxWeight {
				continue // stable has no pods, and the canary stands in for it
			}
			if canary, _ := roles(p.snapshot.Spec, before); step.Weight == 0 && w.behind(canary, o.Split.CanaryHash) != after.CurrentPodHash {
				continue // nothing for the desired revision: a superseded one hands over
			}
			if !o.Found || o.Split.Canary != step.Weight {
				if w.env.Verifies && o.Found || !sets(p.plan.Actions, o.Router, step.Weight) {
					return fmt.Sprintf("step %d asks for weight %d, but %s served %d when it was called done", m.from, step.Weight, o.Router, o.Split.Canary)
				}
			} else if o.Verified != nil && !*o.Verified {
				return fmt.Sprintf("step %d was called done before %s had confirmed weight %d", m.from, o.Router, step.Weight)
			}
		}
		return ""
	}
	return Law{Name: "steps are done", New: func() Check { return Check{Status: look} }}
}

// keptEmpty: the latest of the steps that size the canary asks for no pods.
func keptEmpty(steps []spec.Step) bool {
	for _, step := range slices.Backward(steps) {
		if size, ok := step.(spec.SetCanaryScale); ok {
			return size.Replicas != nil && *size.Replicas == 0 || size.Weight != nil && *size.Weight == 0
		}
	}
	return false
}

// sets reports whether a plan gives the canary a weight.
func sets(actions []plan.Action, router string, weight int32) bool {
	for _, a := range actions {
		if set, ok := a.(plan.SetTraffic); ok && set.Router == router && set.Split.Canary == weight {
			return true
		}
	}
	return false
}

// pausesLast: a timed pause is never shorter than asked, an indefinite one ends only
// by command.
func pausesLast() Law {
	newCheck := func() Check {
		begun := never
		look := func(_ *World, p *pass, before, after *v1alpha1.RolloutStatus) string {
			text := pauseKept(p, before, after, begun)
			if !paused(after, v1alpha1.PauseReasonCanaryPauseStep) {
				begun = never
			} else if begun == never || !sameIndex(before, after) || before.CurrentPodHash != after.CurrentPodHash {
				begun = p.decided
			}
			return text
		}
		return Check{Status: look}
	}
	return Law{Name: "pauses last", New: newCheck}
}

func pauseKept(p *pass, before, after *v1alpha1.RolloutStatus, begun time.Duration) string {
	m, ok := moved(p, before, after)
	if !ok || m.begun || m.told || m.ended || m.to != m.from+1 || m.from >= m.steps || resumed(before) {
		return ""
	}
	if p.snapshot.Spec.RollbackWindow > 0 {
		return ""
	}
	c, _ := canaryOf(p.snapshot.Spec)
	pause, ok := c.Steps[m.from].(spec.Pause)
	switch {
	case !ok || !pause.Indefinite && pause.Duration == 0:
		return ""
	case pause.Indefinite:
		return fmt.Sprintf("the pause of step %d ended without a command", m.from)
	case begun == never:
		return fmt.Sprintf("the pause of step %d was passed without pausing", m.from)
	case p.decided-begun < pause.Duration:
		return fmt.Sprintf("the pause of step %d lasted %v of %v", m.from, p.decided-begun, pause.Duration)
	default:
		return ""
	}
}

// cutoverWaits: the active Service moves to a new revision only when its pods are
// there and the promotion was due.
func cutoverWaits() Law {
	newCheck := func() Check {
		begun := never
		status := func(_ *World, p *pass, before, after *v1alpha1.RolloutStatus) string {
			switch {
			case !paused(after, v1alpha1.PauseReasonBlueGreenPause):
				begun = never
			case begun == never || before.CurrentPodHash != after.CurrentPodHash:
				begun = p.decided
			}
			return ""
		}
		action := func(w *World, p *pass, a plan.Action) string {
			point, ok := a.(plan.PointService)
			bg, isBG := p.snapshot.Spec.Strategy.(spec.BlueGreen)
			if !ok || !isBG || point.Name != bg.ActiveService || point.From == "" {
				return ""
			}
			return cutoverDue(w, p, bg, point, begun)
		}
		return Check{Status: status, Action: action}
	}
	return Law{Name: "cutover waits", New: newCheck}
}

func cutoverDue(w *World, p *pass, bg spec.BlueGreen, point plan.PointService, begun time.Duration) string {
	status := &p.snapshot.Rollout.Status
	target := w.setOf(point.Hash)
	if point.Hash == "" || point.Hash == status.StableRS || status.StableRS == "" || target == nil {
		return ""
	}
	if have := w.available(target); have < p.snapshot.Spec.Replicas && !target.lostLately(p.since) {
		return fmt.Sprintf("cutover to %s with %d of %d pods", point.Hash, have, p.snapshot.Spec.Replicas)
	}
	stable := w.setOf(status.StableRS)
	older := stable != nil && target.live.value.Created.Before(stable.live.value.Created)
	if status.PromoteFull || status.BlueGreen.ScaleUpPreviewCheckPoint || older || stable == nil {
		return ""
	}
	switch {
	case !bg.AutoPromote && !resumed(status):
		return "cutover without a promotion"
	case bg.AutoPromote && bg.PromoteAfter > 0 && !resumed(status) && (begun == never || p.decided-begun < bg.PromoteAfter):
		return fmt.Sprintf("cutover before the delay of %v was over", bg.PromoteAfter)
	default:
		return ""
	}
}

// stableChangesByPromotion: stableRS changes only to the desired revision, when it is
// complete and the update was not aborted.
func stableChangesByPromotion() Law {
	look := func(w *World, p *pass, before, after *v1alpha1.RolloutStatus) string {
		if before.StableRS == after.StableRS || before.StableRS == "" || notYetActive(p) || cutOver(p, after.StableRS) {
			return ""
		}
		change := fmt.Sprintf("stableRS changed from %s to %s", before.StableRS, after.StableRS)
		desired := w.setOf(after.StableRS)
		c, isCanary := canaryOf(p.snapshot.Spec)
		short := w.available(desired) < p.snapshot.Spec.Replicas && !desired.lostLately(p.since) && desired.evicted < p.since
		switch {
		case after.StableRS != after.CurrentPodHash:
			return change + ", but the desired revision is " + after.CurrentPodHash
		case before.Abort && !before.PromoteFull && !begun(before, after) && p.snapshot.Spec.RollbackWindow == 0:
			return change + " although the update was aborted"
		case short && (!isCanary || c.Threshold == nil):
			return fmt.Sprintf("%s with %d of %d pods", change, w.available(desired), p.snapshot.Spec.Replicas)
		default:
			return ""
		}
	}
	return Law{Name: "stable changes by promotion", New: func() Check { return Check{Status: look} }}
}

// cutOver: the active Service had moved to the revision before this pass, which only
// takes down what happened. A size that was asked for since changes nothing about it.
func cutOver(p *pass, hash string) bool {
	bg, ok := p.snapshot.Spec.Strategy.(spec.BlueGreen)
	return ok && p.snapshot.Services[bg.ActiveService].Hash == hash
}

// notYetActive: the first deploy of a blue-green Rollout, which has no active revision.
func notYetActive(p *pass) bool {
	bg, ok := p.snapshot.Spec.Strategy.(spec.BlueGreen)
	return ok && p.snapshot.Services[bg.ActiveService].Hash == ""
}

// abortReturns: an aborted update never gets more traffic, and at rest stable has it all.
func abortReturns() Law {
	action := func(w *World, p *pass, a plan.Action) string {
		set, ok := a.(plan.SetTraffic)
		status := &p.snapshot.Rollout.Status
		begins := begun(status, &p.plan.Status)
		if !ok || !status.Abort || status.PromoteFull || begins {
			return ""
		}
		if stable := w.setOf(status.StableRS); stable == nil || min(p.seen(stable), w.available(stable)) == 0 {
			return "" // whoever has pods gets everything
		}
		for _, o := range p.snapshot.Traffic {
			if o.Router == set.Router && o.Found && set.Split.Canary > o.Split.Canary {
				return fmt.Sprintf("aborted, yet the canary's weight rises from %d to %d", o.Split.Canary, set.Split.Canary)
			}
		}
		return ""
	}
	rest := func(w *World) string {
		status := w.live().Status
		stable := w.setOf(status.StableRS)
		if !status.Abort || stable == nil || w.available(stable) == 0 || w.parse(w.live()).spec.Paused {
			return ""
		}
		for _, p := range w.planes {
			if p.written.Found && p.written.Split.Canary != 0 {
				return fmt.Sprintf("aborted and at rest, yet the canary has weight %d", p.written.Split.Canary)
			}
		}
		if bg, ok := w.parse(w.live()).spec.Strategy.(spec.BlueGreen); ok {
			s := w.service(bg.ActiveService)
			if s != nil && s.live.found && s.live.value.Hash != status.StableRS {
				return fmt.Sprintf("aborted and at rest, yet %s is active", s.live.value.Hash)
			}
		}
		return ""
	}
	return Law{Name: "abort returns", New: func() Check { return Check{Action: action, Rest: rest} }}
}
