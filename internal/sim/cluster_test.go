package sim_test

import (
	"testing"
	"time"

	"github.com/serin-rollouts/serin/internal/engine/clustertest"
	"github.com/serin-rollouts/serin/internal/sim"
)

// The model keeps the contract that API servers keep, whether its caches lag or not.
func TestCluster(t *testing.T) {
	lagging := sim.Calm()
	lagging.Watch = sim.UpTo(300 * time.Millisecond)
	lagging.Workload = sim.UpTo(200 * time.Millisecond)
	environments := map[string]sim.Environment{"calm": sim.Calm(), "lagging": lagging}
	for name, environment := range environments {
		t.Run(name, func(t *testing.T) {
			clustertest.Run(t, func(t *testing.T, setting clustertest.Setting) clustertest.World {
				passive := core()
				passive.Decide = nil // the suite acts itself
				w := sim.New(sim.Config{
					Rollout: setting.Rollout, Services: setting.Services, Core: passive, Environment: environment,
				})
				return clustertest.World{
					Cluster: w.Client(), Key: w.Key(), Edit: w.Edit, Delete: w.Delete, Take: w.Take,
					Tick: func() { w.Advance(20 * time.Millisecond) },
				}
			})
		})
	}
}
