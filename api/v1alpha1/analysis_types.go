package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AnalysisTemplate describes metrics that AnalysisRuns can be made from, for
// one namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=analysistemplates,shortName=at
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp",description="Time since creation"
type AnalysisTemplate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is the template.
	Spec AnalysisTemplateSpec `json:"spec"`
}

// AnalysisTemplateList is a list of AnalysisTemplates.
//
// +kubebuilder:object:root=true
type AnalysisTemplateList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	// Items are the templates of the list.
	Items []AnalysisTemplate `json:"items"`
}

// ClusterAnalysisTemplate describes metrics that AnalysisRuns can be made from,
// for all namespaces.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=clusteranalysistemplates,shortName=cat,scope=Cluster
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp",description="Time since creation"
type ClusterAnalysisTemplate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is the template.
	Spec AnalysisTemplateSpec `json:"spec"`
}

// ClusterAnalysisTemplateList is a list of ClusterAnalysisTemplates.
//
// +kubebuilder:object:root=true
type ClusterAnalysisTemplateList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	// Items are the templates of the list.
	Items []ClusterAnalysisTemplate `json:"items"`
}

// AnalysisTemplateSpec describes metrics and their arguments.
type AnalysisTemplateSpec struct {
	// Metrics are what is measured. Empty when Templates supplies them.
	// +patchMergeKey=name
	// +patchStrategy=merge
	// +optional
	Metrics []Metric `json:"metrics,omitempty" patchStrategy:"merge" patchMergeKey:"name"`
	// Args are the inputs. One without a value must be given by the caller.
	// +patchMergeKey=name
	// +patchStrategy=merge
	// +optional
	Args []Argument `json:"args,omitempty" patchStrategy:"merge" patchMergeKey:"name"`
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
	// Templates are other templates to take in.
	// +patchMergeKey=templateName
	// +patchStrategy=merge
	// +optional
	Templates []AnalysisTemplateRef `json:"templates,omitempty" patchStrategy:"merge" patchMergeKey:"templateName"`
}

// AnalysisTemplateRef names a template.
type AnalysisTemplateRef struct {
	// TemplateName is the template's name.
	// +optional
	TemplateName string `json:"templateName"`
	// ClusterScope looks for a ClusterAnalysisTemplate instead. Nil means false.
	// +optional
	ClusterScope *bool `json:"clusterScope,omitempty"`
}

// AnalysisRun measures metrics over time and comes to a verdict.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=analysisruns,shortName=ar
// +kubebuilder:printcolumn:name="Status",type="string",JSONPath=".status.phase",description="Verdict so far"
// +kubebuilder:printcolumn:name="Age",type="date",JSONPath=".metadata.creationTimestamp",description="Time since creation"
type AnalysisRun struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what to measure.
	Spec AnalysisRunSpec `json:"spec"`
	// Status is what was measured.
	Status AnalysisRunStatus `json:"status,omitempty"`
}

// AnalysisRunList is a list of AnalysisRuns.
//
// +kubebuilder:object:root=true
type AnalysisRunList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	// Items are the runs of the list.
	Items []AnalysisRun `json:"items"`
}

// AnalysisRunSpec is what to measure.
type AnalysisRunSpec struct {
	// Metrics are what is measured, with placeholders still in place.
	// +patchMergeKey=name
	// +patchStrategy=merge
	Metrics []Metric `json:"metrics" patchStrategy:"merge" patchMergeKey:"name"`
	// Args are the values for the placeholders.
	// +patchMergeKey=name
	// +patchStrategy=merge
	// +optional
	Args []Argument `json:"args,omitempty" patchStrategy:"merge" patchMergeKey:"name"`
	// Terminate asks the run to stop.
	// +optional
	Terminate bool `json:"terminate,omitempty"`
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
	// TTLStrategy says when the finished run is deleted. Nil means never.
	// +optional
	TTLStrategy *TTLStrategy `json:"ttlStrategy,omitempty"`
}

// TTLStrategy says how long a finished run is kept. Unit: seconds.
type TTLStrategy struct {
	// SecondsAfterCompletion applies to every run that has no closer rule.
	// +optional
	SecondsAfterCompletion *int32 `json:"secondsAfterCompletion,omitempty"`
	// SecondsAfterFailure applies to failed runs.
	// +optional
	SecondsAfterFailure *int32 `json:"secondsAfterFailure,omitempty"`
	// SecondsAfterSuccess applies to successful runs.
	// +optional
	SecondsAfterSuccess *int32 `json:"secondsAfterSuccess,omitempty"`
}

// DryRun names metrics whose verdict does not count.
type DryRun struct {
	// MetricName is a regular expression, not anchored.
	MetricName string `json:"metricName"`
}

// MeasurementRetention says how many measurements of a metric are kept.
type MeasurementRetention struct {
	// MetricName is a regular expression, not anchored.
	MetricName string `json:"metricName"`
	// Limit is the number kept. Zero or less means 10.
	Limit int32 `json:"limit"`
}

