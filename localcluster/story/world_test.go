package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// world is a model of a cluster with one Rollout, as far as the story can see it.
type world struct {
	mu             sync.Mutex
	host           string
	stable, canary string
	weight         int
	states         []state       // the first one is now
	runs           []analysisRun // the first one is now
	requests       int
	previous       string // serves instead of stable
	until          time.Time

	faults faults
}

// faults are what is wrong with a world.
type faults struct {
	// share is what the canary gets instead of 20 %. Zero: 20.
	share int
	// deafToHeader says that the header changes nothing.
	deafToHeader bool
	// failAt is a step at which every other request fails. Zero: none.
	failAt int64
	// refuses is a command that fails.
	refuses string
	// stuck says that the Rollout never gets past its pause at 50 %.
	stuck bool
	// fallsBack says that requests go to the previous version for a moment after a
	// promotion.
	fallsBack bool
	// lenient says that the analysis passes what fails.
	lenient bool
	// silent says that the Rollout does not say why it was aborted.
	silent bool
}

// tooMany is what an AnalysisRun says that failed.
const tooMany = `Metric "success-rate" assessed Failed due to failed (4) > failureLimit (3)`

// newStory returns a story that is played in a world, and what it prints.
func newStory(t *testing.T, w *world) (*story, *strings.Builder) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(server.Close)
	printed := &strings.Builder{}
	at := strings.TrimPrefix(server.URL, "http://")
	w.host = host
	s := &story{
		narrator: &narrator{out: printed},
		typist:   w,
		scene:    scene{namespace: namespace, cluster: w, visitor: newVisitor(at, host)},
		judged:   scene{namespace: analysisNamespace, cluster: w, visitor: newVisitor(at, analysisHost)},
		root:     filepath.Join("..", ".."), scratch: t.TempDir(),
		pace: pace{exact: 100, share: 400, settled: 50 * time.Millisecond, patience: time.Second, rate: 500, calm: 10},
	}
	t.Cleanup(s.visitor.close)
	t.Cleanup(s.judged.visitor.close)
	return s, printed
}

// run does what a command does to the Rollout.
func (w *world) run(_ context.Context, line string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.faults.refuses != "" && strings.Contains(line, w.faults.refuses) {
		return "", errors.New("refused")
	}
	verb := strings.Fields(strings.TrimPrefix(line, "kubectl argo rollouts "))[0]
	switch {
	case line == "kubectl create namespace canary-test":
		return "done\n", nil
	case line == "kubectl create namespace canary-analysis":
		w.host = analysisHost
		return "done\n", nil
	case strings.HasPrefix(line, "kubectl get events -n canary-analysis "):
		return "REASON MESSAGE\n", nil
	case line == "kubectl apply -n canary-test -f examples/canary-ingress", strings.HasPrefix(line, "kubectl apply -n canary-analysis -f /"):
		w.stable, w.canary = firstColor, firstColor
		w.states = []state{{}, {Phase: healthy, Step: 6}}
	case verb == "set" && w.host == analysisHost:
		_, w.canary, _ = strings.Cut(strings.Fields(line)[6], ":")
		w.judge()
	case verb == "set":
		_, tag, _ := strings.Cut(strings.Fields(line)[6], ":")
		w.canary = tag
		w.states = []state{{}, {Phase: "Progressing"}, {Phase: paused, Step: 1, Weight: 20}}
	case verb == "promote":
		w.states = []state{{Phase: paused, Step: 3, Weight: 50}, {Phase: paused, Step: 5, Weight: 100}, {Phase: healthy, Step: 6}}
	case verb == "abort":
		w.states = []state{{Phase: degraded}}
	default:
		return "", fmt.Errorf("unknown command: %s", line)
	}
	w.arrive()
	return "done\n", nil
}

// judge prepares what happens to a release that is analysed.
func (w *world) judge() {
	w.states = []state{{}, {Phase: paused, Step: 1, Weight: 20}, {Phase: paused, Step: 3, Weight: 40}}
	end := analysisRun{"run of " + w.canary, runSuccessful, ""}
	if w.canary == failingColor && !w.faults.lenient {
		end.Phase, end.Message = runFailed, tooMany
	} else {
		w.states = append(w.states, state{Phase: paused, Step: 5, Weight: 60}, state{Phase: paused, Step: 7, Weight: 80}, state{Phase: healthy, Step: 8})
	}
	running := analysisRun{end.Name, runRunning, ""}
	w.runs = append(w.runs[min(1, len(w.runs)):], analysisRun{Name: end.Name}, running, end)
}

// watchRuns moves the AnalysisRun on whenever the story waits for more. When it
// fails, so does the Rollout.
func (w *world) watchRuns(_ context.Context, see func(analysisRun) bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ; ; w.runs = w.runs[1:] {
		if w.runs[0].Phase == runFailed {
			w.states = []state{{Phase: degraded, Message: "RolloutAborted: " + w.runs[0].Message}}
			if w.faults.silent {
				w.states[0].Message = "RolloutAborted"
			}
			w.arrive()
		}
		if see(w.runs[0]) {
			return nil
		}
		if len(w.runs) == 1 {
			return errors.New("nothing changes any more")
		}
	}
}

// arrive makes the traffic follow the state. The caller holds the lock.
func (w *world) arrive() {
	w.weight = int(w.states[0].Weight)
	if w.weight == 20 && w.faults.share != 0 {
		w.weight = w.faults.share
	}
	if w.states[0].Phase == healthy {
		if w.faults.fallsBack && w.stable != w.canary {
			w.previous, w.until = w.stable, time.Now().Add(100*time.Millisecond)
		}
		w.stable = w.canary
	}
}

// watch moves the Rollout on whenever the story waits for more.
func (w *world) watch(ctx context.Context, see func(state) bool) error {
	for {
		w.mu.Lock()
		now := w.states[0]
		w.mu.Unlock()
		if see(now) {
			return nil
		}
		w.mu.Lock()
		last := len(w.states) == 1 || w.faults.stuck && now.Step == 3
		if !last {
			w.states = w.states[1:]
			w.arrive()
		}
		w.mu.Unlock()
		if last {
			return errors.New("nothing changes any more")
		}
	}
}

// serve answers by weight, exactly and evenly: of 100 requests in a row the canary
// gets as many as its weight says.
func (w *world) serve(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.requests++
	turn := w.requests % 100
	version := w.stable
	if time.Now().Before(w.until) {
		version = w.previous
	}
	switch header := r.Header.Get("X-Canary"); {
	case w.weight == 0 || header == "never" && !w.faults.deafToHeader:
	case turn*w.weight%100 < w.weight, header == "always" && !w.faults.deafToHeader:
		version = w.canary
	}
	broken := w.faults.failAt != 0 && w.states[0].Step == w.faults.failAt && turn%2 == 0
	lost := r.Host != w.host
	w.mu.Unlock()
	color, bad := strings.CutPrefix(version, "bad-")
	wish, _ := io.ReadAll(r.Body)
	unwanted := string(wish) == fmt.Sprintf(`[{"color":%q,"return500":100}]`, color)
	if bad || broken || lost || unwanted || r.URL.Path != "/color" {
		out.WriteHeader(http.StatusInternalServerError)
	}
	fmt.Fprintf(out, "%q", color)
}
