package kube

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/spec"
)

// reference is a Service that a manifest names, and where.
type reference struct {
	path *field.Path
	name string
}

// serviceReferences lists the Services of a parsed manifest in the order in which
// they are checked.
func serviceReferences(s spec.Rollout) []reference {
	path := field.NewPath("spec", "strategy")
	var all []reference
	switch strategy := s.Strategy.(type) {
	case spec.BlueGreen:
		path = path.Child("blueGreen")
		all = []reference{
			{path.Child("activeService"), strategy.ActiveService},
			{path.Child("previewService"), strategy.PreviewService},
		}
	case spec.Canary:
		path = path.Child("canary")
		all = []reference{
			{path.Child("stableService"), strategy.StableService},
			{path.Child("canaryService"), strategy.CanaryService},
		}
		if pair := strategy.PingPong; pair != nil {
			all = append(all,
				reference{path.Child("pingPong", "pingService"), pair.PingService},
				reference{path.Child("pingPong", "pongService"), pair.PongService})
		}
	}
	return slices.DeleteFunc(all, func(r reference) bool { return r.name == "" })
}

// checkServices compares the Services that a manifest names with what exists.
// taken tells which of them another Rollout has; the mark of one that is gone, or names
// the Service no more, is no obstacle.
func checkServices(s spec.Rollout, found map[string]plan.Service, taken map[string]bool) field.ErrorList {
	var problems field.ErrorList
	for _, r := range serviceReferences(s) {
		service := found[r.name]
		if problem := checkService(s, service, r.name); problem != "" {
			problems = append(problems, field.Invalid(r.path, r.name, problem))
			continue
		}
		if taken[r.name] {
			problems = append(problems, field.Invalid(r.path, r.name,
				fmt.Sprintf("Service %q is managed by another Rollout", r.name)))
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
