package story

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// tallyOf counts served and failed answers by colour.
func tallyOf(served, failed map[string]int) tally {
	t := newTally()
	for color, n := range served {
		t.served[color] = n
		t.total += n
	}
	for color, n := range failed {
		t.failed[color] = n
		t.total += n
	}
	return t
}

func TestChecks(t *testing.T) {
	type counts = map[string]int
	cases := map[string]struct {
		check check
		want  check
	}{
		"a share just inside": {
			check: checkShare("p", "green", 20, tallyOf(counts{"green": 230, "blue": 770}, nil)),
			want:  check{"p", "20 ± 3 % green", "77.0 % blue, 23.0 % green of 1,000", true}},
		"a share just outside": {
			check: checkShare("p", "green", 20, tallyOf(counts{"green": 169, "blue": 831}, nil)),
			want:  check{"p", "20 ± 3 % green", "83.1 % blue, 16.9 % green of 1,000", false}},
		"a right share with one failure": {
			check: checkShare("p", "green", 20, tallyOf(counts{"green": 200, "blue": 799}, counts{nobody: 1})),
			want:  check{"p", "20 ± 3 % green", "79.9 % blue, 20.0 % green, 0.1 % failed by nobody of 1,000", false}},
		"nothing was counted": {
			check: checkOnly("p", "green", newTally()),
			want:  check{"p", "100 % green", "no answer", false}},
		"one answer of another version": {
			check: checkOnly("p", "green", tallyOf(counts{"green": 999, "blue": 1}, nil)),
			want:  check{"p", "100 % green", "99.9 % green, 0.1 % blue of 1,000", false}},
		"the bad version fails its share": {
			check: checkFailing("p", "red", "green", 20, tallyOf(counts{"green": 800}, counts{"red": 200})),
			want:  check{"p", "20 ± 3 % failed by red", "80.0 % green, 20.0 % failed by red of 1,000", true}},
		"the good version fails too": {
			check: checkFailing("p", "red", "green", 20, tallyOf(counts{"green": 799}, counts{"red": 200, "green": 1})),
			want:  check{"p", "20 ± 3 % failed by red", "79.9 % green, 20.0 % failed by red, 0.1 % failed by green of 1,000", false}},
		"a load without failure": {
			check: checkUnharmed("p", tallyOf(counts{"green": 1234567}, nil)),
			want:  check{"p", "0 failed", "0 of 1,234,567 failed", true}},
		"a load that did not run": {
			check: checkUnharmed("p", newTally()),
			want:  check{"p", "0 failed", "0 of 0 failed", false}},
		"a late recovery": {
			check: checkRecovery("p", 5*time.Second, 5100*time.Millisecond),
			want:  check{"p", "ended within 5s", "ended within 5.1s", false}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.check, cmp.AllowUnexported(check{})); diff != "" {
				t.Errorf("check (-want +got):\n%s", diff)
			}
		})
	}
}

func TestColorOf(t *testing.T) {
	cases := map[string]string{
		`"blue"` + "\n":       "blue",
		`blue`:                nobody,
		`""`:                  nobody,
		`"a", "b"`:            nobody,
		"<html>bad gateway\n": nobody,
	}
	for body, want := range cases {
		if got := colorOf(body); got != want {
			t.Errorf("colorOf(%q) = %q, want %q", body, got, want)
		}
	}
}

