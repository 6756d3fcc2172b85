package view

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

type edit = func(*v1alpha1.Rollout)

// aRollout is one with 2 replicas that the controller has seen.
func aRollout(edits ...edit) *v1alpha1.Rollout {
	two := int32(2)
	ro := &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Generation: 7}}
	ro.Spec.Replicas = &two
	ro.Status.ObservedGeneration = "7"
	ro.Status.UpdatedReplicas, ro.Status.AvailableReplicas, ro.Status.Replicas = 2, 2, 2
	for _, e := range edits {
		e(ro)
	}
	return ro
}

func said(phase v1alpha1.RolloutPhase, message string) edit {
	return func(ro *v1alpha1.Rollout) { ro.Status.Phase, ro.Status.Message = phase, message }
}

func observed(generation string) edit {
	return func(ro *v1alpha1.Rollout) { ro.Status.ObservedGeneration = generation }
}

// workloadSeen is a Rollout by reference whose controller has seen one
// generation of the workload and annotated another.
func workloadSeen(annotated, seen string) edit {
	return func(ro *v1alpha1.Rollout) {
		ro.Spec.WorkloadRef = &v1alpha1.ObjectRef{Kind: "Deployment", Name: "base"}
		ro.Annotations = map[string]string{v1alpha1.WorkloadGenerationAnnotation: annotated}
		ro.Status.WorkloadObservedGeneration = seen
	}
}

func conditions(list ...v1alpha1.RolloutCondition) edit {
	return func(ro *v1alpha1.Rollout) { ro.Status.Conditions = list }
}

func hashes(desired, stable string) edit {
	return func(ro *v1alpha1.Rollout) { ro.Status.CurrentPodHash, ro.Status.StableRS = desired, stable }
}

func isCanary(ro *v1alpha1.Rollout) { ro.Spec.Strategy.Canary = &v1alpha1.CanaryStrategy{} }

func isBlueGreen(active string) edit {
	return func(ro *v1alpha1.Rollout) {
		ro.Spec.Strategy.BlueGreen = &v1alpha1.BlueGreenStrategy{}
		ro.Status.BlueGreen.ActiveSelector = active
	}
}

func TestPhase(t *testing.T) {
	const healthy, degraded = v1alpha1.RolloutPhaseHealthy, v1alpha1.RolloutPhaseDegraded
	const progressing, paused = v1alpha1.RolloutPhaseProgressing, v1alpha1.RolloutPhasePaused
	done := said(healthy, "")
	cases := map[string]struct {
		rollout     *v1alpha1.Rollout
		workload    *Workload
		wantPhase   v1alpha1.RolloutPhase
		wantMessage string
	}{
		"what the controller says is shown": {aRollout(said(paused, "why")), nil, paused, "why"},
		"an unseen spec is not judged":      {aRollout(done, observed("6")), nil, progressing, messageUnobserved},
		"a hash counts as seen":             {aRollout(done, observed("6c54c5d4b6")), nil, healthy, ""},
		"a greater number counts as seen":   {aRollout(done, observed("99999")), nil, healthy, ""},
		"a promote waits for its answer":    {aRollout(said(paused, "why"), func(ro *v1alpha1.Rollout) { ro.Status.ControllerPause = true }), nil, progressing, messageResuming},
		"a seen workload is judged":         {aRollout(done, workloadSeen("3", "3")), &Workload{Generation: 3}, healthy, ""},
		"an unseen workload is not":         {aRollout(done, workloadSeen("3", "3")), &Workload{Generation: 4}, progressing, messageUnobservedWorkload},
		"nor one that was only annotated":   {aRollout(done, workloadSeen("4", "3")), nil, progressing, messageUnobservedWorkload},

		"an invalid spec":   {aRollout(conditions(v1alpha1.RolloutCondition{Type: v1alpha1.InvalidSpec, Message: "no"})), nil, degraded, "InvalidSpec: no"},
		"an abort":          {aRollout(conditions(v1alpha1.RolloutCondition{Reason: "RolloutAborted", Message: "no"})), nil, degraded, "RolloutAborted: no"},
		"a missed deadline": {aRollout(conditions(v1alpha1.RolloutCondition{Reason: "ProgressDeadlineExceeded", Message: "no"})), nil, degraded, "ProgressDeadlineExceeded: no"},
		"a user's pause":    {aRollout(func(ro *v1alpha1.Rollout) { ro.Spec.Paused = true }), nil, paused, "manually paused"},
		"a pause step": {aRollout(func(ro *v1alpha1.Rollout) {
			ro.Status.PauseConditions = []v1alpha1.PauseCondition{{Reason: "CanaryPauseStep"}}
		}), nil, paused, "CanaryPauseStep"},
		"a restart":                   {aRollout(func(ro *v1alpha1.Rollout) { now := metav1.Now(); ro.Spec.RestartAt = &now }), nil, progressing, "rollout is restarting"},
		"too few pods of the version": {aRollout(func(ro *v1alpha1.Rollout) { ro.Status.UpdatedReplicas = 1 }), nil, progressing, "more replicas need to be updated"},
		"too few of them available":   {aRollout(func(ro *v1alpha1.Rollout) { ro.Status.AvailableReplicas = 1 }), nil, progressing, "updated replicas are still becoming available"},
		"no active service yet":       {aRollout(isBlueGreen(""), hashes("d", "s")), nil, progressing, "active service cutover pending"},
		"after the cutover":           {aRollout(isBlueGreen("d"), hashes("d", "s")), nil, progressing, "waiting for post-promotion verification to complete"},
		"an analysis after the cutover": {aRollout(isBlueGreen("d"), hashes("d", "s"), func(ro *v1alpha1.Rollout) {
			ro.Spec.Strategy.BlueGreen.PostPromotionAnalysis = &v1alpha1.RolloutAnalysis{}
		}), nil, progressing, "waiting for analysis to complete"},
		"a blue-green that is through":   {aRollout(isBlueGreen("d"), hashes("d", "d")), nil, healthy, ""},
		"pods of the stable version":     {aRollout(isCanary, hashes("d", "s"), func(ro *v1alpha1.Rollout) { ro.Status.Replicas = 3 }), nil, progressing, "old replicas are pending termination"},
		"steps to go":                    {aRollout(isCanary, hashes("d", "s")), nil, progressing, "waiting for all steps to complete"},
		"a canary that is through":       {aRollout(isCanary, hashes("d", "d")), nil, healthy, ""},
		"a Rollout nobody has looked at": {&v1alpha1.Rollout{}, nil, progressing, "more replicas need to be updated"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			phase, message := Phase(tc.rollout, tc.workload)
			if phase != tc.wantPhase || message != tc.wantMessage {
				t.Errorf("Phase() = %s %q, want %s %q", phase, message, tc.wantPhase, tc.wantMessage)
			}
		})
	}
}
