package analysisrun_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/controller"
	"github.com/serin-rollouts/serin/internal/provider"
)

// namespaceVariable makes this program a controller of that namespace instead of a
// test, so that a test can kill it.
const namespaceVariable = "SERIN_TEST_CONTROLLER_NAMESPACE"

func TestMain(m *testing.M) {
	ctrllog.SetLogger(logr.Discard())
	namespace := os.Getenv(namespaceVariable)
	if namespace == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	err := runController(ctx, namespace, provider.Registry{"web": {Provider: fetcher{}}}, controller.Election{
		Enabled: true, Namespace: namespace, LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 500 * time.Millisecond,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// fetcher takes the body that a URL answers with.
type fetcher struct{}

func (fetcher) Measure(ctx context.Context, q provider.Query) (provider.Value, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, q.Metric.Provider.Web.URL+"?by="+fmt.Sprint(os.Getpid()), nil)
	if err != nil {
		return provider.Value{}, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return provider.Value{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return provider.Value{Result: string(body), Text: string(body)}, err
}

// counter answers with how many requests there were, and notes when and by whom.
type counter struct {
	*httptest.Server
	mu   sync.Mutex
	when []time.Time
	by   []string
}

func newCounter(t *testing.T) *counter {
	c := &counter{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.when, c.by = append(c.when, time.Now()), append(c.by, r.URL.Query().Get("by"))
		fmt.Fprint(w, len(c.when))
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *counter) seen() ([]time.Time, []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]time.Time(nil), c.when...), append([]string(nil), c.by...)
}

// startController starts this program as a controller of the namespace.
func (f fixture) startController(t *testing.T) *exec.Cmd {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), namespaceVariable+"="+f.namespace)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	said := &strings.Builder{}
	command.Stdout, command.Stderr = said, said
	must(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() && said.Len() > 0 {
			t.Log(said)
		}
	})
	return command
}

// Between two measurements the controller is killed, and another goes on with what was
// measured. Before the last ones a standby takes over from a leader that is killed.
// Nothing is lost, and nothing is measured twice within the interval.
func TestKilledControllerIsGoneOnFrom(t *testing.T) {
	f := newFixture(t)
	const interval = 8 * time.Second
	c := newCounter(t)
	m := metric("errors", 4, interval)
	m.Provider.Web.URL = c.URL
	first := f.startController(t)
	f.run(t, "web", m)
	f.await(t, "web", "the first measurement", measured(1))
	must(t, first.Process.Kill())
	second := f.startController(t)
	f.await(t, "web", "the second measurement", measured(2))
	f.startController(t)
	must(t, second.Process.Kill())
	run := f.await(t, "web", "the run is over", over)

	if diff := cmp.Diff([]string{"1", "2", "3", "4"}, values(result(run, "errors"))); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	when, by := c.seen()
	if len(when) != 4 || by[0] == by[1] || by[1] == by[2] || by[2] != by[3] {
		t.Errorf("measured by %v, want three controllers one after the other", by)
	}
	checkGaps(t, when, interval)
}

// Of two controllers only the leader measures.
func TestOnlyTheLeaderMeasures(t *testing.T) {
	f := newFixture(t)
	c := newCounter(t)
	m := metric("errors", 4, time.Second)
	m.Provider.Web.URL = c.URL
	f.startController(t)
	f.startController(t)
	f.run(t, "web", m)
	f.await(t, "web", "the run is over", over)
	_, by := c.seen()
	for _, who := range by {
		if who != by[0] || len(by) != 4 {
			t.Errorf("measured by %v, want four times by one", by)
		}
	}
}

func measured(times int) func(*v1alpha1.AnalysisRun) bool {
	return func(run *v1alpha1.AnalysisRun) bool { return int(result(run, "errors").Count) >= times }
}
