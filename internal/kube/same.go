package kube

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// sameContent reports whether two copies of an object differ in nothing that
// matters to a Rollout. Both are as trim left them.
func sameContent(before, after any) bool {
	a, err := meta.Accessor(before)
	if err != nil {
		return false
	}
	b, err := meta.Accessor(after)
	if err != nil {
		return false
	}
	return sameMeta(a, b) && sameBody(before, after)
}

func sameMeta(a, b metav1.Object) bool {
	return a.GetUID() == b.GetUID() &&
		a.GetGeneration() == b.GetGeneration() &&
		(a.GetDeletionTimestamp() == nil) == (b.GetDeletionTimestamp() == nil) &&
		maps.Equal(a.GetLabels(), b.GetLabels()) &&
		maps.Equal(a.GetAnnotations(), b.GetAnnotations()) &&
		equality.Semantic.DeepEqual(a.GetOwnerReferences(), b.GetOwnerReferences())
}

func sameBody(before, after any) bool {
	switch b := before.(type) {
	case *corev1.Service:
		a, ok := after.(*corev1.Service)
		return ok && maps.Equal(a.Spec.Selector, b.Spec.Selector)
	case *unstructured.Unstructured:
		a, ok := after.(*unstructured.Unstructured)
		return ok && sameFields(a.Object, b.Object)
	default:
		// The kinds that are left count their generation.
		return true
	}
}

// sameFields compares everything but the metadata.
func sameFields(a, b map[string]any) bool {
	if len(a) != len(b) {
		return false
	}
	for name, value := range a {
		if name != "metadata" && !equality.Semantic.DeepEqual(value, b[name]) {
			return false
		}
	}
	return true
}
