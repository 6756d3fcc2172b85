package story

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestStory(t *testing.T) {
	cases := map[string]struct {
		faults faults
		// wantOff are the numbers that are off; none: all is well.
		wantOff []string
		// wantError is part of the error that ends the story early.
		wantError string
	}{
		"a good cluster": {},
		"the canary gets too much": {
			faults: faults{share: 30}, wantOff: []string{"good at 20 %", "bad at 20 %"}},
		"the header moves nobody": {
			faults: faults{deafToHeader: true}, wantOff: []string{`good at 20 %, "X-Canary: always"`, `bad at 20 %, "X-Canary: never"`}},
		"requests fail while the canary has half of them": {
			faults: faults{failAt: 3}, wantOff: []string{"good at 50 %", "background load until now"}},
		"traffic goes back for a moment when the release is done": {
			faults: faults{fallsBack: true}, wantOff: []string{"background load since 100 %"}},
		"the analysis passes what fails": {
			faults: faults{lenient: true}, wantOff: []string{"judged: the verdict on yellow"}},
		"nobody says why a release was taken back": {
			faults: faults{silent: true}, wantOff: []string{"judged: why, in the Rollout"}},
		"a command fails": {
			faults: faults{refuses: "promote"}, wantError: "refused"},
		"the Rollout does not go on": {
			faults: faults{stuck: true}, wantError: "wait until the Rollout is Paused with the canary at 100 %: nothing changes any more; it is Paused, step 3/0, canary at 50 %"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s, printed := newStory(t, &world{faults: tc.faults})
			err := s.play(t.Context())
			var off []string
			for _, c := range s.checks {
				if !c.ok {
					off = append(off, c.phase)
				}
			}
			if diff := cmp.Diff(tc.wantOff, off); diff != "" {
				t.Errorf("numbers that are off (-want +got):\n%s\n%s", diff, printed)
			}
			if got, want := errors.Is(err, errOff), len(tc.wantOff) > 0; got != want {
				t.Errorf("play() = %v, is errOff %t, want %t", err, got, want)
			}
			if tc.wantError == "" && len(tc.wantOff) == 0 && err != nil || tc.wantError != "" && (err == nil || !strings.Contains(err.Error(), tc.wantError)) {
				t.Errorf("play() = %v, want %q", err, tc.wantError)
			}
			if len(s.checks) > 0 && !strings.Contains(printed.String(), "expected") {
				t.Errorf("no table was printed:\n%s", printed)
			}
		})
	}
}

func TestStoryCountsEverything(t *testing.T) {
	s, _ := newStory(t, &world{})
	if err := s.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range s.checks {
		got = append(got, c.phase+": "+c.want)
	}
	want := []string{
		"first version: 100 % blue",
		"good at 20 %: 20 ± 3 % green",
		`good at 20 %, "X-Canary: always": 100 % green`,
		"good at 50 %: 50 ± 3 % green",
		"good at 100 %: 100 % green",
		"released: 100 % green",
		"background load until now: 0 failed",
		"background load since 100 %: 100 % green",
		"bad at 20 %: 20 ± 3 % failed by red",
		`bad at 20 %, "X-Canary: never": 100 % green`,
		"failures after the abort: ended within 5s",
		"aborted: 100 % green",
		"background load since then: 0 failed",
		"judged: first version: 100 % blue",
		"judged: the verdict on green: Successful",
		"judged: released: 100 % green",
		"judged: background load until now: 0 failed",
		"judged: the verdict on yellow: Failed",
		"failures after the verdict: ended within 4s",
		"judged: why, in the Rollout: failed (4) > failureLimit (3)",
		"judged: taken back: 100 % green",
		"judged: background load since then: 0 failed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
}
