package sim_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/sim"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// faults puts one mishap into each of many passes.
func faults(m sim.Mishap, call int) func(*sim.Config) {
	return func(c *sim.Config) {
		for pass := range 40 {
			if pass%2 == 0 {
				c.Faults = append(c.Faults, sim.Fault{Pass: pass, Call: call, Mishap: m})
			}
		}
	}
}

func TestFaultStories(t *testing.T) {
	half := []v1alpha1.CanaryStep{build.Weight(50), build.Wait()}
	finish := func(s *story) {
		s.update("v2")
		s.rest()
		s.does(sim.Command{Verb: sim.Promote})
		s.rest()
		s.expect(build.Words{"stable": "v2", "phase": "Healthy", "v1": "0", "v2": "4"})
	}
	stories(t, map[string]func(*story){
		"conflicts on writes are tried again, and nobody is told": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, half...), faults(sim.Conflict, 0))
			s.update("v2")
			s.rest()
			s.expect(build.Words{"phases": "Healthy, Progressing, Paused", "event ReconciliationError": "", "event TrafficRoutingError": ""})
			s.does(sim.Command{Verb: sim.Promote})
			s.rest()
			s.expect(build.Words{"stable": "v2", "phase": "Healthy"})
		},
		"conflicts on the status are tried again": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, half...), faults(sim.Conflict, sim.AtRecord))
			finish(s)
		},
		"an abort in the middle of a pass survives the pass": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, half...))
			aborted := false
			s.update("v2")
			s.seen.also = func(w *sim.World) {
				if split, _ := splitOf(w); !aborted && split.Canary == 50 { // moved, and the status not written yet
					aborted = true
					w.Do(sim.Command{Verb: sim.Abort})
				}
			}
			s.rest()
			if !aborted {
				s.t.Fatal("nothing was aborted")
			}
			s.expect(build.Words{"stable": "v1", "weight": "0", "step": "0", "abort": "true"})
		},
		"a cache that is older than the controller's own writes makes no second ReplicaSet": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, half...), func(c *sim.Config) {
				c.Environment.ForgetsOwnWrites, c.Environment.Watch = true, sim.Exactly(300*time.Millisecond)
			})
			finish(s)
			if got := len(s.ReplicaSets()); got != 2 {
				s.t.Errorf("%d ReplicaSets, want 2", got)
			}
		},
		"a Service that is missing is waited for, and needs no user": func(s *story) {
			s.given(build.RoutedCanary("demo", 4, half...), func(c *sim.Config) { c.Core.References = missingServices })
			s.does(sim.Command{Verb: sim.DeleteService, Text: "canary"})
			s.rest()
			s.expect(build.Words{"InvalidSpec": "True/InvalidSpec"})
			s.does(sim.Command{Verb: sim.Scale, Number: 6})
			s.rest()
			s.expect(build.Words{"v1": "6"})
			s.does(sim.Command{Verb: sim.RestoreServices})
			s.rest()
			s.expect(build.Words{"InvalidSpec": "", "phase": "Healthy", "service canary": "v1"})
		},
	})
}

