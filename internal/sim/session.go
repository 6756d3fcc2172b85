package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// pass is one look, decision and carrying out, as an onlooker sees it.
type pass struct {
	number   int
	snapshot plan.Snapshot
	plan     plan.Plan
	// since is the oldest moment that the snapshot may show.
	since time.Duration
	// decided is when the core was asked.
	decided time.Duration
	// calls counts actions tried so far.
	calls int
	// failure is the error of the action that failed.
	failure error
	// acted and wrote: an action, or the status write, changed something.
	acted, wrote bool
	// rivaled: another controller wrote during the pass.
	rivaled  bool
	recorded bool
}

// session is a controller process's connection: calls take time, meet mishaps and
// are watched by the laws. It implements engine.Cluster around a Client.
type session struct {
	w       *World
	client  *Client
	pass    pass
	crashed bool
	// rival sessions meet no mishaps.
	rival bool
}

func newSession(c *control) *session {
	return &session{w: c.w, client: c.w.Client()}
}

// spend lets a call take its time.
func (s *session) spend() {
	if !s.rival && s.w.env.Call != (Span{}) {
		s.w.happen(s.w.now + s.w.dice.within(s.w.env.Call))
	}
}

// Observe implements engine.Cluster.
func (s *session) Observe(ctx context.Context, key engine.Key) (plan.Snapshot, error) {
	w := s.w
	w.control.passes++
	s.pass = pass{number: w.control.passes, since: w.now - w.blindness()}
	snapshot, err := s.client.Observe(ctx, key)
	s.pass.snapshot = snapshot
	s.spend()
	return snapshot, err
}

// blindness is how old the counts in a snapshot may be.
func (w *World) blindness() time.Duration {
	return w.env.Workload.To + w.env.Watch.To + w.env.Endpoints.To + w.env.DataPlane.To
}

// decide wraps the core: what it says is watched.
func (s *session) decide(snapshot plan.Snapshot, now time.Time) engine.Decision[plan.Action, plan.Outcome] {
	p := s.w.cfg.Core.Decide(snapshot, now)
	s.pass.plan, s.pass.decided = p, s.w.now
	s.w.checkPlan(&s.pass)
	status := p.Status
	return engine.Decision[plan.Action, plan.Outcome]{
		Actions: p.Actions,
		Outcome: plan.Outcome{Status: &status, Version: snapshot.Rollout.Version, Events: p.Events, Notes: p.Notes},
		WakeAt:  p.WakeAt,
	}
}

// Execute implements engine.Cluster.
func (s *session) Execute(ctx context.Context, key engine.Key, action plan.Action) error {
	call := s.pass.calls
	s.pass.calls++
	s.spend()
	return s.attempt(call, func() error {
		s.w.checkAction(&s.pass, action)
		err := s.client.Execute(ctx, key, action)
		s.w.trace.action(s.w, action, err)
		if err == nil {
			s.pass.acted = true
			s.w.checkMoment()
		}
		s.pass.failure = err
		return err
	})
}

// Record implements engine.Cluster.
func (s *session) Record(ctx context.Context, key engine.Key, o plan.Outcome) error {
	s.spend()
	return s.attempt(AtRecord, func() error {
		before := s.w.live()
		s.w.checkOutcome(&s.pass, o)
		err := s.client.Record(ctx, key, o)
		if err != nil {
			s.w.trace.failure(s.w, err)
			return err
		}
		s.pass.recorded = true
		if s.w.live() != before {
			s.pass.wrote = true
			s.w.recorded(&s.pass, &before.Status)
		}
		return nil
	})
}

// attempt makes a call, unless or until something goes wrong with it.
func (s *session) attempt(call int, do func() error) error {
	if s.crashed {
		return errCrashed
	}
	var f *Fault
	if !s.rival {
		f = s.w.fault(s.pass.number, call)
	}
	if f == nil {
		return do()
	}
	if s.w.trace.on {
		s.w.trace.add(s.w, "fault", f.Mishap.String())
	}
	return s.mishap(f.Mishap, do)
}

func (s *session) mishap(m Mishap, do func() error) error {
	switch m {
	case CrashBefore:
		s.crashed = true
		return errCrashed
	case CrashAfter:
		_ = do()
		s.crashed = true
		return errCrashed
	case Conflict:
		return s.failed(fmt.Errorf("on purpose: %w", plan.ErrConflict))
	case Refused:
		return s.failed(errRefused)
	case Unanswered:
		if err := do(); err != nil {
			return err
		}
		return s.failed(errRefused)
	case Rival:
		s.rivalPass()
		return do()
	case Deaf:
		s.w.control.deaf = true
		return do()
	default:
		return fmt.Errorf("unknown mishap %d", m)
	}
}

func (s *session) failed(err error) error {
	s.pass.failure = err
	return err
}

// rivalPass is a whole pass of another controller process with fresh caches.
func (s *session) rivalPass() {
	s.pass.rivaled = true
	s.w.rivaled = s.w.now
	s.w.relist()
	other := &session{w: s.w, client: s.w.Client(), rival: true}
	l := s.w.control.loop
	l.Cluster = other
	l.Decider.Decide = other.decide
	_, _ = l.Step(context.Background(), s.w.key)
	s.w.control.notice() // what the rival listed and wrote, this process sees as well
}

// writesTo counts the actions of a plan that point a Service.
func writesTo(actions []plan.Action, service string) int {
	count := 0
	for _, a := range actions {
		if p, ok := a.(plan.PointService); ok && p.Name == service {
			count++
		}
	}
	return count
}

// paused reports whether a status waits for a reason.
func paused(s *v1alpha1.RolloutStatus, reason v1alpha1.PauseReason) bool {
	return slices.ContainsFunc(s.PauseConditions, func(p v1alpha1.PauseCondition) bool { return p.Reason == reason })
}
