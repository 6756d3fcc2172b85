package local

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Patience is how long tests wait for what takes a moment.
const Patience = 60 * time.Second

// Rollout reads a Rollout.
func (n *Namespace) Rollout(name string) *v1alpha1.Rollout {
	n.t.Helper()
	object, err := n.client.Resource(v1alpha1.RolloutGVR).Namespace(n.Name).Get(n.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		n.t.Fatalf("get Rollout %s: %v", name, err)
	}
	rollout, err := decode(object)
	if err != nil {
		n.t.Fatal(err)
	}
	return rollout
}

func decode(object *unstructured.Unstructured) (*v1alpha1.Rollout, error) {
	rollout := &v1alpha1.Rollout{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, rollout); err != nil {
		return nil, fmt.Errorf("decode Rollout %s: %w", object.GetName(), err)
	}
	return rollout, nil
}

// WaitRollout waits until a Rollout that the controller has looked at meets a
// condition, and fails the test when it does not in time. what completes "wait until".
func (n *Namespace) WaitRollout(name, what string, patience time.Duration, met func(*v1alpha1.Rollout) bool) *v1alpha1.Rollout {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	var last *v1alpha1.Rollout
	err := until(ctx, n.client.Resource(v1alpha1.RolloutGVR).Namespace(n.Name), name, func(objects []*unstructured.Unstructured) bool {
		if len(objects) == 0 {
			return false
		}
		rollout, err := decode(objects[0])
		if err != nil {
			n.t.Error(err)
			return false
		}
		last = rollout
		return fmt.Sprint(rollout.Generation) == rollout.Status.ObservedGeneration && met(rollout)
	})
	if err != nil {
		n.t.Fatalf("wait %s until Rollout %s %s: %v; last seen: %s", patience, name, what, err, state(last))
	}
	return last
}

// state describes a Rollout in a line.
func state(r *v1alpha1.Rollout) string {
	if r == nil {
		return "nothing"
	}
	status, err := json.Marshal(r.Status)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("generation %d, status %s", r.Generation, status)
}

// WaitPhase waits until a Rollout is in a phase.
func (n *Namespace) WaitPhase(name string, phase v1alpha1.RolloutPhase) *v1alpha1.Rollout {
	n.t.Helper()
	return n.WaitRollout(name, "is "+string(phase), Patience, func(r *v1alpha1.Rollout) bool { return r.Status.Phase == phase })
}

// WaitPausedAt waits until a Rollout rests in the pause step of that index.
func (n *Namespace) WaitPausedAt(name string, step int32) *v1alpha1.Rollout {
	n.t.Helper()
	return n.WaitRollout(name, fmt.Sprintf("is paused at step %d", step), Patience, func(r *v1alpha1.Rollout) bool {
		at := r.Status.CurrentStepIndex
		return r.Status.Phase == v1alpha1.RolloutPhasePaused && at != nil && *at == step
	})
}

// Patch merge-patches a Rollout.
func (n *Namespace) Patch(name, patch string) {
	n.t.Helper()
	rollouts := n.client.Resource(v1alpha1.RolloutGVR).Namespace(n.Name)
	if _, err := rollouts.Patch(n.t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		n.t.Fatalf("patch Rollout %s: %v", name, err)
	}
}

// Pods are the available pods of a Rollout by the standing of their revision. Those
// that are to go count until they are gone.
type Pods struct {
	// Canary is the desired revision's while it is not stable.
	Canary, Stable, Others int32
}

// WaitPods waits until a Rollout has exactly these pods.
func (n *Namespace) WaitPods(name string, want Pods) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), Patience)
	defer cancel()
	var got Pods
	err := until(ctx, n.client.Resource(replicaSets).Namespace(n.Name), "", func(objects []*unstructured.Unstructured) bool {
		got = count(objects, n.Rollout(name).Status)
		return got == want
	})
	if err != nil {
		n.t.Fatalf("wait %s until Rollout %s has pods %+v: %v; last seen: %+v", Patience, name, want, err, got)
	}
}

// count adds up the pods of ReplicaSets.
func count(objects []*unstructured.Unstructured, status v1alpha1.RolloutStatus) Pods {
	var p Pods
	for _, object := range objects {
		switch object.GetLabels()[v1alpha1.DefaultRolloutUniqueLabelKey] {
		case status.StableRS:
			p.Stable += podsOf(object)
		case status.CurrentPodHash:
			p.Canary += podsOf(object)
		default:
			p.Others += podsOf(object)
		}
	}
	return p
}

func podsOf(object *unstructured.Unstructured) int32 {
	wanted, _, _ := unstructured.NestedInt64(object.Object, "spec", "replicas")
	running, _, _ := unstructured.NestedInt64(object.Object, "status", "replicas")
	available, _, _ := unstructured.NestedInt64(object.Object, "status", "availableReplicas")
	if available < wanted {
		return int32(available)
	}
	return int32(max(wanted, running))
}
