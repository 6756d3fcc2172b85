package kube

import (
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/serin-rollouts/serin/internal/engine"
)

// object names one object of the cluster by what it is, not by its version.
type object struct {
	schema.GroupVersionKind
	engine.Key
}

// references knows which Rollouts refer to which objects, so that a change of an
// object wakes the right ones.
type references struct {
	mu sync.Mutex
	// from holds, for each Rollout, its objects and the pass that last read them.
	from map[engine.Key]map[object]uint64
	to   map[object]map[engine.Key]struct{}
	pass uint64
}

func newReferences() *references {
	return &references{
		from: map[engine.Key]map[object]uint64{},
		to:   map[object]map[engine.Key]struct{}{},
	}
}

// begin starts a pass over key. Objects are added while it reads them, and end
// drops those that it did not read.
func (r *references) begin() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pass++
	return r.pass
}

// add notes that key refers to o.
func (r *references) add(pass uint64, key engine.Key, o object) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.from[key] == nil {
		r.from[key] = map[object]uint64{}
	}
	r.from[key][o] = pass
	if r.to[o] == nil {
		r.to[o] = map[engine.Key]struct{}{}
	}
	r.to[o][key] = struct{}{}
}

// end drops what key no longer refers to and returns it.
func (r *references) end(pass uint64, key engine.Key) []object {
	r.mu.Lock()
	defer r.mu.Unlock()
	var dropped []object
	for o, last := range r.from[key] {
		if last >= pass {
			continue
		}
		dropped = append(dropped, o)
		delete(r.from[key], o)
		r.unlink(key, o)
	}
	if len(r.from[key]) == 0 {
		delete(r.from, key)
	}
	return dropped
}

// forget drops everything that key refers to and returns it.
func (r *references) forget(key engine.Key) []object {
	return r.end(r.begin(), key)
}

// rollouts lists who refers to o.
func (r *references) rollouts(o object) []engine.Key {
	r.mu.Lock()
	defer r.mu.Unlock()
	keys := make([]engine.Key, 0, len(r.to[o]))
	for key := range r.to[o] {
		keys = append(keys, key)
	}
	return keys
}

// within reports whether any Rollout of a namespace refers to something.
func (r *references) within(namespace string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key := range r.from {
		if key.Namespace == namespace {
			return true
		}
	}
	return false
}

func (r *references) unlink(key engine.Key, o object) {
	delete(r.to[o], key)
	if len(r.to[o]) == 0 {
		delete(r.to, o)
	}
}
