package strategy

import (
	"time"

	"github.com/serin-rollouts/serin/internal/core/plan"
)

// Delay is how superseded ReplicaSets are let go.
type Delay struct {
	// After is how long their pods stay; zero: not at all.
	After time.Duration
	// Limit is how many may wait at the same time, newest first; nil: any number.
	Limit *int32
	// InUse reports whether something still sends requests to a revision.
	InUse func(hash string) bool
	// Holding says that nothing may go now, whatever its deadline.
	Holding bool
}

// LetGo returns the wishes for superseded ReplicaSets, given newest first, and when
// the next deadline passes. One that is in use keeps its pods, and its delay starts
// when the use ends.
func (d Delay) LetGo(superseded []*plan.ReplicaSet, now time.Time) (map[string]Wish, time.Time) {
	wishes := map[string]Wish{}
	var wake time.Time
	var waiting int32
	for _, rs := range superseded {
		if rs.Want == 0 {
			if !rs.Deadline.IsZero() {
				wishes[rs.Name] = Wish{}
			}
			continue
		}
		wish := d.wish(rs, now, waiting)
		if wish.Replicas > 0 {
			waiting++
		}
		if wish.Replicas > 0 && wish.Deadline.After(now) && !d.Holding {
			wake = plan.Sooner(wake, wish.Deadline)
		}
		wishes[rs.Name] = wish
	}
	return wishes, wake
}

func (d Delay) wish(rs *plan.ReplicaSet, now time.Time, waiting int32) Wish {
	stay := Wish{Replicas: rs.Want, Deadline: rs.Deadline}
	switch {
	case d.Holding:
		return stay
	case d.InUse(rs.Hash):
		return Wish{Replicas: rs.Want}
	case d.Limit != nil && waiting >= *d.Limit, d.After <= 0:
		return Wish{}
	case rs.Deadline.IsZero():
		stay.Deadline = WholeSecond(now.Add(d.After))
		return stay
	case rs.Deadline.After(now):
		return stay
	default:
		return Wish{}
	}
}
