package sim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/sim"
	"github.com/serin-rollouts/serin/internal/testing/build"
	"github.com/serin-rollouts/serin/internal/testing/golden"
)

// What the controller does in a calm world, told line by line.
func TestGoldenHistories(t *testing.T) {
	selector := map[string]string{"app": "demo"}
	cases := map[string]struct {
		file     string
		rollout  *v1alpha1.Rollout
		services []string
		commands []sim.Command
	}{
		"a basic canary that is promoted": {
			file:    "basic-canary",
			rollout: build.Canary("demo", 5, build.Weight(20), build.Wait(), build.Weight(60), build.WaitFor("10s")),
			commands: []sim.Command{
				{Settled: true, Verb: sim.SetImage, Text: "demo:v2"},
				{Settled: true, Verb: sim.Promote},
			},
		},
		"a routed canary that is aborted and tried again": {
			file:     "routed-canary-abort",
			rollout:  build.RoutedCanary("demo", 4, build.Weight(25), build.Wait(), build.Weight(100)),
			services: []string{"canary", "stable"},
			commands: []sim.Command{
				{Settled: true, Verb: sim.SetImage, Text: "demo:v2"},
				{Settled: true, Verb: sim.Abort},
				{After: 10 * time.Second, Verb: sim.Retry},
				{Settled: true, Verb: sim.Promote},
			},
		},
		"a blue-green update that waits for a person": {
			file: "blue-green-manual",
			rollout: build.With(build.BlueGreen("demo", 3), func(ro *v1alpha1.Rollout) {
				manual, size := false, int32(1)
				ro.Spec.Strategy.BlueGreen.AutoPromotionEnabled = &manual
				ro.Spec.Strategy.BlueGreen.PreviewReplicaCount = &size
			}),
			services: []string{"active", "preview"},
			commands: []sim.Command{
				{Settled: true, Verb: sim.SetImage, Text: "demo:v2"},
				{Settled: true, Verb: sim.Promote},
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			cfg := sim.Config{
				Rollout: tc.rollout, Services: map[string]map[string]string{}, Core: core(), Laws: sim.Laws(),
				Routers: map[string]router.Renderer{"nginx": sim.Plain{}}, Environment: sim.Calm(), Trace: true,
			}
			for _, name := range tc.services {
				cfg.Services[name] = selector
			}
			r := sim.Play(sim.History{Config: cfg, Commands: tc.commands})
			if r.Broken != nil {
				t.Error(r.Broken)
			}
			golden.Check(t, "testdata/"+tc.file+".txt", strings.Join(r.World.Trace(), "\n")+"\n")
		})
	}
}
