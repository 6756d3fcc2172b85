package story

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// The versions of the application. Each answers its colour, the bad one with
// status 500.
const (
	firstColor = "blue"
	goodColor  = "green"
	badColor   = "red"
	badTag     = "bad-red"
)

func (s *story) firstVersion(ctx context.Context) error {
	s.chapter("The first version is blue")
	for _, line := range []string{
		"kubectl create namespace " + s.namespace,
		"kubectl apply -n " + s.namespace + " -f examples/canary-ingress",
	} {
		if err := s.enter(ctx, line); err != nil {
			return err
		}
	}
	if err := s.awaitPhase(ctx, healthy); err != nil {
		return err
	}
	if err := s.countOnly(ctx, "first version", firstColor, header{}); err != nil {
		return err
	}
	s.load = startLoad(ctx, s.visitor, s.pace.rate)
	return nil
}

// goodRelease goes from blue to green while the background load runs. Once green has
// everything, no request goes back to blue.
func (s *story) goodRelease(ctx context.Context) error {
	s.chapter(fmt.Sprintf("A good release is green (%d more requests a second run all the time)", s.pace.rate))
	started := time.Now()
	var full time.Time
	steps := []func() error{
		func() error { return s.enter(ctx, s.setImage(goodColor)) },
		func() error { return s.awaitPause(ctx, 1, 20) },
		func() error { return s.countShare(ctx, "good at 20 %", goodColor, 20) },
		func() error {
			return s.countOnly(ctx, `good at 20 %, "X-Canary: always"`, goodColor, header{"X-Canary", "always"})
		},
		func() error { return s.enter(ctx, s.rollouts("promote")) },
		func() error { return s.awaitPause(ctx, 3, 50) },
		func() error { return s.countShare(ctx, "good at 50 %", goodColor, 50) },
		func() error { return s.awaitPause(ctx, 5, 100) },
		func() error { return s.countOnly(ctx, "good at 100 %", goodColor, header{}) },
		func() error { full = time.Now(); return nil },
		func() error { return s.awaitPhase(ctx, healthy) },
		func() error { return s.countOnly(ctx, "released", goodColor, header{}) },
	}
	if err := inOrder(steps); err != nil {
		return err
	}
	s.note(checkUnharmed("background load until now", s.load.between(started, time.Now())))
	s.note(checkOnly("background load since 100 %", goodColor, s.load.between(full, time.Now())))
	return nil
}

// badRelease goes from green to red, which fails, and is taken back.
func (s *story) badRelease(ctx context.Context) error {
	s.chapter("A bad release is red, and fails")
	steps := []func() error{
		func() error { return s.enter(ctx, s.setImage(badTag)) },
		func() error { return s.awaitPause(ctx, 1, 20) },
		func() error { return s.countFailing(ctx, "bad at 20 %") },
		func() error {
			return s.countOnly(ctx, `bad at 20 %, "X-Canary: never"`, goodColor, header{"X-Canary", "never"})
		},
		func() error { return s.enter(ctx, s.rollouts("abort")) },
	}
	if err := inOrder(steps); err != nil {
		return err
	}
	recovered, err := s.recovery(ctx, cause{"the abort", time.Now(), recoveryLimit})
	if err != nil {
		return err
	}
	if err := s.awaitPhase(ctx, degraded); err != nil {
		return err
	}
	if err := s.countOnly(ctx, "aborted", goodColor, header{}); err != nil {
		return err
	}
	s.note(checkUnharmed("background load since then", s.load.between(recovered, time.Now())))
	return nil
}

// countFailing expects that the bad canary gets its share, and that nothing else
// fails.
func (s *story) countFailing(ctx context.Context, phase string) error {
	counted, err := s.sample(ctx, s.pace.share, header{})
	if err != nil {
		return err
	}
	s.note(checkFailing(phase, badColor, goodColor, 20, counted))
	return nil
}

// cause is what takes a release back, and how long after it requests may still fail.
type cause struct {
	name  string
	at    time.Time
	limit time.Duration
}

// recovery expects that failures end soon after the cause of an abort, and returns
// when that was.
func (s *story) recovery(ctx context.Context, cause cause) (time.Time, error) {
	recovered := cause.at
	ctx, cancel := context.WithTimeoutCause(ctx, calmLimit, fmt.Errorf("not within %s", calmLimit))
	defer cancel()
	now := func() string { return "watching for failures" }
	err := s.during(now, func() error {
		tick := time.NewTicker(redraw)
		defer tick.Stop()
		for {
			served := 0
			if recovered, served = s.load.calm(cause.at); served >= s.pace.calm {
				return nil
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("wait for the failures to end: %w", context.Cause(ctx))
			case <-tick.C:
			}
		}
	})
	if err != nil {
		return recovered, err
	}
	s.note(checkRecovery("failures after "+cause.name, cause.limit, recovered.Sub(cause.at)))
	return recovered, nil
}

// rollouts is the command line that does something to the Rollout.
func (s *story) rollouts(verb string, args ...string) string {
	words := append([]string{"kubectl argo rollouts", verb, rollout}, args...)
	return strings.Join(append(words, "-n", s.namespace), " ")
}

// setImage is the command line that asks for another version. The container is
// named like the Rollout.
func (s *story) setImage(tag string) string {
	return s.rollouts("set image", rollout+"="+image+":"+tag)
}

// inOrder does one thing after the other, up to the first error.
func inOrder(steps []func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
