package kube

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/internal/core/plan"
)

// podFacts turns a pod into what a decision may know about it.
func podFacts(pod *corev1.Pod, minReady time.Duration, now time.Time) plan.Pod {
	facts := plan.Pod{
		Name:        pod.Name,
		UID:         string(pod.UID),
		Version:     pod.ResourceVersion,
		Created:     pod.CreationTimestamp.Time,
		Labels:      pod.Labels,
		Annotations: pod.Annotations,
		Terminating: pod.DeletionTimestamp != nil,
	}
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
		facts.ReplicaSet = owner.Name
	}
	facts.Available = !facts.Terminating && readySince(pod, minReady, now)
	return facts
}

// readySince reports whether the pod has been ready for at least that long.
func readySince(pod *corev1.Pod, minReady time.Duration, now time.Time) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue && !now.Before(c.LastTransitionTime.Add(minReady))
		}
	}
	return false
}
