package sim

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Law is something that must always hold, as far as it can be seen from outside.
type Law struct {
	// Name is short and stable.
	Name string
	// New makes a check for one history; it may remember what it saw.
	New func() Check
}

// Check looks at one history. Every function may be nil; each returns what is wrong,
// or "".
type Check struct {
	// Plan looks at a decision.
	Plan func(w *World, p *pass) string
	// Action looks at a write that is about to be done.
	Action func(w *World, p *pass, a plan.Action) string
	// Outcome looks at what is about to be recorded.
	Outcome func(w *World, p *pass, o plan.Outcome) string
	// Status looks at a status write that was done.
	Status func(w *World, p *pass, before, after *v1alpha1.RolloutStatus) string
	// Pass looks back at a pass that came to its end.
	Pass func(w *World, p *pass) string
	// Moment looks at the world after every change.
	Moment func(w *World) string
	// Rest looks at the world when nothing is left to happen.
	Rest func(w *World) string
}

type check struct {
	name string
	Check
}

// Violation is a broken law.
type Violation struct {
	Law, Message string
	At           time.Duration
	// Seen is the state at that moment, in a few words.
	Seen string
}

func (v *Violation) String() string {
	return fmt.Sprintf("law %q broken at %ss: %s\n  state: %s", v.Law, stamp(v.At), v.Message, v.Seen)
}

// breaks notes the first broken law.
func (w *World) breaks(law, message string) {
	if message == "" || w.broken != nil {
		return
	}
	w.broken = &Violation{Law: law, Message: w.named(message), At: w.now, Seen: w.Seen()}
	w.trace.add(w, "BROKEN", law+": "+message)
}

// Seen describes the present state in one line.
func (w *World) Seen() string {
	parts := []string{statusLine(w.live())}
	for _, s := range w.sets {
		if s.live.found {
			rs := s.live.value
			said := "reported"
			if !rs.Observed {
				said = "reported for another size"
			}
			parts = append(parts, fmt.Sprintf("%s want %d, %s %d/%d, serving %d", rs.Hash, rs.Want, said, rs.Available, rs.Pods, w.available(s)))
		}
	}
	for _, s := range w.services {
		parts = append(parts, fmt.Sprintf("Service %s -> %q (obeyed %q)", s.name, s.live.value.Hash, s.effective))
	}
	for _, r := range w.Runs() {
		parts = append(parts, fmt.Sprintf("run %s %s", r.Name, r.Phase))
	}
	for _, p := range w.planes {
		parts = append(parts, fmt.Sprintf("%s canary %d/%d (obeyed %d)", p.name, p.written.Split.Canary, p.written.Split.Max, p.effective.Split.Canary))
	}
	return w.named(strings.Join(parts, "; "))
}

func (w *World) checkPlan(p *pass) {
	w.trace.notes(w, p.plan)
	for i := range w.laws {
		if w.laws[i].Plan != nil {
			w.breaks(w.laws[i].name, w.laws[i].Plan(w, p))
		}
	}
}

// checkAction looks at a write, unless it is about to be refused as outdated.
func (w *World) checkAction(p *pass, a plan.Action) {
	if w.outdated(a) {
		return
	}
	for i := range w.laws {
		if w.laws[i].Action != nil {
			w.breaks(w.laws[i].name, w.laws[i].Action(w, p, a))
		}
	}
}

// outdated: somebody wrote the object since the decision.
func (w *World) outdated(a plan.Action) bool {
	switch a := a.(type) {
	case plan.ScaleReplicaSet:
		s := w.set(a.Name)
		return s == nil || a.Version != "" && a.Version != s.live.value.Version
	case plan.PointService:
		s := w.service(a.Name)
		return s == nil || a.Version != "" && a.Version != s.live.value.Version
	default:
		return false
	}
}

func (w *World) checkOutcome(p *pass, o plan.Outcome) {
	for i := range w.laws {
		if w.laws[i].Outcome != nil {
			w.breaks(w.laws[i].name, w.laws[i].Outcome(w, p, o))
		}
	}
}

// recorded looks at a status write that was done.
func (w *World) recorded(p *pass, before *v1alpha1.RolloutStatus) {
	w.trace.status(w)
	if w.cfg.Onlooker != nil {
		w.cfg.Onlooker.Changed(w)
	}
	after := &w.live().Status
	for i := range w.laws {
		if w.laws[i].Status != nil {
			w.breaks(w.laws[i].name, w.laws[i].Status(w, p, before, after))
		}
	}
}

