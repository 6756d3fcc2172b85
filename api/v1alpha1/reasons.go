package v1alpha1

// Reasons of conditions. Those of the Progressing condition come first.
const (
	// NewReplicaSetReason: a ReplicaSet was created.
	NewReplicaSetReason = "NewReplicaSetCreated"
	// FoundNewRSReason: the desired ReplicaSet was already there.
	FoundNewRSReason = "FoundNewReplicaSet"
	// ReplicaSetUpdatedReason: the update gets on.
	ReplicaSetUpdatedReason = "ReplicaSetUpdated"
	// NewRSAvailableReason: the update reached its end.
	NewRSAvailableReason = "NewReplicaSetAvailable"
	// ReplicaSetNotAvailableReason: a finished Rollout lost pods.
	ReplicaSetNotAvailableReason = "ReplicaSetNotAvailable"
	// RolloutPausedReason: the update waits.
	RolloutPausedReason = "RolloutPaused"
	// RolloutResumedReason: the update waits no longer.
	RolloutResumedReason = "RolloutResumed"
	// RolloutRetryReason: an aborted update begins again.
	RolloutRetryReason = "RolloutRetry"
	// RolloutAbortedReason: the update was given up.
	RolloutAbortedReason = "RolloutAborted"
	// TimedOutReason: the update made no progress for too long.
	TimedOutReason = "ProgressDeadlineExceeded"
	// FailedRSCreateReason: a ReplicaSet could not be created.
	FailedRSCreateReason = "ReplicaSetCreateError"
	// FailedRunCreateReason: an AnalysisRun could not be created.
	FailedRunCreateReason = "AnalysisRunCreateError"
	// FailedExperimentCreateReason: an Experiment could not be created.
	FailedExperimentCreateReason = "ExperimentCreateError"

	// AvailableReason is the reason of the Available condition.
	AvailableReason = "AvailableReason"
	// RolloutHealthyReason is the reason of the Healthy condition.
	RolloutHealthyReason = "RolloutHealthy"
	// RolloutCompletedReason is the reason of the Completed condition and of
	// the event at the end of an update.
	RolloutCompletedReason = "RolloutCompleted"
	// InvalidSpecReason is the reason of the InvalidSpec condition.
	InvalidSpecReason = "InvalidSpec"
	// ExperimentCompletedReason ends an Experiment's Progressing condition.
	ExperimentCompletedReason = "ExperimentCompleted"
)

// Reasons of events on Rollouts. NewReplicaSetReason, FailedRSCreateReason,
// RolloutPausedReason, RolloutResumedReason, RolloutAbortedReason and
// RolloutCompletedReason are event reasons too.
const (
	RolloutAddedToInformerReason = "RolloutAddedToInformer"
	RolloutUpdatedReason         = "RolloutUpdated"
	RolloutDeletedReason         = "RolloutDeleted"
	RolloutNotCompletedReason    = "RolloutNotCompleted"
	RolloutStepCompletedReason   = "RolloutStepCompleted"
	SkipStepsReason              = "SkipSteps"
	ScalingReplicaSetReason      = "ScalingReplicaSet"
	SwitchServiceReason          = "SwitchService"
	TrafficWeightUpdatedReason   = "TrafficWeightUpdated"
	TrafficRoutingErrorReason    = "TrafficRoutingError"
	WeightVerifyErrorReason      = "WeightVerifyError"
	TargetGroupVerifiedReason    = "TargetGroupVerified"
	TargetGroupUnverifiedReason  = "TargetGroupUnverified"
	TargetGroupVerifyErrorReason = "TargetGroupVerifyError"
	LoadBalancerNotFoundReason   = "LoadBalancerNotFound"
	ExperimentCreatedReason      = "ExperimentCreated"
	StepPluginTransitionReason   = "StepPluginTransition"
	ReconciliationErrorReason    = "ReconciliationError"
)

// Beginnings of event reasons that end in a phase or a state, for example
// AnalysisRunSuccessful.
const (
	AnalysisRunReasonPrefix = "AnalysisRun"
	MetricReasonPrefix      = "Metric"
	ExperimentReasonPrefix  = "Experiment"
	TemplateReasonPrefix    = "Template"
)

// Reasons of events on Experiments.
const (
	AnalysisRunTerminatingReason = "AnalysisRunTerminating"
	ReplicaSetUpdateErrorReason  = "ReplicaSetUpdateError"
)

