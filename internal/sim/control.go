package sim

import (
	"context"
	"time"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// loop is the controller's own loop.
type loop = engine.Loop[plan.Snapshot, plan.Action, plan.Outcome]

// Retries of a failed pass wait this long at first, then twice as long each time.
const (
	firstRetry = 5 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// control is the controller process: a queue of one key and one worker.
type control struct {
	w       *World
	loop    loop
	session *session
	// waiting: a pass is queued; running: one is under way; again: it was woken
	// meanwhile; down: the process is not there.
	waiting, running, again, down bool
	// timer is when the last pass wanted to look again; never: not at all.
	timer time.Duration
	// failures counts failed passes in a row.
	failures int
	passes   int
	// idle counts passes in a row that the timer asked for and that changed nothing.
	idle int
	// expected: the pass that the timer asks for has to change something.
	expected bool
	// deaf: the next wake-up is lost, and made up for later.
	deaf bool
}

func newControl(w *World) *control {
	return &control{w: w, timer: never}
}

// start begins a fresh process: nothing is remembered, everything is listed anew.
func (c *control) start() {
	c.w.relist()
	c.session = newSession(c)
	c.loop = loop{
		Cluster: c.session,
		Decider: engine.Decider[plan.Snapshot, plan.Action, plan.Outcome]{
			Decide: c.session.decide,
			Failed: c.w.cfg.Core.Failed,
		},
		Now: c.w.Now,
	}
	c.down, c.running, c.waiting, c.again = false, false, false, false
	c.timer, c.failures = never, 0
	c.notice()
}

// notice is a wake-up by a watch.
func (c *control) notice() {
	switch {
	case c.down || c.waiting:
	case c.deaf:
		c.deaf = false
		c.w.after(lostWakeUp, c.notice)
	default:
		c.waiting = true
		c.w.after(c.w.dice.within(c.w.env.Queue), c.run)
	}
}

// lostWakeUp is how long it takes until a lost wake-up is made up for.
const lostWakeUp = 3 * time.Second

// run is one pass, unless one is under way.
func (c *control) run() {
	c.waiting = false
	if c.down {
		return
	}
	if c.running {
		c.again = true
		return
	}
	c.running = true
	c.timer = never
	wakeAt, err := c.loop.Step(context.Background(), c.w.key)
	c.running = false
	if c.session.pass.acted || c.session.pass.wrote {
		c.idle = -1 // onTime counts this one
	}
	c.finish(wakeAt, err)
}

// finish plans the next pass.
func (c *control) finish(wakeAt time.Time, err error) {
	again := c.again
	c.again = false
	switch {
	case c.session.crashed:
		c.down = true
		c.w.trace.add(c.w, "controller", "crashed")
		c.w.after(c.w.dice.within(c.w.env.Restart), c.start)
		return
	case err != nil:
		retry := min(firstRetry<<min(c.failures, 20), lastRetry)
		c.failures++
		c.w.after(retry, c.notice)
	default:
		c.failures = 0
		if !wakeAt.IsZero() {
			c.timer = max(wakeAt.Sub(Epoch()), c.w.now)
		}
	}
	if again {
		c.notice()
	}
	c.w.passOver(err)
}

// next is when something happens next; never: nothing will.
func (w *World) next() time.Duration {
	at := w.control.timer
	if len(w.queue.heap) > 0 {
		at = min(at, w.queue.heap[0].at)
	}
	return at
}

// tick lets the next thing happen: whatever is due first, then the controller's timer.
func (w *World) tick() {
	c := w.control
	if len(w.queue.heap) > 0 && w.queue.heap[0].at <= c.timer {
		e := w.queue.pop()
		w.now = max(w.now, e.at)
		e.do()
	} else {
		w.probe()
		w.now = max(w.now, c.timer)
		c.timer = never
		w.onTime()
	}
	w.checkMoment()
}

// onTime is the pass that the controller's timer asked for.
func (w *World) onTime() {
	c := w.control
	if c.waiting {
		return
	}
	c.run()
	w.idleWake()
	c.idle++
}

// polls reports whether a restart waits for pods and the controller only looks again
// and again: pods are not watched.
func (w *World) polls() bool {
	const enough = 3
	return w.control.idle >= enough && w.settled() && w.restarting()
}

// Advance lets time pass. It gives up, with a broken law, on a controller that never
// lets it.
func (w *World) Advance(d time.Duration) {
	until := w.now + d
	for ticks := 0; w.broken == nil && w.next() <= until; ticks++ {
		if ticks > mostTicks {
			w.breaks("quiet", "time does not go on for all that happens")
			return
		}
		w.tick()
	}
	w.now = max(w.now, until)
}

// Limits of Settle: a history that does not come to rest within them is broken.
const (
	longestWait = 24 * time.Hour
	mostTicks   = 20000
)

// Settle lets things happen until nothing is left to happen. It reports whether the
// world came to rest.
func (w *World) Settle() bool {
	limit := w.now + longestWait
	for range mostTicks {
		if w.broken != nil {
			return false
		}
		if at := w.next(); at == never || at > limit || w.polls() {
			return at <= limit || at == never
		}
		w.tick()
	}
	return false
}
