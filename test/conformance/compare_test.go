package conformance

import (
	"encoding/json"
	"strings"
	"testing"
)

// A record agrees with itself, and disagrees with every copy that was spoiled.
func TestDifferencesAreFound(t *testing.T) {
	cases := map[string]struct {
		record string
		spoil  func([]Line) []Line
		want   string
	}{
		"nothing spoiled": {
			record: "nginx-canary", spoil: func(l []Line) []Line { return l }, want: "",
		},
		"a weight that nobody asked for": {
			record: "nginx-canary", want: "order of weights",
			spoil: edit(func(s *State) {
				if s.Rollout.Weights != nil && s.Rollout.Weights.Canary.Weight == 50 {
					s.Rollout.Weights.Canary.Weight = 55
				}
			}),
		},
		"a pause that is left out": {
			record: "basic-canary", want: "order of pauses",
			spoil: edit(func(s *State) { s.Rollout.PauseConditions = nil }),
		},
		"another phase at rest": {
			record: "superseded", want: "resting state",
			spoil: edit(func(s *State) {
				if s.Rollout.Phase == "Paused" {
					s.Rollout.Message = "tired"
				}
			}),
		},
		"a pod too few": {
			record: "rolling-no-steps", want: "pods were available",
			spoil: edit(func(s *State) { spoilSize(s, func(size *Size) { size.Available = max(0, size.Available-1) }) }),
		},
		"a pod too many": {
			record: "rolling-no-steps", want: "pods, 6 in the record",
			spoil: edit(func(s *State) { spoilSize(s, func(size *Size) { size.Replicas++ }) }),
		},
		"a step that is not told": {
			record: "basic-canary-abort", want: "no event RolloutStepCompleted",
			spoil: func(lines []Line) []Line {
				var kept []Line
				for _, l := range lines {
					if l.Event == nil || l.Event.Reason != "RolloutStepCompleted" {
						kept = append(kept, l)
					}
				}
				return kept
			},
		},
		"a wait that is not met": {
			record: "bluegreen-auto", want: "the replay ended with not Healthy",
			spoil: func(lines []Line) []Line {
				for i := range lines {
					if lines[i].Reached != "" {
						lines[i].Reached, lines[i].NotReached = "", lines[i].Reached
					}
				}
				return lines
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			record := mustRead(t, tc.record)
			got := strings.Join(Differences(record, tc.spoil(mustRead(t, tc.record))), "\n")
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("Differences() = %q, want %q in it", got, tc.want)
			}
		})
	}
}

// edit spoils every state of a record.
func edit(change func(*State)) func([]Line) []Line {
	return func(lines []Line) []Line {
		for i := range lines {
			if lines[i].State != nil {
				change(lines[i].State)
			}
		}
		return lines
	}
}

func spoilSize(s *State, change func(*Size)) {
	for name, size := range s.ReplicaSets {
		change(&size)
		s.ReplicaSets[name] = size
	}
}

func mustRead(t *testing.T, name string) []Line {
	t.Helper()
	lines, err := ReadRecord("records/" + name + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if _, err := json.Marshal(l); err != nil {
			t.Fatal(err)
		}
	}
	return lines
}
