package story

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Phases of an AnalysisRun.
const (
	runRunning    = "Running"
	runSuccessful = "Successful"
	runFailed     = "Failed"
)

// analysisRun is what people look at in an AnalysisRun.
type analysisRun struct {
	Name, Phase, Message string
}

func (r analysisRun) String() string {
	switch {
	case r.Name == "":
		return "not there yet"
	case r.Phase == "":
		return "not seen by the controller yet"
	case r.Message == "":
		return r.Phase
	}
	return r.Phase + ": " + r.Message
}

// readRun reads an AnalysisRun. Fields that are not there are empty.
func readRun(run *unstructured.Unstructured) analysisRun {
	phase, _, _ := unstructured.NestedString(run.Object, "status", "phase")
	message, _, _ := unstructured.NestedString(run.Object, "status", "message")
	return analysisRun{Name: run.GetName(), Phase: phase, Message: message}
}

// awaitRun waits until an AnalysisRun is in a state that matches, and returns it.
func (s *story) awaitRun(ctx context.Context, what string, matches func(analysisRun) bool) (analysisRun, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, statePatience, fmt.Errorf("not within %s", statePatience))
	defer cancel()
	started := time.Now()
	var last, found atomic.Pointer[analysisRun]
	last.Store(&analysisRun{})
	now := func() string { return "the AnalysisRun is " + last.Load().String() }
	err := s.during(now, func() error {
		return s.cluster.watchRuns(ctx, func(run analysisRun) bool {
			last.Store(&run)
			if matches(run) {
				found.Store(&run)
			}
			return found.Load() != nil
		})
	})
	if err != nil {
		return analysisRun{}, fmt.Errorf("wait until the AnalysisRun is %s: %w; the last seen is %s", what, err, last.Load())
	}
	run := *found.Load()
	s.arrived(fmt.Sprintf("the AnalysisRun %s is %s", run.Name, what), time.Since(started))
	return run, nil
}

// awaitNewRun waits for a running AnalysisRun that is not an earlier one.
func (s *story) awaitNewRun(ctx context.Context, earlier string) (analysisRun, error) {
	return s.awaitRun(ctx, runRunning, func(run analysisRun) bool { return run.Name != earlier && run.Phase == runRunning })
}

// awaitVerdict waits for the end of an AnalysisRun.
func (s *story) awaitVerdict(ctx context.Context, name string) (analysisRun, error) {
	return s.awaitRun(ctx, "done", func(run analysisRun) bool {
		return run.Name == name && run.Phase != runRunning && run.Phase != "" && run.Phase != "Pending"
	})
}
