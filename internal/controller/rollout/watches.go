package rollout

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/controller/loop"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

type queue = loop.Queue

// rolloutEvents wakes a Rollout when it changes in a way that a decision can see.
// Our own write of its status is such a change, once; the pass after it writes
// nothing and so wakes nothing.
func rolloutEvents(tell func(client.Object, plan.Event), changed func(before, after *v1alpha1.Rollout)) handler.TypedEventHandler[*v1alpha1.Rollout, reconcile.Request] {
	return handler.TypedFuncs[*v1alpha1.Rollout, reconcile.Request]{
		CreateFunc: func(_ context.Context, e event.TypedCreateEvent[*v1alpha1.Rollout], q queue) {
			if e.Object.Status.ObservedGeneration == "" {
				tell(e.Object, plan.Event{
					Reason:  v1alpha1.RolloutAddedToInformerReason,
					Message: fmt.Sprintf("Rollout resource added to informer: %s/%s", e.Object.Namespace, e.Object.Name),
				})
			}
			loop.Wake(q, client.ObjectKeyFromObject(e.Object))
		},
		UpdateFunc: func(_ context.Context, e event.TypedUpdateEvent[*v1alpha1.Rollout], q queue) {
			changed(e.ObjectOld, e.ObjectNew)
			if loop.IsResync(e.ObjectOld, e.ObjectNew) || rolloutChanged(e.ObjectOld, e.ObjectNew) {
				loop.Wake(q, client.ObjectKeyFromObject(e.ObjectNew))
			}
		},
		DeleteFunc: func(_ context.Context, e event.TypedDeleteEvent[*v1alpha1.Rollout], q queue) {
			tell(e.Object, plan.Event{
				Reason:  v1alpha1.RolloutDeletedReason,
				Message: fmt.Sprintf("Rollout %s/%s is deleted.", e.Object.Namespace, e.Object.Name),
			})
			loop.Wake(q, client.ObjectKeyFromObject(e.Object))
		},
	}
}

func rolloutChanged(before, after *v1alpha1.Rollout) bool {
	return loop.MetaChanged(before, after) || !equality.Semantic.DeepEqual(before.Status, after.Status)
}

// replicaSetEvents wakes the owner of a ReplicaSet, and those who could adopt an
// orphan.
func replicaSetEvents(rollouts client.Reader) handler.TypedEventHandler[*appsv1.ReplicaSet, reconcile.Request] {
	wakeFor := func(ctx context.Context, rs *appsv1.ReplicaSet, q queue) {
		for _, key := range concerned(ctx, rollouts, rs) {
			loop.Wake(q, key)
		}
	}
	return handler.TypedFuncs[*appsv1.ReplicaSet, reconcile.Request]{
		CreateFunc: func(ctx context.Context, e event.TypedCreateEvent[*appsv1.ReplicaSet], q queue) {
			wakeFor(ctx, e.Object, q)
		},
		UpdateFunc: func(ctx context.Context, e event.TypedUpdateEvent[*appsv1.ReplicaSet], q queue) {
			if !replicaSetChanged(e.ObjectOld, e.ObjectNew) {
				return
			}
			if ownerOf(e.ObjectOld) != ownerOf(e.ObjectNew) {
				wakeFor(ctx, e.ObjectOld, q)
			}
			wakeFor(ctx, e.ObjectNew, q)
		},
		DeleteFunc: func(ctx context.Context, e event.TypedDeleteEvent[*appsv1.ReplicaSet], q queue) {
			wakeFor(ctx, e.Object, q)
		},
	}
}

func replicaSetChanged(before, after *appsv1.ReplicaSet) bool {
	a, b := before.Status, after.Status
	return loop.MetaChanged(before, after) ||
		ownerOf(before) != ownerOf(after) ||
		a.Replicas != b.Replicas ||
		a.ReadyReplicas != b.ReadyReplicas ||
		a.AvailableReplicas != b.AvailableReplicas ||
		a.ObservedGeneration != b.ObservedGeneration ||
		!equality.Semantic.DeepEqual(a.Conditions, b.Conditions)
}

// ownerOf is the Rollout that controls an object; the zero key when none does.
func ownerOf(rs metav1.Object) engine.Key {
	owner := metav1.GetControllerOfNoCopy(rs)
	if owner == nil || owner.Kind != v1alpha1.RolloutKind || owner.APIVersion != v1alpha1.SchemeGroupVersion.String() {
		return engine.Key{}
	}
	return engine.Key{Namespace: rs.GetNamespace(), Name: owner.Name}
}

// phaseEvents wakes the Rollout that owns a run or an experiment when that appears,
// goes, or comes into another phase: measurements are none of its business.
func phaseEvents[T client.Object](phase func(T) v1alpha1.AnalysisPhase) handler.TypedEventHandler[T, reconcile.Request] {
	wakeOwner := func(o T, q queue) {
		if owner := ownerOf(o); owner.Name != "" {
			loop.Wake(q, owner)
		}
	}
	return handler.TypedFuncs[T, reconcile.Request]{
		CreateFunc: func(_ context.Context, e event.TypedCreateEvent[T], q queue) { wakeOwner(e.Object, q) },
		UpdateFunc: func(_ context.Context, e event.TypedUpdateEvent[T], q queue) {
			if phase(e.ObjectOld) != phase(e.ObjectNew) || e.ObjectOld.GetUID() != e.ObjectNew.GetUID() {
				wakeOwner(e.ObjectNew, q)
			}
		},
		DeleteFunc: func(_ context.Context, e event.TypedDeleteEvent[T], q queue) { wakeOwner(e.Object, q) },
	}
}

// concerned lists the Rollouts that a ReplicaSet matters to.
func concerned(ctx context.Context, rollouts client.Reader, rs *appsv1.ReplicaSet) []engine.Key {
	if owner := ownerOf(rs); owner.Name != "" {
		return []engine.Key{owner}
	}
	if metav1.GetControllerOfNoCopy(rs) != nil {
		return nil
	}
	var list v1alpha1.RolloutList
	if err := rollouts.List(ctx, &list, client.InNamespace(rs.Namespace)); err != nil {
		return nil // only when stopping: the list comes from memory
	}
	var keys []engine.Key
	for i := range list.Items {
		selector, err := metav1.LabelSelectorAsSelector(list.Items[i].Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(labels.Set(rs.Labels)) {
			keys = append(keys, client.ObjectKeyFromObject(&list.Items[i]))
		}
	}
	return keys
}
