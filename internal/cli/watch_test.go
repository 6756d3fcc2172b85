package cli

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/internal/view"
)

// setStatus edits fields of the status of a stored object.
func setStatus(changes fields) func(map[string]any) {
	return func(obj map[string]any) {
		for key, value := range changes {
			obj["status"].(fields)[key] = value
		}
	}
}

func TestStatusNow(t *testing.T) {
	cases := map[string]struct {
		file, name string
		want       result
	}{
		"healthy is one word":            {"canary-healthy", "web", result{Out: "Healthy\n"}},
		"paused comes with its reason":   {"canary-basic-paused", "web", result{Out: "Paused - CanaryPauseStep\n"}},
		"a stale phase is not trusted":   {"canary-spec-not-observed", "web", result{Out: "Progressing - waiting for rollout spec update to be observed\n"}},
		"an unanswered promote is shown": {"canary-resuming", "web", result{Out: "Progressing - waiting for rollout to unpause\n"}},
		"degraded fails": {"canary-aborted", "checkout", result{Out: "Degraded\n", Code: 1,
			Err: "Error: The rollout is in a degraded state with message: RolloutAborted: Rollout aborted update to revision 12\n"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, examples+tc.file+".yaml")
			if diff := cmp.Diff(tc.want, run(t, s, "status "+tc.name+" --watch=false")); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStatusWatch(t *testing.T) {
	s := newServer(t, examples+"canary-basic-paused.yaml")
	r := start(t, s, "status web")
	r.waitFor("Paused - CanaryPauseStep\n")
	s.change(web, setStatus(fields{"pauseConditions": nil}))
	r.waitFor("Progressing - waiting for rollout to unpause\n")
	s.change(web, setStatus(fields{"controllerPause": false, "phase": "Progressing", "message": "more replicas need to be updated"}))
	r.waitFor("Progressing - more replicas need to be updated\n")
	s.change(web, setStatus(fields{"updatedReplicas": int64(2)}))
	s.interrupt(event{Type: "CLOSE"})
	s.change(web, setStatus(fields{"phase": "Healthy", "message": ""}))
	want := result{Out: "Paused - CanaryPauseStep\nProgressing - waiting for rollout to unpause\n" +
		"Progressing - more replicas need to be updated\nHealthy\n"}
	if diff := cmp.Diff(want, r.end()); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}

// TestStatusAfterRetry: the old verdict stands in the status until the
// controller answers, and is not the answer.
func TestStatusAfterRetry(t *testing.T) {
	s := newServer(t, examples+"canary-aborted.yaml")
	run(t, s, "retry rollout checkout")
	r := start(t, s, "status checkout")
	r.waitFor("Progressing - waiting for rollout to be retried\n")
	s.change(checkout, setStatus(fields{"phase": "Healthy", "message": ""}))
	if got := r.end(); got.Code != 0 {
		t.Errorf("status after a retry that helped = %+v", got)
	}
	s = newServer(t, examples+"canary-aborted.yaml")
	run(t, s, "promote checkout --full")
	want := result{Out: "Progressing - waiting for rollout to be retried\n"}
	if diff := cmp.Diff(want, run(t, s, "status checkout -w=false")); diff != "" {
		t.Errorf("status after a full promote (-want +got):\n%s", diff)
	}
}

func TestStatusWatchEnds(t *testing.T) {
	timeout := newServer(t, examples+"canary-basic-paused.yaml")
	want := result{Out: "Paused - CanaryPauseStep\n", Err: "Error: Rollout status watch exceeded timeout\n", Code: 1}
	if diff := cmp.Diff(want, start(t, timeout, "status web --timeout 2s").end()); diff != "" {
		t.Errorf("status with a timeout (-want +got):\n%s", diff)
	}
	r := start(t, timeout, "status web")
	r.waitFor("Paused")
	r.cancel()
	want.Err = "Error: the status watch was interrupted before the rollout was healthy or degraded\n"
	if diff := cmp.Diff(want, r.end()); diff != "" {
		t.Errorf("status interrupted (-want +got):\n%s", diff)
	}
	r = start(t, timeout, "status web")
	r.waitFor("Paused")
	timeout.remove(web)
	if got := r.end(); got.Code != 1 || !strings.HasPrefix(got.Err, "Error: rollout.argoproj.io \"web\" not found\n") {
		t.Errorf("status of a rollout that was deleted = %+v", got)
	}
}

func TestGetWatch(t *testing.T) {
	s := newServer(t, examples+"canary-basic-paused.yaml", examples+"bluegreen-paused.yaml")
	r := start(t, s, "get rollout web --watch")
	r.waitFor("Status:          ॥ Paused\n")
	s.change("/api/v1/namespaces/shop/pods/web-6c54c5d4b6-k2l9p", setStatus(fields{"phase": "Failed", "containerStatuses": []any{}}))
	r.waitFor("✖ Failed")
	s.add(strings.ReplaceAll(strings.ReplaceAll(earlierRevision, "%N%", "3"), "byref", "web"))
	s.change(web, setStatus(fields{"phase": "Healthy", "message": ""}))
	r.waitFor("Status:          ✔ Healthy\n")
	r.cancel()
	got := r.end()
	if got.Code != 0 || got.Err != "" {
		t.Errorf("interrupted watch: exit code %d, stderr %q, want 0 and nothing", got.Code, got.Err)
	}
	if strings.Contains(got.Out, "\x1b") || strings.Contains(got.Out, "cart") {
		t.Errorf("a pipe got control codes, or another rollout:\n%s", got.Out)
	}
}

func TestGetWatchTimeout(t *testing.T) {
	s := newServer(t, examples+"canary-basic-paused.yaml")
	got := run(t, s, "get rollout web -w --timeout-seconds 2")
	if got.Code != 1 || got.Err != "Error: timed out after 2 seconds of watching\n" {
		t.Errorf("exit code %d, stderr %q, want 1 and the timeout", got.Code, got.Err)
	}
	if n := strings.Count(got.Out, "Name:  "); n != 1 {
		t.Errorf("a rollout at rest was drawn %d times, want once:\n%s", n, got.Out)
	}
}

// TestGetWatchFindsExperiments: what is watched grows with what is found.
func TestGetWatchFindsExperiments(t *testing.T) {
	s := newServer(t, examples+"canary-experiment-step.yaml")
	run := "/apis/argoproj.io/v1alpha1/namespaces/shop/analysisruns/search-7788995566-4-1-compare"
	r := start(t, s, "get rollout search -w")
	r.waitFor("search-7788995566-4-1-compare             AnalysisRun  ◌ Running")
	s.change(run, setStatus(fields{"phase": "Successful"}))
	r.waitFor("search-7788995566-4-1-compare             AnalysisRun  ✔ Successful")
	r.cancel()
	r.end()
}

// TestExpiredVersionIsListedAgain: the server forgets old versions.
func TestExpiredVersionIsListedAgain(t *testing.T) {
	s := newServer(t, examples+"canary-basic-paused.yaml")
	r := start(t, s, "list rollouts -w")
	r.waitFor("Paused")
	s.interrupt(event{Type: "ERROR", Object: fields{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410, "reason": "Expired", "message": "too old resource version"}})
	s.change(web, setStatus(fields{"phase": "Healthy", "message": ""}))
	r.waitFor("Healthy")
	r.cancel()
	r.end()
}

func TestListWatch(t *testing.T) {
	s := newServer(t, examples+"canary-basic-paused.yaml", examples+"bluegreen-paused.yaml")
	r := start(t, s, "list rollouts -w")
	r.waitFor("web         Canary     Paused        1/4   20          5/5    5        1           5        \n")
	s.change(web, setStatus(fields{"message": "not a column"}))
	s.change(cart, setStatus(fields{"phase": "Healthy", "message": ""}))
	r.waitFor("cart        BlueGreen  Healthy")
	s.remove(web)
	r.waitFor("rollout shop/web was deleted\n")
	r.cancel()
	want := result{Out: "NAME        STRATEGY   STATUS        STEP  SET-WEIGHT  READY  DESIRED  UP-TO-DATE  AVAILABLE\n" +
		"cart        BlueGreen  Paused        -     -           2/4    2        2           2        \n" +
		"web         Canary     Paused        1/4   20          5/5    5        1           5        \n" +
		"cart        BlueGreen  Healthy       -     -           2/4    2        2           2        \n" +
		"rollout shop/web was deleted\n"}
	if diff := cmp.Diff(want, r.end()); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}

// TestDrawingRate: changes far faster than people can see are not all drawn.
func TestDrawingRate(t *testing.T) {
	s := newServer(t, examples+"canary-basic-paused.yaml")
	const drawingTime = 2 * time.Second
	c := testClient(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), drawingTime)
	defer cancel()
	go func() {
		for i := 0; ctx.Err() == nil; i++ {
			s.change(web, setStatus(fields{"replicas": int64(i)}))
		}
	}()
	frames := 0
	err := watchAll(ctx, newFollower(c, rolloutTree("web")), screenPace, func(answers) error { frames++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if most := int(drawingTime/drawEvery) + 1; frames == 0 || frames > most {
		t.Errorf("drew %d frames in %s, want 1 to %d", frames, drawingTime, most)
	}
}

func testClient(t *testing.T, s *server) client {
	t.Helper()
	sh := &shell{kube: kubeFlags(s.URL, "shop")}
	c, err := sh.client()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCanvas(t *testing.T) {
	text := func(lines ...string) view.Text {
		var frame view.Text
		for _, line := range lines {
			frame = append(frame, view.Line{{Text: line}})
		}
		return frame
	}
	var out buffer
	c := canvas{out: &out, paint: view.Text.String, screen: Screen{Terminal: true, Size: func() (int, int) { return 3, 3 }}}
	for range 2 {
		if err := c.draw(text("abcd", "e", "f"), nil); err != nil {
			t.Fatal(err)
		}
	}
	want := "\x1b[H\x1b[2Jabc\x1b[K\n… m\x1b[K\n\x1b[J" + "\x1b[Habc\x1b[K\n… m\x1b[K\n\x1b[J"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("draw() (-want +got):\n%s", diff)
	}
}

func TestColours(t *testing.T) {
	green := view.Text{{{Text: "ok", Tone: view.ToneGood}}}
	const coloured, bare = "\x1b[32mok\x1b[0m\n", "ok\n"
	cases := map[string]struct {
		terminal bool
		env      map[string]string
		mode     colourMode
		want     string
	}{
		"a terminal gets colours":      {true, nil, colourAuto, coloured},
		"a pipe does not":              {false, nil, colourAuto, bare},
		"NO_COLOR is honoured":         {true, map[string]string{"NO_COLOR": "1"}, colourAuto, bare},
		"a dumb terminal gets none":    {true, map[string]string{"TERM": "dumb"}, colourAuto, bare},
		"never means never":            {true, nil, colourNever, bare},
		"always means always":          {false, map[string]string{"NO_COLOR": "1"}, colourAlways, coloured},
		"an xterm is no dumb terminal": {true, map[string]string{"TERM": "xterm"}, colourAuto, coloured},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := &shell{Options: Options{Screen: Screen{Terminal: tc.terminal}, Getenv: func(k string) string { return tc.env[k] }}}
			if got := s.painter(tc.mode)(green); got != tc.want {
				t.Errorf("painter() = %q, want %q", got, tc.want)
			}
		})
	}
}
