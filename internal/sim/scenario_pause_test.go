package sim_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/sim"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// deadline bounds an update's lack of progress.
func deadline(n int32, abort bool) build.Option {
	return func(ro *v1alpha1.Rollout) {
		ro.Spec.ProgressDeadlineSeconds, ro.Spec.ProgressDeadlineAbort = &n, abort
	}
}

func TestPauseAndScaleStories(t *testing.T) {
	quarter := []v1alpha1.CanaryStep{build.Weight(25), build.Wait()}
	scale := func(s *story, n int32) {
		s.does(sim.Command{Verb: sim.Scale, Number: n})
		s.rest()
	}
	stories(t, map[string]func(*story){
		"a pause of a minute is a minute, whatever happens to the controller": func(s *story) {
			s.given(build.Canary("demo", 4, build.Weight(25), build.WaitFor("60s"), build.Weight(50), build.Wait()), func(c *sim.Config) {
				c.Environment.Restart = sim.Exactly(5 * time.Second)
				for pass := range 30 { // every write of a status is the last thing that a process does
					c.Faults = append(c.Faults, sim.Fault{Pass: pass, Call: sim.AtRecord, Mishap: sim.CrashAfter})
				}
			})
			s.update("v2")
			s.until(build.Words{"pauses": "CanaryPauseStep", "step": "1"})
			s.Advance(59 * time.Second)
			s.expect(build.Words{"step": "1"})
			s.Advance(20 * time.Second)
			s.expect(build.Words{"step": "3", "v2 available": "2"})
		},
		"paused as a whole, a pause step that is over does not end": func(s *story) {
			s.given(build.Canary("demo", 4, build.Weight(25), build.WaitFor("10s"), build.Weight(50), build.Wait()))
			s.update("v2")
			s.Advance(3 * time.Second)
			s.does(sim.Command{Verb: sim.Pause})
			s.rest()
			s.expect(build.Words{"step": "1", "phase": "Paused: manually paused"})
			s.does(sim.Command{Verb: sim.Unpause})
			s.rest()
			s.expect(build.Words{"step": "3", "v2": "2"})
		},
		"paused as a whole, autoscaling keeps the proportion": func(s *story) {
			s.given(build.Canary("demo", 4, quarter...))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Pause})
			s.rest()
			scale(s, 8)
			s.expect(build.Words{"v1": "6", "v2": "2", "phase": "Paused: manually paused"})
			s.quiet(time.Hour)
		},
		"in a pause at a quarter, eight pods are 6 and 2, and four are 3 and 1": func(s *story) {
			s.given(build.Canary("demo", 4, quarter...))
			s.update("v2")
			s.rest()
			scale(s, 8)
			s.expect(build.Words{"v1": "6", "v2": "2"})
			scale(s, 4)
			s.expect(build.Words{"v1": "3", "v2": "1", "phase": "Paused: CanaryPauseStep"})
		},
		"down to nothing and back in the middle of an update": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, build.Weight(50), build.Wait()))
			s.update("v2")
			s.rest()
			scale(s, 0)
			s.expect(build.Words{"v1": "0", "v2": "0"})
			scale(s, 4)
			s.expect(build.Words{"v1": "4", "v2": "2", "weight": "50", "phase": "Paused: CanaryPauseStep"})
			s.does(sim.Command{Verb: sim.Promote})
			s.rest()
			s.expect(build.Words{"stable": "v2", "phase": "Healthy"})
		},
		"an autoscaler that changes its mind every few seconds stops nothing": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, build.Weight(20), build.WaitFor("5s"), build.Weight(60), build.WaitFor("5s")))
			s.update("v2")
			for i := range int32(40) {
				s.Advance(3 * time.Second)
				s.Do(sim.Command{Verb: sim.Scale, Number: 4 + i%3})
			}
			s.expect(build.Words{"stable": "v2"})
		},
		"replicas and template in one apply": func(s *story) {
			s.given(build.Canary("demo", 4, quarter...))
			s.edit(func(ro *v1alpha1.Rollout) {
				eight := int32(8)
				ro.Spec.Replicas = &eight
				ro.Spec.Template.Spec.Containers[0].Image = "demo:v2"
			})
			s.rest()
			s.expect(build.Words{"v1": "6", "v2": "2", "step": "1"})
		},
		"both sides of a blue-green follow an autoscaler while it is paused as a whole": func(s *story) {
			s.given(blueGreen(2, byHand))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Pause})
			scale(s, 5)
			s.expect(build.Words{"v1": "5", "v2": "5", "service active": "v1"})
		},
	})
}

