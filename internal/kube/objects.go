package kube

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/router"
)

// objects reads and writes the objects of routers on behalf of one Rollout. What is
// read through it wakes that Rollout when it changes.
type objects struct{ observer }

var _ router.ObjectClient = (*objects)(nil)

func watchedObject(namespace string, ref router.Ref) object {
	kind := ref.Resource.GroupVersion().WithKind(ref.Kind)
	return object{GroupVersionKind: kind, Key: engine.Key{Namespace: namespace, Name: ref.Name}}
}

// Get implements router.ObjectClient. An object whose kind the cluster does not know
// does not exist.
func (c *objects) Get(ctx context.Context, namespace string, ref router.Ref) (*unstructured.Unstructured, error) {
	o := watchedObject(namespace, ref)
	c.refs.add(c.number, c.key, o)
	found := &unstructured.Unstructured{}
	found.SetGroupVersionKind(o.GroupVersionKind)
	err := c.watched.get(ctx, o.Key, found)
	if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		return nil, nil //nolint:nilnil // nothing is what there is
	}
	return found, err
}

// Write implements router.ObjectClient.
func (c *objects) Write(ctx context.Context, namespace string, ref router.Ref, before, after *unstructured.Unstructured) error {
	o := watchedObject(namespace, ref)
	switch {
	case before == nil && after == nil:
		return nil
	case before == nil:
		return c.createObject(ctx, after)
	case after == nil:
		return c.remove(ctx, c.key, o, sighting{uid: string(before.GetUID()), version: before.GetResourceVersion()})
	default:
		fields, err := difference(before, after)
		if err != nil || len(fields) == 0 {
			return err
		}
		_, err = c.patch(ctx, c.key, o, patch{fields: fields, version: before.GetResourceVersion()})
		return err
	}
}

func (c *objects) createObject(ctx context.Context, after *unstructured.Unstructured) error {
	err := c.create(ctx, c.key, after.DeepCopy())
	if apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("%w: %w", plan.ErrConflict, err)
	}
	return err
}
