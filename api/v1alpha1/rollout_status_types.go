package v1alpha1

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RolloutStatus is the observed state of a Rollout. Pod counters count
// ReplicaSet status replicas.
type RolloutStatus struct {
	// Abort is a client's or the controller's wish to go back to stable.
	Abort bool `json:"abort,omitempty"`
	// PauseConditions are the controller's reasons to wait. A client resumes by
	// clearing them.
	PauseConditions []PauseCondition `json:"pauseConditions,omitempty"`
	// ControllerPause is true while the controller has a pause outstanding.
	// True with no pause conditions means that a user resumed.
	ControllerPause bool `json:"controllerPause,omitempty"`
	// AbortedAt is when the abort was first seen.
	AbortedAt *metav1.Time `json:"abortedAt,omitempty"`
	// CurrentPodHash is the hash label of the desired ReplicaSet.
	// +optional
	CurrentPodHash string `json:"currentPodHash,omitempty"`
	// CurrentStepHash identifies the canary steps that CurrentStepIndex counts in.
	// +optional
	CurrentStepHash string `json:"currentStepHash,omitempty"`
	// Replicas counts the pods of all ReplicaSets.
	// +optional
	Replicas int32 `json:"replicas,omitempty"`
	// UpdatedReplicas counts the pods of the desired ReplicaSet.
	// +optional
	UpdatedReplicas int32 `json:"updatedReplicas,omitempty"`
	// ReadyReplicas counts ready pods.
	// +optional
	ReadyReplicas int32 `json:"readyReplicas,omitempty"`
	// AvailableReplicas counts available pods.
	// +optional
	AvailableReplicas int32 `json:"availableReplicas,omitempty"`
	// CurrentStepIndex is the step being worked on, from 0. The number of
	// steps, or more, means that all are done. Nil means that there are none.
	// +optional
	CurrentStepIndex *int32 `json:"currentStepIndex,omitempty"`
	// CollisionCount is how often a ReplicaSet name was taken; it enters the hash.
	// +optional
	CollisionCount *int32 `json:"collisionCount,omitempty"`
	// ObservedGeneration is the generation last worked on, in decimal.
	// +optional
	ObservedGeneration string `json:"observedGeneration,omitempty"`
	// Conditions are the machine-readable findings.
	// +optional
	Conditions []RolloutCondition `json:"conditions,omitempty"`
	// Canary is set while the strategy is canary.
	Canary CanaryStatus `json:"canary,omitempty"`
	// BlueGreen is set while the strategy is blue-green.
	BlueGreen BlueGreenStatus `json:"blueGreen,omitempty"`
	// HPAReplicas is the count that a HorizontalPodAutoscaler divides by.
	// +optional
	HPAReplicas int32 `json:"HPAReplicas,omitempty"`
	// Selector is the label selector that a HorizontalPodAutoscaler counts pods by.
	// +optional
	Selector string `json:"selector,omitempty"`
	// StableRS is the hash label of the stable ReplicaSet.
	// +optional
	StableRS string `json:"stableRS,omitempty"`
	// RestartedAt is the spec.restartAt that all pods satisfy.
	RestartedAt *metav1.Time `json:"restartedAt,omitempty"`
	// PromoteFull is a client's wish to skip everything that is left.
	PromoteFull bool `json:"promoteFull,omitempty"`
	// Phase is the one-word summary for people.
	Phase RolloutPhase `json:"phase,omitempty"`
	// Message explains Phase.
	Message string `json:"message,omitempty"`
	// WorkloadObservedGeneration is the generation of the workloadRef object
	// last worked on, in decimal.
	WorkloadObservedGeneration string `json:"workloadObservedGeneration,omitempty"`
	// ALB is the load balancer of a Rollout with one ALB Ingress.
	ALB *ALBStatus `json:"alb,omitempty"`
	// ALBs are the load balancers of a Rollout with several ALB Ingresses.
	ALBs []ALBStatus `json:"albs,omitempty"`
	// Duration times the update.
	Duration *RolloutDurationStatus `json:"duration,omitempty"`
}

// PauseCondition is one reason to wait.
type PauseCondition struct {
	// Reason says what is waited for.
	Reason PauseReason `json:"reason"`
	// StartTime is when the wait began.
	StartTime metav1.Time `json:"startTime"`
}

// CanaryStatus is the part of the status that only the canary strategy has.
type CanaryStatus struct {
	// CurrentStepAnalysisRunStatus mirrors the run of the current step.
	CurrentStepAnalysisRunStatus *RolloutAnalysisRunStatus `json:"currentStepAnalysisRunStatus,omitempty"`
	// CurrentBackgroundAnalysisRunStatus mirrors the background run.
	CurrentBackgroundAnalysisRunStatus *RolloutAnalysisRunStatus `json:"currentBackgroundAnalysisRunStatus,omitempty"`
	// CurrentExperiment names the Experiment of the current step.
	CurrentExperiment string `json:"currentExperiment,omitempty"`
	// Weights is the traffic split last given to the routers.
	Weights *TrafficWeights `json:"weights,omitempty"`
	// StablePingPong says which of the two services is stable now.
	StablePingPong PingPongType `json:"stablePingPong,omitempty"`
	// StepPluginStatuses records what step plugins did.
	StepPluginStatuses []StepPluginStatus `json:"stepPluginStatuses,omitempty"`
}

