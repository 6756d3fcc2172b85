package sim

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/router"
)

// Plain is the simplest data plane there is: one object of our own that holds the
// split as it is. Its objects never leave the simulator.
type Plain struct{}

const plainKind = "PlainSplit"

// Refs implements router.Renderer.
func (Plain) Refs(t router.Target) []router.Ref {
	return []router.Ref{{
		Resource: schema.GroupVersionResource{Group: "sim.serin", Version: "v1", Resource: "plainsplits"},
		Kind:     plainKind, Name: t.Rollout, Owned: true,
	}}
}

// Read implements router.Renderer.
func (Plain) Read(_ router.Target, objects []router.Object) traffic.Observation {
	content := objects[0].Content
	if content == nil {
		return traffic.Observation{InSync: true}
	}
	split, found := content.Object["split"].(traffic.Split)
	return traffic.Observation{Found: found, InSync: true, Split: split}
}

// Render implements router.Renderer.
func (Plain) Render(_ router.Target, objects []router.Object, s traffic.Split) ([]router.Object, error) {
	content := &unstructured.Unstructured{Object: map[string]any{"kind": plainKind, "split": s}}
	return []router.Object{{Ref: objects[0].Ref, Content: content}}, nil
}
