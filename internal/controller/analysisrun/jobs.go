package analysisrun

import (
	"context"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/controller/loop"
	"github.com/serin-rollouts/serin/internal/engine"
)

// jobEvents wakes the run that a Job measures for when the Job ends, changes its
// conditions or is gone.
func jobEvents() handler.TypedEventHandler[*batchv1.Job, reconcile.Request] {
	return handler.TypedFuncs[*batchv1.Job, reconcile.Request]{
		UpdateFunc: func(_ context.Context, e event.TypedUpdateEvent[*batchv1.Job], q loop.Queue) {
			if !equality.Semantic.DeepEqual(e.ObjectOld.Status.Conditions, e.ObjectNew.Status.Conditions) {
				wakeRun(q, e.ObjectNew)
			}
		},
		DeleteFunc: func(_ context.Context, e event.TypedDeleteEvent[*batchv1.Job], q loop.Queue) { wakeRun(q, e.Object) },
	}
}

// wakeRun finds the run by the annotations that every Job of a measurement has, since
// a Job may be in another namespace.
func wakeRun(q loop.Queue, job *batchv1.Job) {
	key := engine.Key{
		Namespace: job.Annotations[v1alpha1.AnalysisRunNamespaceAnnotation],
		Name:      job.Annotations[v1alpha1.AnalysisRunNameAnnotation],
	}
	if key.Name != "" && key.Namespace != "" {
		loop.Wake(q, key)
	}
}
