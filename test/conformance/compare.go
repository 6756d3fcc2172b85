package conformance

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// Differences lists where a replay disagrees with a record in what must agree.
func Differences(record, replay []Line) []string {
	record, replay = unnamed(record), unnamed(replay)
	want, got := chapters(record), chapters(replay)
	if len(want) != len(got) {
		return []string{fmt.Sprintf("%d waits were recorded, %d were replayed", len(want)-1, len(got)-1)}
	}
	list := compareEvents(record, replay)
	for i := range want {
		part := fmt.Sprintf("part %d, until %s: ", i+1, want[i].ending)
		if want[i].ending != got[i].ending {
			return append(list, part+"the replay ended with "+got[i].ending)
		}
		if diff := compareResting(resting(want, i), resting(got, i)); diff != "" {
			list = append(list, part+"resting state (-recorded +replayed):\n"+diff)
		}
	}
	return append(list, compareActs(acts(record), acts(replay))...)
}

// unnamed calls the ReplicaSets of experiments by their sizes: their names end in hashes
// of templates that each controller makes in its own way.
func unnamed(lines []Line) []Line {
	next := slices.Clone(lines)
	for i, l := range next {
		if l.State == nil {
			continue
		}
		state := *l.State
		state.ReplicaSets = map[string]Size{}
		for _, name := range slices.Sorted(maps.Keys(l.ReplicaSets)) {
			size := l.ReplicaSets[name]
			if !strings.HasPrefix(name, "rev") {
				name = fmt.Sprintf("of an experiment, %+v", size)
				for n := 2; state.has(name); n++ {
					name = fmt.Sprintf("of an experiment, %+v, the %dth", size, n)
				}
			}
			state.ReplicaSets[name] = size
		}
		next[i].State = &state
	}
	return next
}

func (s State) has(replicaSet string) bool {
	_, found := s.ReplicaSets[replicaSet]
	return found
}

// acts are the states from one thing that a user did to the next, the first deploy
// left out: it has no order of steps and no bounds to keep.
func acts(lines []Line) []chapter {
	var list []chapter
	for _, l := range lines {
		switch {
		case l.Do != nil && !bytes.Contains(l.Do, []byte("sleep")):
			next := chapter{ending: string(l.Do)}
			if len(list) > 0 {
				if states := list[len(list)-1].states; len(states) > 0 {
					next.states = states[len(states)-1:]
				}
			}
			list = append(list, next)
		case l.State != nil && len(list) > 0:
			list[len(list)-1].states = append(list[len(list)-1].states, *l.State)
		}
	}
	return list
}

func compareActs(want, got []chapter) []string {
	if len(want) != len(got) {
		return []string{fmt.Sprintf("the user did %d things in the record and %d in the replay", len(want), len(got))}
	}
	var list []string
	for i := range want {
		list = append(list, compareCourse("after "+want[i].ending+": ", want[i], got[i])...)
	}
	return list
}

// chapter is a part of a story.
type chapter struct {
	// ending is how the wait at its end came out, or the act at its beginning.
	ending string
	states []State
	// late is how many of the last states came within one look of a wait before its end.
	late int
}

// look is how often a wait looks, in seconds, with room for times in tenths.
const look = 0.1

func chapters(lines []Line) []chapter {
	var list []chapter
	var c chapter
	var last *State
	var times []float64
	finish := func(ending string, at float64) {
		c.ending = ending
		for i := len(times) - 1; i >= 0 && times[i] > at-look; i-- {
			c.late++
		}
		list, times = append(list, c), nil
		c = chapter{}
		if last != nil {
			c.states = append(c.states, *last)
		}
	}
	for _, l := range lines {
		switch {
		case l.State != nil:
			last = l.State
			c.states, times = append(c.states, *l.State), append(times, l.T)
		case l.Reached != "":
			finish(l.Reached, l.T)
		case l.NotReached != "":
			finish("not "+l.NotReached, l.T)
		case l.End:
			finish("the end", l.T)
		}
	}
	return list
}

// compareCourse compares what followed from an act: the order of steps, weights and pauses,
// and the bounds of pods.
func compareCourse(part string, want, got chapter) []string {
	var list []string
	orders := map[string]func(State) string{"steps": stepOf, "weights": weightOf, "pauses": pausesOf}
	for _, what := range slices.Sorted(maps.Keys(orders)) {
		if diff := cmp.Diff(order(want, orders[what]), order(got, orders[what])); diff != "" {
			list = append(list, part+"order of "+what+" (-recorded +replayed):\n"+diff)
		}
	}
	if w, g := fewest(want), fewest(got); g < w {
		list = append(list, fmt.Sprintf("%sonly %d pods were available, %d in the record", part, g, w))
	}
	if w, g := most(want), most(got); g > w {
		list = append(list, fmt.Sprintf("%sthere were %d pods, %d in the record", part, g, w))
	}
	return list
}

