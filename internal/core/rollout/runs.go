package rollout

import (
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// nextRun is the name for the run that a use needs: that of an unfinished one of ours
// that measures the same, or a name that is free.
func nextRun(s *strategy.Situation, u strategy.Use, n naming, last string) string {
	wanted, err := runSpec(s, u.Analysis)
	found := ""
	for _, r := range s.Snapshot.Runs {
		_, ours := n.count(r.Name)
		if ours && err == nil && r.Name != last && !strategy.Over(r.Phase) && sameRun(r.Spec, wanted) {
			found = first(found, r.Name)
		}
	}
	if found != "" {
		return found
	}
	return n.next(last, runTaken(s.Snapshot))
}

// sameRun reports whether two runs measure the same; one that was asked to end is no
// replacement for another.
func sameRun(a, b v1alpha1.AnalysisRunSpec) bool {
	return a.Terminate == b.Terminate &&
		equality.Semantic.DeepEqual(a.Metrics, b.Metrics) && equality.Semantic.DeepEqual(a.Args, b.Args) &&
		equality.Semantic.DeepEqual(a.DryRun, b.DryRun) && equality.Semantic.DeepEqual(a.MeasurementRetention, b.MeasurementRetention)
}

// runSpec is what a run for an analysis measures.
func runSpec(s *strategy.Situation, a spec.Analysis) (v1alpha1.AnalysisRunSpec, error) {
	args, err := spec.Arguments(a.Args, argumentSource(s))
	if err != nil {
		return v1alpha1.AnalysisRunSpec{}, err
	}
	return spec.NewRun(s.Snapshot.Templates, spec.RunRequest{
		Templates: a.Templates, Args: args, DryRun: a.DryRun, MeasurementRetention: a.MeasurementRetention,
	})
}

func argumentSource(s *strategy.Situation) spec.ArgumentSource {
	return spec.ArgumentSource{Rollout: s.Snapshot.Rollout.Object, Desired: s.View.Hash, Stable: s.Status.StableRS}
}

// startRuns makes the runs that have a name and are not there. What cannot be made
// stays unmade, and says why.
func startRuns(s *strategy.Situation, v strategy.Verdict) ([]plan.Action, error) {
	if s.Halted {
		return nil, nil
	}
	var actions []plan.Action
	for _, u := range v.Uses {
		if !u.Missing {
			continue
		}
		wanted, err := runSpec(s, u.Analysis)
		if err != nil {
			return actions, startError{kind: v1alpha1.AnalysisRunKind, name: u.Run.Name, cause: err}
		}
		actions = append(actions, plan.StartRun{
			Name: u.Run.Name, Spec: wanted,
			Labels: runLabels(s, u), Annotations: runAnnotations(s, u.Analysis.AnalysisRunMetadata),
		})
	}
	return actions, nil
}

// runLabels are the labels of a run. What we find it by wins over what a user wants on
// it.
func runLabels(s *strategy.Situation, u strategy.Use) map[string]string {
	labels := map[string]string{}
	if u.Analysis.AnalysisRunMetadata != nil {
		labels = union(labels, u.Analysis.AnalysisRunMetadata.Labels)
	}
	labels = union(labels, s.Snapshot.Spec.Selector.MatchLabels)
	labels = union(labels, instanceLabel(s))
	labels[v1alpha1.DefaultRolloutUniqueLabelKey] = s.View.Hash
	labels[v1alpha1.RolloutTypeLabel] = u.Kind
	if u.Step != nil {
		labels[v1alpha1.RolloutCanaryStepIndexLabel] = strconv.Itoa(int(*u.Step))
	}
	return labels
}

// instanceLabel says which controller the Rollout belongs to.
func instanceLabel(s *strategy.Situation) map[string]string {
	if id, ok := s.Snapshot.Rollout.Labels[v1alpha1.LabelKeyControllerInstanceID]; ok {
		return map[string]string{v1alpha1.LabelKeyControllerInstanceID: id}
	}
	return nil
}

func runAnnotations(s *strategy.Situation, metadata *v1alpha1.AnalysisRunMetadata) map[string]string {
	annotations := map[string]string{v1alpha1.RevisionAnnotation: strconv.FormatInt(s.View.Number(), 10)}
	if metadata != nil {
		annotations = union(annotations, metadata.Annotations)
	}
	return annotations
}

// stopRuns ends what nothing refers to any more: neither the status that was read nor
// this decision. What a decision lets go of is stopped once that is recorded, so that a
// run which ends on the way is never taken for a verdict.
func stopRuns(s *strategy.Situation, v strategy.Verdict) []plan.Action {
	current := currentRuns(s, v)
	var actions []plan.Action
	for _, r := range s.Snapshot.Runs {
		if !strategy.Over(r.Phase) && !r.Spec.Terminate && !slices.Contains(current, r.Name) {
			actions = append(actions, plan.StopRun{Name: r.Name, UID: r.UID, Version: r.Version})
		}
	}
	return byText(actions)
}

// currentRuns are the names of the runs that are in force before or after this pass.
func currentRuns(s *strategy.Situation, v strategy.Verdict) []string {
	var names []string
	for _, u := range slices.Concat(s.Uses, v.Uses) {
		if u.Run != nil {
			names = append(names, u.Run.Name)
		}
		if u.Next != "" {
			names = append(names, u.Next)
		}
	}
	return names
}

// shownRuns are the names that a status has.
func shownRuns(status v1alpha1.RolloutStatus) []string {
	var names []string
	for _, ref := range references(&status) {
		if *ref != nil {
			names = append(names, (*ref).Name)
		}
	}
	return names
}

// byText sorts actions, so that the order of what was observed means nothing.
func byText(actions []plan.Action) []plan.Action {
	slices.SortFunc(actions, func(a, b plan.Action) int { return strings.Compare(a.String(), b.String()) })
	return actions
}

// startError is why a run or an experiment was not even asked for.
type startError struct {
	kind, name string
	cause      error
}

func (e startError) Error() string { return e.cause.Error() }

func (e startError) Unwrap() error { return e.cause }
