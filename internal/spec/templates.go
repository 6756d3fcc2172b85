package spec

import (
	"errors"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// TemplateKey names an AnalysisTemplate of the namespace, or a ClusterAnalysisTemplate.
type TemplateKey struct {
	Name    string
	Cluster bool
}

// String is, for example, "ClusterAnalysisTemplate 'x'".
func (k TemplateKey) String() string {
	if k.Cluster {
		return "ClusterAnalysisTemplate '" + k.Name + "'"
	}
	return "AnalysisTemplate '" + k.Name + "'"
}

// Templates are the templates that were observed, those that others refer to
// included. An absent key was looked for and not found.
type Templates map[TemplateKey]*v1alpha1.AnalysisTemplateSpec

// RunRequest is what whoever makes an AnalysisRun says about it.
type RunRequest struct {
	Templates            []v1alpha1.AnalysisTemplateRef
	Args                 []v1alpha1.Argument
	DryRun               []v1alpha1.DryRun
	MeasurementRetention []v1alpha1.MeasurementRetention
}

// errNotYet is replaced by the first version of what it stands for.
var errNotYet = errors.New("analysis is not supported yet")

// NewRun is the spec of the AnalysisRun that a request asks for: templates taken
// together with those that they refer to, arguments merged.
func NewRun(_ Templates, _ RunRequest) (v1alpha1.AnalysisRunSpec, error) {
	return v1alpha1.AnalysisRunSpec{}, errNotYet
}

// ArgumentSource is where a Rollout's analysis arguments get their values.
type ArgumentSource struct {
	// Rollout as it was read; its status is empty while it is only validated.
	Rollout *v1alpha1.Rollout
	// Desired and Stable are the hashes of the revisions; "" before there is one.
	Desired, Stable string
}

// Arguments resolves a Rollout's analysis arguments to those of a run.
func Arguments(_ []v1alpha1.AnalysisRunArgument, _ ArgumentSource) ([]v1alpha1.Argument, error) {
	return nil, errNotYet
}
