package bluegreen

import (
	"fmt"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// gate is the promotion gate: the pause between "the preview is up" and "it takes
// the traffic".
type gate struct {
	// open: the active Service may switch as soon as all pods are there.
	open bool
	// checkpoint: the gate was passed at preview size; now the rest comes up.
	checkpoint bool
	pauses     []v1alpha1.PauseCondition
	// resumed: a person opened the gate, and the switch has not happened yet.
	resumed bool
	wake    time.Time
	notes   []plan.Note
}

// gateOf decides about the gate. A gate that a person opened stays open until the
// switch, also when a pod becomes unready in between.
func gateOf(s *strategy.Situation, b spec.BlueGreen, at place) gate {
	g := gate{pauses: s.Status.PauseConditions, checkpoint: s.Status.BlueGreen.ScaleUpPreviewCheckPoint}
	_, paused := strategy.Pause(g.pauses, v1alpha1.PauseReasonBlueGreenPause)
	opened := s.Status.ControllerPause && len(g.pauses) == 0
	switch {
	case s.Aborted, s.Promoted, hurried(s):
		g.pauses = nil
		return g
	case at.fast:
		g.pauses = strategy.WithoutPause(g.pauses, v1alpha1.PauseReasonBlueGreenPause)
		return g
	case s.Halted:
		g.resumed = opened
		return g
	case !passed(s, v1alpha1.RolloutTypePrePromotionLabel):
		g.notes = append(g.notes, plan.Note{Topic: "gate", Text: "waits for the analysis"})
		return g
	case g.checkpoint, b.AutoPromote && b.PromoteAfter <= 0:
		return pass(g, b, at)
	case paused:
		return elapse(g, s, b, at)
	case opened:
		g.resumed = true
		return pass(g, b, at)
	case at.ready:
		return hold(g, b, s.Now)
	default:
		g.notes = append(g.notes, plan.Note{Topic: "gate", Text: "waits for the preview's pods"})
		return g
	}
}

// pass opens the gate. At preview size that is remembered as the checkpoint.
func pass(g gate, b spec.BlueGreen, at place) gate {
	g.open = true
	if b.PreviewReplicas != nil && !g.checkpoint && at.ready {
		g.checkpoint = true
	}
	if g.checkpoint || at.saturated {
		g.pauses = strategy.WithoutPause(g.pauses, v1alpha1.PauseReasonBlueGreenPause)
		g.resumed = false
	}
	return g
}

// hold starts the pause.
func hold(g gate, b spec.BlueGreen, now time.Time) gate {
	g.pauses = strategy.WithPause(g.pauses, v1alpha1.PauseReasonBlueGreenPause, now)
	if !b.AutoPromote {
		g.notes = append(g.notes, plan.Note{Topic: "gate", Text: "until it is promoted"})
		return g
	}
	held, _ := strategy.Pause(g.pauses, v1alpha1.PauseReasonBlueGreenPause)
	g.wake = held.StartTime.Add(b.PromoteAfter)
	g.notes = append(g.notes, plan.Note{Topic: "gate", Text: fmt.Sprintf("for %s", b.PromoteAfter)})
	return g
}

// elapse goes on with a pause that holds, which ends by itself with AutoPromote.
func elapse(g gate, s *strategy.Situation, b spec.BlueGreen, at place) gate {
	held, _ := strategy.Pause(g.pauses, v1alpha1.PauseReasonBlueGreenPause)
	end := held.StartTime.Add(b.PromoteAfter)
	switch {
	case !b.AutoPromote:
		return g
	case s.Now.Before(end):
		if at.ready { // otherwise its pods wake us
			g.wake = end
		}
		return g
	default:
		return pass(g, b, at)
	}
}
