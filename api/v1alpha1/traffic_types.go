package v1alpha1

import "encoding/json"

// RolloutTrafficRouting names the routers that carry out the weights. Several
// may be set; all are driven.
type RolloutTrafficRouting struct {
	// Istio edits VirtualServices and DestinationRules.
	Istio *IstioTrafficRouting `json:"istio,omitempty"`
	// Nginx keeps canary Ingresses for ingress-nginx.
	Nginx *NginxTrafficRouting `json:"nginx,omitempty"`
	// ALB writes action annotations for the AWS load balancer controller.
	ALB *ALBTrafficRouting `json:"alb,omitempty"`
	// SMI keeps a TrafficSplit.
	SMI *SMITrafficRouting `json:"smi,omitempty"`
	// Ambassador keeps canary Mappings.
	Ambassador *AmbassadorTrafficRouting `json:"ambassador,omitempty"`
	// AppMesh edits AWS App Mesh routers and nodes.
	AppMesh *AppMeshTrafficRouting `json:"appMesh,omitempty"`
	// Traefik edits a weighted TraefikService.
	Traefik *TraefikTrafficRouting `json:"traefik,omitempty"`
	// ManagedRoutes are the routes that steps may make, in order of precedence.
	ManagedRoutes []ManagedRoute `json:"managedRoutes,omitempty"`
	// Apisix edits an ApisixRoute.
	Apisix *ApisixTrafficRouting `json:"apisix,omitempty"`
	// Plugins are routers outside the controller, by name, with their settings.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Plugins map[string]json.RawMessage `json:"plugins,omitempty"`
	// MaxTrafficWeight is what all weights add up to. Nil means 100. Only with
	// nginx or plugins.
	MaxTrafficWeight *int32 `json:"maxTrafficWeight,omitempty"`
	// GatewayAPI edits routes of the Kubernetes Gateway API. Argo Rollouts does
	// not have this field.
	// +optional
	GatewayAPI *GatewayAPITrafficRouting `json:"gatewayAPI,omitempty"`
}

// ManagedRoute is a route that belongs to the controller.
type ManagedRoute struct {
	// Name of the route.
	Name string `json:"name"`
}

// NginxTrafficRouting configures ingress-nginx. One of StableIngress and
// StableIngresses is set.
type NginxTrafficRouting struct {
	// AnnotationPrefix is the prefix of the canary annotations. Default
	// nginx.ingress.kubernetes.io.
	// +optional
	AnnotationPrefix string `json:"annotationPrefix,omitempty"`
	// StableIngress is the Ingress whose rules point at the stable Service.
	StableIngress string `json:"stableIngress,omitempty"`
	// AdditionalIngressAnnotations are put on the canary Ingress, with the
	// prefix added where it is missing.
	// +optional
	AdditionalIngressAnnotations map[string]string `json:"additionalIngressAnnotations,omitempty"`
	// StableIngresses are several such Ingresses.
	// +optional
	StableIngresses []string `json:"stableIngresses,omitempty"`
	// CanaryIngressAnnotations are put on the canary Ingress as they are.
	// +optional
	CanaryIngressAnnotations map[string]string `json:"canaryIngressAnnotations,omitempty"`
}

// ALBTrafficRouting configures the AWS load balancer controller. One of
// Ingress and Ingresses is set.
type ALBTrafficRouting struct {
	// Ingress is the ALB Ingress.
	Ingress string `json:"ingress,omitempty"`
	// ServicePort is the port of the backend Services.
	ServicePort int32 `json:"servicePort"`
	// RootService is the backend of the rule that carries the action. Default
	// the stable Service.
	RootService string `json:"rootService,omitempty"`
	// AnnotationPrefix is the prefix of the action annotations. Default
	// alb.ingress.kubernetes.io.
	AnnotationPrefix string `json:"annotationPrefix,omitempty"`
	// StickinessConfig keeps a client with one target group.
	StickinessConfig *StickinessConfig `json:"stickinessConfig,omitempty"`
	// Ingresses are several ALB Ingresses.
	// +optional
	Ingresses []string `json:"ingresses,omitempty"`
}

// StickinessConfig keeps a client with one target group.
type StickinessConfig struct {
	// Enabled switches it on.
	Enabled bool `json:"enabled"`
	// DurationSeconds is how long, 1 to 604800 seconds.
	DurationSeconds int64 `json:"durationSeconds"`
}

