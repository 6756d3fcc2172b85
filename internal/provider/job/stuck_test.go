package job

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestStuckPods(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	waiting := func(reason, message string) []corev1.ContainerStatus {
		return []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}}
	}
	placed := func(status corev1.ConditionStatus, reason string, since time.Duration) []corev1.PodCondition {
		return []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: status, Reason: reason, Message: "0/1 nodes are available",
			LastTransitionTime: metav1.NewTime(now.Add(-since)),
		}}
	}
	cases := map[string]struct {
		pod  corev1.Pod
		want string
	}{
		"an image that cannot be pulled": {corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: waiting("ErrImagePull", "no such tag")}}, "pod p, container main: ErrImagePull: no such tag"},
		"an init container's image":      {corev1.Pod{Status: corev1.PodStatus{InitContainerStatuses: waiting("ImagePullBackOff", "")}}, "pod p, container main: ImagePullBackOff"},
		"a name that is no image":        {corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: waiting("InvalidImageName", "")}}, "pod p, container main: InvalidImageName"},
		"a container about to start":     {corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: waiting("ContainerCreating", "")}}, ""},
		"a crash is the Job's to judge":  {corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: waiting("CrashLoopBackOff", "")}}, ""},
		"a pod on its way out": {corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &metav1.Time{Time: now}},
			Status:     corev1.PodStatus{ContainerStatuses: waiting("ErrImagePull", "")},
		}, ""},
		"no node for long enough":        {corev1.Pod{Status: corev1.PodStatus{Conditions: placed(corev1.ConditionFalse, "Unschedulable", 5*time.Minute)}}, "pod p: no node for 5m0s: 0/1 nodes are available"},
		"a node may still be on its way": {corev1.Pod{Status: corev1.PodStatus{Conditions: placed(corev1.ConditionFalse, "Unschedulable", 4*time.Minute)}}, ""},
		"a gate is no lack of nodes":     {corev1.Pod{Status: corev1.PodStatus{Conditions: placed(corev1.ConditionFalse, "SchedulingGated", time.Hour)}}, ""},
		"a pod on a node":                {corev1.Pod{Status: corev1.PodStatus{Conditions: placed(corev1.ConditionTrue, "", time.Hour)}}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.pod.Name = "p"
			if got := stuckPod(&tc.pod, now); got != tc.want {
				t.Errorf("stuckPod() = %q, want %q", got, tc.want)
			}
		})
	}
}
