package view

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// AnalysisRun is one analysis of a Rollout or an Experiment.
type AnalysisRun struct {
	Meta     metav1.ObjectMeta `json:"objectMeta"`
	Icon     string            `json:"icon,omitempty"`
	Revision int64             `json:"revision,omitempty"`
	Status   string            `json:"status,omitempty"`
	// The counters add up the measurements of all metrics.
	Successful   int32 `json:"successful,omitempty"`
	Failed       int32 `json:"failed,omitempty"`
	Inconclusive int32 `json:"inconclusive,omitempty"`
	Error        int32 `json:"error,omitempty"`
	// Jobs are the measurements that ran a Job, the rest is in Values.
	Jobs          []Job          `json:"jobs,omitempty"`
	Values        []Value        `json:"nonJobInfo,omitempty"`
	Metrics       []Metric       `json:"metrics,omitempty"`
	SpecAndStatus *SpecAndStatus `json:"specAndStatus,omitempty"`
}

// Job is a measurement that ran a Job.
type Job struct {
	Meta       metav1.ObjectMeta `json:"objectMeta"`
	Status     string            `json:"status,omitempty"`
	Icon       string            `json:"icon,omitempty"`
	MetricName string            `json:"metricName,omitempty"`
	StartedAt  *metav1.Time      `json:"startedAt,omitempty"`
}

// Value is a measurement that did not run a Job.
type Value struct {
	Value      string       `json:"value,omitempty"`
	Status     string       `json:"status,omitempty"`
	MetricName string       `json:"metricName,omitempty"`
	StartedAt  *metav1.Time `json:"startedAt,omitempty"`
}

// Metric is what a run asks of one metric.
type Metric struct {
	Name              string `json:"name,omitempty"`
	SuccessCondition  string `json:"successCondition,omitempty"`
	Count             int32  `json:"count,omitempty"`
	InconclusiveLimit int32  `json:"inconclusiveLimit,omitempty"`
	FailureLimit      int32  `json:"failureLimit,omitempty"`
}

// SpecAndStatus is the run as it is stored.
type SpecAndStatus struct {
	Spec   v1alpha1.AnalysisRunSpec   `json:"spec"`
	Status v1alpha1.AnalysisRunStatus `json:"status"`
}

// jobNameKey is where a measurement's metadata names its Job.
const jobNameKey = "job-name"

func analysisRunViews(runs []*v1alpha1.AnalysisRun) []AnalysisRun {
	var views []AnalysisRun
	for _, run := range byCreation(runs) {
		views = append(views, analysisRunView(run))
	}
	return views
}

func analysisRunView(run *v1alpha1.AnalysisRun) AnalysisRun {
	v := AnalysisRun{
		Meta:          meta(run),
		Icon:          analysisIcon(string(run.Status.Phase)),
		Revision:      Revision(run),
		Status:        string(run.Status.Phase),
		SpecAndStatus: &SpecAndStatus{Spec: run.Spec, Status: run.Status},
	}
	for _, m := range run.Spec.Metrics {
		v.Metrics = append(v.Metrics, Metric{
			Name:              m.Name,
			SuccessCondition:  m.SuccessCondition,
			Count:             limit(m.Count),
			InconclusiveLimit: limit(m.InconclusiveLimit),
			FailureLimit:      limit(m.FailureLimit),
		})
	}
	for _, result := range run.Status.MetricResults {
		v.Successful += result.Successful
		v.Failed += result.Failed
		v.Inconclusive += result.Inconclusive
		v.Error += result.Error
		v = v.withMeasurements(run, result)
	}
	return v
}

// withMeasurements adds the measurements of one metric.
func (v AnalysisRun) withMeasurements(run *v1alpha1.AnalysisRun, result v1alpha1.MetricResult) AnalysisRun {
	for _, m := range result.Measurements {
		name := m.Metadata[jobNameKey]
		if name == "" {
			v.Values = append(v.Values, Value{
				Value: m.Value, Status: string(m.Phase), MetricName: result.Name, StartedAt: m.StartedAt,
			})
			continue
		}
		jobMeta := metav1.ObjectMeta{Name: name, Namespace: run.Namespace}
		if m.StartedAt != nil {
			jobMeta.CreationTimestamp = *m.StartedAt
		}
		v.Jobs = append(v.Jobs, Job{
			Meta: jobMeta, Status: string(m.Phase), Icon: analysisIcon(string(m.Phase)),
			MetricName: result.Name, StartedAt: m.StartedAt,
		})
	}
	return v
}

// limit is a number that may be written as text. Zero when it is neither.
func limit(v *intstr.IntOrString) int32 {
	if v == nil {
		return 0
	}
	return int32(v.IntValue())
}
