package job

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// RunOf names the AnalysisRun that a Job measures for, and says whether it does.
func RunOf(j client.Object) (types.NamespacedName, bool) {
	run := types.NamespacedName{
		Namespace: j.GetAnnotations()[v1alpha1.AnalysisRunNamespaceAnnotation],
		Name:      j.GetAnnotations()[v1alpha1.AnalysisRunNameAnnotation],
	}
	return run, j.GetLabels()[v1alpha1.AnalysisRunUIDLabel] != "" && run.Name != "" && run.Namespace != ""
}

// Watch calls wake with the run of every Job that is over or gone, until ctx ends.
// Config reaches the cluster of the place; namespace "" is all. It keeps nothing of
// the Jobs but their names and marks.
func Watch(ctx context.Context, config *rest.Config, namespace string, wake func(types.NamespacedName)) error {
	jobs, err := watched(config, namespace)
	if err != nil {
		return err
	}
	informer, err := jobs.GetInformer(ctx, &batchv1.Job{}, cache.BlockUntilSynced(false))
	if err != nil {
		return fmt.Errorf("watch Jobs: %w", err)
	}
	if _, err := informer.AddEventHandler(waking(wake)); err != nil {
		return fmt.Errorf("watch Jobs: %w", err)
	}
	if err := jobs.Start(ctx); err != nil {
		return fmt.Errorf("watch Jobs: %w", err)
	}
	return nil
}

// watched is a cache of the Jobs of runs.
func watched(config *rest.Config, namespace string) (cache.Cache, error) {
	scheme := runtime.NewScheme()
	if err := batchv1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("add Job types: %w", err)
	}
	ours, err := labels.NewRequirement(v1alpha1.AnalysisRunUIDLabel, selection.Exists, nil)
	if err != nil {
		return nil, fmt.Errorf("select Jobs: %w", err)
	}
	options := cache.Options{
		Scheme:           scheme,
		DefaultTransform: trim,
		ByObject:         map[client.Object]cache.ByObject{&batchv1.Job{}: {Label: labels.NewSelector().Add(*ours)}},
	}
	if namespace != "" {
		options.DefaultNamespaces = map[string]cache.Config{namespace: {}}
	}
	jobs, err := cache.New(config, options)
	if err != nil {
		return nil, fmt.Errorf("watch Jobs: %w", err)
	}
	return jobs, nil
}

// trim leaves of a Job what waking needs.
func trim(object any) (any, error) {
	if j, is := object.(*batchv1.Job); is {
		j.ManagedFields, j.Spec = nil, batchv1.JobSpec{}
		j.Status = batchv1.JobStatus{Conditions: j.Status.Conditions}
	}
	return object, nil
}

func waking(wake func(types.NamespacedName)) toolscache.ResourceEventHandler {
	tell := func(object any, gone bool) {
		j, is := object.(*batchv1.Job)
		if !is {
			return
		}
		run, found := RunOf(j)
		if _, over := outcome(j); found && (over || gone) {
			wake(run)
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { tell(object, false) },
		UpdateFunc: func(_, object any) { tell(object, false) },
		DeleteFunc: func(object any) {
			if mark, is := object.(toolscache.DeletedFinalStateUnknown); is {
				object = mark.Obj
			}
			tell(object, true)
		},
	}
}
