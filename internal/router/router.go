package router

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Target says whose traffic is meant.
type Target struct {
	Namespace, Rollout, UID string
	// Canary and Stable are the Services behind the two destinations.
	Canary, Stable string
	Routing        spec.Routing
}

// Router moves traffic in one kind of data plane.
type Router interface {
	// Observe reports what the data plane serves now. What the user must put right
	// (a missing or wrong object) is Observation.Problem, not an error.
	Observe(ctx context.Context, t Target) (traffic.Observation, error)
	// Apply makes the data plane serve s. It may be repeated. The events tell what was
	// written, also when an error cut it short.
	Apply(ctx context.Context, t Target, s traffic.Split) ([]plan.Event, error)
}

// Ref names an object that a Renderer reads or writes, in the Target's namespace.
type Ref struct {
	Resource schema.GroupVersionResource
	Kind     string
	Name     string
	// Owned objects are ours: created when absent and deleted with the Rollout.
	Owned bool
}

// String names the object as errors and events show it.
func (r Ref) String() string { return fmt.Sprintf("%s %q", r.Kind, r.Name) }

// Object is one observed or wanted object; nil Content means that it does not exist.
type Object struct {
	Ref     Ref
	Content *unstructured.Unstructured
}

// Teller is a Renderer that has more to tell of a write than that it happened, in
// the words that people know from its data plane.
type Teller interface {
	// Tell describes the write that turned before into after, to serve s. Exactly one
	// of the two may be nil.
	Tell(before, after *unstructured.Unstructured, s traffic.Split) plan.Event
}

// Renderer is the pure half of a router that works by editing objects.
// All three functions get the objects in the order of Refs.
type Renderer interface {
	// Refs lists the objects that matter, the same ones for every split.
	Refs(t Target) []Ref
	// Read reports what the objects make the data plane serve.
	Read(t Target, objects []Object) traffic.Observation
	// Render returns the objects as they should be for s. Fields that are not ours
	// are returned untouched, and so are the arguments. An error names the objects
	// that the user must put right; the others are rendered all the same.
	Render(t Target, objects []Object, s traffic.Split) ([]Object, error)
}
