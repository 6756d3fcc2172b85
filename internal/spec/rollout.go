package spec

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// ParseRollout turns a manifest into typed, defaulted and checked values. The
// Rollout means nothing when there are errors. The first error is the one that
// users are shown, so errors come in a fixed order: top level, pod template,
// strategy from the whole to its steps.
//
// A manifest with workloadRef is parsed after its template was filled in, and
// TemplateResolvedFromRef says so. Until then template and selector are not
// checked and TemplateHash is "".
func ParseRollout(obj *v1alpha1.Rollout) (Rollout, field.ErrorList) {
	path := field.NewPath("spec")
	errs := checkTop(obj.Spec, path)
	strategy, strategyErrs := parseStrategy(obj, path.Child("strategy"))
	errs = append(errs, strategyErrs...)
	if len(errs) > 0 {
		return Rollout{}, errs
	}
	r := parseTop(obj.Spec)
	r.Strategy = strategy
	if !templatePending(obj.Spec) {
		r.Template = obj.Spec.Template
		hash, err := TemplateHash(obj.Spec.Template, obj.Status.CollisionCount)
		if err != nil {
			return Rollout{}, field.ErrorList{field.InternalError(path.Child("template"), err)}
		}
		r.TemplateHash = hash
	}
	return r, nil
}

// parseTop reads the part of a checked spec that has nothing to do with the
// strategy or the template's content.
func parseTop(s v1alpha1.RolloutSpec) Rollout {
	return Rollout{
		Replicas:         replicas(s),
		ReplicasUnset:    s.Replicas == nil,
		Selector:         selector(s),
		WorkloadRef:      parseWorkloadRef(s.WorkloadRef),
		MinReady:         fromSeconds(int64(s.MinReadySeconds)),
		HistoryLimit:     orInt(s.RevisionHistoryLimit, defaultHistoryLimit),
		ProgressDeadline: progressDeadline(s),
		AbortOnDeadline:  s.ProgressDeadlineAbort,
		Paused:           s.Paused,
		RestartAt:        timeOrZero(s.RestartAt),
		RollbackWindow:   rollbackWindow(s),
		SuccessfulRuns:   runLimit(s, func(a *v1alpha1.AnalysisRunStrategy) *int32 { return a.SuccessfulRunHistoryLimit }),
		UnsuccessfulRuns: runLimit(s, func(a *v1alpha1.AnalysisRunStrategy) *int32 { return a.UnsuccessfulRunHistoryLimit }),
	}
}

// templatePending says that the template is another object's and not yet here.
func templatePending(s v1alpha1.RolloutSpec) bool {
	return s.WorkloadRef != nil && !s.TemplateResolvedFromRef
}

func replicas(s v1alpha1.RolloutSpec) int32 { return orInt(s.Replicas, defaultReplicas) }

func selector(s v1alpha1.RolloutSpec) *metav1.LabelSelector {
	if s.Selector == nil {
		return &metav1.LabelSelector{}
	}
	return s.Selector
}

func progressDeadline(s v1alpha1.RolloutSpec) time.Duration {
	return delay(s.ProgressDeadlineSeconds, defaultProgressDeadline)
}

func rollbackWindow(s v1alpha1.RolloutSpec) int32 {
	if s.RollbackWindow == nil {
		return 0
	}
	return max(0, s.RollbackWindow.Revisions)
}

func runLimit(s v1alpha1.RolloutSpec, of func(*v1alpha1.AnalysisRunStrategy) *int32) int32 {
	if s.Analysis == nil {
		return defaultRunHistoryLimit
	}
	return max(0, orInt(of(s.Analysis), defaultRunHistoryLimit))
}

// parseWorkloadRef reads the reference. A scaleDown that is no known word means never.
func parseWorkloadRef(ref *v1alpha1.ObjectRef) *WorkloadRef {
	if ref == nil {
		return nil
	}
	scaleDown := WorkloadScaleDown(ref.ScaleDown)
	if scaleDown != ScaleDownOnSuccess && scaleDown != ScaleDownProgressively {
		scaleDown = ScaleDownNever
	}
	return &WorkloadRef{APIVersion: ref.APIVersion, Kind: ref.Kind, Name: ref.Name, ScaleDown: scaleDown}
}

func orInt(value *int32, otherwise int32) int32 {
	if value == nil {
		return otherwise
	}
	return *value
}

func timeOrZero(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}
