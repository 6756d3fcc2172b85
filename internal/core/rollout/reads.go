package rollout

import (
	"slices"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Reads is what a decision needs observed besides what the snapshot has already: the
// Rollout, its manifest and its ReplicaSets.
func Reads(s plan.Snapshot, now time.Time) plan.Reads {
	r := s.Spec
	reads := plan.Reads{Pods: dresses(s) || restartDue(r, s.Rollout, now)}
	add := func(names ...string) {
		for _, name := range names {
			if name != "" {
				reads.Services = append(reads.Services, name)
			}
		}
	}
	switch chosen := r.Strategy.(type) {
	case spec.Canary:
		add(chosen.StableService, chosen.CanaryService)
		if chosen.PingPong != nil {
			add(chosen.PingPong.PingService, chosen.PingPong.PongService)
		}
		reads.Traffic = chosen.Routing != nil && len(chosen.Routing.Routers) > 0
	case spec.BlueGreen:
		add(chosen.ActiveService, chosen.PreviewService)
	}
	if hasAnalyses(r) && s.Rollout.Object != nil {
		for _, use := range spec.TemplateUses(s.Rollout.Object) {
			reads.Templates = append(reads.Templates, use.Analysis.Templates...)
		}
	}
	return reads
}

// dresses reports whether pods wear metadata for their role, or may still do so
// although the manifest asks for none any more.
func dresses(s plan.Snapshot) bool {
	trial, settled := wardrobe(s.Spec)
	return !trial.IsZero() || !settled.IsZero() || slices.ContainsFunc(s.ReplicaSets, func(rs plan.ReplicaSet) bool {
		return rs.Want > 0 && rs.Annotations[v1alpha1.EphemeralMetadataAnnotation] != ""
	})
}
