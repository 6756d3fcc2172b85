package sim_test

import (
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/sim"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// canary edits the canary strategy.
func canary(change func(*v1alpha1.CanaryStrategy)) build.Option {
	return func(ro *v1alpha1.Rollout) { change(ro.Spec.Strategy.Canary) }
}

// seconds of a scale-down delay.
func scaleDownDelay(n int32) build.Option {
	return canary(func(c *v1alpha1.CanaryStrategy) { c.ScaleDownDelaySeconds = &n })
}

func abortDelay(n int32) build.Option {
	return canary(func(c *v1alpha1.CanaryStrategy) { c.AbortScaleDownDelaySeconds = &n })
}

func dynamicStable() build.Option {
	return canary(func(c *v1alpha1.CanaryStrategy) { c.DynamicStableScale = true })
}

func TestRoutedCanaryStories(t *testing.T) {
	quarter := []v1alpha1.CanaryStep{build.Weight(25), build.Wait()}
	stories(t, map[string]func(*story){
		"a first deploy: no weight, and the Services are pinned when all pods are available": func(s *story) {
			s.begin(build.RoutedCanary("demo", 4, quarter...))
			s.Advance(500 * time.Millisecond)
			s.expect(build.Words{"service stable": "any", "service canary": "any", "v1": "4"})
			s.rest()
			s.expect(build.Words{"service stable": "v1", "service canary": "v1", "weight": "0", "phase": "Healthy"})
		},
		"a quarter of four is one pod, and it gets traffic when it is available": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, quarter...))
			s.update("v2")
			s.Advance(900 * time.Millisecond)
			s.expect(build.Words{"v1": "4", "v2": "1", "weight": "0", "service canary": "v1"})
			s.rest()
			s.expect(build.Words{"v1": "4", "v2": "1", "weight": "25", "service canary": "v2", "step": "1"})
		},
		"the end: all pods, all weight, promoted, the stable Service, no weight, and the old pods half a minute later": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, quarter...))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Promote})
			s.Advance(5 * time.Second)
			s.expect(build.Words{"weights": "25 100 0", "served": "stable v1, canary v2, stable v2", "stable": "v2", "phase": "Healthy", "Healthy": "False/RolloutHealthy"})
			s.until(build.Words{"v1": "4 for 25s"})
			s.rest()
			s.expect(build.Words{"v1": "0", "v2": "4", "Healthy": "True/RolloutHealthy"})
		},
		"without steps there is one cutover when all pods are available": func(s *story) {
			s.given(build.RoutedCanary("demo", 4))
			s.update("v2")
			s.Advance(900 * time.Millisecond)
			s.expect(build.Words{"v2": "4", "weight": "0", "service stable": "v1"})
			s.rest()
			s.expect(build.Words{"weights": "0", "service stable": "v2", "stable": "v2", "v1": "0"})
		},
		"a lower weight takes traffic off before pods": func(s *story) {
			s.given(build.RoutedCanary("demo", 10, build.Weight(80), build.Wait(), build.Weight(20), build.Wait()))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Promote})
			s.rest()
			s.expect(build.Words{"weights": "80 20", "sizes": "10/8 10/2", "step": "3"})
		},
		"a canary that loses all its pods loses its traffic first, and gets both back": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, build.Weight(50), build.Wait()))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Kill, Number: int32(sim.KillRevision)})
			s.until(build.Words{"weight": "0"})
			s.rest()
			s.expect(build.Words{"weight": "50", "v2 available": "2", "step": "1"})
		},
		"a third version at 80 %: traffic goes home first, and the second drains in peace": func(s *story) {
			s.given(build.RoutedCanary("demo", 10, build.Weight(80), build.Wait()))
			s.update("v2")
			s.rest()
			s.update("v3")
			s.Advance(100 * time.Millisecond)
			s.expect(build.Words{"weight": "0", "v2 available": "8", "service canary": "v1"})
			s.Advance(20 * time.Second)
			s.expect(build.Words{"v2 available": "8", "v3 available": "8", "weight": "80"})
			s.rest()
			s.expect(build.Words{"v2": "0", "v3": "8", "v1": "10", "step": "1", "stable": "v1"})
		},
		"going back to stable: no weight at once, and the canary drains in peace": func(s *story) {
			s.given(build.RoutedCanary("demo", 10, build.Weight(80), build.Wait()))
			s.update("v2")
			s.rest()
			s.update("v1")
			s.Advance(100 * time.Millisecond)
			s.expect(build.Words{"weight": "0", "phase": "Healthy", "v2 available": "8", "service canary": "v1"})
			s.rest()
			s.expect(build.Words{"v2": "0", "v1": "10", "stable": "v1", "event SkipSteps": "Rollback to stable ReplicaSets"})
		},
		"three quick promotions leave one old version when one may wait": func(s *story) {
			one := int32(1)
			s.given(build.With(build.RoutedCanary("demo", 2), canary(func(c *v1alpha1.CanaryStrategy) { c.ScaleDownDelayRevisionLimit = &one })))
			for _, version := range []string{"v2", "v3", "v4"} {
				s.update(version)
				s.until(build.Words{"stable": version, "phase": "Healthy", "service stable": version})
			}
			s.Advance(2 * time.Second)
			s.expect(build.Words{"v1": "0", "v2": "0", "v3 available": "2", "v4 available": "2"})
			s.rest()
			s.expect(build.Words{"v3": "0", "v4": "2"})
		},
		"a delay of zero lets the old pods go at once, and nothing spins": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 4), scaleDownDelay(0)))
			s.update("v2")
			s.Advance(10 * time.Second)
			s.expect(build.Words{"v1": "0", "v2": "4", "Healthy": "True/RolloutHealthy"})
			s.quiet(time.Hour)
		},
		"a weight of one with two pods as the least, and one replica, comes to rest": func(s *story) {
			two := int32(2)
			s.given(build.With(build.RoutedCanary("demo", 1, build.Weight(1), build.Wait()), canary(func(c *v1alpha1.CanaryStrategy) { c.MinPodsPerReplicaSet = &two })))
			s.update("v2")
			s.rest()
			s.expect(build.Words{"v2": "1", "weight": "1", "step": "1"})
			s.quiet(time.Hour)
		},
		"a data plane that confirms late holds the step back": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, quarter...), func(c *sim.Config) {
				c.Environment.Verifies, c.Environment.DataPlane = true, sim.Exactly(25*time.Second)
			})
			s.update("v2")
			s.Advance(20 * time.Second)
			s.expect(build.Words{"weight": "25", "step": "0"})
			s.rest()
			s.expect(build.Words{"weight": "25", "step": "1"})
		},
		"a router that refuses is told of, nothing is scaled down, and it is tried again": func(s *story) {
			refusing := &fickle{}
			s.given(build.RoutedCanary("demo", 4, build.Weight(50), build.Weight(25), build.Wait()), func(c *sim.Config) {
				c.Routers = map[string]router.Renderer{"nginx": refusing}
			})
			refusing.refuses = true
			s.update("v2")
			s.Advance(10 * time.Second)
			s.expect(build.Words{"event TrafficRoutingError": "set canary weight to 50 of 100 (nginx): router nginx: not today", "step": "0", "v2": "2", "weight": "0"})
			refusing.refuses = false
			s.rest()
			s.expect(build.Words{"weight": "25", "v2": "1", "step": "2"})
		},
	})
}

