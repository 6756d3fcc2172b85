package kube

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/spec"
)

// parsed keeps the parsed manifest of every Rollout until the manifest changes.
type parsed struct {
	parse func(*v1alpha1.Rollout) (spec.Rollout, field.ErrorList)

	mu    sync.Mutex
	byKey map[engine.Key]manifest
}

// manifest is a parsed manifest and what it was parsed from.
type manifest struct {
	identity
	spec    spec.Rollout
	invalid field.ErrorList
}

// identity tells manifests apart without comparing them.
type identity struct {
	uid, workload         types.UID
	generation, reference int64
	collisions            int32
}

func newParsed(parse func(*v1alpha1.Rollout) (spec.Rollout, field.ErrorList)) *parsed {
	return &parsed{parse: parse, byKey: map[engine.Key]manifest{}}
}

// get parses rollout, whose template is workload's when that is not nil.
func (p *parsed) get(rollout *v1alpha1.Rollout, workload *workload) (spec.Rollout, field.ErrorList) {
	key, id := client.ObjectKeyFromObject(rollout), identify(rollout, workload)
	p.mu.Lock()
	known, found := p.byKey[key]
	p.mu.Unlock()
	if found && known.identity == id {
		return known.spec, known.invalid
	}
	known = manifest{identity: id}
	known.spec, known.invalid = p.parse(workload.fill(rollout))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byKey[key] = known
	return known.spec, known.invalid
}

func (p *parsed) forget(key engine.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byKey, key)
}

func identify(rollout *v1alpha1.Rollout, workload *workload) identity {
	id := identity{uid: rollout.UID, generation: rollout.Generation}
	if rollout.Status.CollisionCount != nil {
		id.collisions = *rollout.Status.CollisionCount + 1
	}
	if workload != nil {
		id.workload, id.reference = workload.uid, workload.content()
	}
	return id
}