// resting lists the states in which a wait may be said to have ended: the one at that
// moment, those before it that came since the wait last looked, and those after it, as
// long as phase, step and revision are the same. Both controllers write a state in
// several patches, and a wait may end between two of them.
func resting(all []chapter, i int) []State {
	states := all[i].states
	if len(states) == 0 {
		return nil
	}
	end := states[len(states)-1]
	same := func(s State) bool {
		return s.Rollout.Phase == end.Rollout.Phase && stepOf(s) == stepOf(end) && s.Rollout.CurrentPodHash == end.Rollout.CurrentPodHash
	}
	var list []State
	if i+1 == len(all) {
		return []State{end}
	}
	for _, s := range states[len(states)-max(1, all[i].late):] {
		if same(s) {
			list = append(list, s)
		}
	}
	for _, s := range all[i+1].states {
		if !same(s) {
			break
		}
		list = append(list, s)
	}
	return list
}

// compareResting finds a state that both reached, and tells the difference of the
// last ones when there is none.
func compareResting(want, got []State) string {
	for _, w := range want {
		for _, g := range got {
			if cmp.Equal(w, g) {
				return ""
			}
		}
	}
	if len(want) == 0 || len(got) == 0 {
		return "no state at all"
	}
	return cmp.Diff(want[len(want)-1], got[len(got)-1])
}

// compareEvents: every reason that was recorded is replayed, and completed steps are
// told in the same order. The recorder lost events, because clients of the API may
// send only so many at once: what is missing in a record proves nothing. Events of
// the recorded controller's informers and routers are left out.
func compareEvents(record, replay []Line) []string {
	var list []string
	seen := map[string]bool{}
	var steps []string
	for _, l := range replay {
		if l.Event == nil {
			continue
		}
		seen[l.Event.Reason] = true
		if l.Event.Reason == "RolloutStepCompleted" {
			steps = append(steps, l.Event.Message)
		}
	}
	for _, l := range record {
		if l.Event == nil || seen[l.Event.Reason] {
			continue
		}
		switch l.Event.Reason {
		case "RolloutAddedToInformer", "CreatingCanaryIngress", "PatchingCanaryIngress":
		default:
			list = append(list, "no event "+l.Event.Reason+": "+l.Event.Message)
			seen[l.Event.Reason] = true
		}
	}
	for _, l := range record {
		if l.Event == nil || l.Event.Reason != "RolloutStepCompleted" || strings.HasPrefix(l.Event.Message, "(combined") {
			continue
		}
		at := slices.Index(steps, l.Event.Message)
		if at < 0 {
			list = append(list, "no event in its place: "+l.Event.Message)
			continue
		}
		steps = steps[at+1:]
	}
	return list
}

// order is how a value went on, without repeats.
func order(c chapter, value func(State) string) []string {
	var list []string
	for _, s := range c.states {
		if v := value(s); len(list) == 0 || list[len(list)-1] != v {
			list = append(list, v)
		}
	}
	return list
}

func stepOf(s State) string {
	if s.Rollout.CurrentStepIndex == nil {
		return "none"
	}
	return fmt.Sprint(*s.Rollout.CurrentStepIndex)
}

func weightOf(s State) string {
	if s.Rollout.Weights == nil {
		return "none"
	}
	return fmt.Sprint(s.Rollout.Weights.Canary.Weight)
}

func pausesOf(s State) string { return strings.Join(s.Rollout.PauseConditions, " ") }

// fewest is the least number of available pods that was seen.
func fewest(c chapter) int32 {
	least := int32(-1)
	for _, s := range c.states {
		var n int32
		for _, size := range s.ReplicaSets {
			n += size.Available
		}
		if least < 0 || n < least {
			least = n
		}
	}
	return least
}

// most is the largest number of pods that was seen.
func most(c chapter) int32 {
	var largest int32
	for _, s := range c.states {
		var n int32
		for _, size := range s.ReplicaSets {
			n += size.Replicas
		}
		largest = max(largest, n)
	}
	return largest
}
