package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Experiment runs ReplicaSets side by side for a while, with analyses.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=experiments,shortName=exp
// +kubebuilder:printcolumn:name="Status",type="string",JSONPath=".status.phase",description="State of the experiment"
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp",description="Time since creation"
type Experiment struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what to run.
	Spec ExperimentSpec `json:"spec"`
	// Status is what became of it.
	Status ExperimentStatus `json:"status,omitempty"`
}

// ExperimentList is a list of Experiments.
//
// +kubebuilder:object:root=true
type ExperimentList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	// Items are the Experiments of the list.
	Items []Experiment `json:"items"`
}

// ExperimentSpec is what to run.
type ExperimentSpec struct {
	// Templates are the ReplicaSets to run.
	// +patchMergeKey=name
	// +patchStrategy=merge
	Templates []TemplateSpec `json:"templates" patchStrategy:"merge" patchMergeKey:"name"`
	// Duration of the Experiment once everything is available. Empty means
	// until its analyses end or it is terminated.
	// +optional
	Duration DurationString `json:"duration,omitempty"`
	// ProgressDeadlineSeconds is how long a template may take to become
	// available. Unit: seconds. Nil means 600.
	// +optional
	ProgressDeadlineSeconds *int32 `json:"progressDeadlineSeconds,omitempty"`
	// Terminate asks the Experiment to stop.
	Terminate bool `json:"terminate,omitempty"`
	// Analyses are run beside the templates.
	// +patchMergeKey=name
	// +patchStrategy=merge
	// +optional
	Analyses []ExperimentAnalysisTemplateRef `json:"analyses,omitempty" patchStrategy:"merge" patchMergeKey:"name"`
	// ScaleDownDelaySeconds is how long the templates keep their pods after the
	// end. Unit: seconds. Nil means 30.
	// +optional
	ScaleDownDelaySeconds *int32 `json:"scaleDownDelaySeconds,omitempty"`
	// DryRun names metrics whose verdict does not count.
	// +patchMergeKey=metricName
	// +patchStrategy=merge
	// +optional
	DryRun []DryRun `json:"dryRun,omitempty" patchStrategy:"merge" patchMergeKey:"metricName"`
	// MeasurementRetention says how many measurements are kept.
	// +patchMergeKey=metricName
	// +patchStrategy=merge
	// +optional
	MeasurementRetention []MeasurementRetention `json:"measurementRetention,omitempty" patchStrategy:"merge" patchMergeKey:"metricName"`
	// AnalysisRunMetadata is put on the AnalysisRuns.
	// +optional
	AnalysisRunMetadata AnalysisRunMetadata `json:"analysisRunMetadata,omitempty"`
}

