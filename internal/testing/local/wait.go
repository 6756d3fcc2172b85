package local

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

// until watches the objects of a resource, those of that name or all for "", and
// returns nil as soon as they meet the condition. Objects come in no order.
func until(ctx context.Context, resource dynamic.ResourceInterface, name string, met func([]*unstructured.Unstructured) bool) error {
	for {
		done, err := watchOnce(ctx, resource, name, met)
		if done {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) {
			return err
		}
	}
}

// watchOnce lists, then watches until the condition is met or the watch ends.
func watchOnce(ctx context.Context, resource dynamic.ResourceInterface, name string, met func([]*unstructured.Unstructured) bool) (bool, error) {
	options := metav1.ListOptions{}
	if name != "" {
		options.FieldSelector = "metadata.name=" + name
	}
	list, err := resource.List(ctx, options)
	if err != nil {
		return false, fmt.Errorf("list: %w", err)
	}
	seen := map[string]*unstructured.Unstructured{}
	for i := range list.Items {
		seen[list.Items[i].GetName()] = &list.Items[i]
	}
	if met(slices.Collect(maps.Values(seen))) {
		return true, nil
	}
	options.ResourceVersion = list.GetResourceVersion()
	watcher, err := resource.Watch(ctx, options)
	if err != nil {
		return false, fmt.Errorf("watch: %w", err)
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		object, is := event.Object.(*unstructured.Unstructured)
		if !is || event.Type == watch.Error {
			return false, apierrors.FromObject(event.Object)
		}
		seen[object.GetName()] = object
		if event.Type == watch.Deleted {
			delete(seen, object.GetName())
		}
		if met(slices.Collect(maps.Values(seen))) {
			return true, nil
		}
	}
	return false, nil
}

// WaitAll waits until the namespace's objects of a resource meet a condition, and
// fails the test when they do not in time. what completes "wait until".
func (n *Namespace) WaitAll(resource schema.GroupVersionResource, patience time.Duration, what string, met func([]*unstructured.Unstructured) bool) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	if err := until(ctx, n.client.Resource(resource).Namespace(n.Name), "", met); err != nil {
		n.t.Fatalf("wait %s until %s: %v", patience, what, err)
	}
}
