package kube

import (
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// unsized is what ReplicaSet.SizedFor says when the annotation does not.
const unsized = -1

// replicaSetFacts turns an object into what a decision may know about it. Maps and
// the template are shared with the object, not copied.
func replicaSetFacts(rs *appsv1.ReplicaSet, owned bool, selector labels.Selector) plan.ReplicaSet {
	_, ofExperiment := rs.Annotations[v1alpha1.ExperimentNameAnnotationKey]
	return plan.ReplicaSet{
		Name:         rs.Name,
		UID:          string(rs.UID),
		Version:      rs.ResourceVersion,
		Created:      rs.CreationTimestamp.Time,
		Owned:        owned,
		Matches:      selector.Matches(labels.Set(rs.Labels)),
		Hash:         rs.Labels[v1alpha1.DefaultRolloutUniqueLabelKey],
		Revision:     numberOf(rs.Annotations[v1alpha1.RevisionAnnotation], 0),
		Labels:       rs.Labels,
		Annotations:  rs.Annotations,
		Template:     rs.Spec.Template,
		MinReady:     time.Duration(rs.Spec.MinReadySeconds) * time.Second,
		Want:         replicasOf(rs.Spec.Replicas),
		Pods:         rs.Status.Replicas,
		Ready:        rs.Status.ReadyReplicas,
		Available:    rs.Status.AvailableReplicas,
		Observed:     rs.Status.ObservedGeneration >= rs.Generation,
		SizedFor:     int32(numberOf(rs.Annotations[v1alpha1.DesiredReplicasAnnotation], unsized)),
		Deadline:     timeOf(rs.Annotations[v1alpha1.DefaultReplicaSetScaleDownDeadlineAnnotationKey]),
		Failure:      failureOf(rs.Status.Conditions),
		OfExperiment: ofExperiment,
	}
}

// adoptable reports whether a Rollout may become the controller of an orphan.
func adoptable(rs *appsv1.ReplicaSet, selector labels.Selector) bool {
	return rs.DeletionTimestamp == nil &&
		metav1.GetControllerOfNoCopy(rs) == nil &&
		rs.Labels[v1alpha1.DefaultRolloutUniqueLabelKey] != "" &&
		!selector.Empty() && selector.Matches(labels.Set(rs.Labels))
}

func failureOf(conditions []appsv1.ReplicaSetCondition) *plan.Failure {
	for _, c := range conditions {
		if c.Type == appsv1.ReplicaSetReplicaFailure && c.Status == corev1.ConditionTrue {
			return &plan.Failure{Reason: c.Reason, Message: c.Message}
		}
	}
	return nil
}

// replicasOf applies the API's own default: nil means 1.
func replicasOf(replicas *int32) int32 {
	if replicas == nil {
		return 1
	}
	return *replicas
}

// numberOf reads a 32-bit number; anything else is missing.
func numberOf(text string, missing int64) int64 {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return missing
	}
	return n
}

// timeOf reads an RFC 3339 time; anything else is the zero time.
func timeOf(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}
