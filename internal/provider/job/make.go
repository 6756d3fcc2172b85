package job

import (
	"maps"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
)

// outcomeKept is the least time that a finished Job stays, so that its outcome can
// still be read after the controller was away. Unit: seconds.
const outcomeKept = 3600

// job is the Job of one measurement.
func (p Provider) job(q provider.Query) *batchv1.Job {
	asked := q.Metric.Provider.Job
	made := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:   p.namespace(q.Run),
			Name:        nameOf(string(q.Run.UID), q.Metric.Name, q.Number),
			Labels:      with(asked.Metadata.Labels, map[string]string{v1alpha1.AnalysisRunUIDLabel: string(q.Run.UID)}),
			Annotations: with(asked.Metadata.Annotations, marks(q)),
		},
		Spec: *asked.Spec.DeepCopy(),
	}
	made.Spec.Template.Labels = with(made.Spec.Template.Labels, map[string]string{v1alpha1.AnalysisRunUIDLabel: string(q.Run.UID)})
	if ttl := made.Spec.TTLSecondsAfterFinished; ttl != nil && *ttl < outcomeKept {
		made.Spec.TTLSecondsAfterFinished = ptr.To[int32](outcomeKept)
	}
	if !p.elsewhere(q.Run) {
		made.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(q.Run, v1alpha1.SchemeGroupVersion.WithKind("AnalysisRun"))}
	}
	return made
}

// marks are the annotations by which a Job is known to be a measurement's.
func marks(q provider.Query) map[string]string {
	return map[string]string{
		v1alpha1.AnalysisRunNameAnnotation:      q.Run.Name,
		v1alpha1.AnalysisRunNamespaceAnnotation: q.Run.Namespace,
		v1alpha1.AnalysisRunMetricAnnotation:    q.Metric.Name,
	}
}

// with is a copy of texts with others set over them.
func with(texts, over map[string]string) map[string]string {
	all := maps.Clone(texts)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, over)
	return all
}

// isOf reports whether a Job was made for the metric of a run. A Job that something
// else controls never was.
func isOf(found *batchv1.Job, q provider.Query) bool {
	if owner := metav1.GetControllerOf(found); owner != nil && owner.UID != q.Run.UID {
		return false
	}
	return found.Labels[v1alpha1.AnalysisRunUIDLabel] == string(q.Run.UID) &&
		found.Annotations[v1alpha1.AnalysisRunMetricAnnotation] == q.Metric.Name
}
