package node

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// outcome is what one check said.
type outcome struct {
	ok      bool
	message string
}

// probeTally turns the outcomes of a probe into a verdict: so many successes or
// failures in a row. It is a value; observe returns the next one.
type probeTally struct {
	passing   bool
	decided   bool // a verdict was reached since the container started
	successes int32
	failures  int32
}

// observe counts one outcome. changed tells whether a verdict was reached that
// was not there before.
func (t probeTally) observe(o outcome, p *corev1.Probe) (next probeTally, changed bool) {
	next = t
	if o.ok {
		next.successes, next.failures = t.successes+1, 0
	} else {
		next.successes, next.failures = 0, t.failures+1
	}
	switch {
	case o.ok && next.successes >= max(p.SuccessThreshold, 1):
		next.passing, next.decided = true, true
	case !o.ok && next.failures >= max(p.FailureThreshold, 1):
		next.passing, next.decided = false, true
	}
	return next, next.decided && (!t.decided || next.passing != t.passing)
}

// prober runs one probe of one run of a container. Between checks it is a
// timer, not a goroutine.
type prober struct {
	spec  *corev1.Probe
	check func(context.Context) outcome
	// report is called after every check, changed or not.
	report func(o outcome, t probeTally, changed bool)
	// slots bounds the checks of the whole node that run at once.
	slots chan struct{}

	mu     sync.Mutex
	timer  *time.Timer
	tally  probeTally
	ctx    context.Context
	cancel context.CancelFunc
}

// start has the first check made as soon as the initial delay is over.
func (p *prober) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.timer = time.AfterFunc(seconds(p.spec.InitialDelaySeconds), p.tick)
}

// stop ends the probe. A check that is running is cancelled and not reported.
func (p *prober) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil {
		p.cancel()
		p.timer.Stop()
	}
}

func (p *prober) tick() {
	begun := time.Now()
	p.slots <- struct{}{}
	o := p.checkOnce()
	<-p.slots
	p.mu.Lock()
	if p.ctx.Err() != nil {
		p.mu.Unlock()
		return
	}
	tally, changed := p.tally.observe(o, p.spec)
	p.tally = tally
	p.timer = time.AfterFunc(max(probePeriod(p.spec)-time.Since(begun), 0), p.tick)
	p.mu.Unlock()
	p.report(o, tally, changed)
}

func (p *prober) checkOnce() outcome {
	ctx, cancel := context.WithTimeout(p.ctx, seconds(max(p.spec.TimeoutSeconds, 1)))
	defer cancel()
	return p.check(ctx)
}

// probePeriod is the time between two checks; ten seconds unless the probe says otherwise.
func probePeriod(p *corev1.Probe) time.Duration {
	if p.PeriodSeconds <= 0 {
		return 10 * time.Second
	}
	return seconds(p.PeriodSeconds)
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }
