package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Rollout keeps a set of pods running and moves them from one version to the
// next by a canary or a blue-green strategy.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=rollouts,shortName=ro
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.HPAReplicas,selectorpath=.status.selector
// +kubebuilder:printcolumn:name="Desired",type="integer",JSONPath=".spec.replicas",description="Number of desired pods"
// +kubebuilder:printcolumn:name="Current",type="integer",JSONPath=".status.replicas",description="Number of existing pods"
// +kubebuilder:printcolumn:name="Up-to-date",type="integer",JSONPath=".status.updatedReplicas",description="Number of pods of the desired version"
// +kubebuilder:printcolumn:name="Available",type="integer",JSONPath=".status.availableReplicas",description="Number of pods that are available"
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp",description="Time since creation"
type Rollout struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what the user asks for.
	Spec RolloutSpec `json:"spec"`
	// Status is what the controller last saw and decided. Clients command the
	// controller by patching a few of its fields (abort, promoteFull,
	// pauseConditions, currentStepIndex).
	Status RolloutStatus `json:"status,omitempty"`
}

// RolloutList is a list of Rollouts.
//
// +kubebuilder:object:root=true
type RolloutList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	// Items are the Rollouts of the list.
	Items []Rollout `json:"items"`
}

// RolloutSpec is the desired state of a Rollout.
type RolloutSpec struct {
	// TemplateResolvedFromRef says that whoever read the Rollout filled in
	// Template from WorkloadRef. It is never written.
	TemplateResolvedFromRef bool `json:"-"`
	// SelectorResolvedFromRef says the same of Selector.
	SelectorResolvedFromRef bool `json:"-"`

	// Replicas is how many pods should run. Nil means 1.
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`
	// Selector picks the ReplicaSets and pods of this Rollout. It must match
	// the labels of the pod template and cannot be changed.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message=".spec.selector is immutable"
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// Template describes the pods. It is left out when workloadRef is set.
	// +optional
	Template corev1.PodTemplateSpec `json:"template,omitempty,omitzero"`
	// WorkloadRef takes template and selector from another object.
	// +optional
	WorkloadRef *ObjectRef `json:"workloadRef,omitempty"`
	// MinReadySeconds is how long a pod must be ready to count as available.
	// Unit: seconds. Default 0.
	// +optional
	MinReadySeconds int32 `json:"minReadySeconds,omitempty"`
	// RollbackWindow lets an update skip its steps when it goes back to a
	// recent revision.
	RollbackWindow *RollbackWindowSpec `json:"rollbackWindow,omitempty"`
	// Strategy says how one version replaces another.
	// +optional
	Strategy RolloutStrategy `json:"strategy,omitempty"`
	// RevisionHistoryLimit is how many superseded ReplicaSets are kept for
	// undo. Nil means 10.
	// +optional
	RevisionHistoryLimit *int32 `json:"revisionHistoryLimit,omitempty"`
	// Paused stops the update where it is until it is false again.
	// +optional
	Paused bool `json:"paused,omitempty"`
	// ProgressDeadlineSeconds is how long an update may go without progress
	// before it counts as degraded. Unit: seconds. Nil means 600.
	ProgressDeadlineSeconds *int32 `json:"progressDeadlineSeconds,omitempty"`
	// ProgressDeadlineAbort aborts the update when the deadline passes, instead
	// of only reporting it.
	// +optional
	ProgressDeadlineAbort bool `json:"progressDeadlineAbort,omitempty"`
	// RestartAt asks that all pods be created at or after this time.
	RestartAt *metav1.Time `json:"restartAt,omitempty"`
	// Analysis limits how many finished AnalysisRuns and Experiments are kept.
	Analysis *AnalysisRunStrategy `json:"analysis,omitempty"`
}

// ObjectRef names an object in the Rollout's namespace whose pod template the
// Rollout uses.
type ObjectRef struct {
	// APIVersion is the group and version, for example apps/v1.
	// +optional
	APIVersion string `json:"apiVersion,omitempty"`
	// Kind is Deployment, ReplicaSet or PodTemplate.
	// +optional
	Kind string `json:"kind,omitempty"`
	// Name is the object's name.
	// +optional
	Name string `json:"name,omitempty"`
	// ScaleDown says what happens to a referenced Deployment: never (default),
	// onsuccess or progressively.
	// +optional
	ScaleDown string `json:"scaleDown,omitempty"`
}

// Values of ObjectRef.ScaleDown. The empty string means ScaleDownNever.
const (
	// ScaleDownNever leaves the referenced Deployment alone.
	ScaleDownNever = "never"
	// ScaleDownOnSuccess scales the Deployment to zero once the Rollout is healthy.
	ScaleDownOnSuccess = "onsuccess"
	// ScaleDownProgressively scales the Deployment down as the Rollout's pods become ready.
	ScaleDownProgressively = "progressively"
)

// RollbackWindowSpec says how far back an update may go without its steps.
type RollbackWindowSpec struct {
	// Revisions is how many revisions behind stable are within the window.
	// Zero switches the window off.
	Revisions int32 `json:"revisions,omitempty"`
}

// AnalysisRunStrategy limits the finished AnalysisRuns and Experiments kept.
type AnalysisRunStrategy struct {
	// SuccessfulRunHistoryLimit is how many successful ones are kept. Nil means 5.
	SuccessfulRunHistoryLimit *int32 `json:"successfulRunHistoryLimit,omitempty"`
	// UnsuccessfulRunHistoryLimit is how many others are kept. Nil means 5.
	UnsuccessfulRunHistoryLimit *int32 `json:"unsuccessfulRunHistoryLimit,omitempty"`
}

// PodTemplateMetadata is labels and annotations that pods carry for a while.
type PodTemplateMetadata struct {
	// Labels are added to the pods.
	// +optional
	Labels map[string]string `json:"labels,omitempty"`
	// Annotations are added to the pods.
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`
}
