package sim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/sim"
	"github.com/serin-rollouts/serin/internal/spec"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// analysed is a world with the template "ok", in which runs come to these verdicts, by
// the ends of their names; all others are successful after three seconds.
func analysed(verdicts map[string]sim.Verdict) func(*sim.Config) {
	return func(c *sim.Config) {
		c.Templates = spec.Templates{{Name: "ok"}: build.Template()}
		c.Verdict = func(name string) sim.Verdict {
			for end, v := range verdicts {
				if strings.HasSuffix(name, end) {
					return v
				}
			}
			return sim.Verdict{After: 3 * time.Second, Phase: v1alpha1.AnalysisPhaseSuccessful}
		}
	}
}

func verdict(phase v1alpha1.AnalysisPhase) sim.Verdict {
	return sim.Verdict{After: 2 * time.Second, Phase: phase, Message: "it was so"}
}

// runs lists the runs and experiments that there are, with their phases.
func (s *story) runs() string {
	var list []string
	add := func(name string, phase v1alpha1.AnalysisPhase) {
		list = append(list, fmt.Sprintf("%s %s", strings.TrimPrefix(s.Named(name), "demo-"), phase))
	}
	for _, r := range s.Runs() {
		add(r.Name, r.Phase)
	}
	for _, e := range s.Experiments() {
		add(e.Name, e.Phase)
	}
	return strings.Join(list, ", ")
}

func (s *story) expectRuns(want string) {
	s.t.Helper()
	if got := s.runs(); got != want {
		s.t.Fatalf("runs are %q, want %q", got, want)
	}
}

const (
	isFailed       = v1alpha1.AnalysisPhaseFailed
	isInconclusive = v1alpha1.AnalysisPhaseInconclusive
)

func TestStepAnalysisStories(t *testing.T) {
	steps := []v1alpha1.CanaryStep{build.Weight(25), build.Analyse("ok"), build.Weight(50), build.Wait()}
	stories(t, map[string]func(*story){
		"success advances one step and the status forgets the run": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, steps...), analysed(nil))
			s.expectRuns("")
			s.update("v2")
			s.rest()
			s.expect(build.Words{"step": "3", "step run": "", "weight": "50", "phase": "Paused: CanaryPauseStep"})
			s.expectRuns("rev2-2-1 Successful")
		},
		"failure aborts, a retry measures again": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, steps...), analysed(map[string]sim.Verdict{"-1": verdict(isFailed)}))
			s.update("v2")
			s.rest()
			s.expect(build.Words{
				"abort": "true", "weight": "0", "step": "0",
				"phase": "Degraded: RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed: it was so",
			})
			s.does(sim.Command{Verb: sim.Retry})
			s.rest()
			s.expectRuns("rev2-2-1 Failed, rev2-2-1.1 Successful")
			s.expect(build.Words{"step": "3"})
		},
		"inconclusive pauses with the weight held; resuming measures once more": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, steps...), analysed(map[string]sim.Verdict{"-1": verdict(isInconclusive), "-1.1": verdict(isInconclusive)}))
			s.update("v2")
			s.rest()
			s.expect(build.Words{"phase": "Paused: InconclusiveAnalysisRun", "weight": "25", "step": "1"})
			s.quiet(time.Hour)
			s.does(sim.Command{Verb: sim.Resume})
			s.rest()
			s.expectRuns("rev2-2-1 Inconclusive, rev2-2-1.1 Inconclusive")
			s.expect(build.Words{"phase": "Paused: InconclusiveAnalysisRun", "weight": "25", "step": "1"})
			s.does(sim.Command{Verb: sim.Edit, Edit: func(ro *v1alpha1.Rollout) {
				next := int32(2)
				ro.Status.CurrentStepIndex, ro.Status.PauseConditions = &next, nil
			}})
			s.rest()
			s.expect(build.Words{"step": "3", "weight": "50"})
			s.expectRuns("rev2-2-1 Inconclusive, rev2-2-1.1 Inconclusive")
		},
		"another template, full promotion, abort and the way back stop the run": func(s *story) {
			for _, c := range []sim.Command{
				{Verb: sim.SetImage, Text: "demo:v3"}, {Verb: sim.PromoteFull}, {Verb: sim.Abort}, {Verb: sim.SetImage, Text: "demo:v1"},
			} {
				s.given(build.RoutedCanary("demo", 4, steps...), analysed(map[string]sim.Verdict{"rev2-2-1": {}, "v2-1": {}}))
				s.update("v2")
				s.until(build.Words{"step run": "demo-v2-2-1: Running"})
				s.does(c)
				s.until(build.Words{"step run": ""})
				s.Advance(time.Second)
				if got := s.runs(); !strings.HasPrefix(got, "rev2-2-1 Successful") {
					s.t.Fatalf("%v: runs are %q", c, got)
				}
			}
		},
		"no run for a first deploy": func(s *story) {
			s.given(build.Canary("demo", 2, steps...), analysed(nil))
			s.expectRuns("")
			s.expect(build.Words{"phase": "Healthy"})
		},
		"a run that somebody deletes is made again, once": func(s *story) {
			s.given(build.Canary("demo", 4, steps...), analysed(map[string]sim.Verdict{"-1": {}}))
			s.update("v2")
			s.until(build.Words{"step run": "demo-v2-2-1: Running"})
			s.DeleteRun("demo-rev2-2-1")
			s.rest()
			s.expect(build.Words{"step run": "demo-v2-2-1: Running", "step": "1"})
			s.expectRuns("rev2-2-1 Running")
		},
		"a name that is taken is left alone": func(s *story) {
			s.given(build.Canary("demo", 4, steps...), analysed(nil))
			s.update("v2")
			s.until(build.Words{"v2": "1"})
			s.Take(strings.Join([]string{"demo", s.Rollout().Status.CurrentPodHash, "2", "1"}, "-"))
			s.rest()
			s.expectRuns("rev2-2-1.1 Successful")
			s.expect(build.Words{"step": "3"})
		},
		"a template that is missing heals by itself": func(s *story) {
			templates := spec.Templates{}
			s.begin(build.Canary("demo", 4, steps...), analysed(nil), func(c *sim.Config) { c.Templates = templates })
			s.Settle()
			if phase := s.words()["phase"]; !strings.Contains(phase, "AnalysisTemplate 'ok' not found") {
				s.t.Fatalf("phase is %q", phase)
			}
			s.SetTemplates(func() { templates[spec.TemplateKey{Name: "ok"}] = build.Template() })
			s.rest()
			s.expect(build.Words{"phase": "Healthy"})
		},
		"a crash between the name and the run, and after the run, makes no second one": func(s *story) {
			for pass := range 40 {
				for _, call := range []int{0, sim.AtRecord} {
					for _, mishap := range []sim.Mishap{sim.CrashBefore, sim.CrashAfter, sim.Unanswered, sim.Rival} {
						s.begin(build.Canary("demo", 4, steps...), analysed(nil), func(c *sim.Config) {
							c.Faults = []sim.Fault{{Pass: pass, Call: call, Mishap: mishap}}
						})
						s.rest()
						s.update("v2")
						s.rest()
						s.expectRuns("rev2-2-1 Successful")
					}
				}
			}
		},
	})
}

