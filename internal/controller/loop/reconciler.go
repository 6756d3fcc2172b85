package loop

import (
	"context"
	"errors"
	"time"

	"k8s.io/client-go/util/workqueue"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

const (
	// firstRetry and lastRetry bound the pause after something went wrong.
	firstRetry = time.Millisecond
	lastRetry  = 10 * time.Second
)

// reconciler steps the loop for one key and turns its answer into a next look.
type reconciler[S, A, O any] struct {
	loop    engine.Loop[S, A, O]
	observe func(key engine.Key, took time.Duration, failed bool)
	// conflicts counts the conflicts in a row of a key.
	conflicts workqueue.TypedRateLimiter[reconcile.Request]
}

// Reconcile implements reconcile.Reconciler.
func (r *reconciler[S, A, O]) Reconcile(ctx context.Context, request reconcile.Request) (reconcile.Result, error) {
	began := r.loop.Now()
	wake, err := r.loop.Step(ctx, request.NamespacedName)
	quiet := errors.Is(err, plan.ErrConflict)
	r.observe(request.NamespacedName, r.loop.Now().Sub(began), err != nil && !quiet)
	switch {
	case quiet:
		ctrllog.FromContext(ctx).V(1).Info("world moved, looking again", "reason", err.Error())
		return reconcile.Result{RequeueAfter: r.conflicts.When(request)}, nil
	case errors.Is(err, plan.ErrInvalid):
		// It is recorded on the object. What refuses may change its mind unseen.
		return reconcile.Result{RequeueAfter: lastRetry}, nil
	case err != nil:
		return reconcile.Result{}, err
	}
	r.conflicts.Forget(request)
	return reconcile.Result{RequeueAfter: until(wake, r.loop.Now())}, nil
}

// until is how long to wait for wake; 0 is never. A wake that has passed is soon.
func until(wake, now time.Time) time.Duration {
	if wake.IsZero() {
		return 0
	}
	return max(wake.Sub(now), firstRetry)
}

func retries() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry)
}
