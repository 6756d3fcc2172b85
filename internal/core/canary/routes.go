package canary

import (
	"slices"
	"strings"

	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/spec"
)

// routesAt are the header and mirror routes in force at the cursor: those set by the
// steps up to the current one. A later step of the same name wins; one without
// matches removes the route.
func routesAt(at cursor) ([]traffic.HeaderRoute, []traffic.MirrorRoute) {
	var headers []traffic.HeaderRoute
	var mirrors []traffic.MirrorRoute
	for i := int32(0); i <= at.index && i < at.count; i++ {
		switch step := at.steps[i].(type) {
		case spec.SetHeaderRoute:
			headers = slices.DeleteFunc(headers, func(r traffic.HeaderRoute) bool { return r.Name == step.Name })
			if len(step.Match) > 0 {
				headers = append(headers, headerRoute(step))
			}
		case spec.SetMirrorRoute:
			mirrors = slices.DeleteFunc(mirrors, func(r traffic.MirrorRoute) bool { return r.Name == step.Name })
			if len(step.Match) > 0 {
				mirrors = append(mirrors, mirrorRoute(step))
			}
		case spec.SetWeight, spec.Pause, spec.SetCanaryScale, spec.AnalysisStep, spec.ExperimentStep, spec.PluginStep:
		}
	}
	return headers, mirrors
}

func headerRoute(step spec.SetHeaderRoute) traffic.HeaderRoute {
	route := traffic.HeaderRoute{Name: step.Name}
	for _, m := range step.Match {
		route.Match = append(route.Match, traffic.HeaderMatch{Header: m.Header, Value: traffic.StringMatch(m.Value)})
	}
	return route
}

func mirrorRoute(step spec.SetMirrorRoute) traffic.MirrorRoute {
	route := traffic.MirrorRoute{Name: step.Name, Percentage: 100}
	if step.Percentage != nil {
		route.Percentage = *step.Percentage
	}
	for _, m := range step.Match {
		match := traffic.RequestMatch{}
		if m.Method != nil {
			match.Method = traffic.StringMatch(*m.Method)
		}
		if m.Path != nil {
			match.Path = traffic.StringMatch(*m.Path)
		}
		for name, value := range m.Headers {
			match.Headers = append(match.Headers, traffic.HeaderMatch{Header: name, Value: traffic.StringMatch(value)})
		}
		slices.SortFunc(match.Headers, func(a, b traffic.HeaderMatch) int { return strings.Compare(a.Header, b.Header) })
		route.Match = append(route.Match, match)
	}
	return route
}
