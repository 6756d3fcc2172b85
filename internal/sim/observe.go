package sim

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Client is the world as one controller process meets it. It implements
// engine.Cluster.
type Client struct {
	w *World
	// read is the Rollout that the last Observe returned.
	read *v1alpha1.Rollout
	// moved maps a version that was decided on to the one that this client's own
	// write in the same pass made of it.
	moved map[string]string
}

// parsed is a manifest as the parser understood it.
type parsed struct {
	generation int64
	collisions int32
	spec       spec.Rollout
	invalid    field.ErrorList
}

// parse reads a manifest, once for each generation.
func (w *World) parse(ro *v1alpha1.Rollout) *parsed {
	collisions := int32(-1)
	if ro.Status.CollisionCount != nil {
		collisions = *ro.Status.CollisionCount
	}
	if w.manifest != nil && w.manifest.generation == ro.Generation && w.manifest.collisions == collisions {
		return w.manifest
	}
	p := &parsed{generation: ro.Generation, collisions: collisions}
	p.spec, p.invalid = w.cfg.Core.Parse(ro)
	w.manifest = p
	return p
}

// Observe implements engine.Cluster.
func (c *Client) Observe(_ context.Context, key engine.Key) (plan.Snapshot, error) {
	w := c.w
	if !w.env.ForgetsOwnWrites {
		w.refresh()
	}
	if key != w.key || !w.rollout.seen.found {
		return plan.Snapshot{}, engine.ErrGone
	}
	ro := w.rollout.seen.value
	c.read, c.moved = ro, nil
	return w.snapshot(ro, w.parse(ro)), nil
}

// snapshot gathers everything that a decision about ro may know.
func (w *World) snapshot(ro *v1alpha1.Rollout, p *parsed) plan.Snapshot {
	s := plan.Snapshot{Rollout: facts(ro), Spec: p.spec, Invalid: p.invalid}
	s.ReplicaSets = make([]plan.ReplicaSet, 0, len(w.sets))
	for _, set := range w.sets {
		if set.seen.found {
			s.ReplicaSets = append(s.ReplicaSets, set.seen.value)
		}
	}
	if len(p.invalid) > 0 {
		return s
	}
	s.Runs, s.Experiments, s.Templates = cached(w.runs), cached(w.trials), w.cfg.Templates
	reads := w.cfg.Core.Reads(s, w.Now())
	s.Services = w.observedServices(reads.Services)
	if reads.Pods {
		s.Pods, s.PodsListed = w.snapshotPods(), true
	}
	if reads.Traffic {
		s.Traffic = w.observedTraffic(p.spec)
	}
	if w.cfg.Core.References != nil {
		s.References = w.cfg.Core.References(s)
	}
	return s
}

func facts(ro *v1alpha1.Rollout) plan.Rollout {
	return plan.Rollout{
		Namespace: ro.Namespace, Name: ro.Name, UID: string(ro.UID), Version: ro.ResourceVersion,
		Generation: ro.Generation, Created: ro.CreationTimestamp.Time,
		Labels: ro.Labels, Annotations: ro.Annotations, Status: ro.Status,
		Object: ro,
	}
}

// observedServices lists the asked-for Services and those that carry our mark.
func (w *World) observedServices(asked []string) map[string]plan.Service {
	found := make(map[string]plan.Service, len(asked))
	for _, s := range w.services {
		mine := s.seen.found && s.seen.value.ManagedBy == w.key.Name
		if mine || s.seen.found && slices.Contains(asked, s.name) {
			found[s.name] = s.seen.value
		}
	}
	for _, name := range asked {
		if _, ok := found[name]; !ok {
			found[name] = plan.Service{Name: name}
		}
	}
	return found
}

// observedTraffic asks every router of the manifest, in order.
func (w *World) observedTraffic(s spec.Rollout) []traffic.Observation {
	canary, ok := s.Strategy.(spec.Canary)
	if !ok || canary.Routing == nil {
		return nil
	}
	target := w.target(canary)
	list := make([]traffic.Observation, 0, len(canary.Routing.Routers))
	for _, name := range canary.Routing.Routers {
		list = append(list, w.plane(name).observe(target))
	}
	return list
}

func (w *World) target(c spec.Canary) router.Target {
	return router.Target{
		Namespace: w.key.Namespace, Rollout: w.key.Name, UID: string(w.live().UID),
		Canary: c.CanaryService, Stable: c.StableService, Routing: *c.Routing,
	}
}
