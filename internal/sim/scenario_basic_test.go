package sim_test

import (
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/sim"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// Sizes read stable/canary, one entry for each write.
func TestBasicCanaryTrajectories(t *testing.T) {
	cases := map[string]struct {
		given *v1alpha1.Rollout
		want  string
	}{
		"ten pods to 20 % with defaults: stable gives way, then the canary grows": {
			build.Canary("demo", 10, build.Weight(20), build.Wait()), "10 10/2 8/2",
		},
		"ten pods to 20 % with surge alone: the canary grows first": {
			build.With(build.Canary("demo", 10, build.Weight(20), build.Wait()), build.Surge(2, 0)), "10 10/2 8/2",
		},
		"ten pods without steps: as far as surge and availability let it": {
			build.Canary("demo", 10), "10 10/3 8/3 8/5 5/5 5/8 3/8 3/10 0/10",
		},
		"one pod without steps is never without an available one": {
			build.Canary("demo", 1), "1 1/1 0/1",
		},
		"one pod at 10 % with surge has one canary beside it": {
			build.With(build.Canary("demo", 1, build.Weight(10), build.Wait()), build.Surge(1, 0)), "1 1/1",
		},
		"two pods at 75 % without surge keep one on each side": {
			build.With(build.Canary("demo", 2, build.Weight(75), build.Wait()), build.Surge(0, 1)), "2 2/0 1/0 1/1",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := &story{t: t}
			s.given(tc.given)
			s.update("v2")
			s.rest()
			s.expect(build.Words{"sizes": tc.want})
		})
	}
}

