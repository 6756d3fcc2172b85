package experiment

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// conditions are those of the next status.
func conditions(s Snapshot, parts []part, next v1alpha1.ExperimentStatus, now time.Time) []v1alpha1.ExperimentCondition {
	list := withCondition(s.Experiment.Status.Conditions, progressing(s, parts, next), now)
	for _, p := range parts {
		if p.edited() {
			return withCondition(list, invalidSpec(refusal(p)), now)
		}
	}
	return slices.DeleteFunc(list, func(c v1alpha1.ExperimentCondition) bool { return c.Type == v1alpha1.InvalidExperimentSpec })
}

// refusal says that a template is not the one that its pods were made of.
func refusal(p part) string {
	return fmt.Sprintf("Template '%s' cannot change while it runs: ReplicaSet %s keeps the pods that it was created with", p.Name, p.replicaSet)
}

func invalidSpec(message string) v1alpha1.ExperimentCondition {
	return v1alpha1.ExperimentCondition{
		Type: v1alpha1.InvalidExperimentSpec, Status: corev1.ConditionTrue, Reason: v1alpha1.InvalidSpecReason, Message: message,
	}
}

// progressing says how the Experiment gets on.
func progressing(s Snapshot, parts []part, next v1alpha1.ExperimentStatus) v1alpha1.ExperimentCondition {
	c := v1alpha1.ExperimentCondition{Type: v1alpha1.ExperimentProgressing, Status: corev1.ConditionTrue}
	worst := worstTemplate(next.TemplateStatuses)
	created := slices.IndexFunc(parts, func(p part) bool { return p.rs == nil && p.before.Status == "" })
	switch {
	case worst.Status == v1alpha1.TemplateStatusFailed:
		c.Status, c.Reason, c.Message = corev1.ConditionFalse, v1alpha1.TimedOutReason, worst.Message
	case worst.Status == v1alpha1.TemplateStatusError:
		c.Status, c.Reason, c.Message = corev1.ConditionFalse, v1alpha1.FailedRSCreateReason, worst.Message
	case completed(next.Phase):
		c.Status, c.Reason = corev1.ConditionFalse, v1alpha1.ExperimentCompletedReason
		c.Message = fmt.Sprintf("Experiment %q is over: %s", s.Experiment.Name, next.Phase)
	case created >= 0:
		c.Reason, c.Message = v1alpha1.NewReplicaSetReason, fmt.Sprintf(v1alpha1.NewReplicaSetMessage, parts[created].replicaSet)
	case worst.Status == v1alpha1.TemplateStatusProgressing:
		c.Reason, c.Message = v1alpha1.ReplicaSetUpdatedReason, fmt.Sprintf("Experiment %q is waiting for pods", s.Experiment.Name)
	default:
		c.Reason, c.Message = v1alpha1.NewRSAvailableReason, fmt.Sprintf("Experiment %q has all its pods", s.Experiment.Name)
	}
	return c
}

// withCondition returns a copy of a list with a condition put in, sorted by type. One
// that says the same already is left as it is.
func withCondition(list []v1alpha1.ExperimentCondition, c v1alpha1.ExperimentCondition, now time.Time) []v1alpha1.ExperimentCondition {
	at := metav1.NewTime(now.Truncate(time.Second))
	c.LastUpdateTime, c.LastTransitionTime = at, at
	next := make([]v1alpha1.ExperimentCondition, 0, len(list)+1)
	for _, have := range list {
		if have.Type != c.Type {
			next = append(next, have)
			continue
		}
		if have.Status == c.Status {
			c.LastTransitionTime = have.LastTransitionTime
			if have.Reason == c.Reason && have.Message == c.Message {
				c.LastUpdateTime = have.LastUpdateTime
			}
		}
	}
	next = append(next, c)
	slices.SortFunc(next, func(a, b v1alpha1.ExperimentCondition) int { return cmp.Compare(a.Type, b.Type) })
	return next
}

// invalidPlan says what the user must put right and touches nothing.
func invalidPlan(s Snapshot, now time.Time) Plan {
	problem := s.Invalid[0]
	next := *s.Experiment.Status.DeepCopy()
	next.Conditions = withCondition(next.Conditions, invalidSpec(problem.Detail), now)
	return Plan{Status: next, Notes: []plan.Note{{Topic: "invalid", Text: problem.Error()}}}
}
