package view

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Pod is one pod of a ReplicaSet.
type Pod struct {
	Meta metav1.ObjectMeta `json:"objectMeta"`
	// Status is the reason that kubectl prints for the pod.
	Status string `json:"status,omitempty"`
	Icon   string `json:"icon,omitempty"`
	// Ready is "ready/total" in containers.
	Ready    string `json:"ready,omitempty"`
	Restarts int32  `json:"restarts,omitempty"`
	// Node and IP are shown in wide output only.
	Node string `json:"-"`
	IP   string `json:"-"`
}

// podNodeLost is the status reason of a pod whose node no longer answers.
const podNodeLost = "NodeLost"

func podView(pod *corev1.Pod) Pod {
	sidecars := restartableInits(pod)
	reason := podReason(pod, sidecars)
	ready, restarts := podCounters(pod, sidecars)
	return Pod{
		Meta:     meta(pod),
		Status:   reason,
		Icon:     podIcon(reason),
		Ready:    fmt.Sprintf("%d/%d", ready, len(pod.Spec.Containers)+len(sidecars)),
		Restarts: restarts,
		Node:     pod.Spec.NodeName,
		IP:       pod.Status.PodIP,
	}
}

// restartableInits names the init containers that run as long as the pod does.
func restartableInits(pod *corev1.Pod) map[string]bool {
	names := map[string]bool{}
	for _, c := range pod.Spec.InitContainers {
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			names[c.Name] = true
		}
	}
	return names
}

// podReason is the one word that kubectl prints for a pod.
func podReason(pod *corev1.Pod, sidecars map[string]bool) string {
	if pod.DeletionTimestamp != nil {
		if pod.Status.Reason == podNodeLost {
			return "Unknown"
		}
		return "Terminating"
	}
	if reason, initializing := initReason(pod, sidecars); initializing {
		return reason
	}
	reason := string(pod.Status.Phase)
	if pod.Status.Reason != "" {
		reason = pod.Status.Reason
	}
	return containersReason(pod, reason)
}

// initReason is the reason of a pod whose init containers are still at work.
func initReason(pod *corev1.Pod, sidecars map[string]bool) (reason string, initializing bool) {
	for i, c := range pod.Status.InitContainerStatuses {
		switch {
		case initDone(c, sidecars):
			continue
		case c.State.Terminated != nil:
			return "Init:" + terminatedReason(c.State.Terminated), true
		case c.State.Waiting != nil && c.State.Waiting.Reason != "" && c.State.Waiting.Reason != "PodInitializing":
			return "Init:" + c.State.Waiting.Reason, true
		default:
			return fmt.Sprintf("Init:%d/%d", i, len(pod.Spec.InitContainers)), true
		}
	}
	return "", false
}

// initDone is true when the pod no longer waits for this init container.
func initDone(c corev1.ContainerStatus, sidecars map[string]bool) bool {
	if sidecars[c.Name] {
		return c.Started != nil && *c.Started
	}
	return c.State.Terminated != nil && c.State.Terminated.ExitCode == 0
}

// containersReason is the reason of the first container that has one, or else
// fallback.
func containersReason(pod *corev1.Pod, fallback string) string {
	reason, running := fallback, false
	for i := len(pod.Status.ContainerStatuses) - 1; i >= 0; i-- {
		c := pod.Status.ContainerStatuses[i]
		switch {
		case c.State.Waiting != nil && c.State.Waiting.Reason != "":
			reason = c.State.Waiting.Reason
		case c.State.Terminated != nil:
			reason = terminatedReason(c.State.Terminated)
		case c.Ready && c.State.Running != nil:
			running = true
		}
	}
	if reason != "Completed" || !running {
		return reason
	}
	if podReady(pod) {
		return "Running"
	}
	return "NotReady"
}

func terminatedReason(t *corev1.ContainerStateTerminated) string {
	switch {
	case t.Reason != "":
		return t.Reason
	case t.Signal != 0:
		return fmt.Sprintf("Signal:%d", t.Signal)
	default:
		return fmt.Sprintf("ExitCode:%d", t.ExitCode)
	}
}

func podReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// podCounters counts ready containers and restarts. Init containers count
// while they are at work, restartable ones always.
func podCounters(pod *corev1.Pod, sidecars map[string]bool) (ready, restarts int32) {
	_, initializing := initReason(pod, sidecars)
	for _, c := range pod.Status.InitContainerStatuses {
		if initializing || sidecars[c.Name] {
			restarts += c.RestartCount
		}
		if sidecars[c.Name] && c.Ready && c.State.Running != nil {
			ready++
		}
	}
	if initializing {
		return ready, restarts
	}
	for _, c := range pod.Status.ContainerStatuses {
		restarts += c.RestartCount
		if c.Ready && c.State.Running != nil {
			ready++
		}
	}
	return ready, restarts
}
