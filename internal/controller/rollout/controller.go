package rollout

import (
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/controller/loop"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// Name is the controller's name in metrics and logs.
const Name = "Rollouts"

// Options are what Add needs besides a manager.
type Options struct {
	// Cluster is what the loop works on.
	Cluster engine.Cluster[plan.Snapshot, plan.Action, plan.Outcome]
	Rules   Rules
	// Threads is how many Rollouts are worked on at a time.
	Threads int
	Now     func() time.Time
	// Changes calls its argument with every Rollout that something else woke.
	Changes func(wake func(engine.Key))
	// Tell records what happened to a Rollout outside a decision.
	Tell func(client.Object, plan.Event)
	// Changed is told of every change of a Rollout.
	Changed func(before, after *v1alpha1.Rollout)
	// Observe is told of every step.
	Observe func(key engine.Key, took time.Duration, failed bool)
	Log     logr.Logger
}

// Add adds the controller to a manager.
func Add(m manager.Manager, o Options) error {
	return loop.Add(m, loop.Options[plan.Snapshot, plan.Action, plan.Outcome]{
		Name:    Name,
		Kind:    "rollout",
		Loop:    engine.Loop[plan.Snapshot, plan.Action, plan.Outcome]{Cluster: o.Cluster, Decider: o.Rules.decider(), Now: o.Now},
		Threads: o.Threads,
		Observe: o.Observe,
		Sources: []source.Source{
			source.Kind(m.GetCache(), &v1alpha1.Rollout{}, rolloutEvents(o.Tell, o.Changed)),
			source.Kind(m.GetCache(), &appsv1.ReplicaSet{}, replicaSetEvents(m.GetCache())),
			source.Kind(m.GetCache(), &v1alpha1.AnalysisRun{}, phaseEvents(func(r *v1alpha1.AnalysisRun) v1alpha1.AnalysisPhase { return r.Status.Phase })),
			source.Kind(m.GetCache(), &v1alpha1.Experiment{}, phaseEvents(func(e *v1alpha1.Experiment) v1alpha1.AnalysisPhase { return e.Status.Phase })),
			loop.Changes(o.Changes),
		},
		Log: o.Log,
	})
}
