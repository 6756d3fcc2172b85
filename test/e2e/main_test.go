package e2e_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/serin-rollouts/serin/internal/testing/local"
)

// cluster is set once, before the first test.
var cluster *local.Cluster

// atOnce is how many tests that may run beside others do so: they wait for pods and
// measurements most of the time, so processors are no measure.
const atOnce = "6"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", atOnce); err != nil {
		panic(err)
	}
	os.Exit(local.Run(m, func(c *local.Cluster) { cluster = c }))
}

const (
	// sampleSize is how many requests show a share: 20 % comes out within 3 points
	// in all but one of a million samples.
	sampleSize = 4000
	// tolerance is how far a share may be off. Unit: percentage points.
	tolerance = 3
)

// wantShare checks that a color gets a share of all requests, and that none fails.
func wantShare(t *testing.T, visitor *local.Visitor, color string, percent float64) {
	t.Helper()
	tally := visitor.Sample(t.Context(), sampleSize)
	if tally.Failed > 0 {
		t.Errorf("want no failure, got %s", tally)
	}
	if got := tally.Share(color); got < percent-tolerance || got > percent+tolerance {
		t.Errorf("want %g%% %s, got %s", percent, color, tally)
	}
}

// wantAbout is wantShare for a weight that lasts a few seconds only: with fewer requests,
// and 8 points of tolerance, so that again all but one of 100,000 samples are within it.
func wantAbout(t *testing.T, visitor *local.Visitor, color string, percent float64) {
	t.Helper()
	const few, off = 800, 8
	tally := visitor.Sample(t.Context(), few)
	if got := tally.Share(color); tally.Failed > 0 || got < percent-off || got > percent+off {
		t.Errorf("want about %g%% %s and no failure, got %s", percent, color, tally)
	}
}

// fewRequests are enough where a share must be exact.
const fewRequests = 300

// wantOnly checks that requests with these headers all get that color, from when the
// gateway has heard of the last change.
func wantOnly(t *testing.T, n *local.Namespace, visitor *local.Visitor, color string, headers ...string) {
	t.Helper()
	n.WaitOnly(visitor, color, headers...)
	if tally := visitor.Sample(t.Context(), fewRequests, headers...); tally.Bodies[color] != tally.Total {
		t.Errorf("want only %s, got %s", color, tally)
	}
}

// wantPage checks that the page shows a line.
func wantPage(t *testing.T, visitor *local.Visitor, line string, headers ...string) {
	t.Helper()
	page, err := visitor.Get(t.Context(), "/", headers...)
	if err != nil {
		t.Errorf("get the page: %v", err)
	}
	for got := range strings.Lines(page) {
		if strings.TrimSpace(got) == line {
			return
		}
	}
	t.Errorf("the page has no line %q:\n%s", line, page)
}

// wantLines checks that an output has these lines, where any run of blanks and
// colours counts as one blank.
func wantLines(t *testing.T, output string, lines ...string) {
	t.Helper()
	plain := map[string]bool{}
	for line := range strings.Lines(output) {
		plain[strings.Join(strings.Fields(line), " ")] = true
	}
	for _, line := range lines {
		if !plain[line] {
			t.Errorf("want the line %q in:\n%s", line, output)
		}
	}
}

// change replaces text of a manifest, all of it, and fails when there is none.
func change(t *testing.T, manifest, from, to string) string {
	t.Helper()
	if !strings.Contains(manifest, from) {
		t.Fatalf("the manifest has no %q", from)
	}
	return strings.ReplaceAll(manifest, from, to)
}
