package provider

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

// crowd fills a place with n that never leave, and returns what lets them go and how
// many are inside.
func crowd(ctx context.Context, t *testing.T, g *gate, place string, n int) {
	t.Helper()
	for range n {
		go func() {
			leave, err := g.enter(ctx, place)
			if err != nil {
				return
			}
			<-ctx.Done()
			leave()
		}()
	}
	synctest.Wait()
}

func inside(g *gate, place string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.places[place] == nil {
		return 0
	}
	return g.places[place].inside
}

func TestGateLeavesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		g := newGate(1000)
		crowd(ctx, t, g, "a", 5000)
		if got := inside(g, "a"); got != 500 {
			t.Errorf("a place alone has %d calls under way, want half of 1000", got)
		}
		crowd(ctx, t, g, "b", 5000)
		if got := inside(g, "b"); got != 250 {
			t.Errorf("a second place has %d, want half of the rest", got)
		}
		for i := range 100 {
			crowd(ctx, t, g, fmt.Sprint("c", i), 1)
			if got := inside(g, fmt.Sprint("c", i)); got != 1 {
				t.Fatalf("place %d beside two that hang has %d calls under way, want 1", i, got)
			}
		}
		cancel()
		synctest.Wait()
		if g.free != 1000 || len(g.places) != 0 {
			t.Errorf("%d slots are free and %d places known at the end, want 1000 and 0", g.free, len(g.places))
		}
	})
}

func TestGateServesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2) // one at a time in one place
		first, err := g.enter(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		var order []int
		leaves := make(chan func(), 3)
		for i := range 3 {
			go func() {
				leave, err := g.enter(t.Context(), "a")
				if err != nil {
					t.Error(err)
					return
				}
				order = append(order, i)
				leaves <- leave
			}()
			synctest.Wait()
		}
		first()
		for range 3 {
			synctest.Wait()
			(<-leaves)()
		}
		if fmt.Sprint(order) != "[0 1 2]" {
			t.Errorf("served in order %v", order)
		}
	})
}

func TestGateGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(2)
		leave, err := g.enter(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		why := errors.New("nobody waits any more")
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := g.enter(ctx, "a")
			done <- err
		}()
		synctest.Wait()
		cancel(why)
		if err := <-done; !errors.Is(err, why) {
			t.Errorf("enter() = %v, want %v", err, why)
		}
		leave()
		if g.free != 2 || len(g.places) != 0 {
			t.Errorf("%d slots are free and %d places known, want 2 and 0", g.free, len(g.places))
		}
	})
}

// Whatever comes and goes: slots are neither lost nor made, nobody waits while the
// rule would let them in, and there is always room for a place where nobody is.
func TestGateLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.IntRange(1, 20).Draw(t, "slots")
		g := newGate(slots)
		under := map[string]int{}
		waiting := map[string][]chan struct{}{}
		places := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		for range rapid.IntRange(1, 100).Draw(t, "moves") {
			place := places.Draw(t, "place")
			switch {
			case rapid.Bool().Draw(t, "comes"):
				if turn := g.ask(place); turn != nil {
					waiting[place] = append(waiting[place], turn)
				} else {
					under[place]++
				}
			case under[place] > 0:
				under[place]--
				g.leave(place)
			case len(waiting[place]) > 0:
				g.giveUp(place, waiting[place][0])
				waiting[place] = waiting[place][1:]
			}
			for name, turns := range waiting {
				for len(turns) > 0 && isClosed(turns[0]) {
					turns = turns[1:]
					under[name]++
				}
				waiting[name] = turns
			}
			total := 0
			for _, n := range under {
				total += n
			}
			if g.free != slots-total || g.free < 0 {
				t.Fatalf("%d free and %d under way of %d slots", g.free, total, slots)
			}
			for name, turns := range waiting {
				if len(turns) > 0 && under[name] < g.free {
					t.Fatalf("%s waits with %d under way and %d free", name, under[name], g.free)
				}
			}
		}
	})
}

func isClosed(turn chan struct{}) bool {
	select {
	case <-turn:
		return true
	default:
		return false
	}
}
