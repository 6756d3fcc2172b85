// Package v1alpha1 holds the Go types of the API group argoproj.io, version
// v1alpha1: Rollout, AnalysisTemplate, ClusterAnalysisTemplate, AnalysisRun and
// Experiment.
//
// The package promises the wire format of Argo Rollouts: names, nesting, order
// and JSON types of all fields are the same, so manifests, stored objects and
// clients work with either controller. Fields that Argo Rollouts does not have
// are optional and say so. Types carry no behaviour; defaults and validation
// live in internal/spec.
//
// +kubebuilder:object:generate=true
// +groupName=argoproj.io
package v1alpha1
