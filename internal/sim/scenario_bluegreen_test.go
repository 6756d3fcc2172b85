package sim_test

import (
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/sim"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// blueGreen is a blue-green manifest whose strategy is edited.
func blueGreen(replicas int32, changes ...func(*v1alpha1.BlueGreenStrategy)) *v1alpha1.Rollout {
	return build.With(build.BlueGreen("demo", replicas), func(ro *v1alpha1.Rollout) {
		for _, change := range changes {
			change(ro.Spec.Strategy.BlueGreen)
		}
	})
}

// byHand asks for a person to promote.
func byHand(b *v1alpha1.BlueGreenStrategy) {
	no := false
	b.AutoPromotionEnabled = &no
}

// small is a preview of one pod.
func small(b *v1alpha1.BlueGreenStrategy) {
	one := int32(1)
	b.PreviewReplicaCount = &one
}

func keepsFor(n int32) func(*v1alpha1.BlueGreenStrategy) {
	return func(b *v1alpha1.BlueGreenStrategy) { b.ScaleDownDelaySeconds = &n }
}

func TestBlueGreenStories(t *testing.T) {
	stories(t, map[string]func(*story){
		"the first deploy: preview at once, active when every pod is available": func(s *story) {
			s.begin(blueGreen(3, byHand))
			s.Advance(500 * time.Millisecond)
			s.expect(build.Words{"service preview": "v1", "service active": "any", "v1": "3"})
			s.rest()
			s.expect(build.Words{"service active": "v1", "phase": "Healthy", "pauses": ""})
		},
		"by hand: it waits when the pods are there, and promoting switches": func(s *story) {
			s.given(blueGreen(3, byHand))
			s.update("v2")
			s.rest()
			s.expect(build.Words{"phase": "Paused: BlueGreenPause", "service preview": "v2", "service active": "v1", "v1": "3", "v2": "3"})
			s.does(sim.Command{Verb: sim.Promote})
			s.Advance(100 * time.Millisecond)
			s.expect(build.Words{"service active": "v2", "stable": "v2", "phase": "Healthy"})
			s.rest()
			s.expect(build.Words{"v1": "0", "v2": "3"})
		},
		"by itself after thirty seconds, counted from when the pods are available": func(s *story) {
			s.given(blueGreen(3, func(b *v1alpha1.BlueGreenStrategy) { b.AutoPromotionSeconds = 30 }))
			s.update("slow2")
			s.Advance(39 * time.Second) // ten of them until the pods are available
			s.expect(build.Words{"service active": "v1", "phase": "Paused: BlueGreenPause"})
			s.Advance(3 * time.Second)
			s.expect(build.Words{"service active": "slow2", "stable": "slow2"})
		},
		"a small preview grows after it is promoted, and then takes over": func(s *story) {
			s.given(blueGreen(4, byHand, small))
			s.update("v2")
			s.rest()
			s.expect(build.Words{"v2": "1", "v1": "4", "phase": "Paused: BlueGreenPause"})
			s.does(sim.Command{Verb: sim.Promote})
			s.Advance(500 * time.Millisecond)
			s.expect(build.Words{"v2": "4", "service active": "v1"})
			s.rest()
			s.expect(build.Words{"service active": "v2", "stable": "v2", "v1": "0"})
			s.update("v3")
			s.rest()
			s.expect(build.Words{"v3": "1", "phase": "Paused: BlueGreenPause"})
		},
		"without a preview Service all else is the same": func(s *story) {
			s.given(blueGreen(3, byHand, func(b *v1alpha1.BlueGreenStrategy) { b.PreviewService = "" }))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Promote})
			s.rest()
			s.expect(build.Words{"service active": "v2", "phase": "Healthy", "v1": "0"})
		},
		"an old version within its delay is back at once, without a pause": func(s *story) {
			s.given(blueGreen(3, byHand, keepsFor(60)))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Promote})
			s.Advance(10 * time.Second)
			s.update("v1")
			s.Advance(100 * time.Millisecond)
			s.expect(build.Words{"service active": "v1", "stable": "v1", "phase": "Healthy", "pauses": "", "v1 revision": "3"})
		},
		"one past its delay has a whole update before it": func(s *story) {
			s.given(blueGreen(3, byHand))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Promote})
			s.rest()
			s.update("v1")
			s.rest()
			s.expect(build.Words{"phase": "Paused: BlueGreenPause", "service active": "v2", "v1": "3"})
		},
		"a delay of zero lets the old version go at once, and nothing spins": func(s *story) {
			s.given(blueGreen(3, keepsFor(0)))
			s.update("v2")
			s.Advance(5 * time.Second)
			s.expect(build.Words{"v1": "0", "service active": "v2", "Healthy": "True/RolloutHealthy"})
			s.quiet(time.Hour)
		},
		"a small preview that is superseded stays small until it goes": func(s *story) {
			s.given(blueGreen(5, byHand, small))
			s.update("v2")
			s.rest()
			s.update("v3")
			s.Advance(10 * time.Second)
			s.expect(build.Words{"v1": "5", "v2 available": "1", "v3": "1", "service preview": "v3", "service active": "v1"})
			s.rest()
			s.expect(build.Words{"v2": "0", "sizes": "5/1 5/1/1 5/0/1"})
		},
		"a promotion while a pod is unready is acted on when it recovers": func(s *story) {
			s.given(blueGreen(2, byHand))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Kill, Number: int32(sim.KillRevision)})
			s.Advance(500 * time.Millisecond)
			s.does(sim.Command{Verb: sim.Resume})
			s.Advance(100 * time.Millisecond)
			s.expect(build.Words{"service active": "v1", "pauses": ""})
			s.rest()
			s.expect(build.Words{"service active": "v2", "stable": "v2", "phase": "Healthy", "event RolloutPaused": ""})
		},
		"two updates that are aborted leave stable as it is": func(s *story) {
			s.given(blueGreen(3, byHand))
			for _, version := range []string{"v2", "v3"} {
				s.update(version)
				s.rest()
				s.expect(build.Words{"abort": "", "phase": "Paused: BlueGreenPause"})
				s.does(sim.Command{Verb: sim.Abort})
				s.rest()
				s.expect(build.Words{"service active": "v1", "stable": "v1", version: "0", "abort": "true"})
			}
		},
		"a retry of an aborted preview goes through the gate again": func(s *story) {
			s.given(blueGreen(3, byHand))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Abort})
			s.Advance(10 * time.Second)
			s.does(sim.Command{Verb: sim.Retry})
			s.rest()
			s.expect(build.Words{"phase": "Paused: BlueGreenPause", "v2": "3", "service active": "v1"})
		},
		"autoscaling while it waits resizes both": func(s *story) {
			s.given(blueGreen(3, byHand))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Scale, Number: 6})
			s.rest()
			s.expect(build.Words{"v1": "6", "v2": "6", "phase": "Paused: BlueGreenPause"})
		},
		"hours of waiting change nothing": func(s *story) {
			s.given(blueGreen(3, byHand))
			s.update("v2")
			s.rest()
			s.quiet(6 * time.Hour)
			s.expect(build.Words{"phase": "Paused: BlueGreenPause"})
		},
	})
}
