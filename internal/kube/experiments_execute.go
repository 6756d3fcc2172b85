package kube

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/experiment"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// Execute implements engine.Cluster.
func (c *Experiments) Execute(ctx context.Context, key engine.Key, action experiment.Action) error {
	e, err := c.pass(key)
	if err != nil {
		return err
	}
	x := experimentExecutor{Experiments: c, key: key, experiment: e}
	if err := x.execute(ctx, action); err != nil {
		return err
	}
	ctrllog.FromContext(ctx).Info("executed", "action", action.String())
	return nil
}

// experimentExecutor performs the actions of one pass.
type experimentExecutor struct {
	*Experiments
	key        engine.Key
	experiment *v1alpha1.Experiment
}

func (x experimentExecutor) execute(ctx context.Context, action experiment.Action) error {
	switch a := action.(type) {
	case experiment.CreateReplicaSet:
		return x.createReplicaSet(ctx, a)
	case experiment.ScaleReplicaSet:
		change := newPatch(a.Version)
		change.set(a.To, "spec", "replicas")
		change.setAll(a.Annotate, "metadata", "annotations")
		return x.change(ctx, x.named(replicaSetKind, a.Name), change)
	case experiment.AnnotateReplicaSet:
		change := newPatch(a.Version)
		change.setAll(a.Annotate, "metadata", "annotations")
		if a.MinReady != nil {
			change.set(int32(*a.MinReady/time.Second), "spec", "minReadySeconds")
		}
		return x.change(ctx, x.named(replicaSetKind, a.Name), change)
	case experiment.CreateService:
		return x.createService(ctx, a)
	case experiment.DeleteService:
		return x.remove(ctx, x.key, x.named(serviceKind, a.Name), sighting{uid: a.UID, version: a.Version})
	case experiment.StartRun:
		return x.startRun(ctx, a)
	case experiment.StopRun:
		change := newPatch(a.Version)
		change.set(true, "spec", "terminate")
		return x.change(ctx, x.named(v1alpha1.AnalysisRunGVK, a.Name), change)
	default:
		return fmt.Errorf("unknown action %T", a)
	}
}

// named is an object of the Experiment's namespace.
func (x experimentExecutor) named(kind schema.GroupVersionKind, name string) object {
	return object{GroupVersionKind: kind, Key: engine.Key{Namespace: x.key.Namespace, Name: name}}
}

func (x experimentExecutor) change(ctx context.Context, o object, change patch) error {
	_, err := x.patch(ctx, x.key, o, change)
	return err
}

// meta is that of an object which the Experiment controls.
func (x experimentExecutor) meta(name string, labels, annotations map[string]string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: x.key.Namespace, Name: name, Labels: labels, Annotations: annotations,
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(x.experiment, v1alpha1.ExperimentGVK)},
	}
}

// makeOnce makes an object. One of that name that the Experiment controls and that is
// the same is the result of an earlier try, and is returned; nil when it was made now.
func makeOnce[T client.Object](ctx context.Context, x experimentExecutor, o T, same func(there T) bool) (T, error) {
	var none T
	there, ok := o.DeepCopyObject().(T)
	err := x.create(ctx, x.key, o)
	if !ok || !apierrors.IsAlreadyExists(err) {
		return none, err
	}
	if err := x.live.Get(ctx, client.ObjectKeyFromObject(o), there); err != nil {
		return none, classify(err)
	}
	kind, kindErr := gvkOf(there, x.client.Scheme())
	switch {
	case kindErr != nil:
		return none, kindErr
	case !metav1.IsControlledBy(there, x.experiment) || !same(there):
		return none, fmt.Errorf("%w: %w", plan.ErrCollision, err)
	case there.GetDeletionTimestamp() != nil:
		return none, fmt.Errorf("the last one is still being deleted: %w", plan.ErrConflict)
	default:
		x.note(x.key, x.named(kind, there.GetName()), there.GetResourceVersion())
		return there, nil
	}
}

