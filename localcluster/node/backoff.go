package node

import "time"

// Crash-loop back-off of the kubelet.
const (
	defaultBackoffBase = 10 * time.Second
	defaultBackoffMax  = 5 * time.Minute
)

// backoff is how long a container that keeps ending waits before it starts
// again: not at all the first time, then base, doubling up to max. A run that
// lasted twice as long as max starts the count again.
type backoff struct {
	base, max time.Duration
}

// delay returns the wait before the next start, after this many ends in a row.
// Example, base 10s and max 5m: 0, 10s, 20s, 40s, 80s, 160s, 5m, 5m.
func (b backoff) delay(ends int) time.Duration {
	if ends <= 1 {
		return 0
	}
	d := b.base
	for range ends - 2 {
		d *= 2
		if d >= b.max {
			break
		}
	}
	return min(d, b.max)
}

// resets tells whether a run of this length wipes the count of ends.
func (b backoff) resets(ran time.Duration) bool {
	return ran > 2*b.max
}
