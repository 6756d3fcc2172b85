package spec

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// TemplateUse is one place of a Rollout that names analysis templates.
type TemplateUse struct {
	// Path is the place, for example spec.strategy.canary.steps[1].analysis.
	Path *field.Path
	// Analysis is what stands there.
	Analysis v1alpha1.RolloutAnalysis
	// Background says that metrics without an end are allowed.
	Background bool
}

// TemplateUses lists the analyses of a Rollout, in the order in which they are checked.
// The templates of experiment steps are not among them: they are looked up when the
// Experiment runs.
func TemplateUses(ro *v1alpha1.Rollout) []TemplateUse {
	strategy := field.NewPath("spec", "strategy")
	var uses []TemplateUse
	add := func(path *field.Path, a *v1alpha1.RolloutAnalysis, background bool) {
		if a != nil && len(a.Templates) > 0 {
			uses = append(uses, TemplateUse{Path: path, Analysis: *a, Background: background})
		}
	}
	if b := ro.Spec.Strategy.BlueGreen; b != nil {
		at := strategy.Child("blueGreen")
		add(at.Child("prePromotionAnalysis"), b.PrePromotionAnalysis, false)
		add(at.Child("postPromotionAnalysis"), b.PostPromotionAnalysis, false)
	}
	if c := ro.Spec.Strategy.Canary; c != nil {
		at := strategy.Child("canary")
		for i, step := range c.Steps {
			add(at.Child("steps").Index(i).Child("analysis"), step.Analysis, false)
		}
		if c.Analysis != nil {
			add(at.Child("analysis"), &c.Analysis.RolloutAnalysis, true)
		}
	}
	return uses
}

// TemplateRefs are all references to templates of a Rollout, for whoever observes them:
// those of TemplateUses and those of its experiment steps.
func TemplateRefs(ro *v1alpha1.Rollout) []v1alpha1.AnalysisTemplateRef {
	var refs []v1alpha1.AnalysisTemplateRef
	for _, use := range TemplateUses(ro) {
		refs = append(refs, use.Analysis.Templates...)
	}
	if ro.Spec.Strategy.Canary == nil {
		return refs
	}
	for _, step := range ro.Spec.Strategy.Canary.Steps {
		if step.Experiment == nil {
			continue
		}
		for _, analysis := range step.Experiment.Analyses {
			refs = append(refs, v1alpha1.AnalysisTemplateRef{TemplateName: analysis.TemplateName, ClusterScope: analysis.ClusterScope})
		}
	}
	return refs
}
