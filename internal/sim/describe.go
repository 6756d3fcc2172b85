package sim

import (
	"encoding/json"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// describeManifest is what matters of a manifest, on one line.
func describeManifest(ro *v1alpha1.Rollout) string {
	s := ro.Spec
	s.Selector = nil
	s.Template.Labels = nil
	short := map[string]any{"strategy": s.Strategy, "replicas": s.Replicas}
	if s.MinReadySeconds > 0 {
		short["minReadySeconds"] = s.MinReadySeconds
	}
	if s.ProgressDeadlineSeconds != nil {
		short["progressDeadlineSeconds"] = *s.ProgressDeadlineSeconds
		short["progressDeadlineAbort"] = s.ProgressDeadlineAbort
	}
	if s.RollbackWindow != nil {
		short["rollbackWindow"] = s.RollbackWindow.Revisions
	}
	if s.RevisionHistoryLimit != nil {
		short["revisionHistoryLimit"] = *s.RevisionHistoryLimit
	}
	if len(s.Template.Spec.Containers) > 0 {
		short["image"] = s.Template.Spec.Containers[0].Image
	}
	text, err := json.Marshal(short)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
