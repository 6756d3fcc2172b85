package rollout

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// wardrobe is what pods wear on trial (canary, preview) and settled (stable, active).
func wardrobe(r spec.Rollout) (trial, settled spec.Metadata) {
	switch chosen := r.Strategy.(type) {
	case spec.Canary:
		return chosen.CanaryMetadata, chosen.StableMetadata
	case spec.BlueGreen:
		return chosen.PreviewMetadata, chosen.ActiveMetadata
	default:
		return spec.Metadata{}, spec.Metadata{}
	}
}

// roleMetadata is what pods of a revision wear in its present role; zero for none.
func roleMetadata(s *strategy.Situation, hash string) spec.Metadata {
	trial, settled := wardrobe(s.Snapshot.Spec)
	switch {
	case hash == s.Status.StableRS, s.Initial && hash == s.View.Hash:
		return settled
	case hash == s.View.Hash:
		return trial
	default:
		return spec.Metadata{}
	}
}

// memory is how injected metadata is remembered on a ReplicaSet, so that only what
// was injected is ever removed.
type memory struct {
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// remember renders metadata for the annotation; "" for none.
func remember(m spec.Metadata) string {
	if m.IsZero() {
		return ""
	}
	text, err := json.Marshal(memory(m))
	if err != nil {
		panic("maps of strings are always JSON")
	}
	return string(text)
}

// recall reads what was injected into a ReplicaSet. Text that is no JSON counts as
// nothing.
func recall(annotations map[string]string) spec.Metadata {
	text := annotations[v1alpha1.EphemeralMetadataAnnotation]
	if text == "" {
		return spec.Metadata{}
	}
	var m memory
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return spec.Metadata{}
	}
	return spec.Metadata(m)
}

// injected is the template that rs should have and the annotation that remembers
// it; nil when both are right. Stale anti-affinity is put right along the way.
func injected(s *strategy.Situation, rs *plan.ReplicaSet) (*corev1.PodTemplateSpec, map[string]string) {
	worn, wanted := recall(rs.Annotations), roleMetadata(s, rs.Hash)
	var next *corev1.PodTemplateSpec
	var remembered map[string]string
	if !sameMetadata(worn, wanted) {
		template := inject(*rs.Template.DeepCopy(), worn, wanted)
		next = &template
		remembered = map[string]string{v1alpha1.EphemeralMetadataAnnotation: remember(wanted)}
	}
	if rs.Hash == s.View.Hash && !s.Promoted && staleTerm(rs.Template.Spec.Affinity, s.Status.StableRS) {
		if next == nil {
			next = rs.Template.DeepCopy()
		}
		next.Spec.Affinity = withoutTerms(next.Spec.Affinity)
		if t := antiAffinityTerm(s); t != nil {
			next.Spec.Affinity = withTerm(next.Spec.Affinity, *t)
		}
	}
	return next, remembered
}

func sameMetadata(a, b spec.Metadata) bool {
	return maps.Equal(a.Labels, b.Labels) && maps.Equal(a.Annotations, b.Annotations)
}

// inject swaps worn metadata for wanted in a template that may be edited.
func inject(t corev1.PodTemplateSpec, worn, wanted spec.Metadata) corev1.PodTemplateSpec {
	t.Labels = swap(t.Labels, worn.Labels, wanted.Labels)
	t.Annotations = swap(t.Annotations, worn.Annotations, wanted.Annotations)
	return t
}

func swap(have, worn, wanted map[string]string) map[string]string {
	if len(worn)+len(wanted) == 0 {
		return have
	}
	next := map[string]string{}
	for key, value := range have {
		if _, ours := worn[key]; !ours {
			next[key] = value
		}
	}
	maps.Copy(next, wanted)
	return next
}

// metadataActions put live pods into the metadata of their revision's role, in
// place. Only keys that were injected are ever removed.
func metadataActions(s *strategy.Situation) []plan.Action {
	trial, settled := wardrobe(s.Snapshot.Spec)
	var actions []plan.Action
	for _, rs := range s.View.All() {
		if rs.Want == 0 {
			continue
		}
		worn, wanted := merged(recall(rs.Annotations), trial, settled), roleMetadata(s, rs.Hash)
		if worn.IsZero() {
			continue
		}
		for _, pod := range s.Snapshot.Pods {
			if pod.ReplicaSet == rs.Name && !pod.Terminating {
				actions = append(actions, labelPod(pod, worn, wanted)...)
			}
		}
	}
	slices.SortFunc(actions, func(a, b plan.Action) int { return strings.Compare(a.String(), b.String()) })
	return actions
}

// merged is everything that a pod may wear because of us.
func merged(all ...spec.Metadata) spec.Metadata {
	next := spec.Metadata{Labels: map[string]string{}, Annotations: map[string]string{}}
	for _, m := range all {
		maps.Copy(next.Labels, m.Labels)
		maps.Copy(next.Annotations, m.Annotations)
	}
	return next
}

func labelPod(pod plan.Pod, worn, wanted spec.Metadata) []plan.Action {
	action := plan.LabelPod{
		Name: pod.Name, Version: pod.Version,
		Labels:      difference(pod.Labels, worn.Labels, wanted.Labels),
		Annotations: difference(pod.Annotations, worn.Annotations, wanted.Annotations),
	}
	if len(action.Labels)+len(action.Annotations) == 0 {
		return nil
	}
	return []plan.Action{action}
}

// difference is what to set on have: wanted keys, and "" for worn ones to remove.
func difference(have, worn, wanted map[string]string) map[string]string {
	var changes map[string]string
	set := func(key, value string) {
		if changes == nil {
			changes = map[string]string{}
		}
		changes[key] = value
	}
	for key, value := range wanted {
		if got, ok := have[key]; !ok || got != value {
			set(key, value)
		}
	}
	for key := range worn {
		if _, keep := wanted[key]; keep {
			continue
		}
		if _, there := have[key]; there {
			set(key, "")
		}
	}
	return changes
}
