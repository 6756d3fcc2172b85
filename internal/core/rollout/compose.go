package rollout

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
)

// writes are the actions of a pass and the events that tell of them.
type writes struct {
	actions []plan.Action
	events  []plan.Event
}

func (w *writes) event(reason, message string) {
	w.events = append(w.events, plan.Event{Reason: reason, Message: message})
}

// compose puts the writes in an order of which every prefix is safe: more pods, then
// traffic, then fewer pods, then what no request depends on.
func compose(s *strategy.Situation, v strategy.Verdict) writes {
	var w writes
	up, down := resizes(s, v)
	w.actions = adopt(s)
	number := s.View.Number()
	if s.Snapshot.Rollout.Annotations[v1alpha1.RevisionAnnotation] != strconv.FormatInt(number, 10) {
		w.event(v1alpha1.RolloutUpdatedReason, fmt.Sprintf("Rollout updated to revision %d", number))
	}
	if s.View.Desired == nil {
		create := newReplicaSet(s, v.Desired.Replicas)
		w.actions = append(w.actions, create)
		w.event(v1alpha1.NewReplicaSetReason, fmt.Sprintf("Created ReplicaSet %s (revision %d)", create.Name, number))
	}
	if s.Reset && !s.Promoted {
		w.event(v1alpha1.RolloutNotCompletedReason, fmt.Sprintf("Rollout not completed, started update to revision %d (%s)", number, s.View.Hash))
	}
	if s.View.Desired == nil && v.Desired.Replicas > 0 {
		w.event(v1alpha1.ScalingReplicaSetReason, scaling(replicaSetName(s), number, 0, v.Desired.Replicas))
	}
	w.actions = append(w.actions, up...)
	w.actions = append(w.actions, v.Reroute...)
	w.actions = append(w.actions, down...)
	tellResizes(&w, s, up)
	tellReroute(&w, v.Reroute)
	tellResizes(&w, s, down)
	w.actions = append(w.actions, metadataActions(s)...)
	for _, rs := range s.View.Expired(s.Snapshot.Spec.HistoryLimit) {
		w.actions = append(w.actions, plan.DeleteReplicaSet{Name: rs.Name, UID: rs.UID, Version: rs.Version})
	}
	w.actions = append(w.actions, workloadActions(s)...)
	w.actions = append(w.actions, annotateRollout(s, number)...)
	return w
}

// replicaSetName is the name of the desired revision's ReplicaSet, existing or not.
func replicaSetName(s *strategy.Situation) string {
	if s.View.Desired != nil {
		return s.View.Desired.Name
	}
	return s.Snapshot.Rollout.Name + "-" + s.View.Hash
}

// adopt takes orphans in and lets go of ReplicaSets that match no more.
func adopt(s *strategy.Situation) []plan.Action {
	var actions []plan.Action
	for _, rs := range s.View.Orphans {
		actions = append(actions, plan.AdoptReplicaSet{Name: rs.Name, Version: rs.Version})
	}
	for _, rs := range s.View.Strays {
		actions = append(actions, plan.AdoptReplicaSet{Name: rs.Name, Version: rs.Version, Release: true})
	}
	slices.SortFunc(actions, func(a, b plan.Action) int { return strings.Compare(a.String(), b.String()) })
	return actions
}

// resizes turns the wishes into at most one write for each ReplicaSet: those that
// grow it, and those that shrink it or only note something on it.
// An orphan is written to once it was adopted.
func resizes(s *strategy.Situation, v strategy.Verdict) (up, down []plan.Action) {
	expired := s.View.Expired(s.Snapshot.Spec.HistoryLimit)
	for _, rs := range s.View.All() {
		wish, ok := v.Others[rs.Name]
		desired := s.View.Desired != nil && rs.Name == s.View.Desired.Name
		if desired {
			wish, ok = v.Desired, true
		}
		if !ok || !rs.Owned || wish.Replicas == 0 && slices.Contains(expired, rs) {
			continue // nothing is noted on what is deleted
		}
		annotate := sizeAnnotations(s, rs, wish)
		if desired {
			annotate = union(annotate, desiredAnnotations(s, rs))
		}
		switch {
		case wish.Replicas > rs.Want:
			up = append(up, plan.ScaleReplicaSet{Name: rs.Name, Version: rs.Version, From: rs.Want, To: wish.Replicas, Annotate: annotate})
		case wish.Replicas < rs.Want:
			down = append(down, plan.ScaleReplicaSet{Name: rs.Name, Version: rs.Version, From: rs.Want, To: wish.Replicas, Annotate: annotate})
		default:
			down = append(down, touch(s, rs, annotate)...)
		}
	}
	return up, down
}

