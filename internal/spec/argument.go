package spec

import (
	"fmt"
	"strings"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// ArgumentSource is where a Rollout's analysis arguments get their values.
type ArgumentSource struct {
	// Rollout as it was read.
	Rollout *v1alpha1.Rollout
	// Desired and Stable are the hashes of the revisions; "" before there is one.
	Desired, Stable string
	// Validating takes field paths that lead nowhere for empty values: before a run is
	// made, the Rollout may not have the status yet that they lead to.
	Validating bool
}

// Arguments resolves a Rollout's analysis arguments to those of a run. The hash of a
// revision goes before a field, and a field before a value. An argument is passed even
// when its value is empty.
//
// The first argument that cannot be resolved is an error; none is ever passed as empty
// instead, as Argo Rollouts does when a later one can be resolved.
func Arguments(args []v1alpha1.AnalysisRunArgument, from ArgumentSource) ([]v1alpha1.Argument, error) {
	resolved := make([]v1alpha1.Argument, 0, len(args))
	for _, arg := range args {
		value, err := argumentValue(arg, from)
		if err != nil && !from.Validating {
			return nil, err
		}
		resolved = append(resolved, v1alpha1.Argument{Name: arg.Name, Value: &value})
	}
	return resolved, nil
}

func argumentValue(arg v1alpha1.AnalysisRunArgument, from ArgumentSource) (string, error) {
	switch {
	case arg.ValueFrom == nil:
		return arg.Value, nil
	case arg.ValueFrom.PodTemplateHashValue != nil:
		return hashOf(*arg.ValueFrom.PodTemplateHashValue, from), nil
	case arg.ValueFrom.FieldRef != nil:
		return fieldValue(arg.ValueFrom.FieldRef.FieldPath, from.Rollout)
	default:
		return arg.Value, nil
	}
}

// hashOf is "" for any other word: the schema knows these two.
func hashOf(revision v1alpha1.ValueFromPodTemplateHash, from ArgumentSource) string {
	switch revision {
	case v1alpha1.Latest:
		return from.Desired
	case v1alpha1.Stable:
		return from.Stable
	default:
		return ""
	}
}

// fieldValue is the value of a field of the Rollout: of its metadata in the words of
// the downward API, of everything else by its path in the manifest.
func fieldValue(path string, ro *v1alpha1.Rollout) (string, error) {
	if strings.HasPrefix(path, "metadata") {
		return metadataValue(path, ro)
	}
	return manifestValue(path, ro)
}

func metadataValue(path string, ro *v1alpha1.Rollout) (string, error) {
	switch path {
	case "metadata.name":
		return ro.Name, nil
	case "metadata.namespace":
		return ro.Namespace, nil
	case "metadata.uid":
		return string(ro.UID), nil
	case "metadata.labels":
		return listed(ro.Labels), nil
	case "metadata.annotations":
		return listed(ro.Annotations), nil
	}
	name, key, subscript := cutSubscript(path)
	switch {
	case !subscript:
		return "", fmt.Errorf("unsupported fieldPath: %s", path)
	case name == "metadata.labels" && isDownward(path):
		return ro.Labels[key], nil
	case name == "metadata.annotations" && isDownward(path):
		return ro.Annotations[key], nil
	case name == "metadata.labels" || name == "metadata.annotations":
		return "", fmt.Errorf("invalid key subscript in %s", path)
	default:
		return "", fmt.Errorf("fieldPath %q does not support subscript", path)
	}
}

// cutSubscript splits a path that ends in ['key'].
func cutSubscript(path string) (name, key string, found bool) {
	rest, closed := strings.CutSuffix(path, "']")
	name, key, found = strings.Cut(rest, "['")
	if !closed || !found {
		return "", "", false
	}
	return name, key, name != ""
}
