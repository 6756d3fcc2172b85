package revision

import (
	"slices"

	"github.com/serin-rollouts/serin/internal/core/plan"
)

// Expired lists the superseded ReplicaSets beyond limit that are empty, oldest
// first. Of the oldest ones, those that still have pods are passed over, not
// replaced by newer ones.
func (v View) Expired(limit int32) []*plan.ReplicaSet {
	excess := len(v.Superseded) - int(limit)
	if excess <= 0 {
		return nil
	}
	oldest := slices.Clone(v.Superseded)
	slices.Reverse(oldest)
	var expired []*plan.ReplicaSet
	for _, rs := range oldest[:excess] {
		if rs.Want == 0 && rs.Pods == 0 && rs.Observed {
			expired = append(expired, rs)
		}
	}
	return expired
}
