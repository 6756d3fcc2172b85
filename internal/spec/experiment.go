package spec

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Experiment is what a manifest asks to be run side by side.
type Experiment struct {
	Templates []ExperimentTemplate
	Analyses  []ExperimentAnalysis
	// Duration is how long all templates run once they are available. Nil: until the
	// required analyses are through, or somebody ends it. Zero and less: over at once.
	Duration *time.Duration
	// ProgressDeadline is how long a template may lack pods. Default 10m.
	ProgressDeadline time.Duration
	// ScaleDownDelay is how long pods stay after the end. Zero: not at all. Default 30s.
	ScaleDownDelay time.Duration
	// Terminate is the user's wish to end it.
	Terminate bool
	// DryRun, MeasurementRetention and RunMetadata are handed to every run.
	DryRun               []v1alpha1.DryRun
	MeasurementRetention []v1alpha1.MeasurementRetention
	RunMetadata          v1alpha1.AnalysisRunMetadata
}

// ExperimentTemplate is one ReplicaSet of an Experiment.
type ExperimentTemplate struct {
	Name string
	// Replicas is how many pods are wanted. Default 1.
	Replicas int32
	MinReady time.Duration
	// Selector finds the pods. It is never nil after parsing.
	Selector *metav1.LabelSelector
	Template corev1.PodTemplateSpec
	// Hash is the identity of Template. Templates that make the same pods still have
	// different ones, because Services tell their pods apart by it.
	Hash string
	// Service is in front of the pods; nil: none is wanted.
	Service *v1alpha1.TemplateService
}

// ExperimentAnalysis is one analysis of an Experiment.
type ExperimentAnalysis struct {
	Name     string
	Template TemplateKey
	Args     []v1alpha1.Argument
	// Required: the Experiment is not over before this analysis is.
	Required bool
}

// ParseExperiment turns a manifest into typed, defaulted and checked values. The
// Experiment means nothing when there are errors. The detail of the first error is
// what users are shown.
func ParseExperiment(obj *v1alpha1.Experiment) (Experiment, field.ErrorList) {
	path := field.NewPath("spec")
	deadline := time.Duration(orInt(obj.Spec.ProgressDeadlineSeconds, int32(defaultProgressDeadline/time.Second))) * time.Second
	e := Experiment{
		ProgressDeadline:     deadline,
		ScaleDownDelay:       delay(obj.Spec.ScaleDownDelaySeconds, defaultScaleDownDelay),
		Terminate:            obj.Spec.Terminate,
		DryRun:               obj.Spec.DryRun,
		MeasurementRetention: obj.Spec.MeasurementRetention,
		RunMetadata:          obj.Spec.AnalysisRunMetadata,
	}
	errs := checkExperimentTemplates(obj, deadline, path.Child("templates"))
	errs = append(errs, checkExperimentAnalyses(obj, path.Child("analyses"))...)
	if obj.Spec.Duration != "" {
		lasts, err := ParseDuration(obj.Spec.Duration)
		if err != nil {
			errs = append(errs, field.Invalid(path.Child("duration"), obj.Spec.Duration, fmt.Sprintf("Experiment %s has an invalid duration: %v", obj.Name, err)))
		}
		e.Duration = &lasts
	}
	if len(errs) > 0 {
		return Experiment{}, errs
	}
	for _, a := range obj.Spec.Analyses {
		e.Analyses = append(e.Analyses, parseExperimentAnalysis(a))
	}
	var err *field.Error
	if e.Templates, err = parseExperimentTemplates(obj.Spec.Templates, path.Child("templates")); err != nil {
		return Experiment{}, field.ErrorList{err}
	}
	return e, nil
}

// checkExperimentTemplates checks names first, then each template by itself.
func checkExperimentTemplates(obj *v1alpha1.Experiment, deadline time.Duration, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	names := map[string]bool{}
	for i, t := range obj.Spec.Templates {
		at := path.Index(i).Child("name")
		switch {
		case t.Name == "":
			errs = append(errs, field.Required(at, fmt.Sprintf("Experiment %s has empty template name at index %d", obj.Name, i)))
		case names[t.Name]:
			errs = append(errs, field.Invalid(at, t.Name, fmt.Sprintf("Experiment %s has repeated template name '%s' in templates", obj.Name, t.Name)))
		}
		names[t.Name] = true
	}
	for i, t := range obj.Spec.Templates {
		errs = append(errs, checkExperimentTemplate(t, i, deadline, path.Index(i))...)
	}
	return errs
}

