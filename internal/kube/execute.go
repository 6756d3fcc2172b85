package kube

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// Execute implements engine.Cluster.
func (c *Cluster) Execute(ctx context.Context, key engine.Key, action plan.Action) error {
	p, err := c.pass(key)
	if err != nil {
		return err
	}
	e := executor{Cluster: c, key: key, pass: p}
	if err := e.execute(ctx, action); err != nil {
		return err
	}
	ctrllog.FromContext(ctx).Info("executed", "action", action.String())
	return nil
}

// executor performs the actions of one pass.
type executor struct {
	*Cluster
	key  engine.Key
	pass *pass
}

func (e executor) execute(ctx context.Context, action plan.Action) error {
	switch a := action.(type) {
	case plan.CreateReplicaSet:
		return e.createReplicaSet(ctx, a)
	case plan.AdoptReplicaSet:
		return e.adoptReplicaSet(ctx, a)
	case plan.ScaleReplicaSet:
		return e.scaleReplicaSet(ctx, a)
	case plan.AnnotateReplicaSet:
		return e.annotateReplicaSet(ctx, a)
	case plan.DeleteReplicaSet:
		return e.remove(ctx, e.key, e.named(replicaSetKind, a.Name), sighting{uid: a.UID, version: a.Version})
	case plan.PointService:
		return e.pointService(ctx, a)
	case plan.SetTraffic:
		return e.setTraffic(ctx, a)
	case plan.LabelPod:
		return e.labelPod(ctx, a)
	case plan.RestartPod:
		return e.restartPod(ctx, a)
	case plan.ScaleWorkload:
		return e.scaleWorkload(ctx, a)
	case plan.AnnotateRollout:
		return e.annotateRollout(ctx, a)
	case plan.StartRun, plan.StopRun, plan.DeleteRun, plan.StartExperiment, plan.StopExperiment, plan.DeleteExperiment:
		return e.analyse(ctx, a)
	default:
		return fmt.Errorf("unknown action %T", a)
	}
}

// pointService pins a Service and marks it as ours, or takes both off.
func (e executor) pointService(ctx context.Context, a plan.PointService) error {
	change := newPatch(a.Version)
	var hash, mark any
	if a.Hash != "" {
		hash, mark = a.Hash, e.key.Name
	}
	change.set(hash, "spec", "selector", v1alpha1.DefaultRolloutUniqueLabelKey)
	change.set(mark, "metadata", "annotations", v1alpha1.ManagedByRolloutsKey)
	_, err := e.Cluster.patch(ctx, e.key, e.named(serviceKind, a.Name), change)
	return err
}

func (e executor) setTraffic(ctx context.Context, a plan.SetTraffic) error {
	r, err := e.pass.routers.Find(a.Router)
	if err != nil {
		return err
	}
	events, err := r.Apply(ctx, e.pass.target, a.Split)
	e.tell(ctx, e.pass.rollout, events)
	return err
}

// labelPod changes labels and annotations of a live pod; one that is gone needs none.
func (e executor) labelPod(ctx context.Context, a plan.LabelPod) error {
	change := newPatch(a.Version)
	change.setAll(a.Labels, "metadata", "labels")
	change.setAll(a.Annotations, "metadata", "annotations")
	_, err := e.send(ctx, e.named(corev1.SchemeGroupVersion.WithKind("Pod"), a.Name), change)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// restartPod evicts exactly the pod that was observed. A disruption budget may say
// not now, and a pod that is gone or replaced has been restarted.
func (e executor) restartPod(ctx context.Context, a plan.RestartPod) error {
	uid := types.UID(a.UID)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: e.key.Namespace, Name: a.Name}}
	err := e.client.SubResource("eviction").Create(ctx, pod, &policyv1.Eviction{
		ObjectMeta:    pod.ObjectMeta,
		DeleteOptions: &metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}},
	})
	if apierrors.IsTooManyRequests(err) || apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// scaleWorkload sets the size of the referenced Deployment.
func (e executor) scaleWorkload(ctx context.Context, a plan.ScaleWorkload) error {
	if a.Kind != deploymentKind.Kind {
		return fmt.Errorf("scale %s %s: only a Deployment has a size to give up", a.Kind, a.Name)
	}
	change := newPatch(a.Version)
	change.set(a.To, "spec", "replicas")
	_, err := e.Cluster.patch(ctx, e.key, e.named(deploymentKind, a.Name), change)
	return err
}

// annotateRollout writes the Rollout outside its status. The outcome of the pass is
// then conditional on what this wrote.
func (e executor) annotateRollout(ctx context.Context, a plan.AnnotateRollout) error {
	if a.Version != e.pass.rollout.ResourceVersion {
		return errChanged
	}
	change := newPatch(e.pass.version)
	change.setAll(a.Annotate, "metadata", "annotations")
	if a.Replicas != nil {
		change.set(*a.Replicas, "spec", "replicas")
	}
	version, err := e.Cluster.patch(ctx, e.key, object{GroupVersionKind: v1alpha1.RolloutGVK, Key: e.key}, change)
	if err != nil {
		return err
	}
	e.pass.version = version
	return nil
}