func TestReadState(t *testing.T) {
	rollout := func(observed string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"generation": int64(3)},
			"spec":     map[string]any{"strategy": map[string]any{"canary": map[string]any{"steps": []any{map[string]any{}, map[string]any{}}}}},
			"status": map[string]any{
				"phase": paused, "message": "CanaryPauseStep", "currentStepIndex": int64(1), "observedGeneration": observed,
				"canary": map[string]any{"weights": map[string]any{"canary": map[string]any{"weight": int64(20)}}},
			},
		}}
	}
	cases := map[string]struct {
		rollout *unstructured.Unstructured
		want    string
	}{
		"seen":                {rollout("3"), "Paused, step 1/2, canary at 20 %: CanaryPauseStep"},
		"of an older version": {rollout("2"), "not seen by the controller yet"},
		"without status":      {&unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"generation": int64(1)}}}, "not seen by the controller yet"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := readState(tc.rollout).String(); got != tc.want {
				t.Errorf("readState() = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	at := time.Now()
	l := &load{answers: []timedAnswer{
		{answer{"green", false}, at.Add(1 * time.Second)},
		{answer{"red", true}, at.Add(4 * time.Second)},
		{answer{"red", true}, at.Add(2 * time.Second)},
		{answer{"green", false}, at.Add(3 * time.Second)},
		{answer{"green", false}, at.Add(5 * time.Second)},
		{answer{"green", false}, at.Add(6 * time.Second)},
	}}
	between := l.between(at.Add(1*time.Second), at.Add(5*time.Second))
	if diff := cmp.Diff(tallyOf(map[string]int{"green": 1}, map[string]int{"red": 2}), between, cmp.AllowUnexported(tally{})); diff != "" {
		t.Errorf("between (-want +got):\n%s", diff)
	}
	if last, served := l.calm(at.Add(1 * time.Second)); !last.Equal(at.Add(4*time.Second)) || served != 2 {
		t.Errorf("calm() = %s, %d, want the failure 4s later and 2 served", last.Sub(at), served)
	}
	if last, served := l.calm(at.Add(4 * time.Second)); !last.Equal(at.Add(4*time.Second)) || served != 2 {
		t.Errorf("calm() without failures = %s, %d, want the time given and 2 served", last.Sub(at), served)
	}
}

func TestLoadKeepsItsRate(t *testing.T) {
	const rate = 50
	s, _ := newStory(t, &world{stable: "green", states: []state{{}}})
	started := time.Now()
	l := startLoad(t.Context(), s.visitor, rate)
	for l.between(started, time.Now()).total < rate {
		if time.Since(started) > 10*time.Second {
			t.Fatal("a second's requests are not answered in ten")
		}
		time.Sleep(time.Millisecond)
	}
	l.end()
	took := time.Since(started)
	counted := l.between(started, time.Now())
	if most := int(took.Seconds()*rate) + 1; counted.total > most || counted.failures() > 0 {
		t.Errorf("%d requests in %s, %d failed; want at most %d and none", counted.total, took, counted.failures(), most)
	}
}

func TestSampleEndsWithItsContext(t *testing.T) {
	s, _ := newStory(t, &world{stable: "green", states: []state{{}}})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if _, err := s.visitor.sample(ctx, 100, header{}, new(atomic.Int64)); !errors.Is(err, why) {
		t.Errorf("sample() = %v, want %v", err, why)
	}
}

func TestShell(t *testing.T) {
	path, dir := t.TempDir(), t.TempDir()
	script := "#!/bin/sh\n[ \"$1\" = fail ] && { echo broken; exit 3; }\necho \"$@\" in $PWD with $KUBECONFIG\ncase $PATH in " + path + ":*) ;; *) echo no plugins;; esac\n"
	if err := os.WriteFile(filepath.Join(path, "kubectl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	s := shell{path: path, dir: dir, kubeconfig: "/k"}
	got, err := s.run(t.Context(), "kubectl get pods")
	if want := "get pods in " + dir + " with /k\n"; err != nil || got != want {
		t.Errorf("run() = %q, %v, want %q", got, err, want)
	}
	if _, err := s.run(t.Context(), "kubectl fail"); err == nil || !strings.Contains(err.Error(), "kubectl fail: exit status 3: broken") {
		t.Errorf("run() = %v, want the exit status and what was printed", err)
	}
}

func TestNarrator(t *testing.T) {
	checks := []check{{"first", "1", "1", true}, {"second one", "2 %", "3 %", false}}
	plain := &strings.Builder{}
	(&narrator{out: plain}).table(checks)
	want := "\n        phase       expected  seen\n  ok    first       1         1\n  FAIL  second one  2 %       3 %\n"
	if diff := cmp.Diff(want, plain.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	coloured := &strings.Builder{}
	n := &narrator{out: coloured, terminal: true}
	n.checked(checks[1])
	if got, want := coloured.String(), "  \x1b[31mFAIL\x1b[0m second one"; !strings.HasPrefix(got, want) {
		t.Errorf("checked() on a terminal printed %q, want it to begin with %q", got, want)
	}
	for i, want := range map[int]string{lineLimit: strings.Repeat("ü", lineLimit), lineLimit + 1: strings.Repeat("ü", lineLimit-1) + "…"} {
		if got := cut(strings.Repeat("ü", i)); got != want {
			t.Errorf("cut() of %d characters = %q, want %q", i, got, want)
		}
	}
}

func TestHurried(t *testing.T) {
	s := &story{root: filepath.Join("..", ".."), scratch: t.TempDir()}
	folder, err := s.hurried(filepath.Join("examples", "canary-analysis"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, file := range files {
		copied, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		original, err := os.ReadFile(filepath.Join(s.root, "examples", "canary-analysis", filepath.Base(file)))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Count(string(copied), "\n"), strings.Count(string(original), "\n"); got != want {
			t.Errorf("%s has %d lines, want %d", file, got, want)
		}
		for _, text := range []string{"duration: 5s", "interval: 2s", "[6s]", "duration: 2m", "interval: 10s", "[60s]"} {
			counts[text] += strings.Count(string(copied), text)
		}
	}
	want := map[string]int{"duration: 5s": 4, "interval: 2s": 1, "[6s]": 2, "duration: 2m": 0, "interval: 10s": 0, "[60s]": 0}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("durations in the copies (-want +got):\n%s", diff)
	}
	if _, err := s.hurried("nowhere"); err == nil {
		t.Error("hurried() of no manifests is no error")
	}
}

func TestReadRun(t *testing.T) {
	cases := map[string]struct {
		run  map[string]any
		want string
	}{
		"not seen yet":   {nil, "not seen by the controller yet"},
		"under way":      {map[string]any{"phase": runRunning}, runRunning},
		"with a message": {map[string]any{"phase": runFailed, "message": tooMany}, "Failed: " + tooMany},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			run := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "run"}}}
			if tc.run != nil {
				run.Object["status"] = tc.run
			}
			if got := readRun(run).String(); got != tc.want {
				t.Errorf("readRun() = %q, want %q", got, tc.want)
			}
		})
	}
}
