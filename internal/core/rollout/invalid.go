package rollout

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
)

// invalidPlan reports what the user must put right and touches nothing.
func invalidPlan(s plan.Snapshot, problem *field.Error, now time.Time) plan.Plan {
	return plan.Plan{
		Status: invalidStatus(s, s.Rollout.Status, problem, now),
		Notes:  []plan.Note{{Topic: "invalid", Text: problem.Error()}},
	}
}

// unresolvedPlan reports an object that is missing or wrong. A promoted rollout
// still follows spec.replicas, since nothing about that depends on the object.
func unresolvedPlan(s *strategy.Situation, problem *field.Error) plan.Plan {
	p := invalidPlan(s.Snapshot, problem, s.Now)
	rs := s.View.Desired
	if !s.Promoted || rs == nil || !rs.Owned || rs.Want == s.Replicas() {
		return p
	}
	p.Actions = []plan.Action{plan.ScaleReplicaSet{
		Name: rs.Name, Version: rs.Version, From: rs.Want, To: s.Replicas(),
		Annotate: map[string]string{v1alpha1.DesiredReplicasAnnotation: strconv.Itoa(int(s.Replicas()))},
	}}
	p.Events = []plan.Event{{Reason: v1alpha1.ScalingReplicaSetReason, Message: scaling(rs.Name, rs.Revision, rs.Want, s.Replicas())}}
	return p
}

// invalidStatus is the status with the InvalidSpec condition. Another problem
// replaces the text.
func invalidStatus(s plan.Snapshot, status v1alpha1.RolloutStatus, problem *field.Error, now time.Time) v1alpha1.RolloutStatus {
	next := *status.DeepCopy()
	c := conditionsOf(next.Conditions, now)
	condition := v1alpha1.RolloutCondition{
		Type: v1alpha1.InvalidSpec, Status: corev1.ConditionTrue, Reason: v1alpha1.InvalidSpecReason,
		Message: fmt.Sprintf(v1alpha1.InvalidSpecMessage, s.Rollout.Name, problem),
	}
	if have := c.get(v1alpha1.InvalidSpec); have == nil || have.Message != condition.Message {
		c.replace(condition)
	}
	next.Conditions = c.list
	next.Phase = v1alpha1.RolloutPhaseDegraded
	next.Message = v1alpha1.InvalidSpecReason + ": " + condition.Message
	next.ObservedGeneration = strconv.FormatInt(s.Rollout.Generation, 10)
	return next
}

// Failed is what to record when an action failed and the rest was not tried.
// A conflict records nothing: the world moved, and is looked at again.
func Failed(s plan.Snapshot, action plan.Action, failure error, now time.Time) plan.Outcome {
	out := plan.Outcome{Version: s.Rollout.Version}
	if errors.Is(failure, plan.ErrConflict) {
		return out
	}
	switch a := action.(type) {
	case plan.CreateReplicaSet:
		out.Status = createFailed(s, a, failure, now)
		out.Events = []plan.Event{{Reason: v1alpha1.FailedRSCreateReason, Warning: true, Message: fmt.Sprintf(v1alpha1.FailedRSCreateMessage, a.Name, failure)}}
	case plan.StartRun:
		out.Status, out.Events = notMade(s, v1alpha1.AnalysisRunKind, a.Name, failure, now)
	case plan.StartExperiment:
		out.Status, out.Events = notMade(s, v1alpha1.ExperimentKind, a.Name, failure, now)
	case plan.SetTraffic:
		out.Events = []plan.Event{{Reason: v1alpha1.TrafficRoutingErrorReason, Warning: true, Message: failure.Error()}}
	default:
		out.Events = []plan.Event{{Reason: v1alpha1.ReconciliationErrorReason, Warning: true, Message: "Reconciliation failed with error: " + failure.Error()}}
	}
	return out
}

// createFailed is the status after a ReplicaSet could not be made. A name that is
// taken is counted, so that the next try gets another one.
func createFailed(s plan.Snapshot, a plan.CreateReplicaSet, failure error, now time.Time) *v1alpha1.RolloutStatus {
	next := s.Rollout.Status.DeepCopy()
	if errors.Is(failure, plan.ErrCollision) {
		count := int32(1)
		if next.CollisionCount != nil {
			count = *next.CollisionCount + 1
		}
		next.CollisionCount = &count
		return next
	}
	c := conditionsOf(next.Conditions, now)
	c.set(v1alpha1.RolloutCondition{
		Type: v1alpha1.RolloutProgressing, Status: corev1.ConditionFalse, Reason: v1alpha1.FailedRSCreateReason,
		Message: fmt.Sprintf(v1alpha1.FailedRSCreateMessage, a.Name, failure),
	})
	next.Conditions = c.list
	return next
}
