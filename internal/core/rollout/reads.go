package rollout

import (
	"time"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Reads is what a decision about this Rollout needs observed.
func Reads(r spec.Rollout, rollout plan.Rollout, now time.Time) plan.Reads {
	trial, settled := wardrobe(r)
	reads := plan.Reads{Pods: !trial.IsZero() || !settled.IsZero() || restartDue(r, rollout, now)}
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
	return reads
}
