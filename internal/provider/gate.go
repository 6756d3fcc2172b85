package provider

import (
	"context"
	"sync"
)

// gate bounds how many calls are under way, so that places that do not answer cannot
// use up what the others need. A place may have as many calls under way as there are
// free slots left, and no more: one that hangs ends up with half of them, two with a
// third each, and there is always room for another.
//
// Example: 1,000 slots, place A hangs with 500 calls; B finds 500 free and may take 250.
type gate struct {
	mu     sync.Mutex
	free   int
	places map[string]*place
}

// place is one source at one address. It is forgotten when nobody is there.
type place struct {
	inside  int
	waiting []chan struct{} // first come, first served; closed by whoever lets them in
}

func newGate(slots int) *gate { return &gate{free: slots, places: map[string]*place{}} }

// enter waits for a slot and returns what gives it back, to be called once. It only
// returns an error when ctx ends first.
func (g *gate) enter(ctx context.Context, name string) (func(), error) {
	turn := g.ask(name)
	leave := func() { g.leave(name) }
	if turn == nil {
		return leave, nil
	}
	select {
	case <-turn:
		return leave, nil
	case <-ctx.Done():
		g.giveUp(name, turn)
		return nil, context.Cause(ctx)
	}
}

// ask takes a slot, or queues and returns what is closed when there is one.
func (g *gate) ask(name string) chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.places[name]
	if p == nil {
		p = &place{}
		g.places[name] = p
	}
	if len(p.waiting) == 0 && p.inside < g.free {
		g.admit(p)
		return nil
	}
	turn := make(chan struct{})
	p.waiting = append(p.waiting, turn)
	return turn
}

func (g *gate) admit(p *place) {
	g.free--
	p.inside++
}

func (g *gate) leave(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.places[name]
	g.free++
	p.inside--
	g.tidy(name, p)
	g.letIn()
}

// giveUp leaves the queue, or the slot when it was given in the same moment.
func (g *gate) giveUp(name string, turn chan struct{}) {
	g.mu.Lock()
	p := g.places[name]
	for i, each := range p.waiting {
		if each == turn {
			p.waiting = append(p.waiting[:i:i], p.waiting[i+1:]...)
			g.tidy(name, p)
			g.mu.Unlock()
			return
		}
	}
	g.mu.Unlock()
	g.leave(name)
}

// letIn gives free slots to those who wait, first where the fewest are inside.
func (g *gate) letIn() {
	for {
		var next *place
		for _, p := range g.places {
			if len(p.waiting) > 0 && p.inside < g.free && (next == nil || p.inside < next.inside) {
				next = p
			}
		}
		if next == nil {
			return
		}
		close(next.waiting[0])
		next.waiting = next.waiting[1:]
		g.admit(next)
	}
}

func (g *gate) tidy(name string, p *place) {
	if p.inside == 0 && len(p.waiting) == 0 {
		delete(g.places, name)
	}
}
