package rollout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/rollout"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// scenario is one decision: what is seen, and what the world is like once the plan
// is carried out. Only the words that want speaks of are compared.
type scenario struct {
	given plan.Snapshot
	want  build.Words
}

func play(t *testing.T, cases map[string]scenario) {
	t.Helper()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := rollout.Decide(tc.given, build.Now())
			got := build.Outcome(tc.given, p)
			if diff := cmp.Diff(tc.want, got.Only(tc.want)); diff != "" {
				t.Errorf("Decide() (-want +got):\n%s\nactions: %v\nnotes: %v", diff, p.Actions, p.Notes)
			}
		})
	}
}

// update is a manifest whose image was changed to a version.
func update(ro *v1alpha1.Rollout, version string, options ...build.Option) *v1alpha1.Rollout {
	return build.With(build.With(ro, build.Image(ro.Name+":"+version)), options...)
}

// canary edits the canary strategy.
func canary(change func(*v1alpha1.CanaryStrategy)) build.Option {
	return func(ro *v1alpha1.Rollout) { change(ro.Spec.Strategy.Canary) }
}

// blueGreen edits the blue-green strategy.
func blueGreen(change func(*v1alpha1.BlueGreenStrategy)) build.Option {
	return func(ro *v1alpha1.Rollout) { change(ro.Spec.Strategy.BlueGreen) }
}

// spec edits everything else.
func spec(change func(*v1alpha1.RolloutSpec)) build.Option {
	return func(ro *v1alpha1.Rollout) { change(&ro.Spec) }
}

func seconds(n int32) *int32 { return &n }
