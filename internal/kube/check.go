package kube

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/spec"
)

// checkServices compares the Services that a manifest names with what exists.
// taken tells which of them another Rollout has; the mark of one that is gone, or names
// the Service no more, is no obstacle.
func checkServices(s spec.Rollout, found map[string]plan.Service, taken map[string]bool) field.ErrorList {
	var problems field.ErrorList
	for _, r := range spec.ServiceReferences(s) {
		service := found[r.Name]
		if problem := checkService(s, service, r.Name); problem != "" {
			problems = append(problems, field.Invalid(r.Path, r.Name, problem))
			continue
		}
		if taken[r.Name] {
			problems = append(problems, field.Invalid(r.Path, r.Name,
				fmt.Sprintf("Service %q is managed by another Rollout", r.Name)))
		}
	}
	return problems
}

// checkService says what is wrong with a Service, "" for nothing.
func checkService(s spec.Rollout, service plan.Service, name string) string {
	if !service.Found {
		return fmt.Sprintf("service %q not found", name)
	}
	for _, key := range slices.Sorted(maps.Keys(service.Selector)) {
		if value, found := s.Template.Labels[key]; !found || value != service.Selector[key] {
			return fmt.Sprintf("Service %q has unmatch label %q in rollout", name, key)
		}
	}
	return ""
}