// touch is the write that a ReplicaSet of the right size needs; none when it is right.
func touch(s *strategy.Situation, rs *plan.ReplicaSet, annotate map[string]string) []plan.Action {
	template, remembered := injected(s, rs)
	annotate = union(annotate, remembered)
	action := plan.AnnotateReplicaSet{Name: rs.Name, Version: rs.Version, Annotate: annotate, Template: template}
	desired := s.View.Desired != nil && rs.Name == s.View.Desired.Name
	if desired && rs.MinReady != s.Snapshot.Spec.MinReady {
		minReady := s.Snapshot.Spec.MinReady
		action.MinReady = &minReady
	}
	if len(annotate) == 0 && template == nil && action.MinReady == nil {
		return nil
	}
	return []plan.Action{action}
}

// union is a with what b adds; both may be nil, and b is left alone.
func union(a, b map[string]string) map[string]string {
	switch {
	case len(b) == 0:
		return a
	case a == nil:
		return maps.Clone(b)
	default:
		maps.Copy(a, b)
		return a
	}
}

// sizeAnnotations are the changes that a wish makes to annotations; nil for none.
func sizeAnnotations(s *strategy.Situation, rs *plan.ReplicaSet, wish strategy.Wish) map[string]string {
	var annotate map[string]string
	if (wish.Sized || wish.Replicas != rs.Want) && rs.SizedFor != s.Replicas() {
		annotate = map[string]string{v1alpha1.DesiredReplicasAnnotation: strconv.Itoa(int(s.Replicas()))}
	}
	if !wish.Deadline.Equal(rs.Deadline) {
		annotate = union(annotate, map[string]string{v1alpha1.DefaultReplicaSetScaleDownDeadlineAnnotationKey: deadlineText(wish.Deadline)})
	}
	return annotate
}

// deadlineText is a deadline as the annotation holds it; "" takes it off.
func deadlineText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func tellResizes(w *writes, s *strategy.Situation, actions []plan.Action) {
	for _, a := range actions {
		scale, ok := a.(plan.ScaleReplicaSet)
		if !ok {
			continue
		}
		number := int64(0)
		for _, rs := range s.View.All() {
			if rs.Name == scale.Name {
				number = rs.Revision
			}
		}
		if s.View.Desired != nil && s.View.Desired.Name == scale.Name {
			number = s.View.Number()
		}
		w.event(v1alpha1.ScalingReplicaSetReason, scaling(scale.Name, number, scale.From, scale.To))
	}
}

func scaling(name string, number int64, from, to int32) string {
	direction := "up"
	if to < from {
		direction = "down"
	}
	return fmt.Sprintf("Scaled %s ReplicaSet %s (revision %d) from %d to %d", direction, name, number, from, to)
}

func tellReroute(w *writes, actions []plan.Action) {
	for _, a := range actions {
		if point, ok := a.(plan.PointService); ok && point.From != point.Hash {
			w.event(v1alpha1.SwitchServiceReason, fmt.Sprintf("Switched selector for service '%s' from '%s' to '%s'", point.Name, point.From, point.Hash))
		}
	}
}

// annotateRollout writes the revision's number, and replicas where an autoscaler
// would miss it, onto the Rollout.
func annotateRollout(s *strategy.Situation, number int64) []plan.Action {
	action := plan.AnnotateRollout{Version: s.Snapshot.Rollout.Version}
	if text := strconv.FormatInt(number, 10); s.Snapshot.Rollout.Annotations[v1alpha1.RevisionAnnotation] != text {
		action.Annotate = map[string]string{v1alpha1.RevisionAnnotation: text}
	}
	if s.Snapshot.Spec.ReplicasUnset {
		replicas := s.Replicas()
		action.Replicas = &replicas
	}
	if action.Annotate == nil && action.Replicas == nil {
		return nil
	}
	return []plan.Action{action}
}
