package kube

import (
	"context"
	"fmt"
	"strconv"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// Record implements engine.Cluster: the status first, then events, then notes.
func (c *Cluster) Record(ctx context.Context, key engine.Key, o plan.Outcome) error {
	p, err := c.pass(key)
	if err != nil {
		return err
	}
	if err := c.recordWorkload(ctx, key, p); err != nil {
		return err
	}
	if err := c.recordStatus(ctx, key, p, o); err != nil {
		return err
	}
	c.tell(ctx, p.rollout, o.Events)
	explain(ctx, o.Notes)
	return nil
}

// recordWorkload notes on the Rollout which generation of the referenced workload it
// has: clients compare that with the one in the status.
func (c *Cluster) recordWorkload(ctx context.Context, key engine.Key, p *pass) error {
	if p.workload == nil {
		return nil
	}
	generation := strconv.FormatInt(p.workload.Generation, 10)
	if p.rollout.Annotations[v1alpha1.WorkloadGenerationAnnotation] == generation {
		return nil
	}
	change := newPatch(p.version)
	change.set(generation, "metadata", "annotations", v1alpha1.WorkloadGenerationAnnotation)
	version, err := c.patch(ctx, key, object{GroupVersionKind: v1alpha1.RolloutGVK, Key: key}, change)
	if err != nil {
		return fmt.Errorf("note generation of %s %s: %w", p.workload.Kind, p.workload.Name, err)
	}
	p.version = version
	return nil
}

// recordStatus writes what differs from the status that was decided on, and nothing
// when nothing does.
func (c *Cluster) recordStatus(ctx context.Context, key engine.Key, p *pass, o plan.Outcome) error {
	if o.Status == nil || equality.Semantic.DeepEqual(p.rollout.Status, *o.Status) {
		return nil
	}
	if o.Version != p.rollout.ResourceVersion {
		return fmt.Errorf("status of version %s: %w", o.Version, errChanged)
	}
	fields, err := difference(&v1alpha1.Rollout{Status: p.rollout.Status}, &v1alpha1.Rollout{Status: *o.Status})
	if err != nil {
		return fmt.Errorf("compare statuses: %w", err)
	}
	if len(fields) == 0 {
		return nil
	}
	change := patch{fields: fields, version: p.version, subresource: status}
	version, err := c.patch(ctx, key, object{GroupVersionKind: v1alpha1.RolloutGVK, Key: key}, change)
	if err != nil {
		return fmt.Errorf("write status: %w", err)
	}
	p.version = version
	return nil
}
