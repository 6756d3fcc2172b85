package kube

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// named is an object of the Rollout's namespace.
func (e executor) named(kind schema.GroupVersionKind, name string) object {
	return object{GroupVersionKind: kind, Key: engine.Key{Namespace: e.key.Namespace, Name: name}}
}

// createReplicaSet makes a ReplicaSet. One of that name that is ours and of that
// revision is the result of an earlier try.
func (e executor) createReplicaSet(ctx context.Context, a plan.CreateReplicaSet) error {
	err := e.create(ctx, e.key, e.replicaSet(a))
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	var there appsv1.ReplicaSet
	if err := e.live.Get(ctx, engine.Key{Namespace: e.key.Namespace, Name: a.Name}, &there); err != nil {
		return classify(err)
	}
	const label = v1alpha1.DefaultRolloutUniqueLabelKey
	switch {
	case !metav1.IsControlledBy(&there, e.pass.rollout) || there.Labels[label] != a.Labels[label]:
		return fmt.Errorf("%w: %w", plan.ErrCollision, err)
	case there.DeletionTimestamp != nil:
		return fmt.Errorf("the last one is still being deleted: %w", plan.ErrConflict)
	default:
		e.note(e.key, e.named(replicaSetKind, a.Name), there.ResourceVersion)
		return nil
	}
}

func (e executor) replicaSet(a plan.CreateReplicaSet) *appsv1.ReplicaSet {
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       e.key.Namespace,
			Name:            a.Name,
			Labels:          a.Labels,
			Annotations:     a.Annotations,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(e.pass.rollout, v1alpha1.RolloutGVK)},
		},
		Spec: appsv1.ReplicaSetSpec{
			Replicas:        &a.Replicas,
			MinReadySeconds: int32(a.MinReady / time.Second),
			Selector:        a.Selector,
			Template:        a.Template,
		},
	}
}

// errChanged: the cache has another version than the one that was decided on.
var errChanged = fmt.Errorf("another version is cached: %w", plan.ErrConflict)

// replicaSetAt returns the cached ReplicaSet if it has that version.
func (e executor) replicaSetAt(ctx context.Context, name, version string) (*appsv1.ReplicaSet, error) {
	var rs appsv1.ReplicaSet
	if err := e.cached.Get(ctx, engine.Key{Namespace: e.key.Namespace, Name: name}, &rs); err != nil {
		return nil, classify(err)
	}
	if rs.ResourceVersion != version {
		return nil, errChanged
	}
	return &rs, nil
}

// adoptReplicaSet makes the Rollout the controller of an orphan, or ends that. The
// Rollout is read from the server before adopting, because one that is being deleted
// must not adopt what is left behind on purpose.
func (e executor) adoptReplicaSet(ctx context.Context, a plan.AdoptReplicaSet) error {
	rs, err := e.replicaSetAt(ctx, a.Name, a.Version)
	if err != nil {
		return err
	}
	owners := withoutOwner(rs.OwnerReferences, e.pass.rollout)
	if !a.Release {
		if err := e.stillThere(ctx); err != nil {
			return err
		}
		owners = append(owners, *metav1.NewControllerRef(e.pass.rollout, v1alpha1.RolloutGVK))
	}
	change := newPatch(a.Version)
	change.set(owners, "metadata", "ownerReferences")
	_, err = e.Cluster.patch(ctx, e.key, e.named(replicaSetKind, a.Name), change)
	return err
}

func withoutOwner(owners []metav1.OwnerReference, rollout *v1alpha1.Rollout) []metav1.OwnerReference {
	rest := make([]metav1.OwnerReference, 0, len(owners)+1)
	for _, owner := range owners {
		if owner.UID != rollout.UID {
			rest = append(rest, owner)
		}
	}
	return rest
}

var errDeleting = errors.New("the Rollout is being deleted")

func (e executor) stillThere(ctx context.Context) error {
	live := &metav1.PartialObjectMetadata{}
	live.SetGroupVersionKind(v1alpha1.RolloutGVK)
	if err := e.live.Get(ctx, e.key, live); err != nil {
		return classify(err)
	}
	if live.UID != e.pass.rollout.UID || live.DeletionTimestamp != nil {
		return fmt.Errorf("%w: %w", plan.ErrConflict, errDeleting)
	}
	return nil
}

func (e executor) scaleReplicaSet(ctx context.Context, a plan.ScaleReplicaSet) error {
	change := newPatch(a.Version)
	change.set(a.To, "spec", "replicas")
	change.setAll(a.Annotate, "metadata", "annotations")
	_, err := e.Cluster.patch(ctx, e.key, e.named(replicaSetKind, a.Name), change)
	return err
}

func (e executor) annotateReplicaSet(ctx context.Context, a plan.AnnotateReplicaSet) error {
	change := newPatch(a.Version)
	change.setAll(a.Annotate, "metadata", "annotations")
	if a.MinReady != nil {
		change.set(int32(*a.MinReady/time.Second), "spec", "minReadySeconds")
	}
	if a.Template != nil {
		rs, err := e.replicaSetAt(ctx, a.Name, a.Version)
		if err != nil {
			return err
		}
		if err := addTemplate(change, rs.Spec.Template, *a.Template); err != nil {
			return err
		}
	}
	_, err := e.Cluster.patch(ctx, e.key, e.named(replicaSetKind, a.Name), change)
	return err
}

// addTemplate adds what turns one pod template into another.
func addTemplate(change patch, before, after corev1.PodTemplateSpec) error {
	difference, err := difference(
		&appsv1.ReplicaSet{Spec: appsv1.ReplicaSetSpec{Template: before}},
		&appsv1.ReplicaSet{Spec: appsv1.ReplicaSetSpec{Template: after}})
	if err != nil {
		return fmt.Errorf("compare templates: %w", err)
	}
	spec, _ := difference["spec"].(map[string]any)
	if template, found := spec["template"]; found {
		change.set(template, "spec", "template")
	}
	return nil
}
