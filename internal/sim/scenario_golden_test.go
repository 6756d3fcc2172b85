package sim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/sim"
	"github.com/serin-rollouts/serin/internal/testing/build"
	"github.com/serin-rollouts/serin/internal/testing/golden"
)

// Stories that go back, and one that goes through, told in full. Reasons are told
// when they change.
func TestGoldenStories(t *testing.T) {
	steps := []v1alpha1.CanaryStep{build.Weight(20), build.Wait(), build.Weight(60), build.WaitFor("30s")}
	promote := sim.Command{Verb: sim.Promote}
	cases := map[string]struct {
		given *v1alpha1.Rollout
		then  []sim.Command
	}{
		"routed-canary":       {build.RoutedCanary("demo", 5, steps...), []sim.Command{update("v2"), promote}},
		"canary-rollback":     {build.Canary("demo", 5, steps...), []sim.Command{update("v2"), update("v1")}},
		"blue-green-rollback": {blueGreen(3, byHand), []sim.Command{update("v2"), promote, update("v1")}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := &story{t: t}
			s.given(tc.given)
			for i, c := range tc.then {
				s.Advance(time.Second)
				s.does(c)
				if i == len(tc.then)-1 {
					s.rest()
				}
				s.Advance(10 * time.Second)
			}
			golden.Check(t, "testdata/"+name+".txt", strings.Join(withoutRepeats(s.Trace()), "\n")+"\n")
		})
	}
}

// withoutRepeats leaves out reasons that were the last ones given on their topic.
func withoutRepeats(lines []string) []string {
	var kept []string
	last := map[string]string{}
	for _, line := range lines {
		if _, reason, found := strings.Cut(line, "  because    "); found {
			topic, _, _ := strings.Cut(reason, ":")
			if last[topic] == reason {
				continue
			}
			last[topic] = reason
		}
		kept = append(kept, line)
	}
	return kept
}
