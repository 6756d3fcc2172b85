package cli

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// originalTemplate is the pod template that a user wrote for this ReplicaSet:
// without the hash label, the metadata and the anti-affinity that the
// controller adds. Leaving any of them in would make a template that matches no
// known revision, and so a full update where a fast way back was wanted.
func originalTemplate(rs *unstructured.Unstructured) (map[string]any, error) {
	template, found, err := unstructured.NestedMap(rs.Object, "spec", "template")
	if err != nil || !found {
		return nil, fmt.Errorf("read the pod template of ReplicaSet %s: found %v, %w", rs.GetName(), found, err)
	}
	injected, err := injectedMetadata(rs)
	if err != nil {
		return nil, err
	}
	remove := map[string][]string{
		"labels":      append(keys(injected.Labels), v1alpha1.DefaultRolloutUniqueLabelKey),
		"annotations": keys(injected.Annotations),
	}
	for field, names := range remove {
		for _, name := range names {
			unstructured.RemoveNestedField(template, "metadata", field, name)
		}
		removeIfEmpty(template, "metadata", field)
	}
	unstructured.RemoveNestedField(template, "metadata", "creationTimestamp")
	removeAntiAffinity(template)
	return template, nil
}

// injectedMetadata is what the controller wrote down that it added.
func injectedMetadata(rs *unstructured.Unstructured) (v1alpha1.PodTemplateMetadata, error) {
	var injected v1alpha1.PodTemplateMetadata
	text := rs.GetAnnotations()[v1alpha1.EphemeralMetadataAnnotation]
	if text == "" {
		return injected, nil
	}
	if err := json.Unmarshal([]byte(text), &injected); err != nil {
		return injected, fmt.Errorf("read annotation %s of ReplicaSet %s: %w",
			v1alpha1.EphemeralMetadataAnnotation, rs.GetName(), err)
	}
	return injected, nil
}

// Paths of the anti-affinity that the controller adds.
var (
	affinityPath     = []string{"spec", "affinity"}
	antiAffinityPath = []string{"spec", "affinity", "podAntiAffinity"}
	requiredTerms    = "requiredDuringSchedulingIgnoredDuringExecution"
	preferredTerms   = "preferredDuringSchedulingIgnoredDuringExecution"
)

// removeAntiAffinity takes out the terms that keep pods away from another
// revision, and what is then empty around them.
func removeAntiAffinity(template map[string]any) {
	for _, field := range []string{requiredTerms, preferredTerms} {
		path := append(append([]string(nil), antiAffinityPath...), field)
		terms, found, err := unstructured.NestedSlice(template, path...)
		if err != nil || !found {
			continue
		}
		var kept []any
		for _, term := range terms {
			if !againstRevision(term) {
				kept = append(kept, term)
			}
		}
		if len(kept) == len(terms) {
			continue
		}
		if len(kept) > 0 {
			// A list that was read can be written.
			_ = unstructured.SetNestedSlice(template, kept, path...)
			continue
		}
		unstructured.RemoveNestedField(template, path...)
		removeIfEmpty(template, antiAffinityPath...)
		removeIfEmpty(template, affinityPath...)
	}
}

// againstRevision is true for a term, weighted or not, that selects pods by
// their hash label. Users have no reason to write one: hashes are not theirs.
func againstRevision(term any) bool {
	fields, ok := term.(map[string]any)
	if !ok {
		return false
	}
	if inner, weighted := fields["podAffinityTerm"].(map[string]any); weighted {
		fields = inner
	}
	exprs, _, _ := unstructured.NestedSlice(fields, "labelSelector", "matchExpressions")
	for _, expr := range exprs {
		if e, ok := expr.(map[string]any); ok && e["key"] == v1alpha1.DefaultRolloutUniqueLabelKey {
			return true
		}
	}
	return false
}

func removeIfEmpty(obj map[string]any, path ...string) {
	if m, found, err := unstructured.NestedMap(obj, path...); err == nil && found && len(m) == 0 {
		unstructured.RemoveNestedField(obj, path...)
	}
}

func keys(m map[string]string) []string {
	var list []string
	for k := range m {
		list = append(list, k)
	}
	return list
}
