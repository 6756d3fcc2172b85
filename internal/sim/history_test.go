package sim_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
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
	begin := time.Now()
	passes, broken := soak()
	took := time.Since(begin)
	t.Logf("%d histories from seed %d, %d passes, %.0f histories a second", *histories, *seed, passes, float64(*histories)/took.Seconds())
	if len(broken) == 0 {
		return
	}
	if !*keepOn {
		t.Fatal(account(generate(broken[0].seed), broken[0].law))
	}
	kinds := map[string][]uint64{}
	for _, b := range broken {
		kinds[b.law+": "+kindOf(b.message)] = append(kinds[b.law+": "+kindOf(b.message)], b.seed)
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		seeds := kinds[kind]
		t.Errorf("%d histories, such as %v, broke %s", len(seeds), seeds[:min(6, len(seeds))], kind)
	}
}

// breach is a history that broke a law.
type breach struct {
	seed         uint64
	law, message string
}

func generate(seed uint64) sim.History {
	h := sim.Generate(seed, core())
	h.Config.Laws = chosen(h.Config.Laws)
	return h
}

// soak plays all histories, a share on each processor. The breaches are in the order
// of their seeds.
func soak() (passes int, broken []breach) {
	var lock sync.Mutex
	var workers sync.WaitGroup
	share := uint64(runtime.GOMAXPROCS(0))
	for worker := range share {
		workers.Go(func() {
			for i := worker; i < uint64(*histories); i += share {
				r := sim.Play(generate(*seed + i))
				lock.Lock()
				passes += r.Passes
				if r.Broken != nil {
					broken = append(broken, breach{seed: *seed + i, law: r.Broken.Law, message: r.Broken.Message})
				}
				lock.Unlock()
			}
		})
	}
	workers.Wait()
	slices.SortFunc(broken, func(a, b breach) int { return cmp.Compare(a.seed, b.seed) })
	return passes, broken
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
