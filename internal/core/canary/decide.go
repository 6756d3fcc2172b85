package canary

import (
	"fmt"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// verifyInterval is how long to wait before a data plane that has not confirmed a
// weight is asked again.
const verifyInterval = 10 * time.Second

// Decide is the whole canary strategy for one pass.
func Decide(s *strategy.Situation, c spec.Canary) strategy.Verdict {
	at, events := cursorOf(s, c)
	flow := flowOf(s, c, at)
	moves := reroute(s, c, flow)
	sizes := sizesOf(s, c, flow)
	keepPinned(&sizes, s, c, moves)
	v := strategy.Verdict{Reroute: moves, Desired: sizes.desired, Others: sizes.others, Events: events, WakeAt: sizes.wake}
	v.Notes = append(v.Notes, flow.notes...)
	v.Canary = canaryStatus(s, c, flow)
	keepAnalyses(&v, s)
	if end := settled(s, c); s.Promoted && s.Now.Before(end) && s.StableSize().Sure() >= s.Replicas() && arrives(s, c) {
		v.Wake(end)
	}
	if flow.unsure() {
		v.Wake(s.Now.Add(verifyInterval))
		v.Note("weight", "waits until the data plane confirms it")
	}
	if e := flow.event(s); e != "" {
		v.Event(v1alpha1.TrafficWeightUpdatedReason, e)
	}
	if reason := promotion(s, c, flow); reason != "" {
		v.Promote = reason
		v.Index = at.end()
		v.Canary.CurrentBackgroundAnalysisRunStatus = nil
		leaveStep(&v)
		return v
	}
	return advance(v, s, c, flow)
}

// arrives reports whether the stable Service is at the promoted revision, or gets there
// in this pass. It does not as long as that has no pod, and another one has.
func arrives(s *strategy.Situation, c spec.Canary) bool {
	return c.StableService == "" || s.Pinned(s.StableSize().Hash, c.StableService) || s.CanServe(c.StableService, s.View.Stable) || idle(s)
}

// promotion is why the desired revision becomes stable now; "": it does not.
func promotion(s *strategy.Situation, c spec.Canary, f flow) string {
	switch {
	case s.Promoted:
		return ""
	case s.Initial:
		return "Initial deploy"
	case s.Aborted, s.View.Desired == nil:
		return ""
	case !enough(c, s.Size().Sure(), s.Replicas()), !f.complete(s):
		return ""
	case s.PromoteFull:
		return "Full promotion requested"
	case s.InWindow:
		return "Rollback within window"
	case s.Halted && (!f.at.pastEnd() || s.Size().SizedFor != s.Replicas()):
		return ""
	case f.at.pastEnd():
		return fmt.Sprintf("Completed all %d canary steps", f.at.count)
	default:
		return ""
	}
}

// enough reports whether available pods out of wanted ones are enough to go on.
func enough(c spec.Canary, available, wanted int32) bool {
	switch t := c.Threshold; {
	case t == nil:
		return available >= wanted
	case t.Percent:
		return int64(available)*100 >= int64(t.Value)*int64(wanted)
	default:
		return available >= min(t.Value, wanted)
	}
}
