package rollout

import (
	"maps"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// neverCopied are annotations of a Rollout that its ReplicaSets do not get.
func neverCopied(key string) bool {
	switch key {
	case v1alpha1.LastAppliedAnnotation, v1alpha1.RevisionAnnotation, v1alpha1.RevisionHistoryAnnotation,
		v1alpha1.DesiredReplicasAnnotation, v1alpha1.NotifiedAnnotation:
		return true
	default:
		return false
	}
}

// newReplicaSet is the desired revision's ReplicaSet.
func newReplicaSet(s *strategy.Situation, replicas int32) plan.CreateReplicaSet {
	template := *s.Snapshot.Spec.Template.DeepCopy()
	template.Labels = hashed(template.Labels, s.View.Hash)
	annotations := map[string]string{v1alpha1.RevisionAnnotation: strconv.FormatInt(s.View.Number(), 10)}
	if replicas > 0 {
		annotations[v1alpha1.DesiredReplicasAnnotation] = strconv.Itoa(int(s.Replicas()))
	}
	for key, value := range s.Snapshot.Rollout.Annotations {
		if !neverCopied(key) {
			annotations[key] = value
		}
	}
	if meta := roleMetadata(s, s.View.Hash); !meta.IsZero() {
		template = inject(template, spec.Metadata{}, meta)
		annotations[v1alpha1.EphemeralMetadataAnnotation] = remember(meta)
	}
	if term := antiAffinityTerm(s); term != nil {
		template.Spec.Affinity = withTerm(template.Spec.Affinity, *term)
	}
	return plan.CreateReplicaSet{
		Name: replicaSetName(s), Replicas: replicas, MinReady: s.Snapshot.Spec.MinReady,
		Labels:      hashed(s.Snapshot.Spec.Template.Labels, s.View.Hash),
		Annotations: annotations,
		Selector:    withHash(s.Snapshot.Spec.Selector, s.View.Hash),
		Template:    template,
	}
}

// desiredAnnotations are the annotations that the desired ReplicaSet still lacks:
// its number, and the Rollout's own.
func desiredAnnotations(s *strategy.Situation, rs *plan.ReplicaSet) map[string]string {
	missing := s.View.NumberAnnotations()
	for key, value := range s.Snapshot.Rollout.Annotations {
		if !neverCopied(key) && rs.Annotations[key] != value && value != "" {
			missing = union(missing, map[string]string{key: value})
		}
	}
	return missing
}

// hashed returns a copy of labels with the revision's.
func hashed(m map[string]string, hash string) map[string]string {
	next := make(map[string]string, len(m)+1)
	maps.Copy(next, m)
	next[v1alpha1.DefaultRolloutUniqueLabelKey] = hash
	return next
}

// antiAffinityTerm keeps the desired revision's pods off nodes with stable pods; nil
// when that is not asked for or there is no other stable revision.
func antiAffinityTerm(s *strategy.Situation) *term {
	var asked *spec.AntiAffinity
	switch chosen := s.Snapshot.Spec.Strategy.(type) {
	case spec.Canary:
		asked = chosen.AntiAffinity
	case spec.BlueGreen:
		asked = chosen.AntiAffinity
	}
	if asked == nil || s.Initial || s.Promoted {
		return nil
	}
	return &term{asked: *asked, pod: corev1.PodAffinityTerm{
		LabelSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: v1alpha1.DefaultRolloutUniqueLabelKey, Operator: metav1.LabelSelectorOpIn, Values: []string{s.Status.StableRS},
		}}},
		Namespaces:  []string{s.Snapshot.Rollout.Namespace},
		TopologyKey: v1alpha1.AntiAffinityTopologyKey,
	}}
}

// term is an injected anti-affinity term.
type term struct {
	asked spec.AntiAffinity
	pod   corev1.PodAffinityTerm
}

// withTerm returns a copy of a with the term appended; the user's own stay.
func withTerm(a *corev1.Affinity, t term) *corev1.Affinity {
	next := &corev1.Affinity{}
	if a != nil {
		next = a.DeepCopy()
	}
	if next.PodAntiAffinity == nil {
		next.PodAntiAffinity = &corev1.PodAntiAffinity{}
	}
	anti := next.PodAntiAffinity
	if t.asked.Required {
		anti.RequiredDuringSchedulingIgnoredDuringExecution = append(anti.RequiredDuringSchedulingIgnoredDuringExecution, t.pod)
		return next
	}
	anti.PreferredDuringSchedulingIgnoredDuringExecution = append(anti.PreferredDuringSchedulingIgnoredDuringExecution,
		corev1.WeightedPodAffinityTerm{Weight: t.asked.Weight, PodAffinityTerm: t.pod})
	return next
}

// staleTerm reports whether the desired ReplicaSet carries an injected term that
// names another revision than stable is now, or any once it is promoted.
func staleTerm(a *corev1.Affinity, stable string) bool {
	if a == nil || a.PodAntiAffinity == nil {
		return false
	}
	stale := func(t corev1.PodAffinityTerm) bool { return ours(t) && !names(t, stable) }
	weighted := func(t corev1.WeightedPodAffinityTerm) bool { return stale(t.PodAffinityTerm) }
	return slices.ContainsFunc(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, stale) ||
		slices.ContainsFunc(a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution, weighted)
}

// ours reports whether a term is an injected one: it selects by revision.
func ours(t corev1.PodAffinityTerm) bool {
	return t.LabelSelector != nil && len(t.LabelSelector.MatchExpressions) == 1 &&
		t.LabelSelector.MatchExpressions[0].Key == v1alpha1.DefaultRolloutUniqueLabelKey
}

func names(t corev1.PodAffinityTerm, hash string) bool {
	return slices.Equal(t.LabelSelector.MatchExpressions[0].Values, []string{hash})
}

// withoutTerms returns a copy of a without injected terms; nil when nothing is left.
func withoutTerms(a *corev1.Affinity) *corev1.Affinity {
	next := a.DeepCopy()
	anti := next.PodAntiAffinity
	anti.RequiredDuringSchedulingIgnoredDuringExecution = slices.DeleteFunc(anti.RequiredDuringSchedulingIgnoredDuringExecution, ours)
	anti.PreferredDuringSchedulingIgnoredDuringExecution = slices.DeleteFunc(anti.PreferredDuringSchedulingIgnoredDuringExecution,
		func(t corev1.WeightedPodAffinityTerm) bool { return ours(t.PodAffinityTerm) })
	if len(anti.RequiredDuringSchedulingIgnoredDuringExecution)+len(anti.PreferredDuringSchedulingIgnoredDuringExecution) == 0 {
		next.PodAntiAffinity = nil
	}
	if next.PodAntiAffinity == nil && next.PodAffinity == nil && next.NodeAffinity == nil {
		return nil
	}
	return next
}
