package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group is the API group of all kinds in this package.
const Group = "argoproj.io"

// Version is the API version of all kinds in this package.
const Version = "v1alpha1"

// Kinds, as they appear in manifests.
const (
	RolloutKind                 = "Rollout"
	AnalysisTemplateKind        = "AnalysisTemplate"
	ClusterAnalysisTemplateKind = "ClusterAnalysisTemplate"
	AnalysisRunKind             = "AnalysisRun"
	ExperimentKind              = "Experiment"
)

// Plurals, as they appear in resource paths and RBAC rules.
const (
	RolloutPlural                 = "rollouts"
	AnalysisTemplatePlural        = "analysistemplates"
	ClusterAnalysisTemplatePlural = "clusteranalysistemplates"
	AnalysisRunPlural             = "analysisruns"
	ExperimentPlural              = "experiments"
)

// SchemeGroupVersion is argoproj.io/v1alpha1.
var SchemeGroupVersion = schema.GroupVersion{Group: Group, Version: Version}

// GroupVersion is SchemeGroupVersion, under the name newer clients look for.
var GroupVersion = SchemeGroupVersion

// Kinds with their group and version.
var (
	RolloutGVK                 = SchemeGroupVersion.WithKind(RolloutKind)
	AnalysisTemplateGVK        = SchemeGroupVersion.WithKind(AnalysisTemplateKind)
	ClusterAnalysisTemplateGVK = SchemeGroupVersion.WithKind(ClusterAnalysisTemplateKind)
	AnalysisRunGVK             = SchemeGroupVersion.WithKind(AnalysisRunKind)
	ExperimentGVK              = SchemeGroupVersion.WithKind(ExperimentKind)
)

// Resources with their group and version.
var (
	RolloutGVR                 = SchemeGroupVersion.WithResource(RolloutPlural)
	AnalysisTemplateGVR        = SchemeGroupVersion.WithResource(AnalysisTemplatePlural)
	ClusterAnalysisTemplateGVR = SchemeGroupVersion.WithResource(ClusterAnalysisTemplatePlural)
	AnalysisRunGVR             = SchemeGroupVersion.WithResource(AnalysisRunPlural)
	ExperimentGVR              = SchemeGroupVersion.WithResource(ExperimentPlural)
)

// SchemeBuilder collects the types of this package.
var SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

// AddToScheme adds the types of this package to a scheme.
var AddToScheme = SchemeBuilder.AddToScheme

// Kind qualifies a kind with the group.
func Kind(kind string) schema.GroupKind {
	return SchemeGroupVersion.WithKind(kind).GroupKind()
}

// Resource qualifies a resource with the group.
func Resource(resource string) schema.GroupResource {
	return SchemeGroupVersion.WithResource(resource).GroupResource()
}

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(SchemeGroupVersion,
		&Rollout{}, &RolloutList{},
		&AnalysisTemplate{}, &AnalysisTemplateList{},
		&ClusterAnalysisTemplate{}, &ClusterAnalysisTemplateList{},
		&AnalysisRun{}, &AnalysisRunList{},
		&Experiment{}, &ExperimentList{},
	)
	metav1.AddToGroupVersion(scheme, SchemeGroupVersion)
	return nil
}
