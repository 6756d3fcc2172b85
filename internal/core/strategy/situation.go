package strategy

import (
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/revision"
)

// Situation is where a rollout stands, before its strategy decides.
type Situation struct {
	Snapshot plan.Snapshot
	View     revision.View
	Now      time.Time
	// Status to go on from: the observed one, or what a reset left of it.
	Status v1alpha1.RolloutStatus

	// Reset: the template or the steps changed since the status was written.
	Reset bool
	// Initial: nothing was promoted yet.
	Initial bool
	// Promoted: the desired revision is the stable one.
	Promoted bool
	// Aborted, PromoteFull: asked for, and not moot because Promoted. Nothing is
	// aborted while Initial: there is nothing to go back to.
	Aborted, PromoteFull bool
	// InWindow: the desired revision is within the rollback window.
	InWindow bool
	// Lagging: ReplicaSets still count pods as available that are gone.
	Lagging bool
	// Halted: a person, or an inconclusive analysis, stopped everything but scaling.
	Halted bool

	// Uses are the analyses that are in force, and Trial the experiment; nil for none.
	Uses  []Use
	Trial *Trial
	// Failure is what an analysis found, which is why Aborted; "" when none failed in
	// this pass.
	Failure string
}

// Replicas is how many pods the Rollout asks for.
func (s *Situation) Replicas() int32 { return s.Snapshot.Spec.Replicas }

// Size is the desired revision's; zero before it exists.
func (s *Situation) Size() Size { return sizeOf(s.View.Desired) }

// StableSize is the stable revision's; zero before it exists.
func (s *Situation) StableSize() Size { return sizeOf(s.View.Stable) }

// Serving is how many pods it can count on: pods that are available now and wanted
// further on.
func (z Size) Serving() int32 { return min(z.Want, z.Available) }

// Broken is how many wanted pods are known not to work.
func (z Size) Broken() int32 {
	if !z.Observed {
		return 0
	}
	return z.Want - z.Serving()
}

// Going is how many pods there are above the wanted ones.
func (z Size) Going() int32 { return max(0, z.Pods-z.Want) }

// Sure is Serving as far as the counts belong to the wanted size; before that its
// pods may be going already, and none is certain.
func (z Size) Sure() int32 {
	if !z.Observed {
		return 0
	}
	return z.Serving()
}

// Size is what sizing needs to know of a ReplicaSet; one that does not exist has
// no pods and was never sized.
type Size struct {
	Hash                         string
	Want, Pods, Ready, Available int32
	SizedFor                     int32
	Observed                     bool
	Deadline                     time.Time
}

func sizeOf(rs *plan.ReplicaSet) Size {
	if rs == nil {
		return Size{SizedFor: -1}
	}
	return Size{
		Hash: rs.Hash, Want: rs.Want, Pods: rs.Pods, Ready: rs.Ready, Available: rs.Available,
		SizedFor: rs.SizedFor, Observed: rs.Observed, Deadline: rs.Deadline,
	}
}

// Wish is what one ReplicaSet should be like.
type Wish struct {
	Replicas int32
	// Deadline is when its scale-down delay ends; zero: no delay runs.
	Deadline time.Time
	// Sized records that it was sized, or held, for the Rollout's replicas.
	Sized bool
}

// Verdict is what a strategy decided.
type Verdict struct {
	// Desired is the wish for the desired revision, which may not exist yet.
	Desired Wish
	// Others are the wishes for existing ReplicaSets, by name; absent ones are left
	// alone.
	Others map[string]Wish
	// Reroute moves traffic: Services and routers, in a safe order. It comes after
	// all growing and before all shrinking.
	Reroute []plan.Action

	// Index is the step cursor; nil without steps.
	Index *int32
	// Pauses that hold now. Empty: not paused.
	Pauses []v1alpha1.PauseCondition
	// Resumed: a person ended a pause, and that could not be acted on yet.
	Resumed bool
	// Promote is why the desired revision becomes stable in this pass; "": it does not.
	Promote string
	// Canary and BlueGreen are the strategy's own parts of the status.
	Canary    v1alpha1.CanaryStatus
	BlueGreen v1alpha1.BlueGreenStatus

	// Uses are the analyses, and Trial the experiment, that go on.
	Uses  []Use
	Trial *Trial

	Events []plan.Event
	Notes  []plan.Note
	WakeAt time.Time
}

// Wish records a wish for an existing ReplicaSet.
func (v *Verdict) Wish(rs *plan.ReplicaSet, w Wish) {
	if v.Others == nil {
		v.Others = map[string]Wish{}
	}
	v.Others[rs.Name] = w
}

// Note records why.
func (v *Verdict) Note(topic, text string) {
	v.Notes = append(v.Notes, plan.Note{Topic: topic, Text: text})
}

// Event records what happens with this pass.
func (v *Verdict) Event(reason, message string) {
	v.Events = append(v.Events, plan.Event{Reason: reason, Message: message})
}

// Wake asks to look again at t, or earlier.
func (v *Verdict) Wake(t time.Time) { v.WakeAt = plan.Sooner(v.WakeAt, t) }