// Reasons of events that routers emit on Rollouts.
const (
	// VirtualServiceUpdatedReason has a space in it on purpose: it is what
	// clients filter by.
	VirtualServiceUpdatedReason   = "Updated VirtualService"
	DestinationRuleUpdatedReason  = "UpdatedDestinationRule"
	VirtualServiceNotFoundReason  = "VirtualServiceNotFound"
	DestinationRuleNotFoundReason = "DestinationRuleNotFound"
	PatchingALBIngressReason      = "PatchingALBIngress"
	CreatingCanaryIngressReason   = "CreatingCanaryIngress"
	PatchingCanaryIngressReason   = "PatchingCanaryIngress"
	TrafficSplitCreatedReason     = "TrafficSplitCreated"
	TrafficSplitNotCreatedReason  = "TrafficSplitNotCreated"
	VirtualRouterNotFoundReason   = "VirtualRouterNotFound"
	VirtualNodeNotFoundReason     = "VirtualNodeNotFound"
	TraefikServiceUpdateError     = "TraefikServiceUpdateError"
	ApisixRouteUpdateError        = "ApisixRouteUpdateError"
	ApisixRouteCreateError        = "ApisixRouteCreateError"
	ApisixRouteDeleteError        = "ApisixRouteDeleteError"
	CanaryMappingWeightUpdate     = "CanaryMappingWeightUpdate"
	CanaryMappingUpdateError      = "CanaryMappingUpdateError"
	CanaryMappingCreationError    = "CanaryMappingCreationError"
	CanaryMappingCleanupError     = "CanaryMappingCleanupError"
	AmbassadorMappingNotFound     = "AmbassadorMappingNotFound"
	AmbassadorMappingConfigError  = "AmbassadorMappingConfigError"
)

// Messages of conditions. %s and %d are filled in with the names said.
const (
	// NewReplicaSetMessage takes the ReplicaSet's name.
	NewReplicaSetMessage = "Created new replica set %q"
	// FoundNewRSMessage takes the ReplicaSet's name.
	FoundNewRSMessage = "Found new replica set %q"
	// ReplicaSetProgressingMessage takes the ReplicaSet's name.
	ReplicaSetProgressingMessage = "ReplicaSet %q is progressing."
	// RolloutProgressingMessage takes the Rollout's name.
	RolloutProgressingMessage = "Rollout %q is progressing."
	// ReplicaSetCompletedMessage takes the ReplicaSet's name.
	ReplicaSetCompletedMessage = "ReplicaSet %q has successfully progressed."
	// NotAvailableMessage is also the message of an Available condition that is false.
	NotAvailableMessage = "Rollout does not have minimum availability"
	// AvailableMessage is the message of an Available condition that is true.
	AvailableMessage = "Rollout has minimum availability"
	// RolloutPausedMessage is the message while paused, and after.
	RolloutPausedMessage = "Rollout is paused"
	// RolloutResumedMessage is the message when the wait is over.
	RolloutResumedMessage = "Rollout is resumed"
	// RolloutRetryMessage is the message when an aborted update begins again.
	RolloutRetryMessage = "Retrying Rollout after abort"
	// RolloutAbortedMessage takes the revision.
	RolloutAbortedMessage = "Rollout aborted update to revision %d"
	// ReplicaSetTimeOutMessage takes the ReplicaSet's name.
	ReplicaSetTimeOutMessage = "ReplicaSet %q has timed out progressing."
	// RolloutTimeOutMessage takes the Rollout's name.
	RolloutTimeOutMessage = "Rollout %q has timed out progressing."
	// FailedRSCreateMessage takes the ReplicaSet's name and the error.
	FailedRSCreateMessage = "Failed to create new replica set %q: %v"
	// FailedObjectCreateMessage takes the kind, the name and the error.
	FailedObjectCreateMessage = "Failed to create %s %q: %v"
	// RolloutHealthyMessage is the message of a Healthy condition that is true.
	RolloutHealthyMessage = "Rollout is healthy"
	// RolloutNotHealthyMessage is the message of a Healthy condition that is false.
	RolloutNotHealthyMessage = "Rollout is not healthy"
	// InvalidSpecMessage takes the Rollout's name and the error.
	InvalidSpecMessage = "The Rollout %q is invalid: %v"
)
