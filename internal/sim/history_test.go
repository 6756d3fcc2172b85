package sim_test

import (
	"flag"
	"fmt"
	"maps"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/internal/core/rollout"
	"github.com/serin-rollouts/serin/internal/sim"
	"github.com/serin-rollouts/serin/internal/spec"
)

var (
	histories = flag.Int("histories", 2000, "how many histories to play")
	seed      = flag.Uint64("seed", 1, "the seed of the first history")
	keepOn    = flag.Bool("keep-on", false, "go on after a broken law and count")
	only      = flag.String("law", "", "the only law to check")
)

// core is the controller's own.
func core() sim.Core {
	return sim.Core{Parse: spec.ParseRollout, Reads: rollout.Reads, Decide: rollout.Decide, Failed: rollout.Failed}
}

// Every generated history keeps every law. A failing one is shrunk and told in full.
func TestHistories(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // short-lived worlds
	begin, passes := time.Now(), 0
	broken := map[string][]uint64{}
	for i := range uint64(*histories) {
		h := sim.Generate(*seed+i, core())
		h.Config.Laws = chosen(h.Config.Laws)
		r := sim.Play(h)
		passes += r.Passes
		if r.Broken == nil {
			continue
		}
		if !*keepOn {
			t.Fatal(account(h, r.Broken.Law))
		}
		kind := r.Broken.Law + ": " + kindOf(r.Broken.Message)
		broken[kind] = append(broken[kind], *seed+i)
	}
	for _, kind := range slices.Sorted(maps.Keys(broken)) {
		seeds := broken[kind]
		t.Errorf("%d histories, such as %v, broke %s", len(seeds), seeds[:min(6, len(seeds))], kind)
	}
	took := time.Since(begin)
	t.Logf("%d histories from seed %d, %d passes, %.0f histories a second", *histories, *seed, passes, float64(*histories)/took.Seconds())
}

// kindOf leaves the numbers out of a message, so that like is counted with like.
func kindOf(message string) string {
	text := regexp.MustCompile(`[0-9.]+(ms|s|m|h|ns)?`).ReplaceAllString(message, "#")
	return text[:min(len(text), 150)]
}

// chosen keeps the law that was asked for.
func chosen(laws []sim.Law) []sim.Law {
	return slices.DeleteFunc(laws, func(l sim.Law) bool { return *only != "" && l.Name != *only })
}

// account shrinks a broken history and tells it.
func account(h sim.History, law string) string {
	h = sim.Shrink(h, law, 300)
	h.Config.Trace = true
	r := sim.Play(h)
	if r.Broken == nil {
		return fmt.Sprintf("seed %d: the history broke law %q, but not when it was told again", h.Config.Seed, law)
	}
	return fmt.Sprintf("%s\n%v\n%s", sim.Describe(h), r.Broken, strings.Join(r.World.Trace(), "\n"))
}
