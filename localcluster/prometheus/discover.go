package prometheus

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// gatherTime is how long changes of pods are collected before targets change.
const gatherTime = 500 * time.Millisecond

// discover sends the targets of every job, and again whenever pods change, until
// ctx ends.
func discover(ctx context.Context, cfg Config, to chan<- targetSets) error {
	factory := informers.NewSharedInformerFactoryWithOptions(cfg.Client, 0, informers.WithTransform(prune))
	pods := factory.Core().V1().Pods()
	changed := make(chan struct{}, 1)
	mark := func(any) {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	_, err := pods.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: mark, DeleteFunc: mark, UpdateFunc: func(_, updated any) { mark(updated) },
	})
	if err != nil {
		return fmt.Errorf("watch pods: %w", err)
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	mark(nil)
	static := staticTargets(cfg)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
		known, err := pods.Lister().List(labels.Everything())
		if err != nil {
			return fmt.Errorf("list pods: %w", err)
		}
		if !send(ctx, to, withPods(static, known)) {
			return nil
		}
	}
}

// send reports whether somebody took the targets before ctx ended.
func send(ctx context.Context, to chan<- targetSets, sets targetSets) bool {
	select {
	case to <- sets:
		return true
	case <-ctx.Done():
		return false
	}
}
