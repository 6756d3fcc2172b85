package kube

import (
	"maps"

	corev1 "k8s.io/api/core/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// serviceFacts turns a Service into what a decision may know about it.
func serviceFacts(s *corev1.Service) plan.Service {
	return plan.Service{
		Name:      s.Name,
		Version:   s.ResourceVersion,
		Found:     true,
		Hash:      s.Spec.Selector[v1alpha1.DefaultRolloutUniqueLabelKey],
		Selector:  withoutHash(s.Spec.Selector),
		ManagedBy: s.Annotations[v1alpha1.ManagedByRolloutsKey],
	}
}

// withoutHash returns the selector without our key, shared when it has none.
func withoutHash(selector map[string]string) map[string]string {
	if _, pinned := selector[v1alpha1.DefaultRolloutUniqueLabelKey]; !pinned {
		return selector
	}
	rest := maps.Clone(selector)
	delete(rest, v1alpha1.DefaultRolloutUniqueLabelKey)
	return rest
}
