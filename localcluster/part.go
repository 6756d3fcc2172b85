package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// partGrace is how long a part may take to end when told to.
const partGrace = 20 * time.Second

// part is a piece of the cluster that runs until it is told to end.
type part struct {
	name   string
	ctx    context.Context
	cancel context.CancelFunc
	// done is closed when the part ended; err is set before.
	done chan struct{}
	err  error
}

// startPart runs a part and returns when it is ready. ctx bounds the start only.
func startPart(ctx context.Context, name string, run func(ctx context.Context, ready func()) error) (*part, error) {
	p := &part{name: name, done: make(chan struct{})}
	p.ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	ready := make(chan struct{}, 1)
	go func() {
		defer close(p.done)
		p.err = run(p.ctx, func() {
			select {
			case ready <- struct{}{}:
			default:
			}
		})
	}()
	select {
	case <-ready:
		return p, nil
	case <-p.done:
		return nil, p.failure()
	case <-ctx.Done():
		p.stop()
		return nil, fmt.Errorf("start %s: %w", name, context.Cause(ctx))
	}
}

// failure says why an ended part ended, unless it was told to.
func (p *part) failure() error {
	if p.ctx.Err() != nil {
		return nil
	}
	err := p.err
	if err == nil {
		err = errors.New("it returned without a reason")
	}
	return fmt.Errorf("%s ended: %w", p.name, err)
}

// stop ends the part and reports whether it ended in time.
func (p *part) stop() bool {
	p.cancel()
	select {
	case <-p.done:
		return true
	case <-time.After(partGrace):
		return false
	}
}