// passOver looks back at a pass that met no fault of ours.
func (w *World) passOver(err error) {
	if err != nil {
		return
	}
	p := &w.control.session.pass
	for i := range w.laws {
		if w.laws[i].Pass != nil {
			w.breaks(w.laws[i].name, w.laws[i].Pass(w, p))
		}
	}
}

func (w *World) checkMoment() {
	if w.looked == w.touched {
		return
	}
	w.looked = w.touched
	if w.cfg.Onlooker != nil {
		w.cfg.Onlooker.Changed(w)
	}
	for i := range w.laws {
		if w.laws[i].Moment != nil {
			w.breaks(w.laws[i].name, w.laws[i].Moment(w))
		}
	}
}

// CheckRest looks at a world that came to rest.
func (w *World) CheckRest() {
	for i := range w.laws {
		if w.laws[i].Rest != nil && w.broken == nil {
			w.breaks(w.laws[i].name, w.laws[i].Rest(w))
		}
	}
}

// changes reports what a decision on the present state would change at some moment;
// "" for nothing. It does nothing.
func (w *World) changes(at time.Duration) string {
	if !w.rollout.seen.found {
		return ""
	}
	ro := w.rollout.seen.value
	return w.changesOn(w.snapshot(ro, w.parse(ro)), at)
}

// changesOn is the same for what a pass saw.
func (w *World) changesOn(snapshot plan.Snapshot, at time.Duration) string {
	decided := w.cfg.Core.Decide(snapshot, Epoch().Add(at))
	if len(decided.Actions) > 0 {
		return "would " + decided.Actions[0].String()
	}
	status := stored(decided.Status)
	if !sameStatus(&status, &snapshot.Rollout.Status) {
		return "would change the status: " + difference(&snapshot.Rollout.Status, &status)
	}
	return ""
}

// difference names the fields in which two statuses differ.
func difference(a, b *v1alpha1.RolloutStatus) string {
	va, vb := reflect.ValueOf(*a), reflect.ValueOf(*b)
	var parts []string
	for i := range va.NumField() {
		x, y := va.Field(i).Interface(), vb.Field(i).Interface()
		if !reflect.DeepEqual(x, y) {
			before, _ := json.Marshal(x)
			after, _ := json.Marshal(y)
			parts = append(parts, fmt.Sprintf("%s %s -> %s", va.Type().Field(i).Name, before, after))
		}
	}
	return strings.Join(parts, "; ")
}

// settled reports whether all caches are up to date and nothing is due but the
// controller's timer.
func (w *World) settled() bool {
	if len(w.queue.heap) > 0 || !w.rollout.settled() {
		return false
	}
	for _, s := range w.sets {
		if !s.settled() {
			return false
		}
	}
	for _, r := range w.runs {
		if !r.settled() {
			return false
		}
	}
	for _, e := range w.trials {
		if !e.settled() {
			return false
		}
	}
	return true
}

// canaryOf returns the canary strategy of a decided-on spec.
func canaryOf(s spec.Rollout) (spec.Canary, bool) {
	c, ok := s.Strategy.(spec.Canary)
	return c, ok
}

// routed reports whether routers split the traffic.
func routed(s spec.Rollout) bool {
	c, ok := canaryOf(s)
	return ok && c.Routing != nil
}

// Laws are all laws of a rollout.
func Laws() []Law {
	return []Law{
		determinism(), quiet(), exactWake(), noEventWithoutChange(), conflictsStayQuiet(),
		weightsAddUp(), noTrafficWithoutPods(), noPodsRemovedUnderTraffic(), requestsAreServed(),
		availability(), surge(), lastPods(), delayLasts(),
		stepOrder(), stepsAreDone(), pausesLast(), cutoverWaits(), stableChangesByPromotion(),
		abortReturns(), commandsAreKept(), oneSetPerTemplate(), oneWritePerService(),
		generationObserved(), sizesAreCurrent(),
		oneRunPerUse(), noSecondRun(), strayRunsStop(), failureAborts(), currentRunsStay(), analysesAreAsked(),
	}
}
