package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// GatewayAPITrafficRouting configures routes of the Kubernetes Gateway API.
// Argo Rollouts does not have it; there the same is done by a plugin.
type GatewayAPITrafficRouting struct {
	// Namespace of all named routes. Default the Rollout's namespace.
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// HTTPRoute is short for one entry in HTTPRoutes.
	// +optional
	HTTPRoute string `json:"httpRoute,omitempty"`
	// GRPCRoute is short for one entry in GRPCRoutes.
	// +optional
	GRPCRoute string `json:"grpcRoute,omitempty"`
	// TCPRoute is short for one entry in TCPRoutes.
	// +optional
	TCPRoute string `json:"tcpRoute,omitempty"`
	// TLSRoute is short for one entry in TLSRoutes.
	// +optional
	TLSRoute string `json:"tlsRoute,omitempty"`
	// HTTPRoutes are HTTPRoutes to edit.
	// +optional
	HTTPRoutes []GatewayRoute `json:"httpRoutes,omitempty"`
	// GRPCRoutes are GRPCRoutes to edit.
	// +optional
	GRPCRoutes []GatewayRoute `json:"grpcRoutes,omitempty"`
	// TCPRoutes are TCPRoutes to edit; they carry weights only.
	// +optional
	TCPRoutes []GatewayStreamRoute `json:"tcpRoutes,omitempty"`
	// TLSRoutes are TLSRoutes to edit; they carry weights only.
	// +optional
	TLSRoutes []GatewayStreamRoute `json:"tlsRoutes,omitempty"`
	// Selectors find more routes by label.
	// +optional
	Selectors []GatewayRouteSelector `json:"selectors,omitempty"`
	// Verify says when a weight counts as in force: none, accepted (default) or strict.
	// +optional
	Verify GatewayVerification `json:"verify,omitempty"`
	// MatchCombination says how the matches of a header route combine: any
	// (default) or all.
	// +optional
	MatchCombination GatewayMatchCombination `json:"matchCombination,omitempty"`
	// InProgressLabel marks routes while a canary has weight.
	// +optional
	InProgressLabel *GatewayInProgressLabel `json:"inProgressLabel,omitempty"`
	// WeightScale is what the two weights of a rule add up to. Nil means
	// maxTrafficWeight, or 100.
	// +optional
	WeightScale *int32 `json:"weightScale,omitempty"`
}

// GatewayRoute is an HTTPRoute or GRPCRoute to edit.
type GatewayRoute struct {
	// Name of the route.
	Name string `json:"name"`
	// RuleNames restricts the weights to these rules. Empty means all rules
	// that have the stable Service.
	// +optional
	RuleNames []string `json:"ruleNames,omitempty"`
	// HeaderRoutes is false when header routes must not be made here. Nil means true.
	// +optional
	HeaderRoutes *bool `json:"headerRoutes,omitempty"`
	// MirrorRoutes is false when mirror routes must not be made here. Nil means true.
	// +optional
	MirrorRoutes *bool `json:"mirrorRoutes,omitempty"`
}

// GatewayStreamRoute is a TCPRoute or TLSRoute to edit.
type GatewayStreamRoute struct {
	// Name of the route.
	Name string `json:"name"`
}

// GatewayRouteSelector finds routes by label.
type GatewayRouteSelector struct {
	// Kind of the routes: HTTPRoute, GRPCRoute, TCPRoute or TLSRoute.
	Kind string `json:"kind"`

	metav1.LabelSelector `json:",inline"`
}

// GatewayVerification says when a weight counts as in force.
type GatewayVerification string

// Values of GatewayAPITrafficRouting.Verify. The empty string means GatewayVerifyAccepted.
const (
	GatewayVerifyNone     GatewayVerification = "none"
	GatewayVerifyAccepted GatewayVerification = "accepted"
	GatewayVerifyStrict   GatewayVerification = "strict"
)

// GatewayMatchCombination says how the matches of a header route combine.
type GatewayMatchCombination string

// Values of GatewayAPITrafficRouting.MatchCombination. The empty string means GatewayMatchAny.
const (
	GatewayMatchAny GatewayMatchCombination = "any"
	GatewayMatchAll GatewayMatchCombination = "all"
)

// GatewayInProgressLabel marks routes while a canary has weight.
type GatewayInProgressLabel struct {
	// Disabled switches the label off.
	// +optional
	Disabled bool `json:"disabled,omitempty"`
	// Key of the label. Default rollouts.argoproj.io/gatewayapi-canary.
	// +optional
	Key string `json:"key,omitempty"`
	// Value of the label. Default in-progress.
	// +optional
	Value string `json:"value,omitempty"`
}
