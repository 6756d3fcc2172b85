package router

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/traffic"
)

// ObjectClient reads and writes the objects of routers. internal/kube has the one
// for API servers.
type ObjectClient interface {
	// Get returns the named object of a namespace, or nil when it does not exist.
	// It may come from a cache: callers do not edit it.
	Get(ctx context.Context, namespace string, ref Ref) (*unstructured.Unstructured, error)
	// Write turns before into after, both complete objects. Without before it
	// creates, without after it deletes. Anything else patches what differs, on
	// the condition that the object is still the one in before (its UID and
	// resourceVersion). When it is not, or a created object exists already, the
	// error is plan.ErrConflict; what the API server refuses is plan.ErrInvalid.
	Write(ctx context.Context, namespace string, ref Ref, before, after *unstructured.Unstructured) error
}

// FromObjects makes a router out of a renderer, by that name in observations.
func FromObjects(name string, r Renderer, client ObjectClient) Router {
	return objects{name: name, renderer: r, client: client}
}

type objects struct {
	name     string
	renderer Renderer
	client   ObjectClient
}

// Observe implements Router.
func (o objects) Observe(ctx context.Context, t Target) (traffic.Observation, error) {
	found, err := o.get(ctx, t)
	if err != nil {
		return traffic.Observation{}, err
	}
	observation := o.renderer.Read(t, found)
	observation.Router = o.name
	return observation, nil
}

// Apply implements Router. One object that cannot be rendered or written does not
// keep the others from being written; all errors are returned.
func (o objects) Apply(ctx context.Context, t Target, s traffic.Split) ([]plan.Event, error) {
	found, err := o.get(ctx, t)
	if err != nil {
		return nil, err
	}
	wanted, err := o.renderer.Render(t, found, s)
	problems := []error{err}
	var events []plan.Event
	for i, want := range wanted {
		before, after := found[i].Content, want.Content
		if Same(before, after) {
			continue
		}
		if err := o.client.Write(ctx, t.Namespace, want.Ref, before, after); err != nil {
			problems = append(problems, fmt.Errorf("write %s: %w", want.Ref, err))
			continue
		}
		if teller, ok := o.renderer.(Teller); ok {
			events = append(events, teller.Tell(before, after, s))
		}
	}
	return events, errors.Join(problems...)
}

// get fetches the renderer's objects, in its order.
func (o objects) get(ctx context.Context, t Target) ([]Object, error) {
	refs := o.renderer.Refs(t)
	found := make([]Object, len(refs))
	for i, ref := range refs {
		content, err := o.client.Get(ctx, t.Namespace, ref)
		if err != nil {
			return nil, fmt.Errorf("get %s: %w", ref, err)
		}
		found[i] = Object{Ref: ref, Content: content}
	}
	return found, nil
}

// Same reports whether two objects say the same; absent ones are nil. An empty list
// or map is the same as none, as the API server sees it.
func Same(a, b *unstructured.Unstructured) bool {
	if a == nil || b == nil {
		return a == b
	}
	return equality.Semantic.DeepEqual(a.Object, b.Object)
}