// TemplateSpec is one ReplicaSet of an Experiment.
type TemplateSpec struct {
	// Name is unique in its Experiment.
	Name string `json:"name"`
	// Replicas is the number of pods. Nil means 1.
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`
	// MinReadySeconds is how long a pod must be ready to count as available.
	// Unit: seconds. Default 0.
	// +optional
	MinReadySeconds int32 `json:"minReadySeconds,omitempty"`
	// Selector picks the template's pods.
	Selector *metav1.LabelSelector `json:"selector"`
	// Template describes the pods.
	Template corev1.PodTemplateSpec `json:"template"`
	// Service asks for a Service in front of the pods.
	Service *TemplateService `json:"service,omitempty"`
}

// TemplateService asks for a Service in front of a template.
type TemplateService struct {
	// Name of the Service. Default the ReplicaSet's name.
	Name string `json:"name,omitempty"`
}

// ExperimentAnalysisTemplateRef is one analysis of an Experiment.
type ExperimentAnalysisTemplateRef struct {
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
	// +optional
	Args []Argument `json:"args,omitempty" patchStrategy:"merge" patchMergeKey:"name"`
	// RequiredForCompletion makes the Experiment wait for this analysis.
	// +optional
	RequiredForCompletion bool `json:"requiredForCompletion,omitempty"`
}

// ExperimentStatus is what became of an Experiment.
type ExperimentStatus struct {
	// Phase is the state of the Experiment.
	// +optional
	Phase AnalysisPhase `json:"phase,omitempty"`
	// Message explains Phase.
	// +optional
	Message string `json:"message,omitempty"`
	// TemplateStatuses has one entry for each template.
	// +optional
	TemplateStatuses []TemplateStatus `json:"templateStatuses,omitempty"`
	// AvailableAt is when all templates were first available together.
	// +optional
	AvailableAt *metav1.Time `json:"availableAt,omitempty"`
	// Conditions are the machine-readable findings.
	// +optional
	Conditions []ExperimentCondition `json:"conditions,omitempty"`
	// AnalysisRuns has one entry for each analysis that was begun.
	// +optional
	AnalysisRuns []ExperimentAnalysisRunStatus `json:"analysisRuns,omitempty"`
}

// TemplateStatusCode is the state of a template.
type TemplateStatusCode string

// States of a template. The last three are final.
const (
	TemplateStatusProgressing TemplateStatusCode = "Progressing"
	TemplateStatusRunning     TemplateStatusCode = "Running"
	TemplateStatusSuccessful  TemplateStatusCode = "Successful"
	TemplateStatusFailed      TemplateStatusCode = "Failed"
	TemplateStatusError       TemplateStatusCode = "Error"
)

// TemplateStatus is what became of a template.
type TemplateStatus struct {
	// Name of the template.
	Name string `json:"name"`
	// Replicas counts its pods.
	Replicas int32 `json:"replicas"`
	// UpdatedReplicas counts its pods with the wanted template.
	UpdatedReplicas int32 `json:"updatedReplicas"`
	// ReadyReplicas counts its ready pods.
	ReadyReplicas int32 `json:"readyReplicas"`
	// AvailableReplicas counts its available pods.
	AvailableReplicas int32 `json:"availableReplicas"`
	// CollisionCount is how often its ReplicaSet's name was taken.
	// +optional
	CollisionCount *int32 `json:"collisionCount,omitempty"`
	// Status is its state.
	Status TemplateStatusCode `json:"status,omitempty"`
	// Message explains Status.
	Message string `json:"message,omitempty"`
	// LastTransitionTime is when a counter or the state last changed.
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
	// ServiceName is its Service.
	ServiceName string `json:"serviceName,omitempty"`
	// PodTemplateHash is its hash label.
	PodTemplateHash string `json:"podTemplateHash,omitempty"`
}

// ExperimentAnalysisRunStatus mirrors an AnalysisRun in the status of its Experiment.
type ExperimentAnalysisRunStatus struct {
	// Name of the analysis.
	Name string `json:"name"`
	// AnalysisRun is the run's name.
	AnalysisRun string `json:"analysisRun"`
	// Phase is the run's phase.
	Phase AnalysisPhase `json:"phase"`
	// Message explains Phase.
	Message string `json:"message,omitempty"`
}

// ExperimentConditionType names a condition of an Experiment.
type ExperimentConditionType string

// Condition types of an Experiment.
const (
	// InvalidExperimentSpec is present, and true, while the spec cannot be worked on.
	InvalidExperimentSpec ExperimentConditionType = "InvalidSpec"
	// ExperimentCompleted says whether the Experiment is over.
	ExperimentCompleted ExperimentConditionType = "Completed"
	// ExperimentProgressing says whether the Experiment gets on.
	ExperimentProgressing ExperimentConditionType = "Progressing"
	// ExperimentRunning says whether all templates are available.
	ExperimentRunning ExperimentConditionType = "Running"
	// ExperimentReplicaFailure is copied from a ReplicaSet that cannot make pods.
	ExperimentReplicaFailure ExperimentConditionType = "ReplicaFailure"
)

// ExperimentCondition is one machine-readable finding about an Experiment.
type ExperimentCondition struct {
	// Type is what the finding is about.
	Type ExperimentConditionType `json:"type"`
	// Status is True, False or Unknown.
	Status corev1.ConditionStatus `json:"status"`
	// LastUpdateTime is when the condition was last written.
	LastUpdateTime metav1.Time `json:"lastUpdateTime"`
	// LastTransitionTime is when Status last changed.
	LastTransitionTime metav1.Time `json:"lastTransitionTime"`
	// Reason is a CamelCase word for machines.
	Reason string `json:"reason"`
	// Message is a sentence for people.
	Message string `json:"message"`
}
