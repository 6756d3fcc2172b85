package view

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/serin-rollouts/serin/internal/testing/golden"
)

// TestText draws every file of testdata and compares it, trailing blanks
// included, with the .txt beside it.
func TestText(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	must(t, err)
	if len(files) == 0 {
		t.Fatal("no examples in testdata")
	}
	for _, file := range files {
		name := strings.TrimSuffix(file, ".yaml")
		t.Run(filepath.Base(name), func(t *testing.T) {
			golden.Check(t, name+".txt", draw(load(t, file), TreeOptions{Now: testNow}).String())
		})
	}
}

func draw(objs Objects, o TreeOptions) Text {
	if objs.Rollout == nil {
		return OfExperiment(objs.Experiments[0], objs).Text(o)
	}
	return OfRollout(objs).Text(o)
}

func TestWideText(t *testing.T) {
	objs := load(t, "testdata/canary-basic-paused.yaml")
	golden.Check(t, "testdata/wide.txt", draw(objs, TreeOptions{Now: testNow, Detail: Wide}).String())
}

func TestColours(t *testing.T) {
	marks := map[Tone]string{ToneGood: "good", ToneBad: "bad", ToneWaiting: "waiting", ToneBusy: "busy"}
	paint := func(s Span) string {
		if s.Tone == TonePlain {
			return s.Text
		}
		return "<" + marks[s.Tone] + ">" + s.Text + "</>"
	}
	objs := load(t, "testdata/canary-routed-paused.yaml")
	golden.Check(t, "testdata/colours.txt", draw(objs, TreeOptions{Now: testNow}).Paint(paint))
}

// TestOrderOfObjectsIsIrrelevant: a watch delivers objects in any order.
func TestOrderOfObjectsIsIrrelevant(t *testing.T) {
	objs := load(t, "testdata/canary-routed-paused.yaml")
	want := draw(objs, TreeOptions{Now: testNow}).String()
	slices.Reverse(objs.ReplicaSets)
	slices.Reverse(objs.Pods)
	slices.Reverse(objs.Runs)
	if got := draw(objs, TreeOptions{Now: testNow}).String(); got != want {
		t.Errorf("the tree depends on the order of the objects:\n%s", got)
	}
}

func TestFit(t *testing.T) {
	text := Text{plain("12345"), {{Text: "ab", Tone: ToneGood}, {Text: "cdef"}}, plain("x")}
	cases := map[string]struct {
		width, height int
		want          string
	}{
		"enough room changes nothing":     {width: 6, height: 3, want: "12345\nabcdef\nx\n"},
		"long lines are cut across spans": {width: 3, height: 3, want: "123\nabc\nx\n"},
		"missing lines are announced":     {width: 8, height: 2, want: "12345\n… more l\n"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := text.Fit(tc.width, tc.height).String(); got != tc.want {
				t.Errorf("Fit() = %q, want %q", got, tc.want)
			}
		})
	}
}
