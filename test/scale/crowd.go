package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// writers is how many objects are created or changed at once.
const writers = 16

// crowd is n objects of a workload in one namespace.
type crowd struct {
	workload workload
	objects  dynamic.ResourceInterface
	n        int
	patience time.Duration
}

func (c crowd) create(ctx context.Context, i int, image string) error {
	_, err := c.objects.Create(ctx, c.workload.object(i, image), metav1.CreateOptions{})
	return err
}

func (c crowd) change(ctx context.Context, i int, image string) error {
	name := c.workload.object(i, image).GetName()
	patch := fmt.Sprintf(`{"spec":{"template":{"spec":{"containers":[{"name":%q,"image":%q}]}}}}`, container, image)
	_, err := c.objects.Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

// settle gives every object that image, and returns how long it took until all had
// reached it.
func (c crowd) settle(ctx context.Context, image string, give func(context.Context, int, string) error) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	started := time.Now()
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(writers + 1)
	group.Go(func() error { return c.wait(groupCtx, image) })
	for i := range c.n {
		group.Go(func() error { return give(groupCtx, i, image) })
	}
	err := group.Wait()
	return time.Since(started), err
}

// wait watches until all objects have settled on an image.
func (c crowd) wait(ctx context.Context, image string) error {
	settled := map[string]bool{}
	for len(settled) < c.n {
		if err := c.watch(ctx, image, settled); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%d of %d have settled: %w", len(settled), c.n, context.Cause(ctx))
		}
	}
	return nil
}

// watch notes who has settled until all have, or until the watch ends.
func (c crowd) watch(ctx context.Context, image string, settled map[string]bool) error {
	watcher, err := c.objects.Watch(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		object, is := event.Object.(*unstructured.Unstructured)
		if !is {
			return nil
		}
		delete(settled, object.GetName())
		if imageOf(object) == image && c.workload.settled(object) {
			settled[object.GetName()] = true
		}
		if len(settled) == c.n {
			return nil
		}
	}
	return nil
}

func imageOf(object *unstructured.Unstructured) string {
	containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
	if len(containers) == 0 {
		return ""
	}
	first, _ := containers[0].(map[string]any)
	image, _ := first["image"].(string)
	return image
}
