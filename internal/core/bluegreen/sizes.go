package bluegreen

import (
	"time"

	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// sizes wishes the size of every ReplicaSet. Blue-green scales also while halted.
func sizes(v *strategy.Verdict, s *strategy.Situation, b spec.BlueGreen, at place) {
	v.Desired = desiredWish(v, s, b, at)
	if s.View.Stable != nil && !s.Promoted {
		v.Wish(s.View.Stable, strategy.Wish{Replicas: s.Replicas(), Sized: true})
	}
	delay := strategy.Delay{
		After: b.ScaleDownDelay,
		Limit: b.ScaleDownRevisions,
		InUse: func(hash string) bool {
			return s.Replicas() > 0 && (at.active == "" || s.Pinned(hash, b.ActiveService))
		},
		// What is left of a former version may be all that works.
		Holding: s.StableSize().Available == 0 && s.Replicas() > 0,
	}
	wishes, wake := delay.LetGo(s.View.Superseded, s.Now)
	for _, rs := range s.View.Superseded {
		if w, ok := wishes[rs.Name]; ok {
			v.Wish(rs, w)
		}
	}
	v.Wake(wake)
}

func desiredWish(v *strategy.Verdict, s *strategy.Situation, b spec.BlueGreen, at place) strategy.Wish {
	desired := s.Size()
	switch {
	case s.Halted && (s.Initial || s.Promoted) && desired.Want == 0 && desired.SizedFor < 0:
		return strategy.Wish{}
	case s.Aborted:
		return abortedWish(v, s, b, at)
	case at.fast && at.active != s.View.Hash && desired.Deadline.After(s.Now):
		// The delay it is in is what makes this rollback fast: keep it until the
		// switch is seen.
		v.Wake(desired.Deadline)
		return strategy.Wish{Replicas: s.Replicas(), Deadline: desired.Deadline, Sized: true}
	default:
		return strategy.Wish{Replicas: at.target, Sized: true}
	}
}

// abortedWish keeps the pods of an aborted revision until stable is complete and no
// production traffic can reach them, and then for the abort delay.
func abortedWish(v *strategy.Verdict, s *strategy.Situation, b spec.BlueGreen, at place) strategy.Wish {
	desired := s.Size()
	stay := strategy.Wish{Replicas: desired.Want, Deadline: desired.Deadline, Sized: true}
	switch {
	case b.AbortDelay.Keep:
		stay.Deadline = time.Time{}
		return stay
	case desired.Want == 0:
		return strategy.Wish{Sized: true}
	case at.active == s.View.Hash, s.StableSize().Available < s.Replicas():
		return stay
	case desired.Deadline.IsZero():
		stay.Deadline = strategy.WholeSecond(s.Now.Add(b.AbortDelay.After))
	case !desired.Deadline.After(s.Now):
		return strategy.Wish{Sized: true}
	}
	v.Wake(stay.Deadline)
	return stay
}
