package loop

import (
	"maps"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// IsResync reports whether an update is the periodic look without a reason.
func IsResync(before, after client.Object) bool {
	return before.GetResourceVersion() == after.GetResourceVersion()
}

// MetaChanged reports whether two versions of an object differ in what decisions see
// of its metadata. The generation stands for the spec.
func MetaChanged(before, after client.Object) bool {
	return before.GetUID() != after.GetUID() ||
		before.GetGeneration() != after.GetGeneration() ||
		(before.GetDeletionTimestamp() == nil) != (after.GetDeletionTimestamp() == nil) ||
		!maps.Equal(before.GetLabels(), after.GetLabels()) ||
		!maps.Equal(before.GetAnnotations(), after.GetAnnotations())
}
