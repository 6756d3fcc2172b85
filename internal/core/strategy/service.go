package strategy

import (
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// Point returns the action that pins a Service to a revision; nil when it is pinned
// and marked as ours already, or is not there.
func (s *Situation) Point(service, hash string) []plan.Action {
	svc, ok := s.Snapshot.Services[service]
	if !ok || !svc.Found || hash == "" {
		return nil
	}
	if svc.Hash == hash && svc.ManagedBy == s.Snapshot.Rollout.Name {
		return nil
	}
	return []plan.Action{plan.PointService{Name: service, Version: svc.Version, From: svc.Hash, Hash: hash}}
}

// CanServe reports whether a Service may be pinned to rs: at least one pod is
// available, or, for a Service that was never pinned and so selects pods of every
// revision, all of them are.
func (s *Situation) CanServe(service string, rs *plan.ReplicaSet) bool {
	if rs == nil {
		return false
	}
	svc := s.Snapshot.Services[service]
	if svc.ManagedBy == "" && svc.Hash == "" {
		return rs.Want > 0 && rs.Available >= rs.Want
	}
	// Counts from before a resize may be of pods that are going.
	return rs.Observed && min(rs.Want, rs.Available) > 0
}

// NobodyServes reports whether no revision has an available pod, as at zero replicas:
// then it makes no difference where a Service leads.
func (s *Situation) NobodyServes() bool {
	for _, rs := range s.View.All() {
		if rs.Available > 0 {
			return false
		}
	}
	return true
}

// Pinned reports whether any of the named Services selects the revision.
func (s *Situation) Pinned(hash string, services ...string) bool {
	for _, name := range services {
		if svc, ok := s.Snapshot.Services[name]; ok && svc.Found && svc.Hash == hash && hash != "" {
			return true
		}
	}
	return false
}
