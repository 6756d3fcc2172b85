package story

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// failingColor is the version that is asked to fail.
const failingColor = "yellow"

const (
	// failureLimit is how many measurements of examples/canary-analysis may fail.
	failureLimit = 3
	// measureInterval is the time between them, in the demo.
	measureInterval = 2 * time.Second
	// verdictLimit is how long after the last of them requests may still fail.
	verdictLimit = measureInterval + 2*time.Second
)

// hurry is how the demo's copy of examples/canary-analysis differs: in durations.
// The pauses leave room for the four measurements that it takes to fail before the
// release is done, and the range for three scrapes.
func hurry() *strings.Replacer {
	return strings.NewReplacer("duration: 2m", "duration: 5s", "interval: 10s", "interval: "+measureInterval.String(), "[60s]", "[6s]")
}

// judgedVersion deploys the first version with the analysis.
func (s *story) judgedVersion(ctx context.Context) error {
	s.turn(s.judged)
	s.chapter("Prometheus judges: examples/canary-analysis")
	s.remark("in a hurry: pauses of 5s in place of 2m, a measurement every 2s in place of 10s, of the last 6s in place of 60s")
	manifests, err := s.hurried(filepath.Join("examples", "canary-analysis"))
	if err != nil {
		return err
	}
	for _, line := range []string{
		"kubectl create namespace " + s.namespace,
		"kubectl apply -n " + s.namespace + " -f " + manifests,
	} {
		if err := s.enter(ctx, line); err != nil {
			return err
		}
	}
	if err := s.awaitPhase(ctx, healthy); err != nil {
		return err
	}
	s.load = startLoad(ctx, s.visitor, s.pace.rate)
	return s.countOnly(ctx, "judged: first version", firstColor, header{})
}

// hurried copies a directory of manifests with shorter durations, and returns the
// copy.
func (s *story) hurried(folder string) (string, error) {
	to := filepath.Join(s.scratch, filepath.Base(folder))
	if err := os.MkdirAll(to, 0o755); err != nil {
		return "", fmt.Errorf("copy %s: %w", folder, err)
	}
	files, err := filepath.Glob(filepath.Join(s.root, folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("copy %s: there are no manifests", folder)
	}
	for _, file := range files {
		manifest, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("copy %s: %w", folder, err)
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(file)), []byte(hurry().Replace(string(manifest))), 0o644); err != nil {
			return "", fmt.Errorf("copy %s: %w", folder, err)
		}
	}
	return to, nil
}

// passingRelease goes from blue to green. Nobody promotes it.
func (s *story) passingRelease(ctx context.Context) error {
	s.chapter("A release that passes is green, and promotes itself")
	started := time.Now()
	steps := []func() error{
		func() error { return s.enter(ctx, s.setImage(goodColor)) },
		func() error { return s.awaitPause(ctx, 1, 20) },
		func() error { return s.awaitPause(ctx, 3, 40) },
		func() (err error) { s.passed, err = s.awaitNewRun(ctx, ""); return err },
		func() error { return s.awaitPause(ctx, 5, 60) },
		func() error { return s.awaitPause(ctx, 7, 80) },
		func() error { return s.awaitPhase(ctx, healthy) },
		func() (err error) { s.passed, err = s.awaitVerdict(ctx, s.passed.Name); return err },
	}
	if err := inOrder(steps); err != nil {
		return err
	}
	s.note(checkVerdict("judged: the verdict on green", runSuccessful, s.passed))
	if err := s.countOnly(ctx, "judged: released", goodColor, header{}); err != nil {
		return err
	}
	s.note(checkUnharmed("judged: background load until now", s.load.between(started, time.Now())))
	return nil
}

// failingRelease goes from green to yellow, whose requests fail, until the analysis
// has seen enough. Nobody aborts it.
func (s *story) failingRelease(ctx context.Context) error {
	s.chapter("A release that fails is yellow, and takes itself back")
	s.endLoad()
	s.visitor = s.visitor.wishing(failingColor)
	s.remark("every request now asks yellow to fail, as the slider on its page does: POST /color " + s.visitor.wish)
	s.load = startLoad(ctx, s.visitor, s.pace.rate)
	var run analysisRun
	var judged time.Time
	steps := []func() error{
		func() error { return s.enter(ctx, s.setImage(failingColor)) },
		func() error { return s.awaitPause(ctx, 1, 20) },
		func() (err error) { run, err = s.awaitNewRun(ctx, s.passed.Name); return err },
		func() (err error) { run, err = s.awaitVerdict(ctx, run.Name); return err },
		func() error { judged = time.Now(); return nil },
	}
	if err := inOrder(steps); err != nil {
		return err
	}
	verdict := checkVerdict("judged: the verdict on yellow", runFailed, run)
	s.note(verdict)
	if !verdict.ok {
		// Nothing was taken back, so there is nothing more to count.
		return nil
	}
	recovered, err := s.recovery(ctx, cause{"the verdict", judged, verdictLimit})
	if err != nil {
		return err
	}
	return s.aftermath(ctx, recovered)
}

// aftermath asks why the release was taken back, and counts that it was.
func (s *story) aftermath(ctx context.Context, recovered time.Time) error {
	var why state
	err := s.await(ctx, degraded, func(now state) bool {
		why = now
		return now.Phase == degraded
	})
	if err != nil {
		return err
	}
	s.note(checkReason("judged: why, in the Rollout", why.Message))
	events := "kubectl get events -n " + s.namespace + " --field-selector=type=Warning,involvedObject.name=" + rollout +
		" -o=custom-columns=REASON:.reason,MESSAGE:.message"
	if err := s.enter(ctx, events); err != nil {
		return err
	}
	if err := s.countOnly(ctx, "judged: taken back", goodColor, header{}); err != nil {
		return err
	}
	s.note(checkUnharmed("judged: background load since then", s.load.between(recovered, time.Now())))
	return nil
}
