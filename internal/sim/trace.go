package sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// trace is the narrated log of a history. Hashes are written as revisions.
type trace struct {
	on    bool
	lines []string
	// sizesWere and statusWas keep unchanged lines out.
	sizesWere, statusWas string
}

// Trace returns the narrated log so far: one line for everything that the user, the
// controller and the cluster did, with the time in seconds.
func (w *World) Trace() []string { return w.trace.lines }

func (t *trace) add(w *World, who, what string) {
	if !t.on {
		return
	}
	line := fmt.Sprintf("%9s  %-10s %s", stamp(w.now), who, w.named(what))
	t.lines = append(t.lines, strings.TrimRight(line, " "))
}

// stamp is a moment in seconds, to a thousandth where it is not a whole tenth.
func stamp(at time.Duration) string {
	if at%(100*time.Millisecond) == 0 {
		return fmt.Sprintf("%.1f", at.Seconds())
	}
	return fmt.Sprintf("%.3f", at.Seconds())
}

func (t *trace) action(w *World, a plan.Action, err error) {
	if !t.on {
		return
	}
	if err != nil {
		t.add(w, "failed", fmt.Sprintf("%v: %v", a, err))
		return
	}
	t.add(w, "did", a.String())
}

// did tells of an action of another controller.
func (t *trace) did(w *World, who string, what fmt.Stringer) {
	if t.on {
		t.add(w, who, what.String())
	}
}

func (t *trace) failure(w *World, err error) {
	if t.on {
		t.add(w, "failed", err.Error())
	}
}

func (t *trace) event(w *World, e plan.Event) {
	if t.on {
		t.add(w, "event", e.Reason+": "+e.Message)
	}
}

// notes says why.
func (t *trace) notes(w *World, p plan.Plan) {
	if !t.on {
		return
	}
	for _, n := range p.Notes {
		t.add(w, "because", n.Topic+": "+n.Text)
	}
}

// sizes tells every ReplicaSet's wanted, existing and available pods, when they changed.
func (t *trace) sizes(w *World) {
	if !t.on {
		return
	}
	var parts []string
	for _, s := range w.sets {
		rs := s.live.value
		if s.live.found && (rs.Want > 0 || rs.Pods > 0) {
			parts = append(parts, fmt.Sprintf("%s %d/%d", w.revisionName(rs.Hash), rs.Available, rs.Want))
		}
	}
	text := strings.Join(parts, ", ")
	if text != t.sizesWere {
		t.sizesWere = text
		t.add(w, "pods", text)
	}
}

// status tells the phase, the step and the weights, when they changed.
func (t *trace) status(w *World) {
	if !t.on {
		return
	}
	text := statusLine(w.live())
	if text != t.statusWas {
		t.statusWas = text
		t.add(w, "status", text)
	}
}

// statusLine is a status in a few words.
func statusLine(ro *v1alpha1.Rollout) string {
	s := ro.Status
	text := string(s.Phase)
	if s.Message != "" {
		text += " (" + s.Message + ")"
	}
	if s.CurrentStepIndex != nil {
		text += fmt.Sprintf(", step %d", *s.CurrentStepIndex)
	}
	if s.Canary.Weights != nil {
		text += fmt.Sprintf(", canary weight %d", s.Canary.Weights.Canary.Weight)
	}
	if s.BlueGreen.ActiveSelector != "" {
		text += ", active " + s.BlueGreen.ActiveSelector
	}
	return fmt.Sprintf("%s, desired %s, stable %s", text, s.CurrentPodHash, s.StableRS)
}
