package sim_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/internal/sim"
)

// Whatever goes wrong with the controller's calls, a patient user finds the same
// states in the end as in the run where nothing does.
func TestFaultsChangeNothingInTheEnd(t *testing.T) {
	compared := 0
	for seed := uint64(0); compared < 150; seed++ {
		h := patient(sim.Generate(seed, core()))
		if len(h.Config.Faults) == 0 {
			continue
		}
		compared++
		clean := h
		clean.Config.Faults = nil
		if diff := cmp.Diff(sim.Play(clean).Resting, sim.Play(h).Resting); diff != "" {
			h.Config.Trace = true
			t.Fatalf("%s\nfaults changed the states at rest (-clean +faulty):\n%s\n%s",
				sim.Describe(h), diff, strings.Join(sim.Play(h).World.Trace(), "\n"))
		}
	}
}

// patient makes a history whose end does not hang on when things happen: the user waits
// for rest, pods do what they should, and no deadline runs.
func patient(h sim.History) sim.History {
	h.Config.Laws = nil
	h.Config.Rollout.Spec.ProgressDeadlineSeconds = nil
	h.Config.Environment.Behaviour = func(string) sim.Behaviour { return sim.Good }
	var commands []sim.Command
	for _, c := range h.Commands {
		if c.Verb == sim.Kill || c.Verb == sim.Restart {
			continue
		}
		c.Settled = true
		commands = append(commands, c)
	}
	h.Commands = commands
	return h
}
