package v1alpha1

import "k8s.io/apimachinery/pkg/util/intstr"

// RolloutStrategy says how one version replaces another. Exactly one member is set.
type RolloutStrategy struct {
	// BlueGreen runs both versions in full and moves a Service from one to the other.
	// +optional
	BlueGreen *BlueGreenStrategy `json:"blueGreen,omitempty"`
	// Canary moves pods and traffic over in steps.
	// +optional
	Canary *CanaryStrategy `json:"canary,omitempty"`
}

// BlueGreenStrategy configures a blue-green update.
type BlueGreenStrategy struct {
	// ActiveService is the Service that carries production traffic.
	ActiveService string `json:"activeService"`
	// PreviewService is the Service that always selects the desired version.
	// +optional
	PreviewService string `json:"previewService,omitempty"`
	// PreviewReplicaCount is the size of the preview before promotion. Nil
	// means spec.replicas.
	// +optional
	PreviewReplicaCount *int32 `json:"previewReplicaCount,omitempty"`
	// AutoPromotionEnabled is false when a user must promote. Nil means true.
	// +optional
	AutoPromotionEnabled *bool `json:"autoPromotionEnabled,omitempty"`
	// AutoPromotionSeconds delays the automatic promotion. Unit: seconds. Default 0.
	// +optional
	AutoPromotionSeconds int32 `json:"autoPromotionSeconds,omitempty"`
	// MaxUnavailable bounds how many pods a restart may take away. Nil means 25%.
	// +optional
	MaxUnavailable *intstr.IntOrString `json:"maxUnavailable,omitempty"`
	// ScaleDownDelaySeconds is how long the version that lost the active
	// Service keeps its pods. Unit: seconds. Nil means 30.
	// +optional
	ScaleDownDelaySeconds *int32 `json:"scaleDownDelaySeconds,omitempty"`
	// ScaleDownDelayRevisionLimit is how many such versions keep their pods.
	// Nil means no limit.
	// +optional
	ScaleDownDelayRevisionLimit *int32 `json:"scaleDownDelayRevisionLimit,omitempty"`
	// PrePromotionAnalysis must succeed before the cutover.
	PrePromotionAnalysis *RolloutAnalysis `json:"prePromotionAnalysis,omitempty"`
	// AntiAffinity keeps pods of two versions off one node.
	AntiAffinity *AntiAffinity `json:"antiAffinity,omitempty"`
	// PostPromotionAnalysis must succeed after the cutover; if not, traffic goes back.
	PostPromotionAnalysis *RolloutAnalysis `json:"postPromotionAnalysis,omitempty"`
	// PreviewMetadata is put on pods while they are the preview.
	PreviewMetadata *PodTemplateMetadata `json:"previewMetadata,omitempty"`
	// ActiveMetadata is put on pods while they are active.
	ActiveMetadata *PodTemplateMetadata `json:"activeMetadata,omitempty"`
	// AbortScaleDownDelaySeconds is how long the preview keeps its pods after
	// an abort. Unit: seconds. Nil means 30, zero means for ever.
	// +optional
	AbortScaleDownDelaySeconds *int32 `json:"abortScaleDownDelaySeconds,omitempty"`
}

