package analysis

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

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

// Outcome is what is left to record when the actions are through.
type Outcome struct {
	// Status to write; nil: leave it as it is.
	Status *v1alpha1.AnalysisRunStatus
	// UID and Version are those of the run that was decided on.
	UID, Version string
	Events       []plan.Event
	Notes        []plan.Note
}

// Outcome is what to record once a plan's actions are done. Nothing is written when the
// status stays as it is.
func (p Plan) Outcome(s Snapshot) Outcome {
	out := Outcome{UID: string(s.Run.UID), Version: s.Run.ResourceVersion, Events: p.Events, Notes: p.Notes}
	if !equality.Semantic.DeepEqual(p.Status, s.Run.Status) {
		out.Status = &p.Status
	}
	return out
}

// Failed is what to record when an action could not be done: nothing. Readings are
// repeated until they are recorded, so the next pass decides the same again.
func Failed(s Snapshot, action Action, failure error) Outcome {
	return Outcome{
		UID: string(s.Run.UID), Version: s.Run.ResourceVersion,
		Notes: []plan.Note{{Topic: "action", Text: fmt.Sprintf("%v: %v", action, failure)}},
	}
}
