package sim

import (
	"errors"
	"fmt"
	"time"
)

// Mishap is what goes wrong with one of the controller's calls.
type Mishap int

// The mishaps.
const (
	// CrashBefore and CrashAfter end the controller process around a write.
	CrashBefore Mishap = iota
	CrashAfter
	// Conflict: somebody else wrote first.
	Conflict
	// Refused: the write fails and is not done.
	Refused
	// Unanswered: the write is done, but the answer is an error.
	Unanswered
	// Rival: another controller, just elected, makes a whole pass in between.
	Rival
	// Deaf: the wake-up after this call is lost, and made up for later.
	Deaf
)

func (m Mishap) String() string {
	names := [...]string{"crash before", "crash after", "conflict", "refused", "unanswered", "rival", "deaf"}
	return names[m]
}

// AtRecord is the Call of a Fault that hits the status write.
const AtRecord = -1

// Fault is one mishap: in which pass, and at which call of the pass.
type Fault struct {
	Pass   int
	Call   int
	Mishap Mishap
}

func (f Fault) String() string {
	if f.Call == AtRecord {
		return fmt.Sprintf("pass %d, status write: %v", f.Pass, f.Mishap)
	}
	return fmt.Sprintf("pass %d, action %d: %v", f.Pass, f.Call, f.Mishap)
}

var (
	errCrashed = errors.New("the controller process is gone")
	errRefused = errors.New("the API server is not available")
)

// fault finds the mishap of a call; nil: all goes well.
func (w *World) fault(pass, call int) *Fault {
	for i := range w.cfg.Faults {
		if f := &w.cfg.Faults[i]; f.Pass == pass && f.Call == call {
			return f
		}
	}
	return nil
}

// Disaster is what the environment does to pods.
type Disaster int

// The disasters.
const (
	// KillOne takes away one available pod of some revision.
	KillOne Disaster = iota
	// KillRevision takes away all pods of the newest revision.
	KillRevision
)

// strike carries out a disaster.
func (w *World) strike(d Disaster) {
	var struck *replicaSet
	for _, s := range w.sets {
		if w.available(s) > 0 && (struck == nil || d == KillRevision || w.dice.chance(50)) {
			struck = s
		}
	}
	if struck == nil {
		return
	}
	struck.lost = w.now
	for _, p := range struck.pods {
		if p.ready() {
			w.terminate(struck, p)
			if d == KillOne {
				break
			}
		}
	}
	if w.trace.on {
		w.trace.add(w, "cluster", fmt.Sprintf("loses pods of %s", w.revisionName(struck.live.value.Hash)))
	}
}

// lostLately reports whether the environment took pods of a revision since a moment.
func (s *replicaSet) lostLately(since time.Duration) bool {
	return s != nil && s.lost > 0 && s.lost >= since
}
