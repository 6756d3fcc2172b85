package sim

import (
	"math/rand/v2"
	"time"
)

// Epoch is when every history begins.
func Epoch() time.Time { return time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC) }

// Span is a range of delays, drawn evenly. From equal to To is a fixed delay.
type Span struct{ From, To time.Duration }

// Exactly is the span that always gives d.
func Exactly(d time.Duration) Span { return Span{From: d, To: d} }

// UpTo is the span from nothing to d.
func UpTo(d time.Duration) Span { return Span{To: d} }

// dice draws everything that is left to chance in one history.
type dice struct{ *rand.Rand }

func newDice(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 0x5e121))} }

// within draws a delay, in whole milliseconds so that traces stay readable.
func (d dice) within(s Span) time.Duration {
	steps := int64((s.To - s.From) / time.Millisecond)
	if steps <= 0 {
		return s.From
	}
	return s.From + time.Duration(d.Int64N(steps+1))*time.Millisecond
}

// chance is true in percent of all draws.
func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

// one draws one of several values.
func one[T any](d dice, of ...T) T { return of[d.IntN(len(of))] }