func TestBackgroundAnalysisStories(t *testing.T) {
	steps := []v1alpha1.CanaryStep{build.Weight(25), build.WaitFor("5s"), build.Weight(50), build.Wait(), build.Weight(75)}
	stories(t, map[string]func(*story){
		"none before its step, and failure aborts a later one": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 4, steps...), build.Background("ok", 2)), analysed(map[string]sim.Verdict{"-2": {After: 20 * time.Second, Phase: isFailed, Message: "bad"}}))
			s.update("v2")
			s.until(build.Words{"step": "1"})
			s.expectRuns("")
			s.until(build.Words{"step": "3"})
			s.expectRuns("rev2-2 Running")
			s.rest()
			s.expect(build.Words{"abort": "true", "weight": "0", "phase": "Degraded: RolloutAborted: Rollout aborted update to revision 2: Background analysis phase error/failed: bad"})
		},
		"an early success is not repeated": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 4, steps...), build.Background("ok", 0)), analysed(nil))
			s.update("v2")
			s.rest()
			s.expect(build.Words{"step": "3", "background run": "demo-v2-2: Successful"})
			s.does(sim.Command{Verb: sim.Resume})
			s.rest()
			s.expect(build.Words{"phase": "Healthy", "background run": ""})
			s.expectRuns("rev2-2 Successful")
		},
		"inconclusive at a pause step makes no flood of runs": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 4, steps...), build.Background("ok", 2)), analysed(map[string]sim.Verdict{"-2": verdict(isInconclusive)}))
			s.update("v2")
			s.rest()
			s.expectRuns("rev2-2 Inconclusive")
			s.expect(build.Words{"weight": "50", "step": "3"})
			s.quiet(time.Hour)
			s.expectRuns("rev2-2 Inconclusive")
		},
		"one without an end is stopped with the promotion": func(s *story) {
			s.given(build.With(build.RoutedCanary("demo", 4, steps...), build.Background("ok", 0)), analysed(map[string]sim.Verdict{"-2": {}}))
			s.update("v2")
			s.rest()
			s.expectRuns("rev2-2 Running")
			s.does(sim.Command{Verb: sim.Resume})
			s.rest()
			s.expect(build.Words{"phase": "Healthy"})
			s.expectRuns("rev2-2 Successful")
		},
	})
}

