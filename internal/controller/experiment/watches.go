package experiment

import (
	"context"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/controller/loop"
	"github.com/serin-rollouts/serin/internal/engine"
)

// experimentEvents wakes an Experiment when it changes in a way that a decision can
// see. Our own write of its status is such a change, once; the pass after it either
// goes on from there or writes nothing.
func experimentEvents(deleted func(engine.Key)) handler.TypedEventHandler[*v1alpha1.Experiment, reconcile.Request] {
	return handler.TypedFuncs[*v1alpha1.Experiment, reconcile.Request]{
		CreateFunc: func(_ context.Context, e event.TypedCreateEvent[*v1alpha1.Experiment], q loop.Queue) {
			loop.Wake(q, client.ObjectKeyFromObject(e.Object))
		},
		UpdateFunc: func(_ context.Context, e event.TypedUpdateEvent[*v1alpha1.Experiment], q loop.Queue) {
			if loop.IsResync(e.ObjectOld, e.ObjectNew) || experimentChanged(e.ObjectOld, e.ObjectNew) {
				loop.Wake(q, client.ObjectKeyFromObject(e.ObjectNew))
			}
		},
		DeleteFunc: func(_ context.Context, e event.TypedDeleteEvent[*v1alpha1.Experiment], q loop.Queue) {
			deleted(client.ObjectKeyFromObject(e.Object))
			loop.Wake(q, client.ObjectKeyFromObject(e.Object))
		},
	}
}

func experimentChanged(before, after *v1alpha1.Experiment) bool {
	return loop.MetaChanged(before, after) || !equality.Semantic.DeepEqual(before.Status, after.Status)
}

// ownedEvents wakes the Experiment that controls an object when it appears, goes, or
// changes in what counts.
func ownedEvents[T client.Object](changed func(before, after T) bool) handler.TypedEventHandler[T, reconcile.Request] {
	return handler.TypedFuncs[T, reconcile.Request]{
		CreateFunc: func(_ context.Context, e event.TypedCreateEvent[T], q loop.Queue) { wakeOwner(q, e.Object) },
		UpdateFunc: func(_ context.Context, e event.TypedUpdateEvent[T], q loop.Queue) {
			before, after := ownerOf(e.ObjectOld), ownerOf(e.ObjectNew)
			if before != after {
				wakeOwner(q, e.ObjectOld)
			}
			if before != after || changed(e.ObjectOld, e.ObjectNew) {
				wakeOwner(q, e.ObjectNew)
			}
		},
		DeleteFunc: func(_ context.Context, e event.TypedDeleteEvent[T], q loop.Queue) { wakeOwner(q, e.Object) },
	}
}

func wakeOwner(q loop.Queue, o client.Object) {
	if owner := ownerOf(o); owner.Name != "" {
		loop.Wake(q, owner)
	}
}

// ownerOf is the Experiment that controls an object; the zero key when none does.
func ownerOf(o client.Object) engine.Key {
	owner := metav1.GetControllerOfNoCopy(o)
	if owner == nil || owner.Kind != v1alpha1.ExperimentKind || owner.APIVersion != v1alpha1.SchemeGroupVersion.String() {
		return engine.Key{}
	}
	return engine.Key{Namespace: o.GetNamespace(), Name: owner.Name}
}

func replicaSetChanged(before, after *appsv1.ReplicaSet) bool {
	a, b := before.Status, after.Status
	return loop.MetaChanged(before, after) ||
		a.Replicas != b.Replicas ||
		a.ReadyReplicas != b.ReadyReplicas ||
		a.AvailableReplicas != b.AvailableReplicas ||
		a.ObservedGeneration != b.ObservedGeneration ||
		!equality.Semantic.DeepEqual(a.Conditions, b.Conditions)
}

// runChanged reports what an Experiment shows of a run. Measurements are not among it.
func runChanged(before, after *v1alpha1.AnalysisRun) bool {
	return before.Status.Phase != after.Status.Phase ||
		before.Status.Message != after.Status.Message ||
		before.Spec.Terminate != after.Spec.Terminate ||
		before.UID != after.UID
}

func serviceChanged(before, after *corev1.Service) bool {
	return loop.MetaChanged(before, after) || !maps.Equal(before.Spec.Selector, after.Spec.Selector)
}

// templateEvents wakes the Experiments that have not begun all analyses yet and name a
// template which appears, changes or goes.
func templateEvents(experiments client.Reader) handler.TypedEventHandler[*v1alpha1.AnalysisTemplate, reconcile.Request] {
	wakeWaiting := func(ctx context.Context, t *v1alpha1.AnalysisTemplate, q loop.Queue) {
		var list v1alpha1.ExperimentList
		if err := experiments.List(ctx, &list, client.InNamespace(t.Namespace)); err != nil {
			return // only when stopping: the list comes from memory
		}
		for i := range list.Items {
			if waitsFor(&list.Items[i], t.Name) {
				loop.Wake(q, client.ObjectKeyFromObject(&list.Items[i]))
			}
		}
	}
	return handler.TypedFuncs[*v1alpha1.AnalysisTemplate, reconcile.Request]{
		CreateFunc: func(ctx context.Context, e event.TypedCreateEvent[*v1alpha1.AnalysisTemplate], q loop.Queue) {
			wakeWaiting(ctx, e.Object, q)
		},
		UpdateFunc: func(ctx context.Context, e event.TypedUpdateEvent[*v1alpha1.AnalysisTemplate], q loop.Queue) {
			if e.ObjectOld.Generation != e.ObjectNew.Generation {
				wakeWaiting(ctx, e.ObjectNew, q)
			}
		},
		DeleteFunc: func(ctx context.Context, e event.TypedDeleteEvent[*v1alpha1.AnalysisTemplate], q loop.Queue) {
			wakeWaiting(ctx, e.Object, q)
		},
	}
}

// waitsFor reports whether an Experiment has yet to begin an analysis with a template
// of its namespace.
func waitsFor(e *v1alpha1.Experiment, template string) bool {
	begun := map[string]bool{}
	for _, run := range e.Status.AnalysisRuns {
		begun[run.Name] = true
	}
	for _, a := range e.Spec.Analyses {
		if a.TemplateName == template && (a.ClusterScope == nil || !*a.ClusterScope) && !begun[a.Name] {
			return true
		}
	}
	return false
}
