package kube

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/spec"
)

// runFacts turns an AnalysisRun into what a decision about a Rollout may know about it.
func runFacts(r *v1alpha1.AnalysisRun) plan.Run {
	return plan.Run{
		Name:    r.Name,
		UID:     string(r.UID),
		Version: r.ResourceVersion,
		Created: r.CreationTimestamp.Time,
		Labels:  r.Labels,
		Spec:    r.Spec,
		Phase:   r.Status.Phase,
		Message: r.Status.Message,
	}
}

func experimentFacts(e *v1alpha1.Experiment) plan.Experiment {
	return plan.Experiment{
		Name:      e.Name,
		UID:       string(e.UID),
		Version:   e.ResourceVersion,
		Created:   e.CreationTimestamp.Time,
		Labels:    e.Labels,
		Spec:      e.Spec,
		Phase:     e.Status.Phase,
		Message:   e.Status.Message,
		Templates: e.Status.TemplateStatuses,
	}
}

// analyses adds the AnalysisRuns and Experiments that the Rollout owns. Those being
// deleted count as gone.
func (o observer) analyses(ctx context.Context, s *plan.Snapshot) error {
	owned := client.MatchingFields{indexOwner: string(o.rollout.UID)}
	var runs v1alpha1.AnalysisRunList
	if err := o.cached.List(ctx, &runs, client.InNamespace(o.key.Namespace), owned); err != nil {
		return fmt.Errorf("list AnalysisRuns: %w", err)
	}
	for i := range runs.Items {
		if runs.Items[i].DeletionTimestamp == nil {
			s.Runs = append(s.Runs, runFacts(&runs.Items[i]))
		}
	}
	var experiments v1alpha1.ExperimentList
	if err := o.cached.List(ctx, &experiments, client.InNamespace(o.key.Namespace), owned); err != nil {
		return fmt.Errorf("list Experiments: %w", err)
	}
	for i := range experiments.Items {
		if experiments.Items[i].DeletionTimestamp == nil {
			s.Experiments = append(s.Experiments, experimentFacts(&experiments.Items[i]))
		}
	}
	return nil
}

// templates reads the templates that refs ask for, directly or through others.
func (o observer) templates(ctx context.Context, refs []v1alpha1.AnalysisTemplateRef) (spec.Templates, error) {
	found := spec.Templates{}
	return found, found.Complete(refs, func(key spec.TemplateKey) (*v1alpha1.AnalysisTemplateSpec, error) {
		return o.template(ctx, key)
	})
}

// template reads one template; nil when there is none.
func (o observer) template(ctx context.Context, key spec.TemplateKey) (*v1alpha1.AnalysisTemplateSpec, error) {
	var err error
	var found *v1alpha1.AnalysisTemplateSpec
	if key.Cluster {
		var template v1alpha1.ClusterAnalysisTemplate
		err = o.getIn(ctx, object{v1alpha1.ClusterAnalysisTemplateGVK, engine.Key{Name: key.Name}}, &template)
		found = &template.Spec
	} else {
		var template v1alpha1.AnalysisTemplate
		err = o.getIn(ctx, object{v1alpha1.AnalysisTemplateGVK, engine.Key{Namespace: o.key.Namespace, Name: key.Name}}, &template)
		found = &template.Spec
	}
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // nothing is what there is
	}
	return found, err
}

// analyse performs an action on a run or an experiment.
func (e executor) analyse(ctx context.Context, action plan.Action) error {
	switch a := action.(type) {
	case plan.StartRun:
		return e.startRun(ctx, a)
	case plan.StopRun:
		return e.stop(ctx, v1alpha1.AnalysisRunGVK, a.Name, a.Version)
	case plan.DeleteRun:
		return e.remove(ctx, e.key, e.named(v1alpha1.AnalysisRunGVK, a.Name), sighting{uid: a.UID, version: a.Version})
	case plan.StartExperiment:
		return e.startExperiment(ctx, a)
	case plan.StopExperiment:
		return e.stop(ctx, v1alpha1.ExperimentGVK, a.Name, a.Version)
	case plan.DeleteExperiment:
		return e.remove(ctx, e.key, e.named(v1alpha1.ExperimentGVK, a.Name), sighting{uid: a.UID, version: a.Version})
	default:
		return fmt.Errorf("unknown action %T", a)
	}
}

func (e executor) startRun(ctx context.Context, a plan.StartRun) error {
	return e.createOwned(ctx, v1alpha1.AnalysisRunGVK, &v1alpha1.AnalysisRun{
		ObjectMeta: e.owned(a.Name, a.Labels, a.Annotations),
		Spec:       a.Spec,
	})
}

func (e executor) startExperiment(ctx context.Context, a plan.StartExperiment) error {
	return e.createOwned(ctx, v1alpha1.ExperimentGVK, &v1alpha1.Experiment{
		ObjectMeta: e.owned(a.Name, a.Labels, a.Annotations),
		Spec:       a.Spec,
	})
}

func (e executor) owned(name string, labels, annotations map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace:       e.key.Namespace,
		Name:            name,
		Labels:          labels,
		Annotations:     annotations,
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(e.pass.rollout, v1alpha1.RolloutGVK)},
	}
}

// createOwned makes an object whose name the status has had since before. One of that
// name that is ours is therefore the result of an earlier try.
func (e executor) createOwned(ctx context.Context, kind schema.GroupVersionKind, o client.Object) error {
	err := e.create(ctx, e.key, o)
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	there := &metav1.PartialObjectMetadata{}
	there.SetGroupVersionKind(kind)
	if err := e.live.Get(ctx, client.ObjectKeyFromObject(o), there); err != nil {
		return classify(err)
	}
	switch {
	case !metav1.IsControlledBy(there, e.pass.rollout):
		return fmt.Errorf("%w: %w", plan.ErrCollision, err)
	case there.DeletionTimestamp != nil:
		return fmt.Errorf("the last one is still being deleted: %w", plan.ErrConflict)
	default:
		e.note(e.key, e.named(kind, o.GetName()), there.ResourceVersion)
		return nil
	}
}

// stop asks a run or an experiment to end; one that is gone has.
func (e executor) stop(ctx context.Context, kind schema.GroupVersionKind, name, version string) error {
	change := newPatch(version)
	change.set(true, "spec", "terminate")
	_, err := e.Cluster.patch(ctx, e.key, e.named(kind, name), change)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
