package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// Name is the controller's name in metrics and logs.
const Name = "Services"

const (
	firstRetry = time.Millisecond
	lastRetry  = 10 * time.Second
)

// Cluster is what the controller works on.
type Cluster interface {
	// Release takes our pin off a Service that no Rollout names.
	Release(ctx context.Context, key engine.Key) error
	// Pinned calls found with every pinned Service of a namespace, "" for all.
	Pinned(ctx context.Context, namespace string, found func(engine.Key)) error
}

// Options are what Add needs besides a manager.
type Options struct {
	Cluster Cluster
	// Namespace is the only one to look at; "" for all.
	Namespace string
	Threads   int
	// Changes calls its argument with every Service that may have to be released.
	Changes func(wake func(engine.Key))
	Log     logr.Logger
}

// Add adds the controller to a manager.
func Add(m manager.Manager, o Options) error {
	c, err := controller.New(Name, m, controller.Options{
		MaxConcurrentReconciles: o.Threads,
		RateLimiter:             retries(),
		LogConstructor: func(r *reconcile.Request) logr.Logger {
			if r == nil {
				return o.Log
			}
			return o.Log.WithValues("service", r.Name, "namespace", r.Namespace)
		},
		Reconciler: &reconciler{cluster: o.Cluster, conflicts: retries()},
	})
	if err != nil {
		return fmt.Errorf("make controller %s: %w", Name, err)
	}
	err = c.Watch(source.Func(func(ctx context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		wake := func(key engine.Key) { q.Add(reconcile.Request{NamespacedName: key}) }
		o.Changes(wake)
		go sweep(ctx, o, wake)
		return nil
	}))
	if err != nil {
		return fmt.Errorf("watch for controller %s: %w", Name, err)
	}
	return nil
}

// sweep looks once at all Services, for those whose Rollout went unseen.
func sweep(ctx context.Context, o Options, wake func(engine.Key)) {
	if err := o.Cluster.Pinned(ctx, o.Namespace, wake); err != nil {
		o.Log.Error(err, "Services that lost their Rollout earlier stay as they are")
	}
}

type reconciler struct {
	cluster   Cluster
	conflicts workqueue.TypedRateLimiter[reconcile.Request]
}

// Reconcile implements reconcile.Reconciler.
func (r *reconciler) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	err := r.cluster.Release(ctx, request.NamespacedName)
	if errors.Is(err, plan.ErrConflict) {
		return reconcile.Result{RequeueAfter: r.conflicts.When(request)}, nil
	}
	r.conflicts.Forget(request)
	return reconcile.Result{}, err
}

func retries() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry)
}
