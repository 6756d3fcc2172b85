package kube

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrlcluster "sigs.k8s.io/controller-runtime/pkg/cluster"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/analysis"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/provider"
)

// RunOptions are what NewRuns cannot know by itself.
type RunOptions struct {
	// Workers measure.
	Workers *provider.Workers
	// Events receives what happened; nil drops it.
	Events Recorder
	// Now is the clock.
	Now func() time.Time
}

// Runs is an API server as the loop for AnalysisRuns sees it. It implements
// engine.Cluster. What was measured comes from the workers, and stays there until a
// status that has it was written.
type Runs struct {
	store
	workers *provider.Workers

	mu     sync.Mutex
	passes map[engine.Key]*runPass
}

var _ engine.Cluster[analysis.Snapshot, analysis.Action, analysis.Outcome] = (*Runs)(nil)

// runPass is what the actions and the outcome of one decision need to know of what it
// was decided on.
type runPass struct {
	run      *v1alpha1.AnalysisRun
	readings []analysis.Reading
}

// NewRuns returns the AnalysisRuns of the caches of c, which must have the CacheOptions.
func NewRuns(c ctrlcluster.Cluster, o RunOptions) *Runs {
	s := newStore(c, o.Events, o.Now)
	// A run is waited for longer than what may be gone unseen: acting on an old status
	// would measure again, and the run itself cannot vanish without a trace.
	s.writes.patience = runCatchUp
	return &Runs{store: s, workers: o.Workers, passes: map[engine.Key]*runPass{}}
}

// runCatchUp is how long the cache may stay behind our own write of a run.
const runCatchUp = 2 * time.Minute

// Observe implements engine.Cluster.
func (r *Runs) Observe(ctx context.Context, key engine.Key) (analysis.Snapshot, error) {
	run, err := r.find(ctx, key)
	if errors.Is(err, engine.ErrGone) {
		r.forget(key)
	}
	if err != nil {
		return analysis.Snapshot{}, err
	}
	if err := r.caughtUp(key, func(object) seen {
		return seen{version: versionNumber(run.ResourceVersion), uid: string(run.UID)}
	}); err != nil {
		return analysis.Snapshot{}, err
	}
	readings, busy := r.workers.Seen(run)
	r.mu.Lock()
	r.passes[key] = &runPass{run: run, readings: readings}
	r.mu.Unlock()
	s := analysis.Snapshot{Run: run, Readings: readings, Busy: busy}
	if problems := unreadable(run); len(problems) > 0 {
		s.Unreadable = problems[0].Error()
	}
	return s, nil
}

// find reads the run. engine.ErrGone says that there is nothing to decide.
func (r *Runs) find(ctx context.Context, key engine.Key) (*v1alpha1.AnalysisRun, error) {
	var run v1alpha1.AnalysisRun
	err := r.cached.Get(ctx, key, &run)
	if apierrors.IsNotFound(err) || err == nil && run.DeletionTimestamp != nil {
		return nil, engine.ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("read AnalysisRun: %w", err)
	}
	return &run, nil
}

// forget drops what is known about a run that is gone, and gives up its calls.
func (r *Runs) forget(key engine.Key) {
	r.mu.Lock()
	delete(r.passes, key)
	r.mu.Unlock()
	r.writes.forget(key)
	r.workers.Forget(key)
}

func (r *Runs) pass(key engine.Key) (*runPass, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.passes[key]
	if p == nil {
		return nil, fmt.Errorf("AnalysisRun %s: %w", key, errNotObserved)
	}
	return p, nil
}

// Execute implements engine.Cluster. Calls to sources are handed over, not waited for.
func (r *Runs) Execute(ctx context.Context, key engine.Key, action analysis.Action) error {
	p, err := r.pass(key)
	if err != nil {
		return err
	}
	log := ctrllog.FromContext(ctx)
	switch a := action.(type) {
	case analysis.Measure:
		r.workers.Do(p.run, a)
	case analysis.Cancel:
		r.workers.Cancel(key, a.Metric)
	case analysis.Collect:
		r.workers.Collect(p.run, a)
	case analysis.DeleteRun:
		if err := r.remove(ctx, key, runObject(key), sighting{uid: a.UID, version: a.Version}); err != nil {
			return err
		}
		log.Info("executed", "action", action.String())
		return nil
	default:
		return fmt.Errorf("unknown action %T", a)
	}
	log.V(1).Info("handed over", "action", action.String())
	return nil
}

// Record implements engine.Cluster: the status first, then events, then notes. The
// readings that were decided on are dropped once the status has them.
func (r *Runs) Record(ctx context.Context, key engine.Key, o analysis.Outcome) error {
	p, err := r.pass(key)
	if err != nil {
		return err
	}
	if o.Status != nil {
		if err := r.recordStatus(ctx, key, p.run, o); err != nil {
			return err
		}
		r.workers.Recorded(key, p.readings)
	}
	r.tell(ctx, p.run, o.Events)
	explain(ctx, o.Notes)
	return nil
}

// recordStatus writes what differs from the status that was decided on, and nothing
// when nothing does. The kind has no status subresource.
func (r *Runs) recordStatus(ctx context.Context, key engine.Key, run *v1alpha1.AnalysisRun, o analysis.Outcome) error {
	if equality.Semantic.DeepEqual(run.Status, *o.Status) {
		return nil
	}
	if o.Version != run.ResourceVersion {
		return fmt.Errorf("status of version %s: %w", o.Version, errChanged)
	}
	fields, err := difference(&v1alpha1.AnalysisRun{Status: run.Status}, &v1alpha1.AnalysisRun{Status: *o.Status})
	if err != nil {
		return fmt.Errorf("compare statuses: %w", err)
	}
	if len(fields) == 0 {
		return nil
	}
	if _, err := r.patch(ctx, key, runObject(key), patch{fields: fields, version: o.Version}); err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	return nil
}

func runObject(key engine.Key) object {
	return object{GroupVersionKind: v1alpha1.AnalysisRunGVK, Key: key}
}
