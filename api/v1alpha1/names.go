package v1alpha1

// Labels.
const (
	// DefaultRolloutUniqueLabelKey is the hash label: on ReplicaSets, their pods
	// and selectors, on AnalysisRuns and Experiments, and a key in the selectors
	// of managed Services.
	DefaultRolloutUniqueLabelKey = "rollouts-pod-template-hash"
	// LabelKeyControllerInstanceID shares objects out between controllers.
	LabelKeyControllerInstanceID = "argo-rollouts.argoproj.io/controller-instance-id"
	// RolloutTypeLabel, on AnalysisRuns, is one of the RolloutType values.
	RolloutTypeLabel = "rollout-type"
	// RolloutCanaryStepIndexLabel, on AnalysisRuns of steps, is the step's index.
	RolloutCanaryStepIndexLabel = "step-index"
	// AnalysisRunUIDLabel, on Jobs, is the UID of the AnalysisRun.
	AnalysisRunUIDLabel = "analysisrun.argoproj.io/uid"
	// GatewayInProgressLabelKey, on Gateway API routes, marks a canary under way.
	GatewayInProgressLabelKey = "rollouts.argoproj.io/gatewayapi-canary"
	// GatewayInProgressLabelValue is the value of GatewayInProgressLabelKey.
	GatewayInProgressLabelValue = "in-progress"
)

// Values of RolloutTypeLabel.
const (
	RolloutTypeStepLabel          = "Step"
	RolloutTypeBackgroundRunLabel = "Background"
	RolloutTypePrePromotionLabel  = "PrePromotion"
	RolloutTypePostPromotionLabel = "PostPromotion"
)

// Annotations.
const (
	// RevisionAnnotation, on Rollouts, ReplicaSets, AnalysisRuns and
	// Experiments, is the revision number.
	RevisionAnnotation = "rollout.argoproj.io/revision"
	// RevisionHistoryAnnotation, on ReplicaSets, lists earlier revision
	// numbers, comma-separated.
	RevisionHistoryAnnotation = "rollout.argoproj.io/revision-history"
	// DesiredReplicasAnnotation, on ReplicaSets, is the Rollout's spec.replicas
	// at the time the ReplicaSet was last scaled.
	DesiredReplicasAnnotation = "rollout.argoproj.io/desired-replicas"
	// WorkloadGenerationAnnotation, on Rollouts, is the generation of the
	// workloadRef object.
	WorkloadGenerationAnnotation = "rollout.argoproj.io/workload-generation"
	// EphemeralMetadataAnnotation, on ReplicaSets, is JSON of the labels and
	// annotations that were injected for a role.
	EphemeralMetadataAnnotation = "rollout.argoproj.io/ephemeral-metadata"
	// DefaultReplicaSetScaleDownDeadlineAnnotationKey, on ReplicaSets, is the
	// time, RFC 3339 in UTC, at which they may be scaled down. It has no prefix.
	DefaultReplicaSetScaleDownDeadlineAnnotationKey = "scale-down-deadline"
	// DefaultReplicaSetRestartAnnotationKey is reserved and not used.
	DefaultReplicaSetRestartAnnotationKey = "argo-rollouts.argoproj.io/restarted-after"
	// ManagedByRolloutsKey, on Services, Ingresses and mesh objects, is the
	// name of the Rollout that manages them.
	ManagedByRolloutsKey = "argo-rollouts.argoproj.io/managed-by-rollouts"
	// ManagedALBActionsAnnotation, on Ingresses, lists the action annotations
	// that Rollouts wrote.
	ManagedALBActionsAnnotation = "rollouts.argoproj.io/managed-alb-actions"
	// ManagedALBAnnotationsAnnotation, on Ingresses, lists the other
	// annotations that Rollouts wrote.
	ManagedALBAnnotationsAnnotation = "rollouts.argoproj.io/managed-alb-annotations"
	// ExperimentNameAnnotationKey, on ReplicaSets, names their Experiment.
	ExperimentNameAnnotationKey = "experiment.argoproj.io/name"
	// ExperimentTemplateNameAnnotationKey, on ReplicaSets, names their template.
	ExperimentTemplateNameAnnotationKey = "experiment.argoproj.io/template-name"
	// ExperimentAvailableAtAnnotation, on AnalysisRuns, is the availableAt of the
	// Experiment that started them, RFC 3339: it tells the runs of one attempt from
	// those before a retry.
	ExperimentAvailableAtAnnotation = "experiment.argoproj.io/available-at"
	// AnalysisRunNameAnnotation, on Jobs, names the AnalysisRun.
	AnalysisRunNameAnnotation = "analysisrun.argoproj.io/name"
	// AnalysisRunNamespaceAnnotation, on Jobs, is the AnalysisRun's namespace.
	AnalysisRunNamespaceAnnotation = "analysisrun.argoproj.io/namespace"
	// AnalysisRunMetricAnnotation, on Jobs, names the metric.
	AnalysisRunMetricAnnotation = "analysisrun.argoproj.io/metric-name"
	// NotifiedAnnotation, on Rollouts, is what was already notified.
	NotifiedAnnotation = "notified.notifications.argoproj.io"
	// NotificationSubscriptionPrefix begins the annotations that subscribe to
	// notifications.
	NotificationSubscriptionPrefix = "notifications.argoproj.io/subscribe"
	// LastAppliedAnnotation is kubectl's and is never copied to ReplicaSets.
	LastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration"
)

// Names that users may replace.
const (
	// DefaultNginxAnnotationPrefix begins ingress-nginx annotations.
	DefaultNginxAnnotationPrefix = "nginx.ingress.kubernetes.io"
	// DefaultALBAnnotationPrefix begins AWS load balancer controller annotations.
	DefaultALBAnnotationPrefix = "alb.ingress.kubernetes.io"
)

// Words that name parts of the system to other systems.
const (
	// EventComponent is the source of all events.
	EventComponent = "rollouts-controller"
	// AntiAffinityTopologyKey is the node label that anti-affinity spreads over.
	AntiAffinityTopologyKey = "kubernetes.io/hostname"
	// GatewayAPIPluginName is the router plugin that the built-in Gateway API
	// router replaces.
	GatewayAPIPluginName = "argoproj-labs/gatewayAPI"
)
