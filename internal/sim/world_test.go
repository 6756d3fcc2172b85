package sim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/internal/sim"
)

// The same seed gives the same history, byte for byte.
func TestSameSeedSameTrace(t *testing.T) {
	for seed := range uint64(40) {
		tell := func() []string {
			h := sim.Generate(seed, core())
			h.Config.Trace = true
			h.Config.Laws = nil
			return sim.Play(h).World.Trace()
		}
		if diff := cmp.Diff(tell(), tell()); diff != "" {
			t.Fatalf("seed %d told two stories (-first +second):\n%s", seed, diff)
		}
	}
}

// A Calm world makes a first deploy healthy as soon as its pods are ready.
func TestFirstDeployInACalmWorld(t *testing.T) {
	h := sim.Generate(0, core())
	cfg := h.Config
	cfg.Environment, cfg.Faults, cfg.Trace = sim.Calm(), nil, true
	w := sim.New(cfg)
	w.Advance(900 * time.Millisecond)
	if got := w.Rollout().Status.AvailableReplicas; got != 0 {
		t.Errorf("%d pods are available before the first can be ready", got)
	}
	w.Advance(30 * time.Second)
	if got, want := w.Rollout().Status.AvailableReplicas, *cfg.Rollout.Spec.Replicas; got != want {
		t.Errorf("%d pods are available after 30 s, want %d:\n%s", got, want, slices.Collect(slices.Values(w.Trace())))
	}
}