// IstioTrafficRouting configures Istio. One of VirtualService and
// VirtualServices is set.
type IstioTrafficRouting struct {
	// VirtualService is the VirtualService to edit.
	VirtualService *IstioVirtualService `json:"virtualService,omitempty"`
	// DestinationRule is the DestinationRule whose subsets are the versions.
	DestinationRule *IstioDestinationRule `json:"destinationRule,omitempty"`
	// VirtualServices are several VirtualServices.
	// +optional
	VirtualServices []IstioVirtualService `json:"virtualServices,omitempty"`
}

// IstioVirtualService is a VirtualService and the routes in it to edit.
type IstioVirtualService struct {
	// Name, or name.namespace for another namespace.
	Name string `json:"name"`
	// Routes are HTTP routes by name. Empty means the only one.
	Routes []string `json:"routes,omitempty"`
	// TLSRoutes are TLS routes.
	TLSRoutes []TLSRoute `json:"tlsRoutes,omitempty"`
	// TCPRoutes are TCP routes.
	TCPRoutes []TCPRoute `json:"tcpRoutes,omitempty"`
}

// TLSRoute picks a TLS route by port, by host names, or by both.
type TLSRoute struct {
	// Port of the route.
	Port int64 `json:"port,omitempty"`
	// SNIHosts are the host names of the route.
	SNIHosts []string `json:"sniHosts,omitempty"`
}

// TCPRoute picks a TCP route by port.
type TCPRoute struct {
	// Port of the route.
	Port int64 `json:"port,omitempty"`
}

// IstioDestinationRule is a DestinationRule and its subsets.
type IstioDestinationRule struct {
	// Name of the DestinationRule, in the Rollout's namespace.
	Name string `json:"name"`
	// CanarySubsetName is the subset of the desired version.
	CanarySubsetName string `json:"canarySubsetName"`
	// StableSubsetName is the subset of the stable version.
	StableSubsetName string `json:"stableSubsetName"`
	// AdditionalSubsetNames are subsets whose weight is left alone.
	AdditionalSubsetNames []string `json:"additionalSubsetNames,omitempty"`
}

// SMITrafficRouting configures the Service Mesh Interface.
type SMITrafficRouting struct {
	// RootService is the Service that clients use. Default the stable Service.
	// +optional
	RootService string `json:"rootService,omitempty"`
	// TrafficSplitName names the TrafficSplit. Default the Rollout's name.
	// +optional
	TrafficSplitName string `json:"trafficSplitName,omitempty"`
}

// AmbassadorTrafficRouting configures Ambassador.
type AmbassadorTrafficRouting struct {
	// Mappings are the base Mappings.
	Mappings []string `json:"mappings"`
}

// AppMeshTrafficRouting configures AWS App Mesh.
type AppMeshTrafficRouting struct {
	// VirtualService is the App Mesh VirtualService in front of a virtual router.
	VirtualService *AppMeshVirtualService `json:"virtualService,omitempty"`
	// VirtualNodeGroup names the nodes of the two versions.
	VirtualNodeGroup *AppMeshVirtualNodeGroup `json:"virtualNodeGroup,omitempty"`
}

// AppMeshVirtualService is an App Mesh VirtualService and the routes to edit.
type AppMeshVirtualService struct {
	// Name of the VirtualService.
	Name string `json:"name"`
	// Routes are route names. Empty means all.
	Routes []string `json:"routes,omitempty"`
}

// AppMeshVirtualNodeGroup names the VirtualNodes of the two versions.
type AppMeshVirtualNodeGroup struct {
	// CanaryVirtualNodeRef is the desired version's node.
	CanaryVirtualNodeRef *AppMeshVirtualNodeReference `json:"canaryVirtualNodeRef"`
	// StableVirtualNodeRef is the stable version's node.
	StableVirtualNodeRef *AppMeshVirtualNodeReference `json:"stableVirtualNodeRef"`
}

// AppMeshVirtualNodeReference names a VirtualNode.
type AppMeshVirtualNodeReference struct {
	// Name of the VirtualNode.
	Name string `json:"name"`
}

// TraefikTrafficRouting configures Traefik.
type TraefikTrafficRouting struct {
	// WeightedTraefikServiceName is a TraefikService of kind weighted.
	WeightedTraefikServiceName string `json:"weightedTraefikServiceName"`
}

// ApisixTrafficRouting configures Apache APISIX.
type ApisixTrafficRouting struct {
	// Route is the ApisixRoute to edit.
	Route *ApisixRoute `json:"route,omitempty"`
}

// ApisixRoute is an ApisixRoute and the rules in it to edit.
type ApisixRoute struct {
	// Name of the ApisixRoute.
	Name string `json:"name"`
	// Rules are rule names. Empty means the rule named like the route.
	// +optional
	Rules []string `json:"rules,omitempty"`
}
