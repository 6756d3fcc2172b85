package node

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// writePod brings the API server's idea of a pod up to date: its status when
// that changed, and its removal when it was deleted and nothing runs any more.
func (n *node) writePod(ctx context.Context, uid types.UID) error {
	p := n.byUID(uid)
	if p == nil {
		return nil
	}
	p.mu.Lock()
	object, written, over, removed := p.object, p.written, p.over, p.removed
	status := statusOf(p.scene())
	p.mu.Unlock()
	switch {
	case removed:
		return nil
	case over && !lastWords(object):
		return n.remove(ctx, object)
	}
	if !equality.Semantic.DeepEqual(written, status) {
		if err := n.writeStatus(ctx, object, status); err != nil {
			return err
		}
		p.mu.Lock()
		p.written = status
		p.mu.Unlock()
	}
	if over {
		return n.remove(ctx, object)
	}
	return nil
}

// lastWords tells whether anybody may read the final status of a deleted pod:
// controllers of pods that end, and whoever holds it back by a finalizer.
func lastWords(object *corev1.Pod) bool {
	return len(object.Finalizers) > 0 || object.Spec.RestartPolicy != corev1.RestartPolicyAlways
}

// statusPatch is a strategic merge patch of a pod's status. Fields that must
// vanish when empty are pointers without omitempty, so that they become null.
type statusPatch struct {
	Metadata struct {
		UID types.UID `json:"uid"`
	} `json:"metadata"`
	Status patchedStatus `json:"status"`
}

type patchedStatus struct {
	corev1.PodStatus `json:",inline"`
	Conditions       []patchedCondition `json:"conditions"`
}

// patchedCondition is merged by type into the conditions that others own.
type patchedCondition struct {
	corev1.PodCondition `json:",inline"`
	Reason              *string `json:"reason"`
	Message             *string `json:"message"`
}

func newStatusPatch(uid types.UID, status corev1.PodStatus) statusPatch {
	var patch statusPatch
	patch.Metadata.UID = uid
	patch.Status.PodStatus = status
	for _, c := range status.Conditions {
		patch.Status.Conditions = append(patch.Status.Conditions, patchedCondition{c, orNull(c.Reason), orNull(c.Message)})
	}
	return patch
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// writeStatus patches the status. A pod that is gone, or whose name another one
// has now, needs no status.
func (n *node) writeStatus(ctx context.Context, object *corev1.Pod, status corev1.PodStatus) error {
	patch, err := json.Marshal(newStatusPatch(object.UID, status))
	if err != nil {
		return fmt.Errorf("encode status of pod %s/%s: %w", object.Namespace, object.Name, err)
	}
	_, err = n.client.CoreV1().Pods(object.Namespace).Patch(ctx, object.Name,
		types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("patch status of pod %s/%s: %w", object.Namespace, object.Name, err)
	}
	return nil
}

// remove lets a deleted pod's object go.
func (n *node) remove(ctx context.Context, object *corev1.Pod) error {
	now := int64(0)
	err := n.client.CoreV1().Pods(object.Namespace).Delete(ctx, object.Name, metav1.DeleteOptions{
		GracePeriodSeconds: &now,
		Preconditions:      &metav1.Preconditions{UID: &object.UID},
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("remove pod %s/%s: %w", object.Namespace, object.Name, err)
	}
	return nil
}
