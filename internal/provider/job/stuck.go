package job

import (
	"context"
	"fmt"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// placePatience is how long a pod may wait for a node: long enough for one to be
// added to the cluster.
const placePatience = 5 * time.Minute

// stuck says why a Job cannot get on, "" while it can.
func (p Provider) stuck(ctx context.Context, j *batchv1.Job, now time.Time) (string, error) {
	var pods corev1.PodList
	err := p.client.List(ctx, &pods, client.InNamespace(j.Namespace), client.MatchingLabels{batchv1.ControllerUidLabel: string(j.UID)})
	if err != nil {
		return "", fmt.Errorf("list pods of Job %s/%s: %w", j.Namespace, j.Name, err)
	}
	for i := range pods.Items {
		if why := stuckPod(&pods.Items[i], now); why != "" {
			return why, nil
		}
	}
	return "", nil
}

func stuckPod(pod *corev1.Pod, now time.Time) string {
	if pod.DeletionTimestamp != nil {
		return ""
	}
	for _, c := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if c.State.Waiting != nil && isPullFailure(c.State.Waiting.Reason) {
			return fmt.Sprintf("pod %s, container %s: %s", pod.Name, c.Name, said(c.State.Waiting.Reason, c.State.Waiting.Message))
		}
	}
	for _, c := range pod.Status.Conditions {
		waits := c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable
		if waits && now.Sub(c.LastTransitionTime.Time) >= placePatience {
			return fmt.Sprintf("pod %s: no node for %s: %s", pod.Name, placePatience, c.Message)
		}
	}
	return ""
}

func isPullFailure(reason string) bool {
	return slices.Contains([]string{"ErrImagePull", "ImagePullBackOff", "InvalidImageName"}, reason)
}
