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
		if !maps.Equal(template.Labels, rs.Template.Labels) || !maps.Equal(template.Annotations, rs.Template.Annotations) {
			next = &template
		}
		if kept := stillWorn(s, rs, worn, wanted); !sameMetadata(kept, worn) {
			remembered = map[string]string{v1alpha1.EphemeralMetadataAnnotation: remember(kept)}
		}
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

// stillWorn is wanted, and of worn what live pods have not put off yet: it is
// remembered until they have, so that no failure on the way leaves it on them.
func stillWorn(s *strategy.Situation, rs *plan.ReplicaSet, worn, wanted spec.Metadata) spec.Metadata {
	kept := merged(wanted)
	if rs.Want == 0 {
		return kept
	}
	for _, pod := range s.Snapshot.Pods {
		if pod.ReplicaSet != rs.Name || pod.Terminating {
			continue
		}
		maps.Copy(kept.Labels, leftOn(pod.Labels, worn.Labels, wanted.Labels))
		maps.Copy(kept.Annotations, leftOn(pod.Annotations, worn.Annotations, wanted.Annotations))
	}
	return kept
}

// leftOn is the part of worn that is not wanted, of which have has the keys.
func leftOn(have, worn, wanted map[string]string) map[string]string {
	left := map[string]string{}
	for key, value := range worn {
		_, keep := wanted[key]
		if _, there := have[key]; there && !keep {
			left[key] = value
		}
	}
	return left
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
	if len(s.Snapshot.Pods) == 0 {
		return nil
	}
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
