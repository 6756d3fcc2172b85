package rollout

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
)

// finished is a run or an experiment that is over and that nothing refers to.
type finished struct {
	name    string
	labels  map[string]string
	created time.Time
	phase   v1alpha1.AnalysisPhase
	remove  plan.Action
}

// oldRuns deletes the finished runs and experiments that are too many. What a status
// shows stays, whatever its labels say.
func oldRuns(s *strategy.Situation, v strategy.Verdict) []plan.Action {
	before := s.Snapshot.Rollout.Status
	kept := slices.Concat(currentRuns(s, v), shownRuns(before), shownRuns(v1alpha1.RolloutStatus{Canary: v.Canary, BlueGreen: v.BlueGreen}))
	var runs, trials []finished
	for _, r := range s.Snapshot.Runs {
		if strategy.Over(r.Phase) && !slices.Contains(kept, r.Name) {
			runs = append(runs, finished{r.Name, r.Labels, r.Created, r.Phase, plan.DeleteRun{Name: r.Name, UID: r.UID, Version: r.Version}})
		}
	}
	kept = append(currentTrials(s, v), before.Canary.CurrentExperiment, v.Canary.CurrentExperiment)
	for _, e := range s.Snapshot.Experiments {
		if strategy.Over(e.Phase) && !slices.Contains(kept, e.Name) {
			trials = append(trials, finished{e.Name, e.Labels, e.Created, e.Phase, plan.DeleteExperiment{Name: e.Name, UID: e.UID, Version: e.Version}})
		}
	}
	return byText(append(tooMany(s, runs), tooMany(s, trials)...))
}

// tooMany keeps the newest of each kind, and none of a revision that is gone.
func tooMany(s *strategy.Situation, all []finished) []plan.Action {
	slices.SortFunc(all, func(a, b finished) int {
		return cmp.Or(b.created.Compare(a.created), strings.Compare(b.name, a.name))
	})
	left := map[bool]int32{true: s.Snapshot.Spec.SuccessfulRuns, false: s.Snapshot.Spec.UnsuccessfulRuns}
	var actions []plan.Action
	for _, f := range all {
		successful := f.phase == v1alpha1.AnalysisPhaseSuccessful
		if left[successful] <= 0 || !ofRevision(s, f) {
			actions = append(actions, f.remove)
			continue
		}
		left[successful]--
	}
	return actions
}

// ofRevision reports whether the revision that an object was made for is still there.
// The name tells as well as the label, which a user may have put something else in.
func ofRevision(s *strategy.Situation, f finished) bool {
	label := f.labels[v1alpha1.DefaultRolloutUniqueLabelKey]
	for _, rs := range s.View.All() {
		if label == rs.Hash || strings.HasPrefix(f.name, lineage(s.Snapshot.Rollout.Name, rs.Hash)) {
			return true
		}
	}
	return label == s.View.Hash
}
