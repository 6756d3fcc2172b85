package gen_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/serin-rollouts/serin/internal/spec"
	"github.com/serin-rollouts/serin/internal/testing/gen"
)

func TestGeneratedRolloutsAreGood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, errs := spec.ParseRollout(gen.Rollout().Draw(t, "rollout"))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		if errs := spec.Unsupported(r, []string{spec.RouterNginx}); len(errs) > 0 {
			t.Fatal(errs)
		}
	})
}

func TestBothStrategiesAreGenerated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, errs := spec.ParseRollout(gen.CanaryRollout().Draw(t, "canary"))
		if _, ok := r.Strategy.(spec.Canary); !ok {
			t.Fatalf("strategy is %T (%v)", r.Strategy, errs)
		}
		r, errs = spec.ParseRollout(gen.BlueGreenRollout().Draw(t, "blue-green"))
		if _, ok := r.Strategy.(spec.BlueGreen); !ok {
			t.Fatalf("strategy is %T (%v)", r.Strategy, errs)
		}
	})
}
