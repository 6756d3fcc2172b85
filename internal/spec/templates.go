package spec

import "github.com/serin-rollouts/serin/api/v1alpha1"

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
// included. An absent key, or nil, was looked for and not found.
type Templates map[TemplateKey]*v1alpha1.AnalysisTemplateSpec
