package strategy

import (
	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Use is one purpose that a rollout has an AnalysisRun for, and how far that is.
//
// A run gets its name in the status first, and is made by a later pass. Whatever
// happens in between, there is never a second run for the same purpose.
type Use struct {
	// Kind is one of the values of the label rollout-type. Infix ends the run's name.
	Kind, Infix string
	// Step is the index of the step that it is for; nil when it is for none.
	Step     *int32
	Analysis spec.Analysis

	// Run is the run: its name as the status has it, its phase as observed. Nil before
	// it has a name.
	Run *v1alpha1.RolloutAnalysisRunStatus
	// Missing: the run has a name and no verdict, and there is none of that name (yet).
	Missing bool
	// Next is the name of the run that is needed instead of Run; "" when Run will do.
	Next string
}

// Passed reports whether the run said yes.
func (u Use) Passed() bool {
	return u.Run != nil && u.Run.Status == v1alpha1.AnalysisPhaseSuccessful
}

// Trial is the Experiment of the current step, and how far it is. What holds for the
// names of runs holds for its name.
type Trial struct {
	Experiment v1alpha1.RolloutExperimentStep
	Step       int32

	// Name as the status has it; "" before there is one.
	Name    string
	Missing bool
	// Phase, Message and Templates as observed.
	Phase     v1alpha1.AnalysisPhase
	Message   string
	Templates []v1alpha1.TemplateStatus
	// Next is the name of the Experiment that is needed instead; "" when this will do.
	Next string
}

// Over reports whether a phase is final.
func Over(phase v1alpha1.AnalysisPhase) bool {
	switch phase {
	case v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseError, v1alpha1.AnalysisPhaseInconclusive:
		return true
	case v1alpha1.AnalysisPhasePending, v1alpha1.AnalysisPhaseRunning:
		return false
	default:
		return false
	}
}

// Use finds the use of a kind; false when it is not in force.
func (s *Situation) Use(kind string) (Use, bool) {
	for _, u := range s.Uses {
		if u.Kind == kind {
			return u, true
		}
	}
	return Use{}, false
}

// Begin says that a use goes on, and that its run may begin now if there is none.
func (v *Verdict) Begin(u Use) *v1alpha1.RolloutAnalysisRunStatus {
	v.Uses = append(v.Uses, u)
	if u.Next != "" {
		return &v1alpha1.RolloutAnalysisRunStatus{Name: u.Next}
	}
	return u.Run
}

// Keep says that a use goes on with the run that it has.
func (v *Verdict) Keep(u Use) *v1alpha1.RolloutAnalysisRunStatus {
	v.Uses = append(v.Uses, u)
	return u.Run
}
