package kube

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlcluster "sigs.k8s.io/controller-runtime/pkg/cluster"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Options are what New cannot know by itself.
type Options struct {
	// Parse turns a manifest into typed values. It must not edit the manifest.
	Parse func(*v1alpha1.Rollout) (spec.Rollout, field.ErrorList)
	// Reads says what a decision needs observed besides the Rollout, its manifest and
	// its ReplicaSets.
	Reads func(plan.Snapshot, time.Time) plan.Reads
	// Routers makes the routers there are, by name, on top of a client for the
	// objects that they edit. It is called for every pass of a routed Rollout.
	Routers func(router.ObjectClient) router.Registry
	// Events receives what happened; nil drops it.
	Events Recorder
	// Now is the clock.
	Now func() time.Time
}

// Cluster is an API server as the loop sees it. It implements engine.Cluster.
type Cluster struct {
	store
	options Options
	watched *watched
	refs    *references
	parsed  *parsed

	mu     sync.Mutex
	passes map[engine.Key]*pass
	// wakeRollout and wakeService are told of changes; they do nothing until set.
	wakeRollout, wakeService func(engine.Key)
}

var _ engine.Cluster[plan.Snapshot, plan.Action, plan.Outcome] = (*Cluster)(nil)

// pass is what the actions and the outcome of one decision need to know of what it
// was decided on. A key is worked on by one pass at a time.
type pass struct {
	rollout *v1alpha1.Rollout
	target  router.Target
	routers router.Registry
	// workload is the referenced workload; nil without a reference.
	workload *plan.Workload
	// version of the Rollout after our own writes in this pass.
	version string
}

// New returns a Cluster on the caches of c, whose cache must have the CacheOptions.
// It adds indices and therefore runs before the caches start.
func New(ctx context.Context, c ctrlcluster.Cluster, o Options) (*Cluster, error) {
	if err := indexCaches(ctx, c.GetFieldIndexer()); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	k := &Cluster{
		store:   newStore(c, o.Events, o.Now),
		options: o,
		refs:    newReferences(),
		parsed:  newParsed(o.Parse),
		passes:  map[engine.Key]*pass{},

		wakeRollout: func(engine.Key) {},
		wakeService: func(engine.Key) {},
	}
	k.watched = &watched{
		config:     c.GetConfig(),
		client:     c.GetHTTPClient(),
		scheme:     c.GetScheme(),
		mapper:     c.GetRESTMapper(),
		namespaces: map[string]*namespace{},
		changed:    k.changed,
	}
	return k, nil
}

// Start lets the Cluster watch what Rollouts refer to until ctx ends.
func (c *Cluster) Start(ctx context.Context) error {
	c.watched.start(ctx)
	<-ctx.Done()
	return nil
}

// NeedLeaderElection implements manager.LeaderElectionRunnable: a standby watches
// nothing before it decides something, so that there is no reason to wait.
func (c *Cluster) NeedLeaderElection() bool { return false }

// OnRollout sets what is called with every Rollout that refers to an object which
// changed. It must be quick.
func (c *Cluster) OnRollout(wake func(engine.Key)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wakeRollout = wake
}

// OnService sets what is called with every pinned Service that may have to be
// released. It must be quick.
func (c *Cluster) OnService(wake func(engine.Key)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wakeService = wake
}

// changed wakes those whom a change concerns.
func (c *Cluster) changed(o object, content client.Object) {
	wakeRollout, wakeService := c.listeners()
	for _, key := range c.refs.rollouts(o) {
		wakeRollout(key)
	}
	if isPinned(content) {
		wakeService(o.Key)
	}
}

func (c *Cluster) listeners() (rollout, service func(engine.Key)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wakeRollout, c.wakeService
}

// Forget drops what is known about a Rollout that is gone, has the Services that it
// pinned looked at, and ends the watches of its namespace if it was the last one there.
func (c *Cluster) Forget(key engine.Key) {
	c.mu.Lock()
	delete(c.passes, key)
	c.mu.Unlock()
	c.writes.forget(key)
	c.parsed.forget(key)
	c.dropped(c.refs.forget(key))
	c.watched.leave(key.Namespace, c.refs.within)
}

// dropped has Services that a Rollout no longer refers to looked at, and wakes the
// Rollouts that wait for them.
func (c *Cluster) dropped(objects []object) {
	wakeRollout, wakeService := c.listeners()
	for _, o := range objects {
		if o.GroupVersionKind != serviceKind {
			continue
		}
		wakeService(o.Key)
		for _, key := range c.refs.rollouts(o) {
			wakeRollout(key)
		}
	}
}

func (c *Cluster) remember(key engine.Key, p *pass) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passes[key] = p
}

// errNotObserved: an action on something that nobody looked at.
var errNotObserved = errors.New("not observed yet")

func (c *Cluster) pass(key engine.Key) (*pass, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.passes[key]
	if p == nil {
		return nil, fmt.Errorf("rollout %s: %w", key, errNotObserved)
	}
	return p, nil
}
