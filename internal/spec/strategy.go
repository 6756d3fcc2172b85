package spec

import (
	"maps"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// parseStrategy reads the one strategy. The Strategy means nothing when there
// are errors.
func parseStrategy(obj *v1alpha1.Rollout, path *field.Path) (Strategy, field.ErrorList) {
	canary, blueGreen := obj.Spec.Strategy.Canary, obj.Spec.Strategy.BlueGreen
	switch {
	case canary == nil && blueGreen == nil:
		const missing = "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'"
		return nil, field.ErrorList{field.Required(path.Child("strategy"), missing)}
	case canary != nil && blueGreen != nil:
		const value = "blueGreen: true canary: true"
		return nil, field.ErrorList{field.Invalid(path.Child("strategy"), value, "Multiple Strategies can not be listed")}
	case canary != nil:
		return parseCanary(obj, path)
	default:
		return parseBlueGreen(obj, path)
	}
}

// parseAntiAffinity reads a checked antiAffinity.
func parseAntiAffinity(a *v1alpha1.AntiAffinity) *AntiAffinity {
	switch {
	case a == nil:
		return nil
	case a.PreferredDuringSchedulingIgnoredDuringExecution != nil:
		return &AntiAffinity{Weight: a.PreferredDuringSchedulingIgnoredDuringExecution.Weight}
	default:
		return &AntiAffinity{Required: true}
	}
}

func checkAntiAffinity(a *v1alpha1.AntiAffinity, path *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	preferred, required := a.PreferredDuringSchedulingIgnoredDuringExecution, a.RequiredDuringSchedulingIgnoredDuringExecution
	if (preferred == nil) == (required == nil) {
		return field.ErrorList{field.Invalid(path.Child("antiAffinity"), *a, "AntiAffinity must have exactly one strategy listed")}
	}
	if preferred != nil && (preferred.Weight < 1 || preferred.Weight > 100) {
		return field.ErrorList{field.Invalid(path.Child("antiAffinity", "weight"), preferred.Weight, "AntiAffinity weight must be between 1-100")}
	}
	return nil
}

func parseMetadata(m *v1alpha1.PodTemplateMetadata) Metadata {
	if m == nil {
		return Metadata{}
	}
	return Metadata{Labels: maps.Clone(m.Labels), Annotations: maps.Clone(m.Annotations)}
}
