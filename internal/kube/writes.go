package kube

import (
	"strconv"
	"sync"
	"time"

	"github.com/serin-rollouts/serin/internal/engine"
)

// catchUp is how long a cache may stay behind one of our writes before the write is
// no longer waited for: the object may be gone again without the cache ever having
// seen it. Names are deterministic and writes conditional, so that going on is safe.
const catchUp = 5 * time.Second

// writes remembers the versions that our own writes produced until the caches have
// them, because a decision on anything older would repeat or undo them.
type writes struct {
	// patience is how long a cache may stay behind; catchUp unless set otherwise.
	patience time.Duration
	mu       sync.Mutex
	pending  map[engine.Key]map[object]written
}

// written is one write that a cache may not have seen.
type written struct {
	// version that the write made; zero for a deletion.
	version uint64
	// uid of the object that was deleted; "" otherwise.
	uid   string
	until time.Time
}

// seen is what a cache has of an object; zero when it has nothing.
type seen struct {
	version uint64
	uid     string
}

func newWrites() *writes {
	return &writes{patience: catchUp, pending: map[engine.Key]map[object]written{}}
}

// note remembers that a write for key produced this version of o.
func (w *writes) note(key engine.Key, o object, version string, now time.Time) {
	number, err := strconv.ParseUint(version, 10, 64)
	if err != nil {
		return
	}
	w.put(key, o, written{version: number, until: now.Add(w.patience)})
}

// noteDeleted remembers that o was deleted for key.
func (w *writes) noteDeleted(key engine.Key, o object, uid string, now time.Time) {
	w.put(key, o, written{uid: uid, until: now.Add(w.patience)})
}

func (w *writes) put(key engine.Key, o object, entry written) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pending[key] == nil {
		w.pending[key] = map[object]written{}
	}
	w.pending[key][o] = entry
}

// behind returns an object whose cache has not yet seen our last write for key, and
// forgets the writes that were seen.
func (w *writes) behind(key engine.Key, now time.Time, look func(object) seen) (object, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for o, entry := range w.pending[key] {
		if now.Before(entry.until) && !entry.seenIn(look(o)) {
			return o, true
		}
		delete(w.pending[key], o)
	}
	delete(w.pending, key)
	return object{}, false
}

// forget drops what is remembered for key.
func (w *writes) forget(key engine.Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.pending, key)
}

func (e written) seenIn(cached seen) bool {
	if e.uid != "" {
		return cached.uid != e.uid
	}
	return cached.version >= e.version
}

// versionNumber reads a resourceVersion; 0 when it is none.
func versionNumber(version string) uint64 {
	number, err := strconv.ParseUint(version, 10, 64)
	if err != nil {
		return 0
	}
	return number
}