func (x experimentExecutor) createReplicaSet(ctx context.Context, a experiment.CreateReplicaSet) error {
	template := a.Annotations[v1alpha1.ExperimentTemplateNameAnnotationKey]
	_, err := makeOnce(ctx, x, &appsv1.ReplicaSet{
		ObjectMeta: x.meta(a.Name, a.Labels, a.Annotations),
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &a.Replicas, MinReadySeconds: int32(a.MinReady / time.Second), Selector: a.Selector, Template: a.Template,
		},
	}, func(there *appsv1.ReplicaSet) bool {
		return there.Annotations[v1alpha1.ExperimentTemplateNameAnnotationKey] == template
	})
	return err
}

// createService makes a Service with the hash label, by which the cache finds it. One
// of ours that lacks the label, made by another controller, gets it.
func (x experimentExecutor) createService(ctx context.Context, a experiment.CreateService) error {
	const label = v1alpha1.DefaultRolloutUniqueLabelKey
	hash := a.Selector[label]
	there, err := makeOnce(ctx, x, &corev1.Service{
		ObjectMeta: x.meta(a.Name, map[string]string{label: hash}, nil),
		Spec:       corev1.ServiceSpec{Selector: a.Selector, Ports: a.Ports},
	}, func(there *corev1.Service) bool { return there.Spec.Selector[label] == hash })
	if err != nil || there == nil || there.Labels[label] != "" {
		return err
	}
	change := newPatch(there.ResourceVersion)
	change.set(hash, "metadata", "labels", label)
	return x.change(ctx, x.named(serviceKind, a.Name), change)
}

// startRun makes a run. A name that was taken meanwhile is no fault: the next look
// finds it taken, and chooses another.
func (x experimentExecutor) startRun(ctx context.Context, a experiment.StartRun) error {
	_, err := makeOnce(ctx, x, &v1alpha1.AnalysisRun{
		ObjectMeta: x.meta(a.Name, a.Labels, a.Annotations), Spec: a.Spec,
	}, func(there *v1alpha1.AnalysisRun) bool {
		return there.Annotations[v1alpha1.ExperimentAvailableAtAnnotation] == a.Attempt
	})
	if errors.Is(err, plan.ErrCollision) {
		return fmt.Errorf("AnalysisRun %s: %w", a.Name, plan.ErrConflict)
	}
	return err
}

// Record implements engine.Cluster: the status first, then events, then notes.
func (c *Experiments) Record(ctx context.Context, key engine.Key, o experiment.Outcome) error {
	e, err := c.pass(key)
	if err != nil {
		return err
	}
	if err := c.recordStatus(ctx, key, e, o); err != nil {
		return err
	}
	c.tell(ctx, e, o.Events)
	c.forward(e, o.Forwarded)
	explain(ctx, o.Notes)
	return nil
}

// forward records events on the Rollout that controls the Experiment, if one does.
func (c *Experiments) forward(e *v1alpha1.Experiment, events []plan.Event) {
	owner := metav1.GetControllerOfNoCopy(e)
	if c.events == nil || owner == nil || owner.Kind != v1alpha1.RolloutKind {
		return
	}
	rollout := &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Namespace: e.Namespace, Name: owner.Name, UID: owner.UID}}
	for _, event := range events {
		c.events.Record(rollout, event)
	}
}

// recordStatus writes what differs from the status that was decided on, and nothing
// when nothing does. The kind has no status subresource.
func (c *Experiments) recordStatus(ctx context.Context, key engine.Key, e *v1alpha1.Experiment, o experiment.Outcome) error {
	if o.Status == nil || equality.Semantic.DeepEqual(e.Status, *o.Status) {
		return nil
	}
	if o.Version != e.ResourceVersion {
		return fmt.Errorf("status of version %s: %w", o.Version, errChanged)
	}
	fields, err := difference(&v1alpha1.Experiment{Status: e.Status}, &v1alpha1.Experiment{Status: *o.Status})
	if err != nil {
		return fmt.Errorf("compare statuses: %w", err)
	}
	if len(fields) == 0 {
		return nil
	}
	about := object{GroupVersionKind: v1alpha1.ExperimentGVK, Key: key}
	if _, err := c.patch(ctx, key, about, patch{fields: fields, version: o.Version}); err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	return nil
}
