package nginx

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/router"
)

// Name is the router's name in spec.Routing.Routers.
const Name = "nginx"

const (
	canarySuffix = "-canary"
	// longestName is how much of a canary Ingress's name may come before the suffix,
	// so that the whole is a legal name of at most 253 characters.
	longestName = 253 - len(canarySuffix)
)

// Renderer is the router.Renderer for ingress-nginx.
type Renderer struct{}

// Refs implements router.Renderer: every stable Ingress, each followed by its canary
// Ingress.
func (Renderer) Refs(t router.Target) []router.Ref {
	names := stableIngresses(t)
	refs := make([]router.Ref, 0, 2*len(names))
	for _, name := range names {
		refs = append(refs, ref(name, false), ref(canaryName(t.Rollout, name), true))
	}
	return refs
}

func ref(name string, owned bool) router.Ref {
	resource := schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"}
	return router.Ref{Resource: resource, Kind: "Ingress", Name: name, Owned: owned}
}

// config is the manifest's block, empty when it has none.
func config(t router.Target) v1alpha1.NginxTrafficRouting {
	if t.Routing.Config.Nginx == nil {
		return v1alpha1.NginxTrafficRouting{}
	}
	return *t.Routing.Config.Nginx
}

// stableIngresses are the names that the manifest gives, each once.
func stableIngresses(t router.Target) []string {
	c := config(t)
	var names []string
	for _, name := range append([]string{c.StableIngress}, c.StableIngresses...) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// canaryName is the name of the Ingress that goes with a stable one.
// Example: Rollout shop, Ingress web -> shop-web-canary.
func canaryName(rollout, stable string) string {
	name := fmt.Sprintf("%s-%s", rollout, stable)
	return name[:min(len(name), longestName)] + canarySuffix
}

// pair is a stable Ingress and the canary Ingress that goes with it.
type pair struct{ stable, canary router.Object }

// pairs takes apart what Refs put in a row.
func pairs(objects []router.Object) []pair {
	list := make([]pair, 0, len(objects)/2)
	for i := 0; i+1 < len(objects); i += 2 {
		list = append(list, pair{stable: objects[i], canary: objects[i+1]})
	}
	return list
}