func checkExperimentTemplate(t v1alpha1.TemplateSpec, index int, deadline time.Duration, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch {
	case t.Selector == nil:
		// Compat: the text says Rollout, and clients search for it.
		errs = append(errs, field.Required(path.Child("selector"), fmt.Sprintf("Rollout has missing field '.Spec.Templates[%d].Selector'", index)))
	case len(t.Selector.MatchLabels)+len(t.Selector.MatchExpressions) == 0:
		errs = append(errs, field.Invalid(path.Child("selector"), "",
			fmt.Sprintf("This experiment is selecting all pods at index %d. A non-empty selector is required.", index)))
	}
	if time.Duration(t.MinReadySeconds)*time.Second > deadline {
		errs = append(errs, field.Invalid(path.Child("minReadySeconds"), t.MinReadySeconds,
			fmt.Sprintf("MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index %d", index)))
	}
	if orInt(t.Replicas, 0) < 0 {
		errs = append(errs, field.Invalid(path.Child("replicas"), *t.Replicas, fmt.Sprintf("Replicas cannot be negative. Check template index %d", index)))
	}
	return errs
}

func checkExperimentAnalyses(obj *v1alpha1.Experiment, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	names := map[string]bool{}
	for i, a := range obj.Spec.Analyses {
		at := path.Index(i).Child("name")
		switch {
		case a.Name == "":
			errs = append(errs, field.Required(at, fmt.Sprintf("Experiment %s has empty analysis name at index %d", obj.Name, i)))
		case names[a.Name]:
			errs = append(errs, field.Invalid(at, a.Name, fmt.Sprintf("Experiment %s has repeated analysis name '%s' in analyses", obj.Name, a.Name)))
		}
		names[a.Name] = true
	}
	return errs
}

func parseExperimentTemplates(templates []v1alpha1.TemplateSpec, path *field.Path) ([]ExperimentTemplate, *field.Error) {
	parsed := make([]ExperimentTemplate, 0, len(templates))
	taken := map[string]bool{}
	for i, t := range templates {
		hash, err := experimentHash(t.Template, taken)
		if err != nil {
			return nil, field.InternalError(path.Index(i).Child("template"), err)
		}
		taken[hash] = true
		parsed = append(parsed, ExperimentTemplate{
			Name:     t.Name,
			Replicas: orInt(t.Replicas, defaultReplicas),
			MinReady: fromSeconds(int64(t.MinReadySeconds)),
			Selector: t.Selector,
			Template: t.Template,
			Hash:     hash,
			Service:  t.Service,
		})
	}
	return parsed, nil
}

// experimentHash is a template's hash, which no template before it has.
func experimentHash(t corev1.PodTemplateSpec, taken map[string]bool) (string, error) {
	hash, err := TemplateHash(t, nil)
	for collisions := int32(1); err == nil && taken[hash]; collisions++ {
		hash, err = TemplateHash(t, &collisions)
	}
	return hash, err
}

func parseExperimentAnalysis(a v1alpha1.ExperimentAnalysisTemplateRef) ExperimentAnalysis {
	return ExperimentAnalysis{
		Name:     a.Name,
		Template: TemplateKey{Name: a.TemplateName, Cluster: a.ClusterScope != nil && *a.ClusterScope},
		Args:     a.Args,
		Required: a.RequiredForCompletion,
	}
}

// FillArguments returns arguments with every {{tag}} in their values replaced by the
// word that it stands for. A tag that stands for nothing is an error. What is looked up
// elsewhere, such as a Secret, stays as it is.
func FillArguments(args []v1alpha1.Argument, words map[string]string) ([]v1alpha1.Argument, error) {
	word := func(tag string) (string, error) {
		if known, found := words[tag]; found {
			return known, nil
		}
		return "", unresolvedTag(tag)
	}
	filled := make([]v1alpha1.Argument, 0, len(args))
	for _, arg := range args {
		next := *arg.DeepCopy()
		if arg.Value != nil {
			value, err := fillTags(*arg.Value, word)
			if err != nil {
				return nil, err
			}
			next.Value = &value
		}
		filled = append(filled, next)
	}
	return filled, nil
}
