package kube

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/engine"
)

// servicePage is how many Services one request of a sweep may return.
const servicePage = 500

// Release takes our pin off a Service that no Rollout names any more, so that it
// does not select pods that will go. Without the mark the pin goes all the same: the
// key of the selector is ours alone. Services that belong to another object, such
// as an Experiment, are not touched.
func (c *Cluster) Release(ctx context.Context, key engine.Key) error {
	named, err := c.namedInCache(ctx, key)
	if named || err != nil {
		return err
	}
	var service corev1.Service
	if err := c.live.Get(ctx, key, &service); err != nil {
		return client.IgnoreNotFound(err)
	}
	if !isPinned(&service) || service.DeletionTimestamp != nil {
		return nil
	}
	named, err = c.namedOnServer(ctx, key)
	if named || err != nil {
		return err
	}
	change := newPatch(service.ResourceVersion)
	change.set(nil, "spec", "selector", v1alpha1.DefaultRolloutUniqueLabelKey)
	change.set(nil, "metadata", "annotations", v1alpha1.ManagedByRolloutsKey)
	if _, err := c.send(ctx, object{GroupVersionKind: serviceKind, Key: key}, change); err != nil {
		return fmt.Errorf("release Service %s: %w", key.Name, err)
	}
	ctrllog.FromContext(ctx).Info("released Service", "service", key.Name)
	return nil
}

// isPinned reports whether a Service selects one revision and belongs to nobody.
func isPinned(o client.Object) bool {
	service, ok := o.(*corev1.Service)
	if !ok || metav1.GetControllerOfNoCopy(service) != nil {
		return false
	}
	return service.Spec.Selector[v1alpha1.DefaultRolloutUniqueLabelKey] != ""
}

func (c *Cluster) namedInCache(ctx context.Context, key engine.Key) (bool, error) {
	var list v1alpha1.RolloutList
	err := c.cached.List(ctx, &list, client.InNamespace(key.Namespace), client.MatchingFields{indexService: key.Name})
	if err != nil {
		return false, fmt.Errorf("look for Rollouts that name Service %s: %w", key.Name, err)
	}
	return slices.ContainsFunc(list.Items, func(r v1alpha1.Rollout) bool { return r.DeletionTimestamp == nil }), nil
}

// namedOnServer also sees the Rollouts of other controllers, which the cache does
// not have, and those that it does not have yet.
func (c *Cluster) namedOnServer(ctx context.Context, key engine.Key) (bool, error) {
	var list unstructured.UnstructuredList
	list.SetGroupVersionKind(v1alpha1.RolloutGVK)
	if err := c.live.List(ctx, &list, client.InNamespace(key.Namespace)); err != nil {
		return false, fmt.Errorf("list Rollouts: %w", err)
	}
	return slices.ContainsFunc(list.Items, func(item unstructured.Unstructured) bool {
		r := readRollout(item.Object)
		return r.DeletionTimestamp == nil && slices.Contains(servicesNamed(r), key.Name)
	}), nil
}

// Pinned calls found with every pinned Service of a namespace, "" for all. It finds
// those whose Rollout went while nobody watched.
func (c *Cluster) Pinned(ctx context.Context, namespace string, found func(engine.Key)) error {
	options := &client.ListOptions{Namespace: namespace, Limit: servicePage}
	for {
		var page corev1.ServiceList
		err := c.live.List(ctx, &page, options)
		if apierrors.IsResourceExpired(err) {
			return nil // what is left is found by its changes
		}
		if err != nil {
			return fmt.Errorf("list Services: %w", err)
		}
		for i := range page.Items {
			if isPinned(&page.Items[i]) {
				found(client.ObjectKeyFromObject(&page.Items[i]))
			}
		}
		if page.Continue == "" {
			return nil
		}
		options.Continue = page.Continue
	}
}
