package spec

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ServiceReference is a Service that a manifest names, and where.
type ServiceReference struct {
	Path *field.Path
	Name string
}

// ServiceReferences lists the Services of a parsed manifest in the order in which they
// are checked.
func ServiceReferences(r Rollout) []ServiceReference {
	path := field.NewPath("spec", "strategy")
	var all []ServiceReference
	switch strategy := r.Strategy.(type) {
	case BlueGreen:
		path = path.Child("blueGreen")
		all = []ServiceReference{
			{path.Child("activeService"), strategy.ActiveService},
			{path.Child("previewService"), strategy.PreviewService},
		}
	case Canary:
		path = path.Child("canary")
		all = []ServiceReference{
			{path.Child("stableService"), strategy.StableService},
			{path.Child("canaryService"), strategy.CanaryService},
		}
		if pair := strategy.PingPong; pair != nil {
			all = append(all,
				ServiceReference{path.Child("pingPong", "pingService"), pair.PingService},
				ServiceReference{path.Child("pingPong", "pongService"), pair.PongService})
		}
	}
	return slices.DeleteFunc(all, func(r ServiceReference) bool { return r.Name == "" })
}
