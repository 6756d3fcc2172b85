package rollout

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// nextTrial is the name for the experiment that a step needs: that of an unfinished one
// of ours that does the same, or a name that is free.
func nextTrial(s *strategy.Situation, t strategy.Trial, n naming) string {
	wanted, err := trialSpec(s, t)
	found := ""
	for _, e := range s.Snapshot.Experiments {
		_, ours := n.count(e.Name)
		if ours && err == nil && e.Name != t.Name && !strategy.Over(e.Phase) && equality.Semantic.DeepEqual(e.Spec, wanted) {
			found = first(found, e.Name)
		}
	}
	if found != "" {
		return found
	}
	return n.next(t.Name, trialTaken(s.Snapshot))
}

// first is the lesser of two names; an empty one is none.
func first(a, b string) string {
	if a == "" {
		return b
	}
	return min(a, b)
}

var errSpecRef = errors.New("Invalid template step SpecRef: must be canary or stable") //nolint:staticcheck // users know it so

// trialSpec is the experiment that a step asks for.
func trialSpec(s *strategy.Situation, t strategy.Trial) (v1alpha1.ExperimentSpec, error) {
	step := *t.Experiment.DeepCopy()
	deadline := int32(s.Snapshot.Spec.ProgressDeadline / time.Second)
	wanted := v1alpha1.ExperimentSpec{
		Duration: step.Duration, ProgressDeadlineSeconds: &deadline,
		ScaleDownDelaySeconds: step.ScaleDownDelaySeconds,
		DryRun:                step.DryRun, AnalysisRunMetadata: step.AnalysisRunMetadata,
	}
	for _, template := range step.Templates {
		made, err := trialTemplate(s, template)
		if err != nil {
			return wanted, err
		}
		wanted.Templates = append(wanted.Templates, made)
	}
	for _, a := range step.Analyses {
		args, err := spec.Arguments(a.Args, argumentSource(s))
		if err != nil {
			return wanted, err
		}
		wanted.Analyses = append(wanted.Analyses, v1alpha1.ExperimentAnalysisTemplateRef{
			Name: a.Name, TemplateName: a.TemplateName, ClusterScope: a.ClusterScope,
			Args: args, RequiredForCompletion: a.RequiredForCompletion,
		})
	}
	return wanted, nil
}

// trialTemplate is one template of an experiment: a revision's pods, without its hash,
// so that no Service of the Rollout selects them for it.
func trialTemplate(s *strategy.Situation, t v1alpha1.RolloutExperimentTemplate) (v1alpha1.TemplateSpec, error) {
	var source *plan.ReplicaSet
	switch t.SpecRef {
	case v1alpha1.CanarySpecRef:
		source = s.View.Desired
	case v1alpha1.StableSpecRef:
		source = s.View.Stable
	default:
		return v1alpha1.TemplateSpec{}, errSpecRef
	}
	made := v1alpha1.TemplateSpec{
		Name: t.Name, Replicas: t.Replicas, MinReadySeconds: int32(source.MinReady / time.Second),
		Selector: s.Snapshot.Spec.Selector.DeepCopy(), Template: *source.Template.DeepCopy(),
	}
	if t.Selector != nil {
		made.Selector = t.Selector.DeepCopy()
	}
	delete(made.Template.Labels, v1alpha1.DefaultRolloutUniqueLabelKey)
	made.Template.Labels = union(made.Template.Labels, t.Metadata.Labels)
	made.Template.Annotations = union(made.Template.Annotations, t.Metadata.Annotations)
	made.Selector.MatchLabels = union(made.Selector.MatchLabels, t.Metadata.Labels)
	if t.Service != nil || t.Weight != nil {
		made.Service = &v1alpha1.TemplateService{}
	}
	if t.Service != nil {
		made.Service.Name = t.Service.Name
	}
	return made, nil
}

// startTrial makes the experiment that has a name and is not there.
func startTrial(s *strategy.Situation, v strategy.Verdict) ([]plan.Action, error) {
	t := v.Trial
	if s.Halted || t == nil || !t.Missing {
		return nil, nil
	}
	wanted, err := trialSpec(s, *t)
	if err != nil {
		return nil, startError{kind: v1alpha1.ExperimentKind, name: t.Name, cause: err}
	}
	labels := union(map[string]string{}, s.Snapshot.Rollout.Labels)
	labels[v1alpha1.DefaultRolloutUniqueLabelKey] = s.View.Hash
	return []plan.Action{plan.StartExperiment{
		Name: t.Name, Spec: wanted, Labels: labels,
		Annotations: map[string]string{v1alpha1.RevisionAnnotation: strconv.FormatInt(s.View.Number(), 10)},
	}}, nil
}

// stopTrials ends the experiments that nothing refers to, as stopRuns does runs.
func stopTrials(s *strategy.Situation, v strategy.Verdict) []plan.Action {
	current := currentTrials(s, v)
	var actions []plan.Action
	for _, e := range s.Snapshot.Experiments {
		if !strategy.Over(e.Phase) && !e.Spec.Terminate && !slices.Contains(current, e.Name) {
			actions = append(actions, plan.StopExperiment{Name: e.Name, UID: e.UID, Version: e.Version})
		}
	}
	return byText(actions)
}

func currentTrials(s *strategy.Situation, v strategy.Verdict) []string {
	var names []string
	for _, t := range []*strategy.Trial{s.Trial, v.Trial} {
		if t != nil {
			names = append(names, t.Name, t.Next)
		}
	}
	return names
}
