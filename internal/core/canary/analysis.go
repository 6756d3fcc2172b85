package canary

import (
	"fmt"
	"strconv"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Uses are the analyses that are in force: the current step's, and the one in the
// background from its starting step on. Of their runs they say what the status does.
func Uses(s *strategy.Situation, c spec.Canary) []strategy.Use {
	if !analysed(s) {
		return nil
	}
	at, _ := cursorOf(s, c)
	var uses []strategy.Use
	if step, ok := at.step().(spec.AnalysisStep); ok && len(step.Analysis.Templates) > 0 {
		index := at.index
		uses = append(uses, strategy.Use{
			Kind: v1alpha1.RolloutTypeStepLabel, Infix: strconv.Itoa(int(index)), Step: &index,
			Analysis: step.Analysis, Run: s.Status.Canary.CurrentStepAnalysisRunStatus,
		})
	}
	if b := c.Background; b != nil && len(b.Templates) > 0 && at.index >= b.StartingStep {
		uses = append(uses, strategy.Use{
			Kind:     v1alpha1.RolloutTypeBackgroundRunLabel,
			Analysis: b.Analysis, Run: s.Status.Canary.CurrentBackgroundAnalysisRunStatus,
		})
	}
	return uses
}

// Trial is the experiment of the current step; nil when it has none.
func Trial(s *strategy.Situation, c spec.Canary) *strategy.Trial {
	if !analysed(s) || s.View.Stable == nil {
		return nil
	}
	at, _ := cursorOf(s, c)
	step, ok := at.step().(spec.ExperimentStep)
	if !ok {
		return nil
	}
	return &strategy.Trial{Experiment: step.Experiment, Step: at.index, Name: s.Status.Canary.CurrentExperiment}
}

// analysed reports whether an update is under way that analyses may judge.
func analysed(s *strategy.Situation) bool {
	return !s.Aborted && !s.Promoted && !s.PromoteFull && !s.InWindow && !s.Initial && s.View.Desired != nil
}

// keepAnalyses goes on with what is in force. Nothing begins while the rollout is
// halted.
func keepAnalyses(v *strategy.Verdict, s *strategy.Situation) {
	if s.Aborted {
		return
	}
	keep := v.Begin
	if s.Halted {
		keep = v.Keep
	}
	for _, u := range s.Uses {
		switch u.Kind {
		case v1alpha1.RolloutTypeStepLabel:
			v.Canary.CurrentStepAnalysisRunStatus = keep(u)
		case v1alpha1.RolloutTypeBackgroundRunLabel:
			v.Canary.CurrentBackgroundAnalysisRunStatus = keep(u)
		}
		if u.Run != nil && !u.Passed() {
			v.Note("analysis", fmt.Sprintf("%s run %s is %s", u.Kind, u.Run.Name, phaseText(u.Run.Status)))
		}
	}
	if v.Trial = s.Trial; v.Trial == nil {
		return
	}
	v.Canary.CurrentExperiment = v.Trial.Name
	if v.Trial.Next != "" && !s.Halted {
		v.Canary.CurrentExperiment = v.Trial.Next
	}
	v.Note("experiment", fmt.Sprintf("%s is %s", v.Canary.CurrentExperiment, phaseText(v.Trial.Phase)))
}

func phaseText(phase v1alpha1.AnalysisPhase) string {
	if phase == "" {
		return "not begun"
	}
	return string(phase)
}

// stepAnalysed reports whether the analysis of the current step said yes.
func stepAnalysed(s *strategy.Situation) bool {
	u, ok := s.Use(v1alpha1.RolloutTypeStepLabel)
	return ok && u.Passed()
}

// leaveStep forgets the run and the experiment of a step that is done.
func leaveStep(v *strategy.Verdict) {
	v.Canary.CurrentStepAnalysisRunStatus, v.Canary.CurrentExperiment = nil, ""
}

// trialDestinations are the shares of a running experiment's templates.
func trialDestinations(s *strategy.Situation) []traffic.Destination {
	if s.Trial == nil || s.Trial.Phase != v1alpha1.AnalysisPhaseRunning || s.Aborted {
		return nil
	}
	var all []traffic.Destination
	for _, t := range s.Trial.Experiment.Templates {
		if t.Weight == nil {
			continue
		}
		for _, made := range s.Trial.Templates {
			if made.Name == t.Name && made.ServiceName != "" && made.Status == v1alpha1.TemplateStatusRunning {
				all = append(all, traffic.Destination{Service: made.ServiceName, Hash: made.PodTemplateHash, Weight: *t.Weight})
			}
		}
	}
	return all
}