func TestRestartStories(t *testing.T) {
	stories(t, map[string]func(*story){
		"every pod is replaced, one at a time, and then it is done": func(s *story) {
			s.given(build.With(build.Canary("demo", 4), build.Surge(1, 0)))
			s.Advance(time.Minute)
			s.does(sim.Command{Verb: sim.Restart})
			asked := s.Now().UTC().Format(time.TimeOnly)
			s.Advance(500 * time.Millisecond)
			s.expect(build.Words{"v1 available": "3", "phase": "Progressing: rollout is restarting"})
			s.Advance(5 * time.Minute)
			s.expect(build.Words{"restartedAt": asked, "v1 available": "4", "phase": "Healthy"})
		},
		"a paused canary of one pod restarts the two one after the other": func(s *story) {
			s.given(build.With(build.Canary("demo", 1, build.Weight(50), build.Wait()), build.Surge(1, 0)))
			s.update("v2")
			s.rest()
			s.Advance(time.Minute)
			s.does(sim.Command{Verb: sim.Restart})
			for range 600 {
				s.Advance(200 * time.Millisecond)
				w := s.words()
				if w["v1 available"] == "0" && w["v2 available"] == "0" {
					s.t.Fatalf("both pods are away at %v", s.Now())
				}
			}
			if s.words()["restartedAt"] == "" {
				s.t.Error("the restart is not done after two minutes")
			}
		},
		"a template that changes meanwhile ends the restart": func(s *story) {
			s.given(build.With(build.Canary("demo", 4), build.Surge(1, 0)))
			s.Advance(time.Minute)
			s.does(sim.Command{Verb: sim.Restart})
			asked := s.Now().UTC().Format(time.TimeOnly)
			s.Advance(500 * time.Millisecond)
			s.update("v2")
			s.Advance(100 * time.Millisecond)
			s.expect(build.Words{"restartedAt": asked})
			s.rest()
			s.expect(build.Words{"stable": "v2", "phase": "Healthy"})
		},
		"one for later waits until then": func(s *story) {
			s.given(build.Canary("demo", 4))
			s.edit(func(ro *v1alpha1.Rollout) {
				ro.Spec.RestartAt = &metav1.Time{Time: s.Now().Add(time.Hour).Truncate(time.Second)}
			})
			s.Advance(59 * time.Minute)
			s.expect(build.Words{"phase": "Healthy", "restartedAt": "", "v1 available": "4"})
			s.Advance(10 * time.Minute)
			if s.words()["restartedAt"] == "" {
				s.t.Error("the restart is not done ten minutes after it was due")
			}
		},
	})
}

func TestDeadlineStories(t *testing.T) {
	stories(t, map[string]func(*story){
		"a stuck canary is degraded after the deadline, and not any more when it gets on": func(s *story) {
			s.given(build.With(build.Canary("demo", 4, build.Weight(25), build.Wait()), deadline(60, false)))
			s.update("never")
			s.Advance(2 * time.Minute)
			s.expect(build.Words{"Progressing": "False/ProgressDeadlineExceeded", "abort": ""})
			s.update("v2")
			s.rest()
			s.expect(build.Words{"phase": "Paused: CanaryPauseStep", "step": "1"})
		},
		"with progressDeadlineAbort it is aborted once": func(s *story) {
			s.given(build.With(build.Canary("demo", 4, build.Weight(25), build.Wait()), deadline(60, true)))
			s.update("never")
			s.rest()
			s.expect(build.Words{"abort": "true", "v1": "4", "never": "0"})
			aborts := 0
			for _, e := range s.seen.events {
				if e.Reason == v1alpha1.RolloutAbortedReason {
					aborts++
				}
			}
			if aborts != 1 {
				s.t.Errorf("%d events of the abort, want 1", aborts)
			}
		},
		"a pause that is longer than the deadline is a pause": func(s *story) {
			s.given(build.With(build.Canary("demo", 4, build.Weight(25), build.WaitFor("10m"), build.Weight(50), build.Wait()), deadline(60, true)))
			s.update("v2")
			s.Advance(9 * time.Minute)
			s.expect(build.Words{"abort": "", "phase": "Paused: CanaryPauseStep", "step": "1"})
			s.rest()
			s.expect(build.Words{"abort": "", "step": "3"})
		},
		"a scale-down delay that is longer than the deadline is a delay": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 2), deadline(60, true), scaleDownDelay(600)))
			s.update("v2")
			s.rest()
			s.expect(build.Words{"abort": "", "phase": "Healthy", "v1": "0"})
		},
		"a promoted rollout whose pods are lost for longer than the deadline is not aborted": func(s *story) {
			s.given(build.With(build.Canary("demo", 2), build.Image("demo:slow1")))
			s.edit(deadline(5, true)) // pods take ten seconds
			s.rest()
			s.does(sim.Command{Verb: sim.Kill, Number: int32(sim.KillRevision)})
			s.Advance(9 * time.Second)
			s.expect(build.Words{"abort": "", "slow1 available": "0", "Progressing": "False/ProgressDeadlineExceeded"})
			s.rest()
			s.expect(build.Words{"abort": "", "phase": "Healthy", "stable": "slow1"})
		},
		"a blue-green that waits for hours is paused all the time": func(s *story) {
			s.given(build.With(blueGreen(2, byHand), deadline(60, true)))
			s.update("v2")
			s.rest()
			s.quiet(5 * time.Hour)
			s.expect(build.Words{"phase": "Paused: BlueGreenPause", "abort": ""})
		},
	})
}
