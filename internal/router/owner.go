package router

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// NewOwned returns an empty object for ref whose controller is t's Rollout, so that
// it is deleted with it.
func NewOwned(t Target, ref Ref) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetGroupVersionKind(ref.Resource.GroupVersion().WithKind(ref.Kind))
	object.SetNamespace(t.Namespace)
	object.SetName(ref.Name)
	yes := true
	object.SetOwnerReferences([]metav1.OwnerReference{{
		APIVersion:         v1alpha1.SchemeGroupVersion.String(),
		Kind:               v1alpha1.RolloutKind,
		Name:               t.Rollout,
		UID:                types.UID(t.UID),
		Controller:         &yes,
		BlockOwnerDeletion: &yes,
	}})
	return object
}

// Owns reports whether t's Rollout is the controller of an existing object.
func Owns(t Target, object *unstructured.Unstructured) bool {
	return slices.ContainsFunc(object.GetOwnerReferences(), func(o metav1.OwnerReference) bool {
		return o.Controller != nil && *o.Controller && o.UID == types.UID(t.UID)
	})
}
