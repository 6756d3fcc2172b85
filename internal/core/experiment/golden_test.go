package experiment_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/internal/testing/golden"
)

// One Experiment from its first pod to its last, as an onlooker would tell it.
func TestGoldenStory(t *testing.T) {
	w := newWorld(template("baseline", 1, ports(80), service("")), template("candidate", 2), lasts("1m"), analyses("check!", "extra"))
	w.work(t)
	w.finish("demo-check", running, "")
	w.finish("demo-extra", running, "")
	w.settle(t)
	w.pass(20 * time.Second)
	w.finish("demo-check", successful, "")
	wake := w.settle(t)
	w.now = wake
	w.work(t)
	w.finish("demo-extra", successful, "")
	w.settle(t)
	w.wants(t, successful, "Required AnalysisRuns completed", nil)
	golden.Check(t, filepath.Join("testdata", "story.txt"), w.story()+"\n")
}