// fickle is a data plane that sometimes refuses.
type fickle struct {
	sim.Plain
	refuses bool
}

// Render implements router.Renderer.
func (f *fickle) Render(t router.Target, objects []router.Object, s traffic.Split) ([]router.Object, error) {
	if f.refuses {
		return nil, errRefuses
	}
	return f.Plain.Render(t, objects, s)
}

func TestDynamicStableStories(t *testing.T) {
	stories(t, map[string]func(*story){
		"stable gives up what the canary takes, one step behind, and never too many": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 10, build.Weight(20), build.Weight(50), build.Weight(100)), dynamicStable()))
			s.update("v2")
			s.rest()
			s.expect(build.Words{"weights": "0 20 50 100 0", "phase": "Healthy", "stable": "v2", "v1": "0", "v2": "10"})
			s.expect(build.Words{"sizes": "10 10/2 10/5 8/5 8/10 5/10 1/10 0/10"})
			s.neverBelow(10)
		},
		"an abort at half: stable grows first, then the weight steps down, never up": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 10, build.Weight(20), build.Weight(50), build.Wait()), dynamicStable()))
			s.update("v2")
			s.rest()
			s.expect(build.Words{"v1": "5", "v2": "5", "weight": "50"})
			s.does(sim.Command{Verb: sim.Abort})
			s.rest()
			s.expect(build.Words{"weights": "50 20 0", "v1": "10", "v2": "0", "service canary": "v1"})
			s.neverBelow(10)
		},
		"going back at half: Service and weight wait for stable's pods": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 10, build.Weight(50), build.Wait()), dynamicStable()))
			s.update("v2")
			s.rest()
			s.update("v1")
			s.Advance(500 * time.Millisecond)
			s.expect(build.Words{"weight": "50", "service canary": "v2", "v1": "10", "v2 available": "5"})
			s.rest()
			s.expect(build.Words{"weights": "50 0", "service canary": "v1", "v2": "0", "phase": "Healthy"})
		},
		"an abort of no replicas at all is an abort": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 4, build.Weight(50), build.Wait()), dynamicStable()))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Scale, Number: 0})
			s.rest()
			s.does(sim.Command{Verb: sim.Abort})
			s.rest()
			s.expect(build.Words{"abort": "true", "weight": "0", "v1": "0", "v2": "0"})
		},
		"a full promotion follows the pods and never passes the whole": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 10, build.Weight(20), build.Wait()), dynamicStable()))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.PromoteFull})
			s.rest()
			s.expect(build.Words{"stable": "v2", "promoteFull": "", "weights": "20 100 0", "v1": "0", "phase": "Healthy"})
		},
		"of no replicas a full promotion is one": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 4, build.Weight(20), build.Wait()), dynamicStable()))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Scale, Number: 0})
			s.rest()
			s.does(sim.Command{Verb: sim.PromoteFull})
			s.rest()
			s.expect(build.Words{"stable": "v2", "promoteFull": "", "phase": "Healthy"})
		},
	})
}

// neverBelow checks that the wanted sizes always added up to as many pods.
func (s *story) neverBelow(least int) {
	s.t.Helper()
	for _, state := range s.seen.sizes {
		total := 0
		for _, size := range splitNumbers(state) {
			total += size
		}
		if total < least {
			s.t.Errorf("%s are %d pods, fewer than %d, in %v", state, total, least, s.seen.sizes)
		}
	}
}
