package sim_test

import (
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/sim"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

func TestExperimentStepStories(t *testing.T) {
	steps := []v1alpha1.CanaryStep{build.Weight(25), build.Experiment(), build.Weight(50), build.Wait()}
	stories(t, map[string]func(*story){
		"success moves on": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, steps...), analysed(nil))
			s.update("v2")
			s.until(build.Words{"experiment": "demo-v2-2-1", "step": "1"})
			s.rest()
			s.expect(build.Words{"step": "3", "experiment": "", "weight": "50"})
			s.expectRuns("rev2-2-1 Successful")
		},
		"failure aborts, and the retry makes another": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, steps...), analysed(map[string]sim.Verdict{"2-1": verdict(isFailed)}))
			s.update("v2")
			s.rest()
			s.expect(build.Words{
				"abort": "true", "weight": "0",
				"phase": "Degraded: RolloutAborted: Rollout aborted update to revision 2: Experiment analysis phase is error/failed: it was so",
			})
			s.does(sim.Command{Verb: sim.Retry})
			s.rest()
			s.expectRuns("rev2-2-1 Failed, rev2-2-1-1 Successful")
			s.expect(build.Words{"step": "3"})
		},
		"inconclusive pauses, and makes no second one by itself": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, steps...), analysed(map[string]sim.Verdict{"2-1": verdict(isInconclusive)}))
			s.update("v2")
			s.rest()
			s.expect(build.Words{"phase": "Paused: InconclusiveExperiment", "experiment": "demo-v2-2-1", "weight": "25"})
			s.quiet(time.Hour)
			s.expectRuns("rev2-2-1 Inconclusive")
			s.does(sim.Command{Verb: sim.Resume})
			s.rest()
			s.expectRuns("rev2-2-1 Inconclusive, rev2-2-1-1 Successful")
			s.expect(build.Words{"step": "3"})
		},
		"an abort ends it and gives the traffic back": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, steps...), analysed(map[string]sim.Verdict{"2-1": {}}))
			s.update("v2")
			s.rest()
			s.expectRuns("rev2-2-1 Running")
			s.does(sim.Command{Verb: sim.Abort})
			s.rest()
			s.expect(build.Words{"weight": "0", "experiment": "", "abort": "true"})
			s.expectRuns("rev2-2-1 Successful")
		},
		"skipped by a person, it ends": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, steps...), analysed(map[string]sim.Verdict{"2-1": {}}))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Promote})
			s.rest()
			s.expect(build.Words{"step": "3", "experiment": ""})
			s.expectRuns("rev2-2-1 Successful")
		},
	})
}
