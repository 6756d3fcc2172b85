package kube

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlcluster "sigs.k8s.io/controller-runtime/pkg/cluster"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// Recorder tells people what happened to an object.
type Recorder interface {
	Record(about client.Object, event plan.Event)
}

// store is what the clusters of all loops share: reading an API server from caches
// and live, the write verbs, and the memory of our own writes.
type store struct {
	cached client.Reader
	live   client.Reader
	client client.Client
	writes *writes
	// events may be nil.
	events Recorder
	now    func() time.Time
}

func newStore(c ctrlcluster.Cluster, events Recorder, now func() time.Time) store {
	return store{
		cached: c.GetCache(),
		live:   c.GetAPIReader(),
		client: c.GetClient(),
		writes: newWrites(),
		events: events,
		now:    now,
	}
}

// caughtUp is plan.ErrConflict while a cache has not yet seen our last write for key.
func (s *store) caughtUp(key engine.Key, look func(object) seen) error {
	if behind, found := s.writes.behind(key, s.now(), look); found {
		return fmt.Errorf("cache of %s %s is behind our own write: %w", behind.Kind, behind.Name, plan.ErrConflict)
	}
	return nil
}

// tell logs events and records them on the object that they are about.
func (s *store) tell(ctx context.Context, about client.Object, events []plan.Event) {
	log := ctrllog.FromContext(ctx)
	for _, event := range events {
		log.Info(event.Message, "event_reason", event.Reason)
		if s.events != nil {
			s.events.Record(about, event)
		}
	}
}

// explain logs why something was decided.
func explain(ctx context.Context, notes []plan.Note) {
	log := ctrllog.FromContext(ctx)
	for _, note := range notes {
		log.V(1).Info(note.Text, "topic", note.Topic)
	}
}
