package story

import (
	"fmt"
	"strings"
	"time"
)

const (
	// tolerance is how far a counted share may be off. Unit: percentage points.
	tolerance = 3
	// recoveryLimit is how long after an abort requests may still fail.
	recoveryLimit = 5 * time.Second
)

// check is one number that was expected and what was counted instead, or as well.
type check struct {
	phase, want, seen string
	ok                bool
}

// checkShare expects a colour to answer a share of the requests, and no failure.
func checkShare(phase, color string, percent float64, t tally) check {
	got := t.percent(t.served[color])
	return check{
		phase: phase,
		want:  fmt.Sprintf("%g ± %d %% %s", percent, tolerance, color),
		seen:  t.String(),
		ok:    t.failures() == 0 && within(got, percent),
	}
}

// checkFailing expects bad to fail a share of the requests, which is all that
// fails, and good to answer the others.
func checkFailing(phase, bad, good string, percent float64, t tally) check {
	failed := t.failed[bad]
	return check{
		phase: phase,
		want:  fmt.Sprintf("%g ± %d %% failed by %s", percent, tolerance, bad),
		seen:  t.String(),
		ok:    within(t.percent(failed), percent) && t.total == failed+t.served[good],
	}
}

func within(got, want float64) bool { return got >= want-tolerance && got <= want+tolerance }

// checkOnly expects every request to be answered by one colour.
func checkOnly(phase, color string, t tally) check {
	return check{
		phase: phase,
		want:  fmt.Sprintf("100 %% %s", color),
		seen:  t.String(),
		ok:    t.total > 0 && t.served[color] == t.total,
	}
}

// checkUnharmed expects that nothing of the background load failed.
func checkUnharmed(phase string, t tally) check {
	return check{
		phase: phase,
		want:  "0 failed",
		seen:  fmt.Sprintf("%d of %s failed", t.failures(), thousands(t.total)),
		ok:    t.total > 0 && t.failures() == 0,
	}
}

// checkRecovery expects failures to end within a limit after what took the release
// back. took is the time from then to the last of them.
func checkRecovery(phase string, limit, took time.Duration) check {
	return check{
		phase: phase,
		want:  fmt.Sprintf("ended within %s", limit),
		seen:  fmt.Sprintf("ended within %.1fs", took.Seconds()),
		ok:    took <= limit,
	}
}

// checkVerdict expects an AnalysisRun to end in a phase.
func checkVerdict(name, phase string, ended analysisRun) check {
	return check{phase: name, want: phase, seen: ended.String(), ok: ended.Phase == phase}
}

// checkReason expects a message to say that the metric failed too often.
func checkReason(phase, message string) check {
	want := fmt.Sprintf("failed (%d) > failureLimit (%d)", failureLimit+1, failureLimit)
	return check{phase: phase, want: want, seen: message, ok: strings.Contains(message, want)}
}

// thousands writes a count for people. Example: 12345 -> 12,345.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