func TestBasicCanaryStories(t *testing.T) {
	waiting := []v1alpha1.CanaryStep{build.Weight(20), build.Wait(), build.Weight(50), build.Wait()}
	stories(t, map[string]func(*story){
		"a first deploy takes no steps and is healthy when its pods are": func(s *story) {
			s.begin(build.Canary("demo", 5, waiting...))
			s.Advance(500 * time.Millisecond)
			s.expect(build.Words{"v1": "5", "step": "4", "stable": "v1", "phase": "Progressing: updated replicas are still becoming available"})
			s.rest()
			s.expect(build.Words{"phase": "Healthy", "v1 available": "5", "event RolloutPaused": ""})
		},
		"one that is paused from the beginning gets its pods when it is unpaused": func(s *story) {
			s.given(build.With(build.Canary("demo", 5, waiting...), func(ro *v1alpha1.Rollout) { ro.Spec.Paused = true }))
			s.expect(build.Words{"v1": "0", "phase": "Paused: manually paused"})
			s.does(sim.Command{Verb: sim.Unpause})
			s.rest()
			s.expect(build.Words{"v1": "5", "phase": "Healthy"})
		},
		"a first version that never gets ready does not block the one that mends it": func(s *story) {
			s.begin(build.With(build.Canary("demo", 4), build.Image("demo:never1")))
			s.Advance(time.Minute)
			s.update("v2")
			s.rest()
			s.expect(build.Words{"phase": "Healthy", "v2 available": "4", "never1": "0", "stable": "v2"})
		},
		"a canary that never gets ready leaves enough pods, and is degraded after the deadline": func(s *story) {
			s.given(build.Canary("demo", 10))
			s.update("never")
			s.Advance(9 * time.Minute)
			s.expect(build.Words{"v1": "8", "v1 available": "8", "never": "5", "Progressing": "True/ReplicaSetUpdated"})
			s.rest()
			s.expect(build.Words{"v1": "8", "never": "5", "Progressing": "False/ProgressDeadlineExceeded"})
		},
		"a weight of zero after twenty drains the canary, and the step is done": func(s *story) {
			s.given(build.Canary("demo", 10, build.Weight(20), build.Weight(0), build.Wait()))
			s.update("v2")
			s.rest()
			s.expect(build.Words{"v2": "0", "v1": "10", "step": "2", "phase": "Paused: CanaryPauseStep"})
		},
		"a hundred percent drains stable, and promotes at the last step only": func(s *story) {
			s.given(build.Canary("demo", 4, build.Weight(100), build.Wait()))
			s.update("v2")
			s.rest()
			s.expect(build.Words{"v1": "0", "v2": "4", "stable": "v1", "phase": "Paused: CanaryPauseStep"})
			s.does(sim.Command{Verb: sim.Promote})
			s.rest()
			s.expect(build.Words{"stable": "v2", "phase": "Healthy"})
		},
		"a third version while the second waits: the second goes, the third begins at the first step": func(s *story) {
			s.given(build.Canary("demo", 10, waiting...))
			s.update("v2")
			s.rest()
			s.update("v3")
			s.rest()
			s.expect(build.Words{"v1": "8", "v2": "0", "v3": "2", "step": "1", "stable": "v1", "phase": "Paused: CanaryPauseStep"})
		},
		"going back while the canary waits is a rollback without steps": func(s *story) {
			s.given(build.Canary("demo", 10, waiting...))
			s.update("v2")
			s.rest()
			s.update("v1")
			s.Advance(10 * time.Millisecond)
			s.expect(build.Words{"event SkipSteps": "Rollback to stable ReplicaSets", "step": "4"})
			s.rest()
			s.expect(build.Words{"v1": "10", "v2": "0", "phase": "Healthy", "stable": "v1", "v1 revision": "3"})
		},
		"an abort at 50 % brings stable back and its Service with it": func(s *story) {
			s.given(build.With(build.Canary("demo", 10, build.Weight(50), build.Wait()), func(ro *v1alpha1.Rollout) {
				ro.Spec.Strategy.Canary.CanaryService, ro.Spec.Strategy.Canary.StableService = "canary", "stable"
			}))
			s.update("v2")
			s.rest()
			s.expect(build.Words{"service canary": "v2", "v1": "5", "v2": "5"})
			s.does(sim.Command{Verb: sim.Abort})
			s.rest()
			s.expect(build.Words{
				"v1": "10", "v2": "0", "step": "0", "service canary": "v1", "service stable": "v1",
				"phase": "Degraded: RolloutAborted: Rollout aborted update to revision 2",
			})
		},
		"eight of ten are enough for a threshold of 80 %": func(s *story) {
			s.given(build.With(build.Canary("demo", 10, build.Weight(50), build.Wait()), func(ro *v1alpha1.Rollout) {
				ro.Spec.Strategy.Canary.ReplicaProgressThreshold = &v1alpha1.ReplicaProgressThreshold{Type: "Percent", Value: 80}
			}))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Promote})
			s.rest()
			s.expect(build.Words{"stable": "v2", "phase": "Healthy"})
		},
		"metadata follows the roles of live pods, which are not restarted": func(s *story) {
			s.given(build.With(build.Canary("demo", 4, build.Weight(25), build.Wait()), func(ro *v1alpha1.Rollout) {
				c := ro.Spec.Strategy.Canary
				c.CanaryMetadata = &v1alpha1.PodTemplateMetadata{Labels: map[string]string{"role": "canary"}}
				c.StableMetadata = &v1alpha1.PodTemplateMetadata{Labels: map[string]string{"role": "stable"}}
			}))
			s.roles("v1", "stable", 4)
			s.update("v2")
			s.rest()
			s.roles("v1", "stable", 3)
			s.roles("v2", "canary", 1)
			first := s.pods("v2")[0].Name
			s.does(sim.Command{Verb: sim.Promote})
			s.rest()
			s.roles("v2", "stable", 4)
			if now := s.pods("v2")[0].Name; now != first {
				s.t.Errorf("the first canary pod was %s and is %s", first, now)
			}
		},
	})
}

// roles checks that a version has so many pods, all of them in the same role.
func (s *story) roles(version, want string, count int) {
	s.t.Helper()
	pods := s.pods(version)
	if len(pods) != count {
		s.t.Errorf("%d pods of %s, want %d", len(pods), version, count)
	}
	for _, p := range pods {
		if got := p.Labels["role"]; got != want {
			s.t.Errorf("pod %s of %s is %q, want %q", p.Name, version, got, want)
		}
	}
}
