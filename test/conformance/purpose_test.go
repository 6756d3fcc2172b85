package conformance

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// chosen is a difference on purpose, which docs/compat.md tells too.
type chosen struct {
	stories []string
	// says is a part of the difference.
	says []string
	why  string
	// racing differences are seen or not, as the cluster's own controllers run.
	racing bool
}

// onPurpose lists what is not as recorded and shall not be.
func onPurpose() []chosen {
	return []chosen{{
		stories: []string{
			"basic-canary", "basic-canary-abort", "superseded", "never-ready",
			"analysis-step-success", "analysis-step-failure", "analysis-background-success", "analysis-background-failure",
		},
		says: []string{"there were 6 pods,", "there were 7 pods,"},
		why: "one pass resizes both revisions, and growth is written first: for a moment there may be replicas + maxSurge pods, " +
			"which is 7 in these stories",
		racing: true,
	}, {
		stories: []string{"superseded", "never-ready"},
		says:    []string{"there were 8 pods,"},
		why:     lateController,
		racing:  true,
	}, {
		stories: []string{"rolling-no-steps"},
		says:    []string{"there were 7 pods,"},
		why:     lateController,
		racing:  true,
	}, {
		stories: []string{"bluegreen-pre-promotion-failure"},
		says:    []string{"ScaleDownDeadline: true"},
		why:     "an empty ReplicaSet waits for nothing, so the mark of its delay is taken off",
	}, {
		stories: []string{"analysis-background-success"},
		says:    []string{"no event MetricInconclusive:", "no event AnalysisRunInconclusive:"},
		why:     "a run that is stopped is inconclusive when a Job is under way at that moment, which it was while the record was taken",
		racing:  true,
	}, {
		stories: []string{"analysis-background-failure"},
		says:    []string{"part 2, until Degraded: resting state"},
		why:     "the recorded wait ended between the two resizes of an abort and their counting; here one pass does both",
		racing:  true,
	}}
}

// lateController is what happened to nobody while the records were taken, and could
// have: room for surge is what ReplicaSets are asked for.
const lateController = "the ReplicaSet controller made a pod of one revision before it removed one of another, although it was asked later"

// unexpected leaves out the differences that are on purpose. One that must be seen
// and is not is a mistake in the list.
func unexpected(list []chosen, story string, differences []string) []string {
	rest := slices.Clone(differences)
	for _, c := range list {
		if !slices.Contains(c.stories, story) {
			continue
		}
		for _, says := range c.says {
			before := len(rest)
			rest = slices.DeleteFunc(rest, func(d string) bool { return strings.Contains(d, says) })
			if len(rest) == before && !c.racing {
				rest = append(rest, "not seen any more: "+says+" ("+c.why+")")
			}
		}
	}
	return rest
}

func TestOnlyWhatIsOnPurposeIsLeftOut(t *testing.T) {
	list := []chosen{
		{stories: []string{"a", "b"}, says: []string{"6 pods"}, racing: true},
		{stories: []string{"b"}, says: []string{"a late pause"}, why: "rounded"},
	}
	cases := map[string]struct {
		story             string
		differences, want []string
	}{
		"what is on purpose":                 {story: "a", differences: []string{"part 1: 6 pods"}},
		"more than that":                     {story: "a", differences: []string{"part 1: 7 pods"}, want: []string{"part 1: 7 pods"}},
		"another story":                      {story: "c", differences: []string{"part 1: 6 pods"}, want: []string{"part 1: 6 pods"}},
		"a race that was not lost":           {story: "a"},
		"a difference that must be there is": {story: "b", differences: []string{"a late pause"}},
		"a difference that must be there is not": {
			story: "b", differences: []string{"6 pods"}, want: []string{"not seen any more: a late pause (rounded)"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := unexpected(list, tc.story, tc.differences)
			if diff := cmp.Diff(tc.want, got); diff != "" && len(tc.want)+len(got) > 0 {
				t.Errorf("unexpected() (-want +got):\n%s", diff)
			}
		})
	}
}
