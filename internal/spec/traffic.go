package spec

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Names of the routers in Routing.Routers. A plugin's is RouterPluginPrefix and
// the plugin's own name.
const (
	RouterIstio      = "istio"
	RouterNginx      = "nginx"
	RouterALB        = "alb"
	RouterSMI        = "smi"
	RouterAmbassador = "ambassador"
	RouterAppMesh    = "appMesh"
	RouterTraefik    = "traefik"
	RouterApisix     = "apisix"
	RouterGatewayAPI = "gatewayAPI"

	RouterPluginPrefix = "plugin:"
)

func parseRouting(r *v1alpha1.RolloutTrafficRouting) *Routing {
	if r == nil {
		return nil
	}
	return &Routing{
		MaxWeight:     maxWeight(r),
		ManagedRoutes: managedRoutes(r),
		Routers:       routers(r),
		Config:        *r.DeepCopy(),
	}
}

// routers are the configured routers in the order they are applied; plugins
// come last, by name.
func routers(r *v1alpha1.RolloutTrafficRouting) []string {
	all := [...]struct {
		name string
		set  bool
	}{
		{RouterIstio, r.Istio != nil},
		{RouterNginx, r.Nginx != nil},
		{RouterALB, r.ALB != nil},
		{RouterSMI, r.SMI != nil},
		{RouterAmbassador, r.Ambassador != nil},
		{RouterAppMesh, r.AppMesh != nil},
		{RouterTraefik, r.Traefik != nil},
		{RouterApisix, r.Apisix != nil},
		{RouterGatewayAPI, r.GatewayAPI != nil},
	}
	var names []string
	for _, router := range all {
		if router.set {
			names = append(names, router.name)
		}
	}
	for _, plugin := range slices.Sorted(maps.Keys(r.Plugins)) {
		names = append(names, RouterPluginPrefix+plugin)
	}
	return names
}

// routerPath is where a router's block is, below trafficRouting.
func routerPath(router string, path *field.Path) *field.Path {
	if plugin, ok := strings.CutPrefix(router, RouterPluginPrefix); ok {
		return path.Child("plugins").Key(plugin)
	}
	return path.Child(router)
}

func managedRoutes(r *v1alpha1.RolloutTrafficRouting) []string {
	var names []string
	for _, route := range r.ManagedRoutes {
		names = append(names, route.Name)
	}
	return names
}

func maxWeight(r *v1alpha1.RolloutTrafficRouting) int32 {
	if r == nil {
		return defaultMaxWeight
	}
	return orInt(r.MaxTrafficWeight, defaultMaxWeight)
}

// routingPath is where missing routing is reported, without the strategy's
// name, as clients know it.
func routingPath() *field.Path { return field.NewPath("spec", "strategy", "trafficRouting") }

func checkMaxWeight(r *v1alpha1.RolloutTrafficRouting, path *field.Path) field.ErrorList {
	if r == nil || r.MaxTrafficWeight == nil {
		return nil
	}
	if r.Nginx == nil && r.Plugins == nil && r.GatewayAPI == nil {
		return field.ErrorList{field.Invalid(path, *r.MaxTrafficWeight, "Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins")}
	}
	if *r.MaxTrafficWeight < 1 {
		return field.ErrorList{field.Invalid(path, *r.MaxTrafficWeight, "must be greater than 0")}
	}
	return nil
}
