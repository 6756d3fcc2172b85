package v1alpha1

// RolloutAnalysis is an AnalysisRun that a Rollout makes.
type RolloutAnalysis struct {
	// Templates are merged into one run.
	// +patchMergeKey=templateName
	// +patchStrategy=merge
	Templates []AnalysisTemplateRef `json:"templates,omitempty" patchStrategy:"merge" patchMergeKey:"templateName"`
	// Args are handed to the templates.
	// +patchMergeKey=name
	// +patchStrategy=merge
	Args []AnalysisRunArgument `json:"args,omitempty" patchStrategy:"merge" patchMergeKey:"name"`
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
	// AnalysisRunMetadata is put on the run.
	// +optional
	AnalysisRunMetadata *AnalysisRunMetadata `json:"analysisRunMetadata,omitempty"`
}

// RolloutAnalysisBackground is an AnalysisRun that goes on while steps are worked through.
type RolloutAnalysisBackground struct {
	RolloutAnalysis `json:",inline"`

	// StartingStep is the step index, from 0, at which the run begins. Nil means 0.
	// +optional
	StartingStep *int32 `json:"startingStep,omitempty"`
}

// AnalysisRunArgument is a value that a Rollout hands to an analysis.
type AnalysisRunArgument struct {
	// Name of the argument.
	Name string `json:"name"`
	// Value of the argument.
	// +optional
	Value string `json:"value,omitempty"`
	// ValueFrom looks the value up when the run is made.
	// +optional
	ValueFrom *ArgumentValueFrom `json:"valueFrom,omitempty"`
}

// ArgumentValueFrom is where the value of an argument comes from.
type ArgumentValueFrom struct {
	// PodTemplateHashValue takes the hash of a version.
	PodTemplateHashValue *ValueFromPodTemplateHash `json:"podTemplateHashValue,omitempty"`
	// FieldRef takes a field of the Rollout.
	// +optional
	FieldRef *FieldRef `json:"fieldRef,omitempty"`
}

// ValueFromPodTemplateHash is a version whose hash is wanted.
type ValueFromPodTemplateHash string

// Versions whose hash can be an argument.
const (
	// Stable is the stable version.
	Stable ValueFromPodTemplateHash = "Stable"
	// Latest is the desired version.
	Latest ValueFromPodTemplateHash = "Latest"
)

// FieldRef is a path to a field.
type FieldRef struct {
	// FieldPath is, for example, metadata.labels['version'] or spec.replicas.
	FieldPath string `json:"fieldPath"`
}

// AnalysisRunMetadata is labels and annotations for an AnalysisRun.
type AnalysisRunMetadata struct {
	// Labels are added to the run.
	Labels map[string]string `json:"labels,omitempty"`
	// Annotations are added to the run.
	Annotations map[string]string `json:"annotations,omitempty"`
}