// What is at rest stays at rest, and is written to by nobody.
func TestNothingHappensAtRest(t *testing.T) {
	half := []v1alpha1.CanaryStep{build.Weight(50), build.Wait()}
	abort, pause := sim.Command{Verb: sim.Abort}, sim.Command{Verb: sim.Pause}
	cases := map[string]struct {
		given *v1alpha1.Rollout
		then  []sim.Command
	}{
		"a promoted canary":            {given: build.Canary("demo", 3, half...)},
		"a promoted routed canary":     {given: build.RoutedCanary("demo", 3, half...)},
		"a promoted blue-green":        {given: blueGreen(3, byHand)},
		"a canary in a pause":          {given: build.Canary("demo", 3, half...), then: []sim.Command{update("v2")}},
		"a routed canary in a pause":   {given: build.RoutedCanary("demo", 3, half...), then: []sim.Command{update("v2")}},
		"a blue-green in its gate":     {given: blueGreen(3, byHand), then: []sim.Command{update("v2")}},
		"an aborted canary":            {given: build.Canary("demo", 3, half...), then: []sim.Command{update("v2"), abort}},
		"an aborted routed canary":     {given: build.RoutedCanary("demo", 3, half...), then: []sim.Command{update("v2"), abort}},
		"one that keeps its pods":      {given: build.With(build.RoutedCanary("demo", 3, half...), abortDelay(0)), then: []sim.Command{update("v2"), abort}},
		"an aborted blue-green":        {given: blueGreen(3, byHand), then: []sim.Command{update("v2"), abort}},
		"one with a shrunk stable":     {given: build.With(build.RoutedCanary("demo", 3, half...), dynamicStable()), then: []sim.Command{update("v2")}},
		"one that is paused as such":   {given: build.RoutedCanary("demo", 3, half...), then: []sim.Command{update("v2"), pause}},
		"one that never gets ready":    {given: build.Canary("demo", 3, half...), then: []sim.Command{update("never")}},
		"one without replicas":         {given: build.RoutedCanary("demo", 0, half...), then: []sim.Command{update("v2")}},
		"one with a small preview":     {given: blueGreen(3, byHand, small), then: []sim.Command{update("v2"), update("v3")}},
		"one that was resized, paused": {given: build.Canary("demo", 3, half...), then: []sim.Command{update("v2"), pause, {Verb: sim.Scale, Number: 7}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := &story{t: t}
			s.given(tc.given)
			for _, c := range tc.then {
				s.does(c)
				s.rest()
			}
			s.quiet(24 * time.Hour)
		})
	}
}

func update(version string) sim.Command {
	return sim.Command{Verb: sim.SetImage, Text: "demo:" + version}
}

// Wherever the controller dies, the next one brings the update to the same end.
func TestCrashAnywhere(t *testing.T) {
	half := []v1alpha1.CanaryStep{build.Weight(50), build.Wait()}
	manifests := map[string]*v1alpha1.Rollout{
		"a canary":               build.Canary("demo", 3, half...),
		"a routed canary":        build.RoutedCanary("demo", 3, half...),
		"one that shrinks":       build.With(build.RoutedCanary("demo", 3, half...), dynamicStable()),
		"a blue-green":           blueGreen(3, byHand),
		"one with small preview": blueGreen(3, byHand, small),
	}
	commands := []sim.Command{{Settled: true, Verb: sim.SetImage, Text: "demo:v2"}, {Settled: true, Verb: sim.Promote}, {Settled: true, Verb: sim.SetImage, Text: "demo:v3"}, {Settled: true, Verb: sim.Abort}}
	play := func(ro *v1alpha1.Rollout, fault ...sim.Fault) sim.Result {
		cfg := sim.Config{
			Rollout: ro.DeepCopy(), Core: core(), Environment: sim.Calm(), Laws: sim.Laws(), Faults: fault,
			Routers: plainRouters(), Services: map[string]map[string]string{},
		}
		cfg.Environment.Restart = sim.Exactly(3 * time.Second)
		for _, name := range servicesOf(ro) {
			cfg.Services[name] = map[string]string{"app": "demo"}
		}
		return sim.Play(sim.History{Config: cfg, Commands: commands})
	}
	for name, ro := range manifests {
		t.Run(name, func(t *testing.T) {
			clean := play(ro)
			if clean.Broken != nil {
				t.Fatal(clean.Broken)
			}
			crashes := 0
			for pass := range clean.Passes {
				for _, f := range crashesIn(pass + 1) {
					crashes++
					got := play(ro, f)
					if got.Broken != nil {
						t.Fatalf("%v: %v", f, got.Broken)
					}
					if diff := cmp.Diff(clean.Resting, got.Resting); diff != "" {
						t.Fatalf("%v: it rests in other states (-clean +crashed):\n%s", f, diff)
					}
				}
			}
			t.Logf("%d crashes in %d passes", crashes, clean.Passes)
		})
	}
}

// crashesIn are the places between two writes of a pass: after each action, before
// the status is written, and after.
func crashesIn(pass int) []sim.Fault {
	list := []sim.Fault{
		{Pass: pass, Call: 0, Mishap: sim.CrashBefore}, {Pass: pass, Call: sim.AtRecord, Mishap: sim.CrashBefore},
		{Pass: pass, Call: sim.AtRecord, Mishap: sim.CrashAfter},
	}
	for call := range 3 {
		list = append(list, sim.Fault{Pass: pass, Call: call, Mishap: sim.CrashAfter})
	}
	return list
}
