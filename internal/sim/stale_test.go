package sim_test

import (
	"slices"
	"testing"

	"github.com/serin-rollouts/serin/internal/sim"
)

// Laws that hold even when caches are older than the controller's own last write:
// names are deterministic and every write carries the version it was decided on.
var staleLaws = []string{
	"determinism", "conflicts stay quiet", "weights add up", "step order", "pauses last",
	"stable changes by promotion", "commands are kept", "one ReplicaSet per template", "generation observed",
	"sizes are current", "converge",
}

func TestStaleCachesAreHarmless(t *testing.T) {
	for seed := range uint64(200) {
		h := sim.Generate(seed, core())
		h.Config.Environment.ForgetsOwnWrites = true
		h.Config.Laws = slices.DeleteFunc(h.Config.Laws, func(l sim.Law) bool { return !slices.Contains(staleLaws, l.Name) })
		if r := sim.Play(h); r.Broken != nil {
			t.Fatal(account(h, r.Broken.Law))
		}
	}
}
