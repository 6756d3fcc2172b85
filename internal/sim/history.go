package sim

import (
	"fmt"
	"strings"
)

// History is a world and what a user does in it.
type History struct {
	Config   Config
	Commands []Command
}

// Result is how a history went.
type Result struct {
	// Broken is the first broken law; nil: none.
	Broken *Violation
	// Passes is how often the controller looked.
	Passes int
	// Resting are the states in which the world came to rest, one after another.
	Resting []string
	World   *World
}

// finishTries is how often a user tries to bring an update to its end before giving up:
// an update that aborts itself is tried again.
const finishTries = 3

// Play lives through a history: the commands, then whatever is left to happen, then
// a user who wants the update done. All laws are checked on the way.
func Play(h History) Result {
	w := New(h.Config)
	result := Result{World: w}
	w.trace.add(w, "user", "apply "+w.key.Name)
	for _, c := range h.Commands {
		if w.broken != nil {
			break
		}
		if c.Settled {
			result.Resting = append(result.Resting, w.rest())
		} else {
			w.Advance(c.After)
		}
		w.Do(c)
	}
	result.Resting = append(result.Resting, w.rest())
	w.finish()
	result.Broken, result.Passes = w.broken, w.control.passes
	return result
}

// rest waits until nothing is left to happen and looks at the world then.
func (w *World) rest() string {
	if w.broken == nil && !w.Settle() {
		w.breaks("quiet", "it never comes to rest")
	}
	if w.broken == nil {
		w.CheckRest()
	}
	return w.Resting()
}

// finish is the user who wants the update done: with a good image and everything in
// place it must get there.
func (w *World) finish() {
	if len(w.Services()) < len(w.cfg.Services) {
		w.Do(Command{Verb: RestoreServices})
	}
	if w.live().Spec.Paused {
		w.Do(Command{Verb: Unpause})
	}
	if w.behaviour(w.live().Spec.Template) != Good {
		w.Do(Command{Verb: SetImage, Text: "demo:good-at-last"})
	}
	for range finishTries {
		w.rest()
		if w.finished() == "" || w.broken != nil {
			return
		}
		w.Do(Command{Verb: Retry})
		w.Do(Command{Verb: PromoteFull})
	}
	w.rest()
	w.breaks("converge", w.finished())
}

// Resting describes what must be the same in the end, whatever went wrong on the way:
// phase, step, revisions, sizes, weights and selectors. Numbers of revisions and
// times are left out.
func (w *World) Resting() string {
	status := w.live().Status
	parts := []string{string(status.Phase), status.Message}
	if status.CurrentStepIndex != nil {
		parts = append(parts, fmt.Sprintf("step %d", *status.CurrentStepIndex))
	}
	parts = append(parts, "desired "+status.CurrentPodHash, "stable "+status.StableRS, fmt.Sprintf("abort %v", status.Abort))
	for _, p := range status.PauseConditions {
		parts = append(parts, string(p.Reason))
	}
	for _, s := range w.sets {
		if s.live.found && s.live.value.Want > 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", s.live.value.Hash, s.live.value.Want))
		}
	}
	for _, s := range w.services {
		parts = append(parts, s.name+"->"+s.live.value.Hash)
	}
	for _, p := range w.planes {
		parts = append(parts, fmt.Sprintf("%s %d", p.name, p.written.Split.Canary))
	}
	return strings.Join(parts, " ")
}
