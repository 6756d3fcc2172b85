package rollout

import (
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// checkAnalyses is what is wrong with the templates of the analyses.
func checkAnalyses(s plan.Snapshot) field.ErrorList {
	if !hasAnalyses(s.Spec) || s.Rollout.Object == nil {
		return nil
	}
	return spec.CheckTemplates(s.Rollout.Object, s.Templates)
}

// hasAnalyses reports whether a manifest names analysis templates, apart from those of
// experiments, which are looked up when the experiment runs.
func hasAnalyses(r spec.Rollout) bool {
	switch chosen := r.Strategy.(type) {
	case spec.Canary:
		return chosen.Background != nil || slices.ContainsFunc(chosen.Steps, func(step spec.Step) bool {
			_, is := step.(spec.AnalysisStep)
			return is
		})
	case spec.BlueGreen:
		return chosen.PrePromotion != nil || chosen.PostPromotion != nil
	default:
		return false
	}
}

// begun is what a pass does about runs and experiments.
type begun struct {
	writes
	// unmade is why one of them could not be made; nil: nothing went wrong.
	unmade *v1alpha1.RolloutCondition
}

// analyses starts what has a name, stops what nothing refers to, and deletes what is
// too old.
func analyses(s *strategy.Situation, v strategy.Verdict) begun {
	var b begun
	runs, runsErr := startRuns(s, v)
	trials, trialsErr := startTrial(s, v)
	b.actions = slices.Concat(runs, trials, stopRuns(s, v), stopTrials(s, v), oldRuns(s, v))
	for _, a := range trials {
		if start, ok := a.(plan.StartExperiment); ok {
			b.event(v1alpha1.ExperimentCreatedReason, fmt.Sprintf("Created Experiment '%s'", start.Name))
		}
	}
	err := runsErr
	if err == nil {
		err = trialsErr
	}
	var failed startError
	if errors.As(err, &failed) {
		b.unmade = unmade(failed.kind, failed.name, failed.cause)
		b.events = append(b.events, newlyUnmade(s.Snapshot.Rollout.Status, *b.unmade)...)
	}
	return b
}

// unmade is the condition that a run or an experiment could not be made.
func unmade(kind, name string, why error) *v1alpha1.RolloutCondition {
	reason := v1alpha1.FailedRunCreateReason
	if kind == v1alpha1.ExperimentKind {
		reason = v1alpha1.FailedExperimentCreateReason
	}
	return &v1alpha1.RolloutCondition{
		Type: v1alpha1.RolloutProgressing, Status: corev1.ConditionFalse, Reason: reason,
		Message: fmt.Sprintf(v1alpha1.FailedObjectCreateMessage, kind, name, why),
	}
}

// newlyUnmade tells of it once.
func newlyUnmade(before v1alpha1.RolloutStatus, c v1alpha1.RolloutCondition) []plan.Event {
	for _, have := range before.Conditions {
		if have.Type == c.Type && have.Reason == c.Reason && have.Message == c.Message {
			return nil
		}
	}
	return []plan.Event{{Reason: c.Reason, Message: c.Message, Warning: true}}
}

// notMade is what to record when the API server did not take a run or an experiment. A
// name that is taken by somebody else is given up for the next one.
func notMade(s plan.Snapshot, kind, name string, failure error, now time.Time) (*v1alpha1.RolloutStatus, []plan.Event) {
	next := s.Rollout.Status.DeepCopy()
	if errors.Is(failure, plan.ErrCollision) {
		renamed(s, next, name, now)
		return next, nil
	}
	condition := unmade(kind, name, failure)
	c := conditionsOf(next.Conditions, now)
	if have := c.get(condition.Type); have == nil || have.Reason != condition.Reason || have.Message != condition.Message {
		c.replace(*condition)
	}
	events := newlyUnmade(*next, *condition)
	next.Conditions = c.list
	return next, events
}

// renamed gives what a status has under a name the next name.
func renamed(s plan.Snapshot, status *v1alpha1.RolloutStatus, name string, now time.Time) {
	at, _ := situationOf(s, now)
	for _, u := range at.Uses {
		for _, ref := range references(status) {
			if *ref != nil && (*ref).Name == name && u.Run != nil && u.Run.Name == name {
				*ref = &v1alpha1.RolloutAnalysisRunStatus{Name: runNaming(at, u.Infix).next(name, runTaken(s))}
			}
		}
	}
	if at.Trial != nil && at.Trial.Name == name {
		status.Canary.CurrentExperiment = trialNaming(at, at.Trial.Step).next(name, trialTaken(s))
	}
}

// references are the places of a status that name runs.
func references(status *v1alpha1.RolloutStatus) []**v1alpha1.RolloutAnalysisRunStatus {
	return []**v1alpha1.RolloutAnalysisRunStatus{
		&status.Canary.CurrentStepAnalysisRunStatus, &status.Canary.CurrentBackgroundAnalysisRunStatus,
		&status.BlueGreen.PrePromotionAnalysisRunStatus, &status.BlueGreen.PostPromotionAnalysisRunStatus,
	}
}

func runTaken(s plan.Snapshot) func(string) bool {
	return func(name string) bool { return findRun(s.Runs, name) != nil }
}

func trialTaken(s plan.Snapshot) func(string) bool {
	return func(name string) bool { return findExperiment(s.Experiments, name) != nil }
}
