package spec

import (
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Step is a closed set: one type per kind of canary step.
type Step interface {
	isStep()
	// String describes the step as events and the CLI show it.
	String() string
}

func (SetWeight) isStep()      {}
func (Pause) isStep()          {}
func (SetCanaryScale) isStep() {}
func (SetHeaderRoute) isStep() {}
func (SetMirrorRoute) isStep() {}
func (AnalysisStep) isStep()   {}
func (ExperimentStep) isStep() {}
func (PluginStep) isStep()     {}

// SetWeight asks for a share of traffic (or of pods) for the canary.
// Unit: parts of Routing.MaxWeight, which is 100 for a basic canary.
type SetWeight struct{ Weight int32 }

// Pause waits. Indefinite waits for a person; otherwise for Duration, which may be zero.
type Pause struct {
	Duration   time.Duration
	Indefinite bool
	// Written is the duration as the manifest has it, to show to users.
	Written string
}

// SetCanaryScale pins the canary's size until the next SetCanaryScale.
// Exactly one of the three is set; replicas wins over weight in a manifest.
type SetCanaryScale struct {
	// Replicas is a number of pods; nil when not set.
	Replicas *int32
	// Weight sizes the canary as if it had this weight; nil when not set.
	Weight *int32
	// MatchTraffic goes back to following the weight.
	MatchTraffic bool
}

// SetHeaderRoute sends requests with matching headers to the canary. No Match removes the route.
type SetHeaderRoute struct {
	Name  string
	Match []HeaderMatch
}

// HeaderMatch matches one header. All matches of a route must hold.
type HeaderMatch struct {
	Header string
	Value  StringMatch
}

// StringMatch holds exactly one matcher; the others are "".
type StringMatch struct{ Exact, Prefix, Regex string }

// SetMirrorRoute copies matching requests to the canary. No Match removes the route.
type SetMirrorRoute struct {
	Name string
	// Percentage of matching requests to mirror; nil: all.
	Percentage *int32
	Match      []RouteMatch
}

// RouteMatch matches a request; nil fields match everything.
type RouteMatch struct {
	Method, Path *StringMatch
	Headers      map[string]StringMatch
}

// AnalysisStep runs an analysis and waits for its verdict.
type AnalysisStep struct{ Analysis Analysis }

// ExperimentStep runs an experiment and waits for its end.
type ExperimentStep struct {
	Experiment v1alpha1.RolloutExperimentStep
}

// PluginStep runs a step plugin. Config is raw JSON, nil when absent.
type PluginStep struct {
	Name   string
	Config []byte
}

// Analysis names templates and their arguments, as in the manifest.
type Analysis struct{ v1alpha1.RolloutAnalysis }

// BackgroundAnalysis runs from StartingStep on (zero-based; default 0).
type BackgroundAnalysis struct {
	Analysis
	StartingStep int32
}

// Routing says who splits traffic and how finely.
type Routing struct {
	// MaxWeight is the weight that means all traffic. Default 100.
	MaxWeight int32
	// ManagedRoutes are the names of header and mirror routes that we own, in
	// order of precedence.
	ManagedRoutes []string
	// Routers are the configured routers in the order they are applied; empty for
	// `trafficRouting: {}`. Names: istio, nginx, alb, smi, ambassador, appMesh,
	// traefik, apisix, gatewayAPI, then plugins by name, each "plugin:NAME".
	Routers []string
	// Config is the manifest's block, for the routers to read their part of.
	Config v1alpha1.RolloutTrafficRouting
}
