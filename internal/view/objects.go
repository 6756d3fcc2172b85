package view

import (
	"cmp"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Objects is what a view is made from, in any order. Objects that belong to
// something else do no harm: everything is attached by its controller reference.
type Objects struct {
	// Rollout is the root of a Rollout's view. It is nil in an Experiment's view.
	Rollout *v1alpha1.Rollout
	// ReplicaSets of the Rollout and of Experiments.
	ReplicaSets []*appsv1.ReplicaSet
	// Pods of the ReplicaSets.
	Pods []*corev1.Pod
	// Experiments of the Rollout, or the one Experiment of an Experiment's view.
	Experiments []*v1alpha1.Experiment
	// Runs of the Rollout and of Experiments.
	Runs []*v1alpha1.AnalysisRun
	// Workload is what spec.workloadRef points to. Nil when there is no
	// reference, or when the object could not be read.
	Workload *Workload
}

// Workload is the part of a referenced workload that clients look at.
type Workload struct {
	// Generation is metadata.generation.
	Generation int64
	// Selector picks the workload's pods. Nil for a PodTemplate.
	Selector *metav1.LabelSelector
	// Template is the pod template that the Rollout uses.
	Template corev1.PodTemplateSpec
}

// Revision is the revision number of a Rollout, ReplicaSet, AnalysisRun or
// Experiment. Zero when it has none.
func Revision(obj metav1.Object) int64 {
	n, err := strconv.ParseInt(obj.GetAnnotations()[v1alpha1.RevisionAnnotation], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// owned keeps the objects whose controller is owner.
func owned[T metav1.Object](objs []T, owner types.UID) []T {
	var kept []T
	for _, obj := range objs {
		if ref := metav1.GetControllerOf(obj); ref != nil && ref.UID == owner {
			kept = append(kept, obj)
		}
	}
	return kept
}

// byName sorts a copy of objs.
func byName[T metav1.Object](objs []T) []T {
	return slices.SortedStableFunc(slices.Values(objs), func(a, b T) int {
		return cmp.Compare(a.GetName(), b.GetName())
	})
}

// byCreation sorts a copy of objs, oldest first, then by name.
func byCreation[T metav1.Object](objs []T) []T {
	return slices.SortedStableFunc(slices.Values(objs), func(a, b T) int {
		at, bt := a.GetCreationTimestamp(), b.GetCreationTimestamp()
		return cmp.Or(at.Compare(bt.Time), cmp.Compare(a.GetName(), b.GetName()))
	})
}

// meta is the part of the metadata that views carry.
func meta(obj metav1.Object) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name:              obj.GetName(),
		Namespace:         obj.GetNamespace(),
		Labels:            obj.GetLabels(),
		Annotations:       obj.GetAnnotations(),
		UID:               obj.GetUID(),
		Generation:        obj.GetGeneration(),
		CreationTimestamp: obj.GetCreationTimestamp(),
		ResourceVersion:   obj.GetResourceVersion(),
	}
}
