package story

import (
	"context"
	"sync"
	"time"
)

// load sends requests at a constant rate, whether or not earlier ones were
// answered, and remembers what came of each.
type load struct {
	visitor *visitor
	rate    int // per second
	stop    context.CancelFunc
	done    chan struct{}

	mu      sync.Mutex
	answers []timedAnswer
}

// timedAnswer is an answer with the time when it was asked for.
type timedAnswer struct {
	answer
	asked time.Time
}

// startLoad sends so many requests a second until ctx ends or end is called.
func startLoad(ctx context.Context, v *visitor, rate int) *load {
	ctx, stop := context.WithCancel(ctx)
	l := &load{visitor: v, rate: rate, stop: stop, done: make(chan struct{})}
	go l.run(ctx)
	return l
}

func (l *load) run(ctx context.Context) {
	defer close(l.done)
	var underWay sync.WaitGroup
	defer underWay.Wait()
	started := time.Now()
	tick := time.NewTicker(time.Second / time.Duration(l.rate))
	defer tick.Stop()
	for sent := 0; ; {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			// A late tick stands for several.
			for due := int(now.Sub(started).Seconds() * float64(l.rate)); sent < due; sent++ {
				underWay.Go(func() { l.once(ctx) })
			}
		}
	}
}

func (l *load) once(ctx context.Context) {
	asked := time.Now()
	// A request under way at the end is answered and counted.
	a, err := l.visitor.ask(context.WithoutCancel(ctx), header{})
	if err != nil {
		a = answer{color: nobody, failed: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = append(l.answers, timedAnswer{a, asked})
}

// end stops sending and returns when every request is answered.
func (l *load) end() {
	l.stop()
	<-l.done
}

// between counts the answers to what was asked after from and before to.
func (l *load) between(from, to time.Time) tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	counted := newTally()
	for _, a := range l.answers {
		if a.asked.After(from) && a.asked.Before(to) {
			counted.count(a.answer)
		}
	}
	return counted
}

// calm returns when the last request was asked that failed, or since if none was
// asked after that, and how many asked later were served.
func (l *load) calm(since time.Time) (lastFailed time.Time, served int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lastFailed = since
	for _, a := range l.answers {
		if a.failed && a.asked.After(lastFailed) {
			lastFailed = a.asked
		}
	}
	for _, a := range l.answers {
		if a.asked.After(lastFailed) {
			served++
		}
	}
	return lastFailed, served
}
