package routertest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"

	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/router"
)

// Suite tells the laws about one renderer.
type Suite struct {
	Renderer router.Renderer
	// World draws a target, and the objects found for it in the order of Refs. The
	// user has nothing to put right in them.
	World func(t *rapid.T) (router.Target, []router.Object)
	// Split draws a split that the data plane can carry.
	Split func(t *rapid.T, target router.Target) traffic.Split
	// Forget removes from an object all that the renderer may write there. What it
	// leaves belongs to others.
	Forget func(target router.Target, object router.Object)
}

// Laws checks the router laws.
func Laws(t *testing.T, s Suite) {
	t.Run("what was rendered is read, in sync", rapid.MakeCheck(s.readsWhatWasRendered))
	t.Run("rendering twice is rendering once", rapid.MakeCheck(s.rendersOnce))
	t.Run("a later split leaves no trace of the earlier", rapid.MakeCheck(s.forgetsEarlierSplit))
	t.Run("fields of others are untouched", rapid.MakeCheck(s.keepsForeignFields))
	t.Run("the arguments are untouched", rapid.MakeCheck(s.keepsArguments))
	t.Run("what was rendered survives the wire", rapid.MakeCheck(s.survivesWire))
}

func (s Suite) readsWhatWasRendered(t *rapid.T) {
	target, objects := s.World(t)
	split := s.Split(t, target)
	got := s.Renderer.Read(target, s.render(t, target, objects, split))
	want := traffic.Observation{Split: split, Found: true, InSync: true}
	ignored := cmpopts.IgnoreFields(traffic.Observation{}, "Router", "Verified")
	if diff := cmp.Diff(want, got, ignored, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("Read(Render(objects, split)) -want +got:\n%s", diff)
	}
}

func (s Suite) rendersOnce(t *rapid.T) {
	target, objects := s.World(t)
	split := s.Split(t, target)
	once := s.render(t, target, objects, split)
	same(t, once, s.render(t, target, once, split))
}

func (s Suite) forgetsEarlierSplit(t *rapid.T) {
	target, objects := s.World(t)
	earlier, split := s.Split(t, target), s.Split(t, target)
	through := s.render(t, target, s.render(t, target, objects, earlier), split)
	same(t, s.render(t, target, objects, split), through)
}

func (s Suite) keepsForeignFields(t *rapid.T) {
	target, objects := s.World(t)
	rendered := s.render(t, target, objects, s.Split(t, target))
	var before, after []router.Object
	for i, object := range objects {
		if object.Content == nil {
			continue
		}
		for list, from := range map[*[]router.Object]router.Object{&before: object, &after: rendered[i]} {
			copied := copyOf(from)
			s.Forget(target, copied)
			*list = append(*list, copied)
		}
	}
	same(t, before, after)
}

func (s Suite) keepsArguments(t *rapid.T) {
	target, objects := s.World(t)
	var before []router.Object
	for _, object := range objects {
		before = append(before, copyOf(object))
	}
	s.Renderer.Read(target, s.render(t, target, objects, s.Split(t, target)))
	same(t, before, objects)
}

func (s Suite) survivesWire(t *rapid.T) {
	target, objects := s.World(t)
	rendered := s.render(t, target, objects, s.Split(t, target))
	var read []router.Object
	for _, object := range rendered {
		if object.Content == nil {
			read = append(read, object)
			continue
		}
		wire, err := object.Content.MarshalJSON()
		if err != nil {
			t.Fatalf("marshal %s: %v", object.Ref, err)
		}
		back := &unstructured.Unstructured{}
		if err := back.UnmarshalJSON(wire); err != nil {
			t.Fatalf("unmarshal %s: %v", object.Ref, err)
		}
		read = append(read, router.Object{Ref: object.Ref, Content: back})
	}
	same(t, rendered, read)
}

// render renders and checks that the result stands in the order of Refs.
func (s Suite) render(t *rapid.T, target router.Target, objects []router.Object, split traffic.Split) []router.Object {
	rendered, err := s.Renderer.Render(target, objects, split)
	if err != nil {
		t.Fatalf("render: %v", err)
	}
	refs := s.Renderer.Refs(target)
	for i, object := range rendered {
		if object.Ref != refs[i] {
			t.Fatalf("object %d is %s, want %s", i, object.Ref, refs[i])
		}
	}
	if len(rendered) != len(refs) {
		t.Fatalf("rendered %d objects, want %d", len(rendered), len(refs))
	}
	return rendered
}

func copyOf(o router.Object) router.Object {
	if o.Content != nil {
		o.Content = o.Content.DeepCopy()
	}
	return o
}

func same(t *rapid.T, want, got []router.Object) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("objects -want +got:\n%s", diff)
	}
}
