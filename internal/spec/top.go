package spec

import (
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

const notNegative = "must be greater than or equal to 0"

// checkTop checks everything in a spec but its strategy.
func checkTop(s v1alpha1.RolloutSpec, path *field.Path) field.ErrorList {
	errs := checkNotNegative(replicas(s), path.Child("replicas"))
	if s.SelectorResolvedFromRef || !templatePending(s) {
		errs = append(errs, checkSelector(s.Selector, path.Child("selector"))...)
	}
	errs = append(errs, checkWorkloadTemplate(s, path.Child("template"))...)
	if !templatePending(s) {
		errs = append(errs, checkTemplate(s.Template, s.Selector, path.Child("template"))...)
	}
	errs = append(errs, checkNotNegative(s.MinReadySeconds, path.Child("minReadySeconds"))...)
	errs = append(errs, checkNotNegative(orInt(s.RevisionHistoryLimit, 0), path.Child("revisionHistoryLimit"))...)
	return append(errs, checkProgressDeadline(s, path.Child("progressDeadlineSeconds"))...)
}

func checkNotNegative(n int32, path *field.Path) field.ErrorList {
	if n < 0 {
		return field.ErrorList{field.Invalid(path, n, notNegative)}
	}
	return nil
}

func checkSelector(s *metav1.LabelSelector, path *field.Path) field.ErrorList {
	if s == nil {
		return field.ErrorList{field.Required(path, "Rollout has missing field '.spec.selector'")}
	}
	errs := metavalidation.ValidateLabelSelector(s, metavalidation.LabelSelectorValidationOptions{}, path)
	if len(s.MatchLabels)+len(s.MatchExpressions) == 0 {
		errs = append(errs, field.Invalid(path, s, "empty selector is invalid for deployment"))
	}
	if _, err := metav1.LabelSelectorAsSelector(s); err != nil && len(errs) == 0 {
		errs = append(errs, field.Invalid(path, s, "invalid label selector"))
	}
	return errs
}

// checkWorkloadTemplate refuses a template of the Rollout's own beside a
// workloadRef. Only its metadata is looked at.
// Compat: a template that has nothing but a spec is accepted, and ignored.
func checkWorkloadTemplate(s v1alpha1.RolloutSpec, path *field.Path) field.ErrorList {
	if !templatePending(s) || len(s.Template.Labels)+len(s.Template.Annotations) == 0 {
		return nil
	}
	return field.ErrorList{field.InternalError(path, errors.New("template must be empty for workload reference rollout"))}
}

func checkProgressDeadline(s v1alpha1.RolloutSpec, path *field.Path) field.ErrorList {
	seconds := orInt(s.ProgressDeadlineSeconds, int32(defaultProgressDeadline.Seconds()))
	errs := checkNotNegative(seconds, path)
	if seconds <= s.MinReadySeconds {
		errs = append(errs, field.Invalid(path, seconds, "must be greater than minReadySeconds"))
	}
	return errs
}
