package spec

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

const (
	oneMatcher   = "StringMatch match value must have exactly one of the following: exact, regex, prefix"
	noMatcher    = "StringMatch value missed, match value must have one of the following: exact, regex, prefix"
	exactOnly    = "SetHeaderRoute match value invalid. ALB supports 'exact' value only"
	noHeaders    = "SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix"
	noMirrors    = "SetMirrorRoute requires TrafficRouting, supports Istio and Plugins"
	noManaged    = "Rollout has missing field 'spec.strategy.canary.trafficRouting.managedRoutes'"
	unknownRoute = "Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes"
)

func parseHeaderRoute(s v1alpha1.SetHeaderRoute, routing *v1alpha1.RolloutTrafficRouting, path *field.Path) (Step, field.ErrorList) {
	at := path.Child("setHeaderRoute")
	errs := checkHeaderRoute(s, routing, at)
	if errs = append(errs, checkManaged(s.Name, routing, at)...); len(errs) > 0 {
		return nil, errs
	}
	route := SetHeaderRoute{Name: s.Name}
	for _, m := range s.Match {
		route.Match = append(route.Match, HeaderMatch{Header: m.HeaderName, Value: StringMatch(*m.HeaderValue)})
	}
	return route, nil
}

func checkHeaderRoute(s v1alpha1.SetHeaderRoute, routing *v1alpha1.RolloutTrafficRouting, path *field.Path) field.ErrorList {
	if !routesHeaders(routing) {
		return field.ErrorList{field.Invalid(path, s, noHeaders)}
	}
	var errs field.ErrorList
	for i, m := range s.Match {
		at := path.Child("match").Index(i)
		if routing.ALB != nil && !isExact(m.HeaderValue) {
			errs = append(errs, field.Invalid(at, m.HeaderValue, exactOnly))
			continue
		}
		errs = append(errs, checkMatch(m.HeaderValue, at)...)
	}
	return errs
}

func parseMirrorRoute(s v1alpha1.SetMirrorRoute, routing *v1alpha1.RolloutTrafficRouting, path *field.Path) (Step, field.ErrorList) {
	at := path.Child("setMirrorRoute")
	errs := checkMirrorRoute(s, routing, at)
	if errs = append(errs, checkManaged(s.Name, routing, at)...); len(errs) > 0 {
		return nil, errs
	}
	route := SetMirrorRoute{Name: s.Name, Percentage: s.Percentage}
	for _, m := range s.Match {
		route.Match = append(route.Match, parseRouteMatch(m))
	}
	return route, nil
}

func parseRouteMatch(m v1alpha1.RouteMatch) RouteMatch {
	match := RouteMatch{Method: (*StringMatch)(m.Method), Path: (*StringMatch)(m.Path)}
	for name, value := range m.Headers {
		if match.Headers == nil {
			match.Headers = map[string]StringMatch{}
		}
		match.Headers[name] = StringMatch(value)
	}
	return match
}

func checkMirrorRoute(s v1alpha1.SetMirrorRoute, routing *v1alpha1.RolloutTrafficRouting, path *field.Path) field.ErrorList {
	if !mirrors(routing) {
		return field.ErrorList{field.Invalid(path, s, noMirrors)}
	}
	var errs field.ErrorList
	for i, m := range s.Match {
		at := path.Child("match").Index(i)
		if m.Method != nil {
			errs = append(errs, checkMatch(m.Method, at)...)
		}
		if m.Path != nil {
			errs = append(errs, checkMatch(m.Path, at)...)
		}
		for _, name := range slices.Sorted(maps.Keys(m.Headers)) {
			value := m.Headers[name]
			errs = append(errs, checkMatch(&value, at.Child("headers").Key(name))...)
		}
	}
	return errs
}

// checkMatch wants exactly one matcher.
func checkMatch(m *v1alpha1.StringMatch, path *field.Path) field.ErrorList {
	switch matchers(m) {
	case 1:
		return nil
	case 0:
		return field.ErrorList{field.Invalid(path, m, noMatcher)}
	default:
		return field.ErrorList{field.Invalid(path, m, oneMatcher)}
	}
}

func matchers(m *v1alpha1.StringMatch) int {
	if m == nil {
		return 0
	}
	n := 0
	for _, matcher := range []string{m.Exact, m.Prefix, m.Regex} {
		if matcher != "" {
			n++
		}
	}
	return n
}

func isExact(m *v1alpha1.StringMatch) bool { return matchers(m) == 1 && m.Exact != "" }

// checkManaged wants a route to be one that the manifest hands over to us.
func checkManaged(name string, routing *v1alpha1.RolloutTrafficRouting, path *field.Path) field.ErrorList {
	switch {
	case routing == nil:
		return nil
	case routing.ManagedRoutes == nil:
		return field.ErrorList{field.Required(routingPath().Child("managedRoutes"), noManaged)}
	case slices.Contains(managedRoutes(routing), name):
		return nil
	default:
		return field.ErrorList{field.Invalid(path, name, unknownRoute)}
	}
}

func routesHeaders(r *v1alpha1.RolloutTrafficRouting) bool {
	return r != nil && (r.Istio != nil || r.ALB != nil || r.Apisix != nil || r.Plugins != nil || r.GatewayAPI != nil)
}

func mirrors(r *v1alpha1.RolloutTrafficRouting) bool {
	return r != nil && (r.Istio != nil || r.Plugins != nil || r.GatewayAPI != nil)
}
