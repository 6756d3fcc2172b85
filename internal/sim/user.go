package sim

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Verb is something that a user, or the environment, does to the cluster.
type Verb int

// The verbs. Those of the status patch what the command line patches.
const (
	// SetImage changes the template's first image to Text.
	SetImage Verb = iota
	// Resume clears the pause conditions.
	Resume
	// Promote resumes when paused and skips the current step when not.
	Promote
	// PromoteFull asks for everything at once.
	PromoteFull
	// Abort and Retry.
	Abort
	Retry
	// Undo goes back to the template of the revision before.
	Undo
	// Scale sets spec.replicas to Number.
	Scale
	// Pause and Unpause set spec.paused.
	Pause
	Unpause
	// Restart asks for new pods from now on.
	Restart
	// SetSteps replaces the canary's steps by Steps.
	SetSteps
	// DeleteService removes the Service named Text; RestoreServices makes all
	// Services of the beginning again that are gone.
	DeleteService
	RestoreServices
	// Kill lets the environment take pods: of one kind of Disaster, Number.
	Kill
	// Edit merges Edit into the manifest.
	Edit
)

func (v Verb) String() string {
	names := [...]string{
		"set image", "resume", "promote", "promote --full", "abort", "retry", "undo", "scale to", "pause", "unpause",
		"restart", "change the steps", "delete Service", "restore Services", "kill pods", "edit",
	}
	return names[v]
}

// Command is one thing that a user does.
type Command struct {
	// After the last one: so long, or when the world has come to rest.
	After   time.Duration
	Settled bool

	Verb   Verb
	Text   string
	Number int32
	Steps  []v1alpha1.CanaryStep
	// Edit changes a copy of the manifest whose spec may be edited in place.
	Edit func(*v1alpha1.Rollout)
}

func (c Command) String() string {
	text := c.Verb.String()
	switch c.Verb {
	case SetImage, DeleteService:
		text += " " + c.Text
	case Scale, Kill:
		text = fmt.Sprintf("%s %d", text, c.Number)
	default:
	}
	if c.Settled {
		return text + " (at rest)"
	}
	return fmt.Sprintf("%s (after %v)", text, c.After)
}

// Do carries out one command at once.
func (w *World) Do(c Command) {
	w.asked = w.now
	if w.trace.on {
		what := c.Verb.String()
		if c.Text != "" {
			what += " " + c.Text
		}
		if c.Verb == Scale {
			what = fmt.Sprintf("%s %d", what, c.Number)
		}
		w.trace.add(w, "user", what)
	}
	switch c.Verb {
	case SetImage:
		w.setImage(c.Text)
	case Undo:
		w.undo()
	case Scale, Pause, Unpause, Restart, SetSteps, Edit:
		w.patchSpec(c)
	case Resume, Promote, PromoteFull, Abort, Retry:
		w.patchStatus(c.Verb)
	case DeleteService:
		if s := w.service(c.Text); s != nil && s.live.found {
			put(w, &s.cell, s.live.value, false, byOthers)
		}
	case RestoreServices:
		w.restoreServices()
	case Kill:
		w.strike(Disaster(c.Number))
	}
	w.checkMoment()
}

// setImage changes the template, and with it the revision.
func (w *World) setImage(image string) {
	next := *w.live()
	if len(next.Spec.Template.Spec.Containers) == 0 || next.Spec.Template.Spec.Containers[0].Image == image {
		return
	}
	next.Spec.Template.Spec.Containers = slices.Clone(next.Spec.Template.Spec.Containers)
	next.Spec.Template.Spec.Containers[0].Image = image
	next.Generation++
	w.putRollout(&next, byOthers)
}

// undo takes the template of the revision before the latest.
func (w *World) undo() {
	var newest, before *replicaSet
	for _, s := range w.sets {
		switch {
		case !s.live.found:
		case newest == nil || s.live.value.Revision > newest.live.value.Revision:
			newest, before = s, newest
		case before == nil || s.live.value.Revision > before.live.value.Revision:
			before = s
		}
	}
	if before != nil {
		w.setImage(before.live.value.Template.Spec.Containers[0].Image)
	}
}

// patchSpec writes the manifest.
func (w *World) patchSpec(c Command) {
	next := *w.live()
	switch c.Verb {
	case Scale:
		n := c.Number
		next.Spec.Replicas = &n
	case Pause, Unpause:
		if next.Spec.Paused == (c.Verb == Pause) {
			return
		}
		next.Spec.Paused = c.Verb == Pause
	case Restart:
		next.Spec.RestartAt = &metav1.Time{Time: w.second()}
	case SetSteps:
		if next.Spec.Strategy.Canary == nil {
			return
		}
		canary := *next.Spec.Strategy.Canary
		canary.Steps = c.Steps
		next.Spec.Strategy.Canary = &canary
	default:
		next = *w.live().DeepCopy()
		c.Edit(&next)
	}
	next.Generation++
	w.putRollout(&next, byOthers)
}

// patchStatus writes the status as the command line does.
func (w *World) patchStatus(verb Verb) {
	next := *w.live()
	s := &next.Status
	switch verb {
	case Resume:
		s.PauseConditions = nil
	case Promote:
		w.promote(&next)
	case PromoteFull:
		if s.CurrentPodHash == s.StableRS {
			return
		}
		s.PromoteFull = true
	case Abort:
		s.Abort = true
	case Retry:
		s.Abort = false
	default:
	}
	if !sameStatus(s, &w.live().Status) || next.Generation != w.live().Generation {
		w.putRollout(&next, byOthers)
	}
}

// promote resumes what is paused, and otherwise skips the current step.
func (w *World) promote(next *v1alpha1.Rollout) {
	s := &next.Status
	waits := len(s.PauseConditions) > 0
	if next.Spec.Paused {
		next.Spec.Paused = false
		next.Generation++
		waits = true
	}
	s.PauseConditions = nil
	canary := next.Spec.Strategy.Canary
	if waits || canary == nil || len(canary.Steps) == 0 || s.CurrentStepIndex == nil {
		return
	}
	index := min(*s.CurrentStepIndex+1, int32(len(canary.Steps)))
	s.CurrentStepIndex = &index
}

// Edit changes the Rollout as somebody does who writes the whole object. The copy that
// change gets may be edited in place.
func (w *World) Edit(change func(*v1alpha1.Rollout)) {
	next := w.live().DeepCopy()
	change(next)
	if !reflect.DeepEqual(next.Spec, w.live().Spec) {
		next.Generation++
	}
	w.putRollout(next, byOthers)
}

// Delete deletes the Rollout, and the garbage collector what it owns.
func (w *World) Delete() {
	put(w, w.rollout, w.live(), false, byOthers)
	for _, r := range w.runs {
		put(w, &r.cell, r.live.value, false, byOthers)
	}
	for _, e := range w.trials {
		put(w, &e.cell, e.live.value, false, byOthers)
	}
	for _, s := range w.sets {
		for _, p := range s.pods {
			w.terminate(s, p)
		}
		put(w, &s.cell, s.live.value, false, byOthers)
	}
}

// Take gives a ReplicaSet's name to somebody else's ReplicaSet.
func (w *World) Take(name string) { w.taken = append(w.taken, name) }

func (w *World) restoreServices() {
	for _, name := range sortedKeys(w.cfg.Services) {
		if s := w.service(name); s == nil || !s.live.found {
			w.addService(name, maps.Clone(w.cfg.Services[name]))
		}
	}
}
