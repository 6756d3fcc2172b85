package experiment

import (
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/controller/loop"
	"github.com/serin-rollouts/serin/internal/core/experiment"
	"github.com/serin-rollouts/serin/internal/engine"
)

// Name is the controller's name in metrics and logs.
const Name = "Experiments"

// Options are what Add needs besides a manager.
type Options struct {
	// Cluster is what the loop works on.
	Cluster engine.Cluster[experiment.Snapshot, experiment.Action, experiment.Outcome]
	Rules   Rules
	// Threads is how many Experiments are worked on at a time.
	Threads int
	Now     func() time.Time
	// Deleted is told of every Experiment that is gone.
	Deleted func(engine.Key)
	// Observe is told of every step.
	Observe func(key engine.Key, took time.Duration, failed bool)
	Log     logr.Logger
}

// Add adds the controller to a manager.
func Add(m manager.Manager, o Options) error {
	return loop.Add(m, loop.Options[experiment.Snapshot, experiment.Action, experiment.Outcome]{
		Name: Name,
		Kind: "experiment",
		Loop: engine.Loop[experiment.Snapshot, experiment.Action, experiment.Outcome]{
			Cluster: o.Cluster, Decider: o.Rules.decider(), Now: o.Now,
		},
		Threads: o.Threads,
		Observe: o.Observe,
		Sources: []source.Source{
			source.Kind(m.GetCache(), &v1alpha1.Experiment{}, experimentEvents(o.Deleted)),
			source.Kind(m.GetCache(), &appsv1.ReplicaSet{}, ownedEvents(replicaSetChanged)),
			source.Kind(m.GetCache(), &v1alpha1.AnalysisRun{}, ownedEvents(runChanged)),
			source.Kind(m.GetCache(), &corev1.Service{}, ownedEvents(serviceChanged)),
			source.Kind(m.GetCache(), &v1alpha1.AnalysisTemplate{}, templateEvents(m.GetCache())),
		},
		Log: o.Log,
	})
}
