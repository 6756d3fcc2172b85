package nginx

import (
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/router/lens"
)

// Render implements router.Renderer. Pairs with a problem stay as they are and are
// named in the error.
func (Renderer) Render(t router.Target, objects []router.Object, s traffic.Split) ([]router.Object, error) {
	wanted := slices.Clone(objects)
	var problems []error
	for i, p := range pairs(objects) {
		if text := problem(t, objects, p); text != "" {
			problems = append(problems, errors.New(text))
			continue
		}
		wanted[2*i+1].Content = renderCanary(t, p, s)
	}
	return wanted, errors.Join(problems...)
}

// renderCanary returns p's canary Ingress as it should be. The spec is ours as a
// whole; among the annotations only those that we write.
func renderCanary(t router.Target, p pair, s traffic.Split) *unstructured.Unstructured {
	canary := copyOrNew(t, p.canary)
	stable := p.stable.Content.Object
	setAnnotations(canary.Object, annotations(t, stable, s), totalKey(t))

	spec := map[string]any{"rules": canaryRules(t, stable)}
	if class := lens.String(stable, "spec", "ingressClassName"); class != "" {
		spec["ingressClassName"] = class
	}
	if tls := lens.List(stable, "spec", "tls"); len(tls) > 0 {
		spec["tls"] = runtime.DeepCopyJSONValue(tls)
	}
	lens.Set(canary.Object, spec, "spec")
	return canary
}

func copyOrNew(t router.Target, o router.Object) *unstructured.Unstructured {
	if o.Content == nil {
		return router.NewOwned(t, o.Ref)
	}
	return o.Content.DeepCopy()
}

// canaryRules are the rules that send anything to the stable Service, whole, with
// the canary Service in its place.
func canaryRules(t router.Target, ingress map[string]any) []any {
	var rules []any
	for _, rule := range lens.Items(lens.List(ingress, "spec", "rules")) {
		if !sendsTo(rule, t.Stable) {
			continue
		}
		copied := runtime.DeepCopyJSON(rule)
		for _, service := range services(copied) {
			if lens.String(service, "name") == t.Stable {
				service["name"] = t.Canary
			}
		}
		rules = append(rules, copied)
	}
	return rules
}

// sendsTo reports whether a path of the rule has the Service as its backend.
func sendsTo(rule map[string]any, service string) bool {
	return slices.ContainsFunc(services(rule), func(backend map[string]any) bool {
		return lens.String(backend, "name") == service
	})
}

// services are the backends of a rule's paths that are Services. A rule may have no
// http part, and a backend may be a resource instead.
func services(rule map[string]any) []map[string]any {
	var backends []map[string]any
	for _, path := range lens.Items(lens.List(rule, "http", "paths")) {
		if service := lens.Map(path, "backend", "service"); service != nil {
			backends = append(backends, service)
		}
	}
	return backends
}