// Argument is a named input.
type Argument struct {
	// Name of the argument; {{args.name}} stands for its value.
	Name string `json:"name"`
	// Value of the argument.
	// +optional
	Value *string `json:"value,omitempty"`
	// ValueFrom looks the value up.
	// +optional
	ValueFrom *ValueFrom `json:"valueFrom,omitempty"`
}

// ValueFrom is where the value of an argument comes from.
type ValueFrom struct {
	// SecretKeyRef takes a key of a Secret in the run's namespace.
	// +optional
	SecretKeyRef *SecretKeyRef `json:"secretKeyRef,omitempty"`
	// FieldRef takes a field of the object that makes the run.
	// +optional
	FieldRef *FieldRef `json:"fieldRef,omitempty"`
}

// SecretKeyRef is a key of a Secret.
type SecretKeyRef struct {
	// Name of the Secret.
	Name string `json:"name"`
	// Key in the Secret.
	Key string `json:"key"`
}

// AnalysisPhase is the state of a run, a metric, a measurement or an Experiment.
// The empty string means not started.
type AnalysisPhase string

// States of analyses. The last four are final.
const (
	AnalysisPhasePending      AnalysisPhase = "Pending"
	AnalysisPhaseRunning      AnalysisPhase = "Running"
	AnalysisPhaseSuccessful   AnalysisPhase = "Successful"
	AnalysisPhaseFailed       AnalysisPhase = "Failed"
	AnalysisPhaseError        AnalysisPhase = "Error"
	AnalysisPhaseInconclusive AnalysisPhase = "Inconclusive"
)

// AnalysisRunStatus is what was measured.
type AnalysisRunStatus struct {
	// Phase is the verdict so far.
	Phase AnalysisPhase `json:"phase"`
	// Message explains Phase.
	Message string `json:"message,omitempty"`
	// MetricResults has one entry for each metric that was measured.
	MetricResults []MetricResult `json:"metricResults,omitempty"`
	// StartedAt is when the run was first worked on.
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// RunSummary counts the metrics that count, by verdict.
	RunSummary RunSummary `json:"runSummary,omitempty"`
	// DryRunSummary counts the dry-run metrics, by verdict.
	DryRunSummary *RunSummary `json:"dryRunSummary,omitempty"`
	// CompletedAt is when the verdict became final.
	CompletedAt *metav1.Time `json:"completedAt,omitempty"`
}

// RunSummary counts metrics by verdict.
type RunSummary struct {
	// Count is the number of metrics.
	Count int32 `json:"count,omitempty"`
	// Successful metrics.
	Successful int32 `json:"successful,omitempty"`
	// Failed metrics.
	Failed int32 `json:"failed,omitempty"`
	// Inconclusive metrics.
	Inconclusive int32 `json:"inconclusive,omitempty"`
	// Error is metrics that could not be measured.
	Error int32 `json:"error,omitempty"`
}

// MetricResult is what is known of one metric.
type MetricResult struct {
	// Name of the metric.
	Name string `json:"name"`
	// Phase is the metric's verdict so far.
	Phase AnalysisPhase `json:"phase"`
	// Measurements are the latest ones, oldest first.
	Measurements []Measurement `json:"measurements,omitempty"`
	// Message explains Phase.
	Message string `json:"message,omitempty"`
	// Count is the number of completed measurements, errors apart.
	Count int32 `json:"count,omitempty"`
	// Successful measurements.
	Successful int32 `json:"successful,omitempty"`
	// Failed measurements.
	Failed int32 `json:"failed,omitempty"`
	// Inconclusive measurements.
	Inconclusive int32 `json:"inconclusive,omitempty"`
	// Error is measurements that could not be taken.
	Error int32 `json:"error,omitempty"`
	// ConsecutiveError is how many of the latest could not be taken.
	ConsecutiveError int32 `json:"consecutiveError,omitempty"`
	// DryRun is true when the verdict does not count.
	DryRun bool `json:"dryRun,omitempty"`
	// Metadata is what the provider says about the metric.
	Metadata map[string]string `json:"metadata,omitempty"`
	// ConsecutiveSuccess is how many of the latest were successful.
	ConsecutiveSuccess int32 `json:"consecutiveSuccess,omitempty"`
}

// Measurement is one look at a metric.
type Measurement struct {
	// Phase is this measurement's verdict.
	Phase AnalysisPhase `json:"phase"`
	// Message explains Phase.
	Message string `json:"message,omitempty"`
	// StartedAt is when it began.
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// FinishedAt is when it ended. Nil while in flight.
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// Value is what was measured, as text.
	Value string `json:"value,omitempty"`
	// Metadata is what the provider says about the measurement.
	Metadata map[string]string `json:"metadata,omitempty"`
	// ResumeAt is when to look again at one in flight.
	ResumeAt *metav1.Time `json:"resumeAt,omitempty"`
}
