package sim_test

import (
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/sim"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

func TestAbortAndRetryStories(t *testing.T) {
	half := []v1alpha1.CanaryStep{build.Weight(50), build.Wait()}
	stories(t, map[string]func(*story){
		"the pods of an aborted canary stay until stable is complete, and then for half a minute": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, half...))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Abort})
			s.Advance(29 * time.Second)
			s.expect(build.Words{"weight": "0", "v2 available": "2", "service canary": "v1"})
			s.rest()
			s.expect(build.Words{"v2": "0", "phase": "Degraded: RolloutAborted: Rollout aborted update to revision 2"})
		},
		"with a delay of zero they stay": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 4, half...), abortDelay(0)))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Abort})
			s.rest()
			s.expect(build.Words{"v2": "2", "weight": "0"})
			s.quiet(time.Hour)
		},
		"with a delay of half an hour they stay for half an hour": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 4, half...), abortDelay(1800)))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Abort})
			s.Advance(29 * time.Minute)
			s.expect(build.Words{"v2 available": "2"})
			s.Advance(2 * time.Minute)
			s.expect(build.Words{"v2": "0"})
		},
		"the canary Service is switched once": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, half...))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Abort})
			s.rest()
			s.expect(build.Words{"served": "stable v1, canary v2, canary v1"})
		},
		"an autoscaler during the wait is followed, and the wait goes on": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, half...))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Abort})
			s.Advance(10 * time.Second)
			s.does(sim.Command{Verb: sim.Scale, Number: 6})
			s.Advance(10 * time.Second)
			s.expect(build.Words{"v1": "6", "v2 available": "2", "weight": "0"})
			s.rest()
			s.expect(build.Words{"v2": "0", "v1": "6"})
		},
		"an abort of what is promoted is forgotten": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, half...))
			s.does(sim.Command{Verb: sim.Abort})
			s.rest()
			s.expect(build.Words{"abort": "", "phase": "Healthy", "sizes": "4"})
		},
		"a retry goes through the steps again from the first": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, half...))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Abort})
			s.Advance(10 * time.Second)
			s.does(sim.Command{Verb: sim.Retry})
			s.Advance(10 * time.Millisecond)
			s.expect(build.Words{"abort": ""})
			s.rest()
			s.expect(build.Words{"step": "1", "weight": "50", "v2": "2", "phase": "Paused: CanaryPauseStep", "service canary": "v2"})
		},
		"a new template after an abort is a normal update": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, half...))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Abort})
			s.rest()
			s.update("v3")
			s.rest()
			s.expect(build.Words{"abort": "", "step": "1", "weight": "50", "phase": "Paused: CanaryPauseStep"})
		},
	})
}

func TestPromotionStories(t *testing.T) {
	steps := []v1alpha1.CanaryStep{build.Weight(20), build.Wait(), build.Weight(60), build.WaitFor("1h")}
	stories(t, map[string]func(*story){
		"promoting an unfinished step skips that one": func(s *story) {
			s.given(build.Canary("demo", 5, build.Weight(20), build.Weight(40), build.Wait()))
			s.update("slow2")
			s.Advance(3 * time.Second)
			s.expect(build.Words{"step": "0"})
			s.does(sim.Command{Verb: sim.Promote})
			s.Advance(10 * time.Millisecond)
			s.expect(build.Words{"step": "1"})
		},
		"ending a pause completes the step once": func(s *story) {
			s.given(build.RoutedCanary("demo", 5, steps...))
			s.update("v2")
			s.rest()
			s.expect(build.Words{"step": "1"})
			s.does(sim.Command{Verb: sim.Resume})
			s.Advance(10 * time.Second)
			s.expect(build.Words{"step": "3", "pauses": "CanaryPauseStep", "weight": "60"})
		},
		"a stale cache does not bring an ended pause back": func(s *story) {
			s.given(build.RoutedCanary("demo", 5, steps...), func(c *sim.Config) {
				c.Environment.Watch = sim.Exactly(300 * time.Millisecond)
			})
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Resume})
			s.Advance(20 * time.Second)
			s.expect(build.Words{"step": "3", "weight": "60"})
		},
		"a full promotion in a pause brings up all pods, then moves all traffic": func(s *story) {
			s.given(build.RoutedCanary("demo", 5, steps...))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.PromoteFull})
			s.rest()
			s.expect(build.Words{"stable": "v2", "promoteFull": "", "phase": "Healthy", "v2": "5", "v1": "0", "served": "stable v1, canary v2, stable v2"})
		},
		"one revision back within the window is fast": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 4, steps...), func(ro *v1alpha1.Rollout) {
				ro.Spec.RollbackWindow = &v1alpha1.RollbackWindowSpec{Revisions: 1}
			}))
			for _, version := range []string{"v2", "v3"} {
				s.update(version)
				s.Advance(10 * time.Second)
				s.does(sim.Command{Verb: sim.PromoteFull})
				s.rest()
			}
			s.update("v2")
			s.Advance(5 * time.Second)
			s.expect(build.Words{"stable": "v2", "phase": "Healthy", "pauses": ""})
			s.rest()
			s.update("v1")
			s.rest()
			s.expect(build.Words{"stable": "v1"}) // v3 is not between the two any more: it is newer than both
		},
		"two revisions back take the steps": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 4, build.Weight(20), build.Wait()), func(ro *v1alpha1.Rollout) {
				ro.Spec.RollbackWindow = &v1alpha1.RollbackWindowSpec{Revisions: 1}
			}))
			for _, version := range []string{"v2", "v3"} {
				s.update(version)
				s.Advance(10 * time.Second)
				s.does(sim.Command{Verb: sim.PromoteFull})
				s.rest()
			}
			s.update("v1")
			s.rest()
			s.expect(build.Words{"stable": "v3", "phase": "Paused: CanaryPauseStep", "step": "1"})
		},
	})
}
