package analysis

import "time"

// Decide decides everything about a run for one pass. It is pure.
func Decide(s Snapshot, _ time.Time) Plan {
	return Plan{Status: s.Run.Status}
}
