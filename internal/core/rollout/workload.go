package rollout

import (
	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// workloadActions hand the pods over from the Deployment that owns the template:
// when the Rollout is healthy, or progressively as its pods become ready.
func workloadActions(s *strategy.Situation) []plan.Action {
	w, ref := s.Snapshot.Workload, s.Snapshot.Spec.WorkloadRef
	if w == nil || ref == nil || w.Kind != "Deployment" || s.View.Number() > 1 && s.Status.Phase != v1alpha1.RolloutPhaseHealthy {
		return nil
	}
	var want int32
	switch ref.ScaleDown {
	case spec.ScaleDownNever:
		return nil
	case spec.ScaleDownOnSuccess:
		if s.Status.Phase != v1alpha1.RolloutPhaseHealthy || !s.Promoted {
			return nil
		}
	case spec.ScaleDownProgressively:
		if s.Status.Phase != v1alpha1.RolloutPhaseHealthy {
			want = max(0, s.Replicas()-s.Size().Available)
			if s.Size().Available == 0 { // there is nothing to hand over to
				return nil
			}
		}
	}
	if want >= w.Want {
		return nil
	}
	return []plan.Action{plan.ScaleWorkload{Kind: w.Kind, Name: w.Name, Version: w.Version, From: w.Want, To: want}}
}
