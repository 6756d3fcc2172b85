package spec

import (
	"encoding/json"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// TemplatesEqual reports whether live, the template of a ReplicaSet, makes the
// pods that desired, the template of a Rollout, asks for. What we put into live
// does not count: the hash label, the anti-affinity against other revisions, and
// the labels and annotations that the ReplicaSet's own annotations remember as
// ours. Nor do fields that the API server filled in, nor the old name of the
// service account.
func TemplatesEqual(desired, live corev1.PodTemplateSpec, annotations map[string]string) bool {
	injected := remembered(annotations)
	if !equalExcept(desired.Labels, live.Labels, injected.Labels, v1alpha1.DefaultRolloutUniqueLabelKey) {
		return false
	}
	if !equalExcept(desired.Annotations, live.Annotations, injected.Annotations) {
		return false
	}
	return equality.Semantic.DeepEqual(normal(desired.Spec), normal(live.Spec))
}

// Pristine is a ReplicaSet's template without what we put in, as a user could
// have written it: for undo, which writes it back into the Rollout. Annotations
// are the ReplicaSet's own.
func Pristine(live corev1.PodTemplateSpec, annotations map[string]string) corev1.PodTemplateSpec {
	injected := remembered(annotations)
	t := *live.DeepCopy()
	t.Labels = without(t.Labels, injected.Labels, v1alpha1.DefaultRolloutUniqueLabelKey)
	t.Annotations = without(t.Annotations, injected.Annotations)
	t.Spec.Affinity = withoutOurAffinity(t.Spec.Affinity)
	return t
}

// remembered is what a ReplicaSet says was put on its pods for a role. Text that
// is no JSON counts as nothing.
func remembered(annotations map[string]string) Metadata {
	var m v1alpha1.PodTemplateMetadata
	if err := json.Unmarshal([]byte(annotations[v1alpha1.EphemeralMetadataAnnotation]), &m); err != nil {
		return Metadata{}
	}
	return Metadata(m)
}

// equalExcept compares two maps but for the keys of a third and some more.
func equalExcept(a, b, ignored map[string]string, more ...string) bool {
	return maps.Equal(without(a, ignored, more...), without(b, ignored, more...))
}

// without is m less the keys of ignored and some more. It is nil when nothing is left.
func without(m, ignored map[string]string, more ...string) map[string]string {
	var left map[string]string
	for key, value := range m {
		if _, skip := ignored[key]; skip || slices.Contains(more, key) {
			continue
		}
		if left == nil {
			left = map[string]string{}
		}
		left[key] = value
	}
	return left
}

// normal is a pod spec with every default filled in and everything of ours
// taken out, so that two that mean the same are equal.
func normal(s corev1.PodSpec) corev1.PodSpec {
	out := *s.DeepCopy()
	out.Affinity = withoutOurAffinity(out.Affinity)
	fillPodDefaults(&out)
	return out
}

// withoutOurAffinity drops the anti-affinity terms that select by hash label,
// and then what has become empty.
func withoutOurAffinity(a *corev1.Affinity) *corev1.Affinity {
	if a == nil {
		return nil
	}
	out := *a
	if anti := a.PodAntiAffinity; anti != nil {
		out.PodAntiAffinity = &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: slices.DeleteFunc(
				slices.Clone(anti.RequiredDuringSchedulingIgnoredDuringExecution), selectsByHash),
			PreferredDuringSchedulingIgnoredDuringExecution: slices.DeleteFunc(
				slices.Clone(anti.PreferredDuringSchedulingIgnoredDuringExecution),
				func(t corev1.WeightedPodAffinityTerm) bool { return selectsByHash(t.PodAffinityTerm) }),
		}
	}
	if equality.Semantic.DeepEqual(out.PodAntiAffinity, &corev1.PodAntiAffinity{}) {
		out.PodAntiAffinity = nil
	}
	if equality.Semantic.DeepEqual(out, corev1.Affinity{}) {
		return nil
	}
	return &out
}

func selectsByHash(t corev1.PodAffinityTerm) bool {
	return t.LabelSelector != nil && slices.ContainsFunc(t.LabelSelector.MatchExpressions, func(r metav1.LabelSelectorRequirement) bool {
		return r.Key == v1alpha1.DefaultRolloutUniqueLabelKey
	})
}
