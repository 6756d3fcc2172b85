package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Key names one object.
type Key = types.NamespacedName

// ErrGone is what Observe returns for an object that no longer exists or is being
// deleted: there is nothing to decide.
var ErrGone = errors.New("object is gone")

// Cluster is all the loop needs from outside. kube.Cluster talks to an API server;
// sim.World is a model. One test suite runs against both.
//
// S is a snapshot, A an action, O what is left to record.
type Cluster[S, A, O any] interface {
	// Observe reads everything a decision about key may know. It writes nothing.
	Observe(ctx context.Context, key Key) (S, error)
	// Execute performs one action. Repeating an action that was already performed is
	// no error.
	Execute(ctx context.Context, key Key, action A) error
	// Record writes the outcome, conditional on the version it was decided on.
	Record(ctx context.Context, key Key, outcome O) error
}

// Decision is what a decider returns.
type Decision[A, O any] struct {
	Actions []A
	Outcome O
	// WakeAt is when time alone changes the answer; zero: never.
	WakeAt time.Time
}

// Decider decides. Both functions are pure.
type Decider[S, A, O any] struct {
	Decide func(snapshot S, now time.Time) Decision[A, O]
	// Failed is what to record when an action failed and the rest was not tried.
	Failed func(snapshot S, action A, failure error, now time.Time) O
}

// Loop joins a cluster and a decider. The zero value is not usable.
type Loop[S, A, O any] struct {
	Cluster Cluster[S, A, O]
	Decider Decider[S, A, O]
	// Now is the clock.
	Now func() time.Time
}

// Step looks once, decides once and does what was decided. It returns when to look
// again if nothing happens before; zero: only when something happens.
// An error means: look again soon. Errors of a changed world are plan.ErrConflict.
func (l Loop[S, A, O]) Step(ctx context.Context, key Key) (time.Time, error) {
	snapshot, err := l.Cluster.Observe(ctx, key)
	if errors.Is(err, ErrGone) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("observe %s: %w", key, err)
	}
	decision := l.Decider.Decide(snapshot, l.Now())
	for _, action := range decision.Actions {
		if err := l.Cluster.Execute(ctx, key, action); err != nil {
			err = fmt.Errorf("%v: %w", action, err)
			return time.Time{}, errors.Join(err, l.Cluster.Record(ctx, key, l.Decider.Failed(snapshot, action, err, l.Now())))
		}
	}
	if err := l.Cluster.Record(ctx, key, decision.Outcome); err != nil {
		return time.Time{}, fmt.Errorf("record %s: %w", key, err)
	}
	return decision.WakeAt, nil
}
