package revision

import (
	"slices"
	"strings"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/spec"
)

// View sorts a Rollout's ReplicaSets by standing.
type View struct {
	// Hash is the desired revision's: the label of its ReplicaSet, which may come
	// from another hash algorithm, or the computed one while there is none.
	Hash string
	// Desired is the ReplicaSet of the wanted template; nil before it exists.
	Desired *plan.ReplicaSet
	// Stable is the last promoted one; nil before the first promotion and when it is
	// gone. It is the same as Desired once that is promoted.
	Stable *plan.ReplicaSet
	// Superseded are neither, newest first. Those of experiments are left out.
	Superseded []*plan.ReplicaSet
	// Orphans match the selector but belong to nobody; Strays are ours but match no more.
	Orphans, Strays []*plan.ReplicaSet

	all []*plan.ReplicaSet
}

// Of sorts the ReplicaSets of a snapshot.
func Of(s plan.Snapshot) View {
	v := View{Hash: s.Spec.TemplateHash}
	own := make([]*plan.ReplicaSet, 0, len(s.ReplicaSets))
	for i := range s.ReplicaSets {
		rs := &s.ReplicaSets[i]
		switch {
		case rs.OfExperiment:
		case rs.Matches && !rs.Owned:
			v.Orphans = append(v.Orphans, rs)
			own = append(own, rs)
		case !rs.Matches && rs.Owned:
			v.Strays = append(v.Strays, rs)
		case rs.Owned:
			own = append(own, rs)
		}
	}
	slices.SortFunc(own, newestFirst)
	desired := findDesired(s, own)
	if desired >= 0 {
		v.Desired = own[desired]
		v.Hash = own[desired].Hash
	}
	for i := range own {
		switch {
		case s.Rollout.Status.StableRS != "" && own[i].Hash == s.Rollout.Status.StableRS:
			v.Stable = own[i]
		case i != desired:
			v.Superseded = append(v.Superseded, own[i])
		}
	}
	v.all = v.list()
	return v
}

func newestFirst(a, b *plan.ReplicaSet) int {
	if c := b.Created.Compare(a.Created); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}

// findDesired returns the index of the ReplicaSet that runs the wanted template, or
// -1. The one in status.currentPodHash stays it as long as its template means the
// same, so that a change of the hash algorithm or of the API's defaults starts no
// update. Otherwise the computed hash decides; failing that, the newest template that
// means the same.
func findDesired(s plan.Snapshot, own []*plan.ReplicaSet) int {
	runs := func(rs *plan.ReplicaSet) bool {
		return spec.TemplatesEqual(s.Spec.Template, rs.Template, rs.Annotations)
	}
	byHash := func(hash string) int {
		return slices.IndexFunc(own, func(rs *plan.ReplicaSet) bool { return rs.Hash == hash })
	}
	known := byHash(s.Rollout.Status.CurrentPodHash)
	if known >= 0 && (own[known].Hash == s.Spec.TemplateHash || runs(own[known])) {
		return known
	}
	if computed := byHash(s.Spec.TemplateHash); computed >= 0 {
		return computed
	}
	return slices.IndexFunc(own, runs)
}

// Promoted reports whether the desired revision is the stable one.
func (v View) Promoted(stableHash string) bool { return stableHash != "" && stableHash == v.Hash }

// ByHash finds one of the Rollout's ReplicaSets; nil when there is none.
func (v View) ByHash(hash string) *plan.ReplicaSet {
	if v.Desired != nil && v.Desired.Hash == hash {
		return v.Desired
	}
	if v.Stable != nil && v.Stable.Hash == hash {
		return v.Stable
	}
	for i := range v.Superseded {
		if v.Superseded[i].Hash == hash {
			return v.Superseded[i]
		}
	}
	return nil
}

// All lists every ReplicaSet of the view once: desired, stable, then superseded.
// Callers do not edit the list.
func (v View) All() []*plan.ReplicaSet { return v.all }

// list is All, made once.
func (v View) list() []*plan.ReplicaSet {
	all := make([]*plan.ReplicaSet, 0, 2+len(v.Superseded))
	if v.Desired != nil {
		all = append(all, v.Desired)
	}
	if v.Stable != nil && v.Stable != v.Desired {
		all = append(all, v.Stable)
	}
	return append(all, v.Superseded...)
}

// Rollback reports whether the desired revision is an earlier one: the stable one
// itself, or one that is older than it.
func (v View) Rollback() bool {
	if v.Desired == nil || v.Stable == nil {
		return false
	}
	return v.Desired.Name == v.Stable.Name || v.Desired.Created.Before(v.Stable.Created)
}

// InWindow reports whether the desired revision is older than stable and fewer than
// window revisions were made between the two. A window of 0 is off.
// Example: stable 3, window 1: revision 2 is in it, revision 1 is not.
func (v View) InWindow(window int32) bool {
	if window <= 0 || v.Desired == nil || v.Stable == nil || !v.Desired.Created.Before(v.Stable.Created) {
		return false
	}
	var between int32
	for _, rs := range v.Superseded {
		if rs.Created.After(v.Desired.Created) && rs.Created.Before(v.Stable.Created) {
			between++
		}
	}
	return between < window
}
