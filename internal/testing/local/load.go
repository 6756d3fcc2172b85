package local

import (
	"context"
	"sync"
	"time"
)

// Load sends requests at a constant rate, whether or not earlier ones were
// answered, until it is stopped.
type Load struct {
	visitor *Visitor
	stop    context.CancelFunc
	done    chan struct{}

	lock  sync.Mutex
	tally Tally
}

// Load starts to ask a host for /color that many times a second.
func (c *Cluster) Load(host string, perSecond int) *Load {
	ctx, stop := context.WithCancel(context.Background())
	l := &Load{visitor: c.Visitor(host), stop: stop, done: make(chan struct{}), tally: Tally{Bodies: map[string]int{}}}
	go l.run(ctx, perSecond)
	return l
}

// run sends what is due at every tick. Requests under way at the end are finished
// and counted.
func (l *Load) run(ctx context.Context, perSecond int) {
	defer close(l.done)
	var underWay sync.WaitGroup
	defer underWay.Wait()
	started := time.Now()
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for sent := 0; ; {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			// A late tick stands for several.
			for due := int(now.Sub(started).Seconds() * float64(perSecond)); sent < due; sent++ {
				underWay.Go(l.once)
			}
		}
	}
}

func (l *Load) once() {
	color, err := l.visitor.color(context.Background())
	l.lock.Lock()
	defer l.lock.Unlock()
	l.tally.count(color, err)
}

// Slide makes the requests from now on say how pods of a colour are to answer them.
func (l *Load) Slide(sliders string) { l.visitor.Slide(sliders) }

// Stop ends the load and returns all that was counted. It may be called again.
func (l *Load) Stop() Tally {
	l.stop()
	<-l.done
	l.visitor.Close()
	return l.tally
}