// CanaryStrategy configures a canary update.
type CanaryStrategy struct {
	// CanaryService is a Service that selects the desired version.
	// +optional
	CanaryService string `json:"canaryService,omitempty"`
	// StableService is a Service that selects the stable version.
	// +optional
	StableService string `json:"stableService,omitempty"`
	// Steps are worked through in order. None means a rolling update.
	// +optional
	Steps []CanaryStep `json:"steps,omitempty"`
	// TrafficRouting hands the weights to routers. Nil means that weights are
	// approximated by pod counts.
	TrafficRouting *RolloutTrafficRouting `json:"trafficRouting,omitempty"`
	// MaxUnavailable is how many pods may be missing. Nil means 25%, rounded down.
	// +optional
	MaxUnavailable *intstr.IntOrString `json:"maxUnavailable,omitempty"`
	// MaxSurge is how many pods may be extra. Nil means 25%, rounded up.
	// +optional
	MaxSurge *intstr.IntOrString `json:"maxSurge,omitempty"`
	// Analysis runs in the background while the steps go on.
	Analysis *RolloutAnalysisBackground `json:"analysis,omitempty"`
	// AntiAffinity keeps pods of two versions off one node.
	AntiAffinity *AntiAffinity `json:"antiAffinity,omitempty"`
	// CanaryMetadata is put on pods while they are the canary.
	CanaryMetadata *PodTemplateMetadata `json:"canaryMetadata,omitempty"`
	// StableMetadata is put on pods while they are stable.
	StableMetadata *PodTemplateMetadata `json:"stableMetadata,omitempty"`
	// ScaleDownDelaySeconds is how long the version that lost its traffic keeps
	// its pods. Only with traffic routing. Unit: seconds. Nil means 30.
	// +optional
	ScaleDownDelaySeconds *int32 `json:"scaleDownDelaySeconds,omitempty"`
	// ScaleDownDelayRevisionLimit is how many such versions keep their pods.
	// Nil means no limit.
	// +optional
	ScaleDownDelayRevisionLimit *int32 `json:"scaleDownDelayRevisionLimit,omitempty"`
	// AbortScaleDownDelaySeconds is how long the canary keeps its pods after an
	// abort. Only with traffic routing. Unit: seconds. Nil means 30, zero means for ever.
	// +optional
	AbortScaleDownDelaySeconds *int32 `json:"abortScaleDownDelaySeconds,omitempty"`
	// DynamicStableScale shrinks the stable version as traffic leaves it. Only
	// with traffic routing.
	DynamicStableScale bool `json:"dynamicStableScale,omitempty"`
	// PingPong uses two permanent Services that take turns at being stable.
	PingPong *PingPongSpec `json:"pingPong,omitempty"`
	// MinPodsPerReplicaSet is the least size of a ReplicaSet that is not empty.
	// Only with traffic routing.
	MinPodsPerReplicaSet *int32 `json:"minPodsPerReplicaSet,omitempty"`
	// ReplicaProgressThreshold is how many of the canary's pods must be
	// available for a step to count as done. Nil means all.
	// +optional
	ReplicaProgressThreshold *ReplicaProgressThreshold `json:"replicaProgressThreshold,omitempty"`
}

// ProgressThresholdType says how a ReplicaProgressThreshold is counted.
type ProgressThresholdType string

// Ways to count a ReplicaProgressThreshold. Any other word means pods.
const (
	ProgressThresholdTypePercentage ProgressThresholdType = "Percent"
	ProgressThresholdTypePods       ProgressThresholdType = "Pods"
)

// ReplicaProgressThreshold is how many of the canary's pods are enough.
type ReplicaProgressThreshold struct {
	// Type says what Value counts.
	Type ProgressThresholdType `json:"type"`
	// Value is a percentage of the wanted pods, or a number of pods.
	Value int32 `json:"value"`
}

// PingPongSpec names two Services that take turns at being stable.
type PingPongSpec struct {
	// PingService is the first; it becomes stable at the first promotion.
	PingService string `json:"pingService"`
	// PongService is the second.
	PongService string `json:"pongService"`
}

// AntiAffinity keeps pods of two versions off one node. Exactly one member is set.
type AntiAffinity struct {
	// PreferredDuringSchedulingIgnoredDuringExecution asks the scheduler to try.
	// +optional
	PreferredDuringSchedulingIgnoredDuringExecution *PreferredDuringSchedulingIgnoredDuringExecution `json:"preferredDuringSchedulingIgnoredDuringExecution,omitempty"`
	// RequiredDuringSchedulingIgnoredDuringExecution makes the scheduler obey.
	// +optional
	RequiredDuringSchedulingIgnoredDuringExecution *RequiredDuringSchedulingIgnoredDuringExecution `json:"requiredDuringSchedulingIgnoredDuringExecution,omitempty"`
}

// PreferredDuringSchedulingIgnoredDuringExecution is a wish with a weight.
type PreferredDuringSchedulingIgnoredDuringExecution struct {
	// Weight of the wish, 1 to 100.
	Weight int32 `json:"weight"`
}

// RequiredDuringSchedulingIgnoredDuringExecution is a demand; it has no settings.
type RequiredDuringSchedulingIgnoredDuringExecution struct{}
