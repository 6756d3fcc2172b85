package spec

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

const (
	sameCanaryServices = "This rollout uses the same service for the stable and canary services, but two different services are required."
	samePingPong       = "This rollout uses the same service for the ping and pong services, but two different services are required."
	servicesMissing    = "Canary service and Stable service must to be set to use Traffic Routing"
	pingPongMissing    = "Ping service and Pong service must to be set to use Ping-Pong feature"
	pingPongRouters    = "Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only"
	rootServiceMissing = "Root service field is required for the configuration with ALB and ping-pong feature enabled"
)

// checkCanaryServices checks the Services that a canary names against each
// other and against what its routers need.
func checkCanaryServices(c *v1alpha1.CanaryStrategy, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if c.CanaryService == c.StableService && c.CanaryService != "" {
		errs = append(errs, field.Invalid(path.Child("stableService"), c.StableService, sameCanaryServices))
	}
	if c.TrafficRouting == nil {
		return errs
	}
	errs = append(errs, checkPingPong(c, path)...)
	if !needsServices(c) {
		return errs
	}
	if c.StableService == "" {
		errs = append(errs, field.Invalid(path.Child("stableService"), "", servicesMissing))
	}
	if c.CanaryService == "" {
		errs = append(errs, field.Invalid(path.Child("canaryService"), "", servicesMissing))
	}
	return errs
}

func checkPingPong(c *v1alpha1.CanaryStrategy, path *field.Path) field.ErrorList {
	p, r := c.PingPong, c.TrafficRouting
	if p == nil {
		return nil
	}
	var errs field.ErrorList
	if r.ALB == nil && r.Istio == nil && r.Plugins == nil {
		errs = append(errs, field.Invalid(path.Child("trafficRouting", "alb"), nil, pingPongRouters))
	}
	if p.PingService == "" {
		errs = append(errs, field.Invalid(path.Child("pingPong", "pingService"), "", pingPongMissing))
	}
	if p.PongService == "" {
		errs = append(errs, field.Invalid(path.Child("pingPong", "pongService"), "", pingPongMissing))
	}
	if p.PingService == p.PongService {
		errs = append(errs, field.Invalid(path.Child("pingPong", "pingService"), p.PingService, samePingPong))
	}
	if r.ALB != nil && r.ALB.RootService == "" {
		errs = append(errs, field.Invalid(path.Child("trafficRouting", "alb", "rootService"), "", rootServiceMissing))
	}
	return errs
}

// needsServices reports whether any router needs both Services. ALB and Istio
// make do with a ping-pong pair, Istio with subsets too, plugins with nothing.
func needsServices(c *v1alpha1.CanaryStrategy) bool {
	r, pair := c.TrafficRouting, c.PingPong != nil
	switch {
	case r.SMI != nil, r.Ambassador != nil, r.Nginx != nil, r.AppMesh != nil, r.Traefik != nil, r.Apisix != nil, r.GatewayAPI != nil:
		return true
	case r.ALB != nil && !pair:
		return true
	default:
		return r.Istio != nil && r.Istio.DestinationRule == nil && !pair
	}
}
