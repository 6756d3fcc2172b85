package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/serin-rollouts/serin/internal/testing/local"
)

// result is what one workload cost. Costs are the controller's own.
type result struct {
	title         string
	create, burst time.Duration
	burstCPU      time.Duration
	peakMemory    int64 // bytes, since the controller was started
	writes        float64
	idleCPU       time.Duration
	idleWrites    float64
}

const header = "                      create     burst   CPU of burst   writes each   peak memory   CPU idle   writes idle"

// String is a line under header.
func (r result) String() string {
	return fmt.Sprintf("%-20s %7.1fs  %7.1fs  %11.2fs  %12.1f  %8d MiB  %8.2fs  %12.0f",
		r.title, r.create.Seconds(), r.burst.Seconds(), r.burstCPU.Seconds(), r.writes, r.peakMemory>>20, r.idleCPU.Seconds(), r.idleWrites)
}

// measure makes the objects in a namespace of their own, changes them all at once,
// lets them rest and deletes them.
func measure(ctx context.Context, c *local.Cluster, w workload, o options) (result, error) {
	r := result{title: w.title}
	namespace, remove, err := makeNamespace(ctx, c)
	if err != nil {
		return r, err
	}
	defer remove()
	crowd := crowd{workload: w, objects: c.Client().Resource(w.resource).Namespace(namespace), n: o.n, patience: o.patience}
	first, second := images()

	if r.create, err = crowd.settle(ctx, first, crowd.create); err != nil {
		return r, fmt.Errorf("create: %w", err)
	}
	before, err := costOf(ctx, c.Controller())
	if err != nil {
		return r, err
	}
	if r.burst, err = crowd.settle(ctx, second, crowd.change); err != nil {
		return r, fmt.Errorf("burst: %w", err)
	}
	after, err := costOf(ctx, c.Controller())
	if err != nil {
		return r, err
	}
	r.burstCPU, r.peakMemory = after.cpu-before.cpu, after.peakMemory
	r.writes = (after.writes - before.writes) / float64(o.n)
	return r, rest(ctx, c.Controller(), o.idle, &r)
}

// rest watches the controller while nothing happens. The bookkeeping of the burst
// gets a moment to end first.
func rest(ctx context.Context, controller *local.Controller, idle time.Duration, r *result) error {
	if idle == 0 {
		return nil
	}
	if err := wait(ctx, settleTime); err != nil {
		return err
	}
	before, err := costOf(ctx, controller)
	if err != nil {
		return err
	}
	if err := wait(ctx, idle); err != nil {
		return err
	}
	after, err := costOf(ctx, controller)
	r.idleCPU, r.idleWrites = after.cpu-before.cpu, after.writes-before.writes
	return err
}

// settleTime is how long after a burst the controller may still record things.
const settleTime = 5 * time.Second

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// makeNamespace makes a namespace, and returns what deletes it with all that is in
// it, and waits until that is gone, so that workloads do not disturb each other.
func makeNamespace(ctx context.Context, c *local.Cluster) (string, func(), error) {
	namespaces := c.Client().Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"})
	made, err := namespaces.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"generateName": "scale-"},
	}}, metav1.CreateOptions{})
	if err != nil {
		return "", nil, fmt.Errorf("make a namespace: %w", err)
	}
	name := made.GetName()
	remove := func() {
		gone, err := namespaces.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name})
		if err != nil {
			return
		}
		defer gone.Stop()
		if err := namespaces.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			return
		}
		for event := range gone.ResultChan() {
			if event.Type == "DELETED" {
				return
			}
		}
	}
	return name, remove, nil
}
