package loop

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/serin-rollouts/serin/internal/engine"
)

// Queue is the keys that wait for a step.
type Queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// Wake puts a key in the queue.
func Wake(q Queue, key engine.Key) { q.Add(reconcile.Request{NamespacedName: key}) }

// Options are what Add needs besides a manager.
type Options[S, A, O any] struct {
	// Name is the controller's name in metrics and logs.
	Name string
	// Kind is the key of an object's name in logs.
	Kind string
	Loop engine.Loop[S, A, O]
	// Threads is how many objects are worked on at a time.
	Threads int
	// Observe is told of every step.
	Observe func(key engine.Key, took time.Duration, failed bool)
	// Sources wake keys.
	Sources []source.Source
	Log     logr.Logger
}

// Add adds a controller that runs the loop to a manager.
func Add[S, A, O any](m manager.Manager, o Options[S, A, O]) error {
	c, err := controller.New(o.Name, m, controller.Options{
		MaxConcurrentReconciles: o.Threads,
		RateLimiter:             retries(),
		LogConstructor:          logFor(o.Log, o.Kind),
		Reconciler:              &reconciler[S, A, O]{loop: o.Loop, observe: o.Observe, conflicts: retries()},
	})
	if err != nil {
		return fmt.Errorf("make controller %s: %w", o.Name, err)
	}
	for _, s := range o.Sources {
		if err := c.Watch(s); err != nil {
			return fmt.Errorf("watch for controller %s: %w", o.Name, err)
		}
	}
	return nil
}

// Changes is a source of the keys that something outside the caches wakes. It calls
// its argument once, with what wakes a key.
func Changes(tell func(wake func(engine.Key))) source.Source {
	return source.Func(func(_ context.Context, q Queue) error {
		tell(func(key engine.Key) { Wake(q, key) })
		return nil
	})
}

// logFor names the object in every line about it.
func logFor(log logr.Logger, kind string) func(*reconcile.Request) logr.Logger {
	return func(r *reconcile.Request) logr.Logger {
		if r == nil {
			return log
		}
		return log.WithValues(kind, r.Name, "namespace", r.Namespace)
	}
}
