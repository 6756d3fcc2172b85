package rollout

import (
	"slices"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// restartRetry is how long to wait for pods that could not be evicted yet.
const restartRetry = 30 * time.Second

// restart is the state of a restart that spec.restartAt asks for.
type restart struct {
	actions []plan.Action
	// pending: pods older than asked are left. done: none is.
	pending, done bool
	wake          time.Time
}

// restartDue reports whether a restart is asked for and its time has come.
func restartDue(r spec.Rollout, status plan.Rollout, now time.Time) bool {
	if r.RestartAt.IsZero() || r.RestartAt.After(now) {
		return false
	}
	done := status.Status.RestartedAt
	return done == nil || !done.Time.Equal(r.RestartAt)
}

// restartOf evicts pods that are older than the restart asks, as many as may be
// missing at once. At least one may, or a rollout of one pod could never restart.
func restartOf(s *strategy.Situation) restart {
	at := s.Snapshot.Spec.RestartAt
	done := s.Status.RestartedAt
	if at.IsZero() || done != nil && done.Time.Equal(at) {
		return restart{}
	}
	if at.After(s.Now) {
		return restart{wake: at}
	}
	if !s.Snapshot.PodsListed { // it became due after the look: look again at once
		return restart{pending: true, wake: s.Now}
	}
	outdated := olderThan(s, at)
	if len(outdated) == 0 {
		// Done is what the counts can be trusted from again.
		return restart{done: !s.Lagging, pending: s.Lagging}
	}
	r := restart{pending: true, wake: s.Now.Add(restartRetry)}
	total, each := restartAllowance(s)
	for _, pod := range outdated {
		switch {
		case pod.Terminating:
		case !pod.Available: // broken already, so its restart costs nothing
			r.actions = append(r.actions, plan.RestartPod{Name: pod.Name, UID: pod.UID})
		case total > 0 && each[pod.ReplicaSet] > 0:
			total--
			each[pod.ReplicaSet]--
			r.actions = append(r.actions, plan.RestartPod{Name: pod.Name, UID: pod.UID})
		}
	}
	return r
}

// restartAllowance is how many available pods may be evicted now, in total and of
// each ReplicaSet: what is missing already counts against both. A ReplicaSet with
// pods to lose first loses those.
func restartAllowance(s *strategy.Situation) (total int32, each map[string]int32) {
	missing := max(unavailable(s.Snapshot.Spec), 1)
	available := map[string]int32{}
	for _, pod := range s.Snapshot.Pods {
		if pod.Available && !pod.Terminating {
			available[pod.ReplicaSet]++
		}
	}
	var wanted, working int32
	each = map[string]int32{}
	for _, rs := range s.View.All() {
		wanted += rs.Want
		counted := min(available[rs.Name], rs.Want)
		working += counted
		if rs.Pods <= rs.Want && rs.Observed {
			each[rs.Name] = min(counted-max(0, rs.Want-missing), lastButOne(rs.Want, counted))
		}
	}
	return working - (max(s.Replicas(), wanted) - missing), each
}

// lastButOne is how many of the working pods may go so that one keeps serving. A
// ReplicaSet of one pod cannot restart without a gap.
func lastButOne(want, working int32) int32 {
	if want <= 1 {
		return working
	}
	return max(0, working-1)
}

func unavailable(r spec.Rollout) int32 {
	switch chosen := r.Strategy.(type) {
	case spec.Canary:
		return chosen.Unavailable
	case spec.BlueGreen:
		return chosen.Unavailable
	default:
		return 0
	}
}

// olderThan lists the pods made before t in the order they are restarted: stable's,
// the desired revision's, then those of the oldest others.
func olderThan(s *strategy.Situation, t time.Time) []plan.Pod {
	rank := map[string]int{}
	for i, rs := range s.View.Superseded {
		rank[rs.Name] = 2 + len(s.View.Superseded) - i
	}
	if s.View.Desired != nil {
		rank[s.View.Desired.Name] = 1
	}
	if s.View.Stable != nil {
		rank[s.View.Stable.Name] = 0
	}
	var pods []plan.Pod
	for _, pod := range s.Snapshot.Pods {
		if _, ours := rank[pod.ReplicaSet]; ours && pod.Created.Before(t) {
			pods = append(pods, pod)
		}
	}
	slices.SortFunc(pods, func(a, b plan.Pod) int {
		if d := rank[a.ReplicaSet] - rank[b.ReplicaSet]; d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return pods
}