func TestPromotionAnalysisStories(t *testing.T) {
	around := func(change func(*v1alpha1.BlueGreenStrategy)) *v1alpha1.Rollout {
		ro := build.BlueGreen("demo", 3)
		b := ro.Spec.Strategy.BlueGreen
		b.PrePromotionAnalysis, b.PostPromotionAnalysis = build.Analysis("ok"), build.Analysis("ok")
		change(b)
		return ro
	}
	plain := func(*v1alpha1.BlueGreenStrategy) {}
	stories(t, map[string]func(*story){
		"both are asked": func(s *story) {
			s.given(around(plain), analysed(nil))
			s.update("v2")
			s.until(build.Words{"pre run": "demo-v2-2-pre: Running", "service active": "v1"})
			s.until(build.Words{"post run": "demo-v2-2-post: Running", "service active": "v2", "stable": "v1", "v1": "3"})
			s.rest()
			s.expect(build.Words{"phase": "Healthy", "stable": "v2"})
			s.expectRuns("rev2-2-pre Successful, rev2-2-post Successful")
		},
		"with a small preview too": func(s *story) {
			s.given(around(func(b *v1alpha1.BlueGreenStrategy) { one := int32(1); b.PreviewReplicaCount = &one }), analysed(nil))
			s.update("v2")
			s.until(build.Words{"pre run": "demo-v2-2-pre: Running", "v2": "1"})
			s.does(sim.Command{Verb: sim.Kill, Number: int32(sim.KillRevision)})
			s.rest()
			s.expect(build.Words{"phase": "Healthy", "stable": "v2", "v2": "3"})
			s.expectRuns("rev2-2-pre Successful, rev2-2-post Successful")
		},
		"a failure before the switch leaves everything": func(s *story) {
			s.given(around(plain), analysed(map[string]sim.Verdict{"pre": verdict(isFailed)}))
			s.update("v2")
			s.rest()
			s.expect(build.Words{
				"abort": "true", "service active": "v1", "stable": "v1",
				"phase": "Degraded: RolloutAborted: Rollout aborted update to revision 2: Blue/green pre-promotion analysis phase error/failed: it was so",
			})
		},
		"a failure after the switch takes it back to pods that are still up": func(s *story) {
			s.given(around(plain), analysed(map[string]sim.Verdict{"post": verdict(isFailed)}))
			s.update("v2")
			s.until(build.Words{"service active": "v2"})
			s.expect(build.Words{"v1 available": "3"})
			s.until(build.Words{"service active": "v1"})
			s.expect(build.Words{"v1 available": "3"})
			s.rest()
			s.expect(build.Words{"abort": "true", "service active": "v1"})
		},
		"seconds of an automatic promotion count from the success": func(s *story) {
			s.given(around(func(b *v1alpha1.BlueGreenStrategy) { b.AutoPromotionSeconds = 20 }), analysed(nil))
			s.update("v2")
			s.until(build.Words{"pre run": "demo-v2-2-pre: Successful"})
			s.expect(build.Words{"pauses": "BlueGreenPause"})
			s.Advance(19 * time.Second)
			s.expect(build.Words{"service active": "v1"})
			s.Advance(3 * time.Second)
			s.expect(build.Words{"service active": "v2"})
		},
		"resizing keeps the run": func(s *story) {
			s.given(around(plain), analysed(nil))
			s.update("v2")
			s.until(build.Words{"pre run": "demo-v2-2-pre: Running"})
			s.does(sim.Command{Verb: sim.Scale, Number: 5})
			s.rest()
			s.expect(build.Words{"phase": "Healthy", "stable": "v2", "v2": "5"})
			s.expectRuns("rev2-2-pre Successful, rev2-2-post Successful")
		},
		"inconclusive before the switch waits, and a resume measures once more": func(s *story) {
			s.given(around(plain), analysed(map[string]sim.Verdict{"pre": verdict(isInconclusive)}))
			s.update("v2")
			s.rest()
			s.expect(build.Words{"phase": "Paused: InconclusiveAnalysisRun", "service active": "v1"})
			s.does(sim.Command{Verb: sim.Resume})
			s.rest()
			s.expect(build.Words{"phase": "Healthy", "stable": "v2"})
			s.expectRuns("rev2-2-pre Inconclusive, rev2-2-pre.1 Successful, rev2-2-post Successful")
		},
		"a retry measures again": func(s *story) {
			s.given(around(plain), analysed(map[string]sim.Verdict{"pre": verdict(isFailed)}))
			s.update("v2")
			s.rest()
			s.does(sim.Command{Verb: sim.Retry})
			s.rest()
			s.expect(build.Words{"phase": "Healthy", "stable": "v2"})
			s.expectRuns("rev2-2-pre Failed, rev2-2-pre.1 Successful, rev2-2-post Successful")
		},
	})
}
