package analysis

import (
	"fmt"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// Plan is everything one decision about a run wants done.
type Plan struct {
	// Actions in order.
	Actions []Action
	// Status is the whole next status.
	Status v1alpha1.AnalysisRunStatus
	Events []plan.Event
	Notes  []plan.Note
	// WakeAt is when time alone changes the answer; zero: never.
	WakeAt time.Time
}

// Call is what is asked of a source.
type Call string

// Calls. Start begins a measurement, Resume looks again at one in flight, Stop ends
// one that nobody waits for any more.
const (
	Start  Call = "start"
	Resume Call = "resume"
	Stop   Call = "stop"
)

// Action is a closed set.
type Action interface {
	isAction()
	String() string
}

// Measure hands one call to the workers. It is done when it is handed over: the
// reading comes with a later snapshot.
type Measure struct {
	Metric string
	// Number counts the measurements of the metric, errors included, from 1.
	Number int32
	Call   Call
	// Last is the measurement in flight; zero for Start.
	Last v1alpha1.Measurement
}

// Cancel gives up a call that is under way; its reading is dropped.
type Cancel struct{ Metric string }

// Collect has a source remove what all but the newest Keep measurements left behind.
type Collect struct {
	Metric string
	Keep   int
}

// DeleteRun removes a run whose time to live is over.
type DeleteRun struct{ UID, Version string }

func (Measure) isAction()   {}
func (Cancel) isAction()    {}
func (Collect) isAction()   {}
func (DeleteRun) isAction() {}

func (a Measure) String() string {
	return fmt.Sprintf("%s measurement %d of metric %s", a.Call, a.Number, a.Metric)
}

func (a Cancel) String() string { return "give up measuring metric " + a.Metric }

func (a Collect) String() string {
	return fmt.Sprintf("keep %d measurements of metric %s", a.Keep, a.Metric)
}

func (DeleteRun) String() string { return "delete the AnalysisRun" }
