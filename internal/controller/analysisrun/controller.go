package analysisrun

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/controller/loop"
	"github.com/serin-rollouts/serin/internal/core/analysis"
	"github.com/serin-rollouts/serin/internal/engine"
)

// Name is the controller's name in metrics and logs.
const Name = "AnalysisRuns"

// Options are what Add needs besides a manager.
type Options struct {
	// Cluster is what the loop works on.
	Cluster engine.Cluster[analysis.Snapshot, analysis.Action, analysis.Outcome]
	Rules   Rules
	// Threads is how many AnalysisRuns are worked on at a time.
	Threads int
	Now     func() time.Time
	// Changes call their argument with every AnalysisRun that something else woke.
	Changes []func(wake func(engine.Key))
	// Deleted is told of every AnalysisRun that is gone, as it was last seen.
	Deleted func(*v1alpha1.AnalysisRun)
	// Observe is told of every step.
	Observe func(key engine.Key, took time.Duration, failed bool)
	Log     logr.Logger
}

// Add adds the controller to a manager.
func Add(m manager.Manager, o Options) error {
	sources := []source.Source{source.Kind(m.GetCache(), &v1alpha1.AnalysisRun{}, runEvents(o.Deleted))}
	for _, changes := range o.Changes {
		sources = append(sources, loop.Changes(changes))
	}
	return loop.Add(m, loop.Options[analysis.Snapshot, analysis.Action, analysis.Outcome]{
		Name: Name,
		Kind: "analysisrun",
		Loop: engine.Loop[analysis.Snapshot, analysis.Action, analysis.Outcome]{
			Cluster: o.Cluster, Decider: o.Rules.decider(), Now: o.Now,
		},
		Threads: o.Threads,
		Observe: o.Observe,
		Sources: sources,
		Log:     o.Log,
	})
}

// runEvents wakes a run when it changes in a way that a decision can see. Our own
// write of its status is such a change, once; the pass after it writes nothing.
func runEvents(deleted func(*v1alpha1.AnalysisRun)) handler.TypedEventHandler[*v1alpha1.AnalysisRun, reconcile.Request] {
	return handler.TypedFuncs[*v1alpha1.AnalysisRun, reconcile.Request]{
		CreateFunc: func(_ context.Context, e event.TypedCreateEvent[*v1alpha1.AnalysisRun], q loop.Queue) {
			loop.Wake(q, client.ObjectKeyFromObject(e.Object))
		},
		UpdateFunc: func(_ context.Context, e event.TypedUpdateEvent[*v1alpha1.AnalysisRun], q loop.Queue) {
			if loop.IsResync(e.ObjectOld, e.ObjectNew) || runChanged(e.ObjectOld, e.ObjectNew) {
				loop.Wake(q, client.ObjectKeyFromObject(e.ObjectNew))
			}
		},
		DeleteFunc: func(_ context.Context, e event.TypedDeleteEvent[*v1alpha1.AnalysisRun], q loop.Queue) {
			deleted(e.Object)
			loop.Wake(q, client.ObjectKeyFromObject(e.Object))
		},
	}
}

func runChanged(before, after *v1alpha1.AnalysisRun) bool {
	return loop.MetaChanged(before, after) || !equality.Semantic.DeepEqual(before.Status, after.Status)
}