// BlueGreenStatus is the part of the status that only the blue-green strategy has.
type BlueGreenStatus struct {
	// PreviewSelector is the hash that the preview Service selects.
	// +optional
	PreviewSelector string `json:"previewSelector,omitempty"`
	// ActiveSelector is the hash that the active Service selects.
	// +optional
	ActiveSelector string `json:"activeSelector,omitempty"`
	// ScaleUpPreviewCheckPoint latches when a small preview was judged good
	// enough to be scaled to full size.
	// +optional
	ScaleUpPreviewCheckPoint bool `json:"scaleUpPreviewCheckPoint,omitempty"`
	// PrePromotionAnalysisRunStatus mirrors the run before the cutover.
	PrePromotionAnalysisRunStatus *RolloutAnalysisRunStatus `json:"prePromotionAnalysisRunStatus,omitempty"`
	// PostPromotionAnalysisRunStatus mirrors the run after the cutover.
	PostPromotionAnalysisRunStatus *RolloutAnalysisRunStatus `json:"postPromotionAnalysisRunStatus,omitempty"`
}

// RolloutAnalysisRunStatus mirrors an AnalysisRun in the status of its Rollout.
type RolloutAnalysisRunStatus struct {
	// Name is the run's name.
	Name string `json:"name"`
	// Status is the run's phase.
	Status AnalysisPhase `json:"status"`
	// Message is the run's message.
	Message string `json:"message,omitempty"`
}

// TrafficWeights is a traffic split. The weights of all destinations add up to
// maxTrafficWeight (100 unless set).
type TrafficWeights struct {
	// Canary is the desired version's share.
	Canary WeightDestination `json:"canary"`
	// Stable is the stable version's share.
	Stable WeightDestination `json:"stable"`
	// Additional are the shares of Experiment templates.
	Additional []WeightDestination `json:"additional,omitempty"`
	// Verified says whether the data plane was seen to obey. Nil means that
	// the router does not verify.
	Verified *bool `json:"verified,omitempty"`
}

// WeightDestination is one share of a traffic split.
type WeightDestination struct {
	// Weight is the share, out of maxTrafficWeight.
	Weight int32 `json:"weight"`
	// ServiceName is the Service that receives it.
	ServiceName string `json:"serviceName,omitempty"`
	// PodTemplateHash is the version that receives it.
	PodTemplateHash string `json:"podTemplateHash,omitempty"`
}

// StepPluginStatus records one operation of a step plugin.
type StepPluginStatus struct {
	// Index is the step's index, from 0.
	Index int32 `json:"index"`
	// Name is the plugin's name.
	Name string `json:"name"`
	// Operation is what the plugin was asked to do.
	Operation StepPluginOperation `json:"operation"`
	// Phase is the outcome so far.
	Phase StepPluginPhase `json:"phase,omitempty"`
	// Message explains Phase.
	Message string `json:"message,omitempty"`
	// StartedAt is when the operation was first called.
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// UpdatedAt is when the operation was last called.
	UpdatedAt *metav1.Time `json:"updatedAt,omitempty"`
	// FinishedAt is when the operation came to an end.
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// Backoff is how long to wait after UpdatedAt before the next call.
	Backoff DurationString `json:"backoff,omitempty"`
	// Executions counts the calls.
	Executions int32 `json:"executions,omitempty"`
	// Disabled is true when the plugin is switched off and the step was passed.
	Disabled bool `json:"disabled,omitempty"`
	// Status is the plugin's own memory, handed back to it at the next call.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Status json.RawMessage `json:"status,omitempty"`
}

// ALBStatus names the AWS objects behind one ALB Ingress.
type ALBStatus struct {
	// LoadBalancer is the balancer.
	LoadBalancer AwsResourceRef `json:"loadBalancer,omitempty"`
	// CanaryTargetGroup receives the canary's share.
	CanaryTargetGroup AwsResourceRef `json:"canaryTargetGroup,omitempty"`
	// StableTargetGroup receives the stable share.
	StableTargetGroup AwsResourceRef `json:"stableTargetGroup,omitempty"`
	// Ingress is the Ingress that these belong to.
	Ingress string `json:"ingress,omitempty"`
}

// AwsResourceRef names an AWS object.
type AwsResourceRef struct {
	// Name is the short name.
	Name string `json:"name"`
	// ARN is the Amazon resource name.
	ARN string `json:"arn"`
	// FullName is the part of the ARN that metrics use.
	// +optional
	FullName string `json:"fullName"`
}

// RolloutDurationStatus times one attempt to reach a version.
type RolloutDurationStatus struct {
	// RolloutStartedAt is when the attempt began.
	RolloutStartedAt *metav1.Time `json:"rolloutStartedAt,omitempty"`
	// ManualPauseStartedAt is when the pause that is still on began.
	ManualPauseStartedAt *metav1.Time `json:"manualPauseStartedAt,omitempty"`
	// TotalManualPauseDurationSeconds adds up the pauses that are over. Unit: seconds.
	TotalManualPauseDurationSeconds int64 `json:"totalManualPauseDurationSeconds,omitempty"`
	// FinishedAt is when the attempt ended.
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// CompletionStatus is how the attempt ended.
	CompletionStatus RolloutCompletionStatus `json:"completionStatus,omitempty"`
}
