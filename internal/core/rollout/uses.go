package rollout

import (
	"fmt"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/bluegreen"
	"github.com/serin-rollouts/serin/internal/core/canary"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// judge adds to a situation what analyses and experiments found: what failed aborts,
// and what is inconclusive halts, in this very pass.
func judge(s *strategy.Situation) []plan.Event {
	var events []plan.Event
	switch chosen := s.Snapshot.Spec.Strategy.(type) {
	case spec.Canary:
		s.Uses, s.Trial = canary.Uses(s, chosen), canary.Trial(s, chosen)
	case spec.BlueGreen:
		s.Uses = bluegreen.Uses(s, chosen)
	}
	for i := range s.Uses {
		events = append(events, judgeRun(s, &s.Uses[i])...)
	}
	if s.Trial != nil {
		judgeTrial(s, s.Trial)
	}
	s.Aborted = s.Aborted || s.Failure != ""
	return events
}

// judgeRun looks for the run of a use and acts on its verdict. A verdict that the
// status has counts also when the run is gone.
func judgeRun(s *strategy.Situation, u *strategy.Use) []plan.Event {
	naming := runNaming(s, u.Infix)
	if u.Run != nil {
		if _, ours := naming.count(u.Run.Name); !ours {
			u.Run = nil // of another step, or of another revision
		}
	}
	if u.Run == nil {
		u.Next = nextRun(s, *u, naming, "")
		return nil
	}
	recorded := *u.Run
	seen := findRun(s.Snapshot.Runs, recorded.Name)
	switch {
	case seen != nil:
		u.Run = &v1alpha1.RolloutAnalysisRunStatus{Name: seen.Name, Status: seen.Phase, Message: seen.Message}
	case !strategy.Over(recorded.Status):
		u.Run = &v1alpha1.RolloutAnalysisRunStatus{Name: recorded.Name}
		u.Missing = true
		return nil
	}
	switch u.Run.Status {
	case v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseError:
		s.Failure = because(failureText(u.Kind), u.Run.Message)
	case v1alpha1.AnalysisPhaseInconclusive:
		_, waits := strategy.Pause(s.Status.PauseConditions, v1alpha1.PauseReasonInconclusiveAnalysis)
		switch {
		case recorded.Status != v1alpha1.AnalysisPhaseInconclusive:
			s.Status.PauseConditions = strategy.WithPause(s.Status.PauseConditions, v1alpha1.PauseReasonInconclusiveAnalysis, s.Now)
		case !waits: // it did since the verdict was recorded, so a person ended that
			u.Next = nextRun(s, *u, naming, recorded.Name)
		}
	case v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhasePending, v1alpha1.AnalysisPhaseRunning:
	}
	return runEvent(*u, recorded.Status)
}

// runEvent tells of a new phase of a run.
func runEvent(u strategy.Use, before v1alpha1.AnalysisPhase) []plan.Event {
	after := u.Run.Status
	if after == before || after == "" {
		return nil
	}
	return []plan.Event{{
		Reason:  v1alpha1.AnalysisRunReasonPrefix + string(after),
		Message: fmt.Sprintf("%s Analysis Run '%s' Status New: '%s' Previous: '%s'", u.Kind, u.Run.Name, after, before),
		Warning: after == v1alpha1.AnalysisPhaseFailed || after == v1alpha1.AnalysisPhaseError,
	}}
}

// failureText begins the message of an abort.
func failureText(kind string) string {
	switch kind {
	case v1alpha1.RolloutTypeBackgroundRunLabel:
		return "Background analysis phase error/failed"
	case v1alpha1.RolloutTypePrePromotionLabel:
		return "Blue/green pre-promotion analysis phase error/failed"
	case v1alpha1.RolloutTypePostPromotionLabel:
		return "Blue/green post-promotion analysis phase error/failed"
	default:
		return "Step-based analysis phase error/failed"
	}
}

func because(what, why string) string {
	if why == "" {
		return what
	}
	return what + ": " + why
}

// judgeTrial does the same for the experiment of a step.
func judgeTrial(s *strategy.Situation, t *strategy.Trial) {
	naming := trialNaming(s, t.Step)
	if _, ours := naming.count(t.Name); !ours {
		t.Name = ""
	}
	if t.Name == "" {
		t.Next = nextTrial(s, *t, naming)
		return
	}
	seen := findExperiment(s.Snapshot.Experiments, t.Name)
	if seen == nil {
		t.Missing = true
		return
	}
	t.Phase, t.Message, t.Templates = seen.Phase, seen.Message, seen.Templates
	switch t.Phase {
	case v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseError:
		s.Failure = because("Experiment analysis phase is error/failed", t.Message)
	case v1alpha1.AnalysisPhaseInconclusive:
		resumed := s.Status.ControllerPause && len(s.Status.PauseConditions) == 0
		if resumed {
			t.Next = nextTrial(s, *t, naming)
			return
		}
		s.Status.PauseConditions = strategy.WithPause(s.Status.PauseConditions, v1alpha1.PauseReasonInconclusiveExperiment, s.Now)
	case v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhasePending, v1alpha1.AnalysisPhaseRunning:
	}
}

func findRun(runs []plan.Run, name string) *plan.Run {
	for i := range runs {
		if runs[i].Name == name {
			return &runs[i]
		}
	}
	return nil
}

func findExperiment(all []plan.Experiment, name string) *plan.Experiment {
	for i := range all {
		if all[i].Name == name {
			return &all[i]
		}
	}
	return nil
}
