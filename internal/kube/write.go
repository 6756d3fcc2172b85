package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// The verbs of this file are all that writes to the API server, apart from events.

// create makes an object. The caller judges AlreadyExists.
func (s *store) create(ctx context.Context, key engine.Key, o client.Object) error {
	kind, err := gvkOf(o, s.client.Scheme())
	if err != nil {
		return err
	}
	if err := s.client.Create(ctx, o); err != nil {
		return classify(err)
	}
	s.note(key, object{GroupVersionKind: kind, Key: client.ObjectKeyFromObject(o)}, o.GetResourceVersion())
	return nil
}

// status is the subresource of that name; body is the object itself.
const (
	body   = ""
	status = "status"
)

// patch changes fields of an object on the condition that it still has version,
// and returns the new version, which key's next observation waits for.
func (s *store) patch(ctx context.Context, key engine.Key, o object, change patch) (string, error) {
	version, err := s.send(ctx, o, change)
	if err != nil {
		return "", err
	}
	s.note(key, o, version)
	return version, nil
}

// send is patch for objects that no cached observation depends on.
func (s *store) send(ctx context.Context, o object, change patch) (string, error) {
	change.set(change.version, "metadata", "resourceVersion")
	data, err := json.Marshal(change.fields)
	if err != nil {
		return "", fmt.Errorf("encode patch: %w", err)
	}
	// The answer is asked for without the object's content, which nobody reads.
	answer := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: o.Namespace, Name: o.Name}}
	answer.SetGroupVersionKind(o.GroupVersionKind)
	merge := client.RawPatch(types.MergePatchType, data)
	if change.subresource == body {
		err = s.client.Patch(ctx, answer, merge)
	} else {
		err = s.client.SubResource(change.subresource).Patch(ctx, answer, merge)
	}
	if err != nil {
		return "", classify(err)
	}
	return answer.ResourceVersion, nil
}

// remove deletes an object if it still is the one that was observed. An object that
// is gone already is no error.
func (s *store) remove(ctx context.Context, key engine.Key, o object, seen sighting) error {
	target := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: o.Namespace, Name: o.Name}}
	target.SetGroupVersionKind(o.GroupVersionKind)
	id := types.UID(seen.uid)
	err := s.client.Delete(ctx, target,
		client.Preconditions{UID: &id, ResourceVersion: &seen.version},
		client.PropagationPolicy(metav1.DeletePropagationBackground))
	if err != nil && !apierrors.IsNotFound(err) {
		return classify(err)
	}
	s.writes.noteDeleted(key, o, seen.uid, s.now())
	return nil
}

// sighting is the object that a deletion was decided on.
type sighting struct{ uid, version string }

func (s *store) note(key engine.Key, o object, version string) {
	s.writes.note(key, o, version, s.now())
}

// patch is a merge patch in the making.
type patch struct {
	fields      map[string]any
	version     string
	subresource string
}

func newPatch(version string) patch { return patch{fields: map[string]any{}, version: version} }

// set puts a value at a path of fields; nil removes the field.
func (p patch) set(value any, path ...string) {
	at := p.fields
	for _, name := range path[:len(path)-1] {
		next, ok := at[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[name] = next
		}
		at = next
	}
	at[path[len(path)-1]] = value
}

// setAll puts texts under a path; an empty text removes its key.
func (p patch) setAll(texts map[string]string, path ...string) {
	for key, text := range texts {
		var value any
		if text != "" {
			value = text
		}
		p.set(value, append(path[:len(path):len(path)], key)...)
	}
}

// difference is the merge patch that turns before into after; empty when they are
// the same.
func difference(before, after client.Object) (map[string]any, error) {
	data, err := client.MergeFrom(before).Data(after)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{}
	err = json.Unmarshal(data, &fields)
	return fields, err
}

// classify turns the server's refusals into those that the core knows.
func classify(err error) error {
	switch {
	case apierrors.IsConflict(err), apierrors.IsNotFound(err), isEnding(err):
		return fmt.Errorf("%w: %w", plan.ErrConflict, err)
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), isQuota(err):
		return fmt.Errorf("%w: %w", plan.ErrInvalid, err)
	default:
		return err
	}
}

// isEnding tells that the namespace is being deleted, and the Rollout with it.
func isEnding(err error) bool {
	return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}

// isQuota tells a refusal by a ResourceQuota, which the user must lift, from a
// missing permission. The API has no reason of its own for it.
func isQuota(err error) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), "exceeded quota")
}
