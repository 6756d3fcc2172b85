package bluegreen

import (
	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Uses are the analyses that are in force: before the switch, and after it until the
// desired revision is stable. Of their runs they say what the status does.
func Uses(s *strategy.Situation, b spec.BlueGreen) []strategy.Use {
	at := standing(s, b)
	if s.Aborted || s.Promoted || at.first || hurried(s) || s.View.Desired == nil {
		return nil
	}
	switch {
	case at.active == s.View.Hash && analyses(b.PostPromotion):
		return []strategy.Use{{
			Kind: v1alpha1.RolloutTypePostPromotionLabel, Infix: "post",
			Analysis: *b.PostPromotion, Run: s.Status.BlueGreen.PostPromotionAnalysisRunStatus,
		}}
	case at.active != s.View.Hash && at.active != "" && analyses(b.PrePromotion):
		return []strategy.Use{{
			Kind: v1alpha1.RolloutTypePrePromotionLabel, Infix: "pre",
			Analysis: *b.PrePromotion, Run: s.Status.BlueGreen.PrePromotionAnalysisRunStatus,
		}}
	default:
		return nil
	}
}

// analyses reports whether there is anything to analyse.
func analyses(a *spec.Analysis) bool { return a != nil && len(a.Templates) > 0 }

// hurried reports whether the update is one that nothing is waited for: asked for by a
// person, or back to what served lately.
func hurried(s *strategy.Situation) bool {
	return s.PromoteFull || s.InWindow || s.View.Rollback() && s.Size().Deadline.After(s.Now)
}

// keepAnalyses goes on with what is in force. A run begins once the pods that it is to
// judge are there; losing one later does not end it.
func keepAnalyses(v *strategy.Verdict, s *strategy.Situation, at place) {
	v.BlueGreen.PrePromotionAnalysisRunStatus = s.Status.BlueGreen.PrePromotionAnalysisRunStatus
	v.BlueGreen.PostPromotionAnalysisRunStatus = s.Status.BlueGreen.PostPromotionAnalysisRunStatus
	for _, u := range s.Uses {
		switch u.Kind {
		case v1alpha1.RolloutTypePrePromotionLabel:
			v.BlueGreen.PrePromotionAnalysisRunStatus = keep(v, u, at.ready && !s.Halted)
		case v1alpha1.RolloutTypePostPromotionLabel:
			v.BlueGreen.PostPromotionAnalysisRunStatus = keep(v, u, at.saturated && !s.Halted)
		}
	}
}

func keep(v *strategy.Verdict, u strategy.Use, mayBegin bool) *v1alpha1.RolloutAnalysisRunStatus {
	if mayBegin {
		return v.Begin(u)
	}
	return v.Keep(u)
}

// passed reports whether the analysis of a kind said yes, or there is none in force.
func passed(s *strategy.Situation, kind string) bool {
	u, ok := s.Use(kind)
	return !ok || u.Passed()
}

// proven reports whether the active revision passed its analysis.
func proven(s *strategy.Situation, at place) bool {
	return at.active == s.View.Hash && !s.Halted && passed(s, v1alpha1.RolloutTypePostPromotionLabel)
}
