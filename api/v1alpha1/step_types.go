package v1alpha1

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// CanaryStep is one step of a canary. Exactly one member is set.
//
// The order of the fields and their JSON tags enter status.currentStepHash.
type CanaryStep struct {
	// SetWeight is the canary's share of the traffic.
	SetWeight *int32 `json:"setWeight,omitempty"`
	// Pause waits for a time or for a user.
	// +optional
	Pause *RolloutPause `json:"pause,omitempty"`
	// Experiment runs an Experiment and waits for its end.
	// +optional
	Experiment *RolloutExperimentStep `json:"experiment,omitempty"`
	// Analysis runs an AnalysisRun and waits for its verdict.
	Analysis *RolloutAnalysis `json:"analysis,omitempty"`
	// SetCanaryScale fixes the canary's size apart from its weight.
	// +optional
	SetCanaryScale *SetCanaryScale `json:"setCanaryScale,omitempty"`
	// SetHeaderRoute sends requests with certain headers to the canary.
	// +optional
	SetHeaderRoute *SetHeaderRoute `json:"setHeaderRoute,omitempty"`
	// SetMirrorRoute copies certain requests to the canary.
	// +optional
	SetMirrorRoute *SetMirrorRoute `json:"setMirrorRoute,omitempty"`
	// Plugin runs a step plugin.
	// +optional
	Plugin *PluginStep `json:"plugin,omitempty"`
}

// RolloutPause is a wait.
type RolloutPause struct {
	// Duration of the wait: a number of seconds, or a duration such as 1h30m.
	// Nil means until a user resumes.
	// +optional
	Duration *intstr.IntOrString `json:"duration,omitempty"`
}

// SetCanaryScale fixes the canary's size. The first set member of Replicas,
// Weight and MatchTrafficWeight counts.
type SetCanaryScale struct {
	// Weight is the size in percent of spec.replicas.
	// +optional
	Weight *int32 `json:"weight,omitempty"`
	// Replicas is the size in pods.
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`
	// MatchTrafficWeight lets the size follow the traffic weight again.
	// +optional
	MatchTrafficWeight bool `json:"matchTrafficWeight,omitempty"`
}

// SetHeaderRoute makes, or without Match removes, a header route.
type SetHeaderRoute struct {
	// Name is one of the managed routes.
	Name string `json:"name,omitempty"`
	// Match are the headers; a request that matches one of them goes to the canary.
	Match []HeaderRoutingMatch `json:"match,omitempty"`
}

// HeaderRoutingMatch is one header to look at.
type HeaderRoutingMatch struct {
	// HeaderName is the header's name.
	HeaderName string `json:"headerName"`
	// HeaderValue is what its value must be like.
	HeaderValue *StringMatch `json:"headerValue"`
}

// StringMatch compares a string. Exactly one member is set.
type StringMatch struct {
	// Exact is the whole string.
	Exact string `json:"exact,omitempty"`
	// Prefix is how the string begins.
	Prefix string `json:"prefix,omitempty"`
	// Regex is a regular expression in the router's dialect.
	Regex string `json:"regex,omitempty"`
}

// SetMirrorRoute makes, or without Match removes, a mirror route.
type SetMirrorRoute struct {
	// Name is one of the managed routes.
	Name string `json:"name"`
	// Match picks the requests to copy.
	// +optional
	Match []RouteMatch `json:"match,omitempty"`
	// Percentage of the matching requests to copy. Nil means 100.
	// +optional
	Percentage *int32 `json:"percentage,omitempty"`
}

// RouteMatch picks requests. All set members must match.
type RouteMatch struct {
	// Method compares the HTTP method.
	// +optional
	Method *StringMatch `json:"method,omitempty"`
	// Path compares the path.
	// +optional
	Path *StringMatch `json:"path,omitempty"`
	// Headers compares headers, by name.
	// +optional
	Headers map[string]StringMatch `json:"headers,omitempty"`
}

// PluginStep runs a step plugin.
type PluginStep struct {
	// Name of the plugin, as registered with the controller.
	Name string `json:"name"`
	// Config is handed to the plugin as it is.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Config json.RawMessage `json:"config,omitempty"`
}

// RolloutExperimentStep is the Experiment that a canary step runs.
type RolloutExperimentStep struct {
	// Templates are the ReplicaSets to run.
	// +patchMergeKey=name
	// +patchStrategy=merge
	Templates []RolloutExperimentTemplate `json:"templates" patchStrategy:"merge" patchMergeKey:"name"`
	// Duration of the Experiment once everything is available. Empty means
	// until its analyses end.
	// +optional
	Duration DurationString `json:"duration,omitempty"`
	// Analyses are run beside the templates.
	// +patchMergeKey=name
	// +patchStrategy=merge
	Analyses []RolloutExperimentStepAnalysisTemplateRef `json:"analyses,omitempty" patchStrategy:"merge" patchMergeKey:"name"`
	// DryRun names metrics whose verdict does not count.
	// +patchMergeKey=metricName
	// +patchStrategy=merge
	// +optional
	DryRun []DryRun `json:"dryRun,omitempty" patchStrategy:"merge" patchMergeKey:"metricName"`
	// AnalysisRunMetadata is put on the AnalysisRuns.
	// +optional
	AnalysisRunMetadata AnalysisRunMetadata `json:"analysisRunMetadata,omitempty"`
	// ScaleDownDelaySeconds is how long the templates keep their pods after the
	// end. Unit: seconds. Nil means 30.
	// +optional
	ScaleDownDelaySeconds *int32 `json:"scaleDownDelaySeconds,omitempty"`
}

// RolloutExperimentTemplate is one ReplicaSet of an Experiment step.
type RolloutExperimentTemplate struct {
	// Name of the template.
	Name string `json:"name"`
	// SpecRef is the version whose pod template is used.
	SpecRef ReplicaSetSpecRef `json:"specRef"`
	// Replicas is the number of pods. Nil means 1.
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`
	// Metadata is added to the pods.
	// +optional
	Metadata PodTemplateMetadata `json:"metadata,omitempty"`
	// Selector replaces the version's selector.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// Weight is a share of the traffic for this template.
	// +optional
	Weight *int32 `json:"weight,omitempty"`
	// Service asks for a Service in front of the template.
	// +optional
	Service *TemplateService `json:"service,omitempty"`
}

// ReplicaSetSpecRef is a version of a Rollout.
type ReplicaSetSpecRef string

// Versions that an Experiment step can run.
const (
	CanarySpecRef ReplicaSetSpecRef = "canary"
	StableSpecRef ReplicaSetSpecRef = "stable"
)

// RolloutExperimentStepAnalysisTemplateRef is one analysis of an Experiment step.
type RolloutExperimentStepAnalysisTemplateRef struct {
	// Name of the analysis.
	Name string `json:"name"`
	// TemplateName names the AnalysisTemplate.
	TemplateName string `json:"templateName"`
	// ClusterScope looks for a ClusterAnalysisTemplate instead. Nil means false.
	// +optional
	ClusterScope *bool `json:"clusterScope,omitempty"`
	// Args are handed to the template.
	// +patchMergeKey=name
	// +patchStrategy=merge
	Args []AnalysisRunArgument `json:"args,omitempty" patchStrategy:"merge" patchMergeKey:"name"`
	// RequiredForCompletion makes the Experiment wait for this analysis.
	RequiredForCompletion bool `json:"requiredForCompletion,omitempty"`
}
