package spec

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

func parseAnalysis(a *v1alpha1.RolloutAnalysis) *Analysis {
	if a == nil {
		return nil
	}
	return &Analysis{RolloutAnalysis: *a.DeepCopy()}
}

func parseBackground(a *v1alpha1.RolloutAnalysisBackground) *BackgroundAnalysis {
	if a == nil {
		return nil
	}
	return &BackgroundAnalysis{
		Analysis:     Analysis{RolloutAnalysis: *a.RolloutAnalysis.DeepCopy()},
		StartingStep: max(0, orInt(a.StartingStep, 0)),
	}
}

// checkCanaryArgs checks the arguments of all analyses of a canary.
func checkCanaryArgs(c *v1alpha1.CanaryStrategy, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, step := range c.Steps {
		at := path.Child("steps").Index(i)
		errs = append(errs, checkAnalysis(step.Analysis, at.Child("analysis"))...)
		if step.Experiment == nil {
			continue
		}
		for j, analysis := range step.Experiment.Analyses {
			errs = append(errs, checkArgs(analysis.Args, at.Child("experiment", "analyses").Index(j).Child("args"))...)
		}
	}
	if c.Analysis != nil {
		errs = append(errs, checkAnalysis(&c.Analysis.RolloutAnalysis, path.Child("analysis"))...)
	}
	return errs
}

func checkAnalysis(a *v1alpha1.RolloutAnalysis, path *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	return checkArgs(a.Args, path.Child("args"))
}

func checkArgs(args []v1alpha1.AnalysisRunArgument, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, arg := range args {
		if arg.Value != "" && arg.ValueFrom != nil {
			errs = append(errs, field.Invalid(path.Index(i), arg.Name, fmt.Sprintf("arg '%s' has both Value and ValueFrom fields", arg.Name)))
		}
	}
	return errs
}

// checkDownward checks the arguments that one step's analyses take from the
// Rollout's metadata. Other field paths are looked up when the run is made.
func checkDownward(step v1alpha1.CanaryStep, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	args := stepArgs(step)
	for _, arg := range args {
		if arg.ValueFrom == nil || arg.ValueFrom.FieldRef == nil {
			continue
		}
		fieldPath := arg.ValueFrom.FieldRef.FieldPath
		if strings.HasPrefix(fieldPath, "metadata") && !isDownward(fieldPath) {
			errs = append(errs, field.Invalid(path.Child("analyses"), args, "Analyses arguments must refer to valid object metadata supported by downwardAPI"))
		}
	}
	return errs
}

func stepArgs(step v1alpha1.CanaryStep) []v1alpha1.AnalysisRunArgument {
	var args []v1alpha1.AnalysisRunArgument
	if step.Analysis != nil {
		args = step.Analysis.Args
	}
	if step.Experiment != nil {
		for _, analysis := range step.Experiment.Analyses {
			args = append(args, analysis.Args...)
		}
	}
	return args
}

// isDownward reports whether the downward API knows a path. A key in brackets
// must be one that labels and annotations can have.
func isDownward(path string) bool {
	switch path {
	case "metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels", "metadata.annotations":
		return true
	}
	for _, prefix := range []string{"metadata.labels['", "metadata.annotations['"} {
		rest, hasPrefix := strings.CutPrefix(path, prefix)
		key, hasSuffix := strings.CutSuffix(rest, "']")
		if hasPrefix && hasSuffix {
			return len(validation.IsQualifiedName(strings.ToLower(key))) == 0
		}
	}
	return false
}
