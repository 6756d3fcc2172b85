package cli

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/internal/testing/golden"
)

// testNow is the moment that the objects of the examples are made for.
var testNow = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// examples are the objects that internal/view is tested with.
const examples = "../view/testdata/"

// buffer may be written and read at the same time.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// result is what a command line did.
type result struct {
	Out, Err string
	Code     int
}

func options(out, err io.Writer) Options {
	return Options{
		Program: "kubectl-argo-rollouts", Out: out, Err: err,
		Getenv: func(string) string { return "" },
		Now:    func() time.Time { return testNow },
		Build:  Build{Version: "0.1.0"},
	}
}

// arguments adds the flags that lead to the test server.
func arguments(s *server, line string) []string {
	args := strings.Fields(line)
	if s != nil {
		args = append([]string{"--server", s.URL, "--namespace", "shop", "--kubeconfig", "/dev/null"}, args...)
	}
	return args
}

// run carries out a command line against the test server.
func run(t *testing.T, s *server, line string) result {
	t.Helper()
	var out, errs buffer
	code := Run(t.Context(), arguments(s, line), options(&out, &errs))
	return result{Out: out.String(), Err: errs.String(), Code: code}
}

// running is a command line that has not ended yet.
type running struct {
	t         *testing.T
	out, errs *buffer
	cancel    context.CancelFunc
	code      chan int
}

// start begins a command line that goes on until interrupted.
func start(t *testing.T, s *server, line string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{t: t, out: &buffer{}, errs: &buffer{}, cancel: cancel, code: make(chan int, 1)}
	go func() { r.code <- Run(ctx, arguments(s, line), options(r.out, r.errs)) }()
	t.Cleanup(cancel)
	return r
}

// testDeadline bounds every wait of these tests.
const testDeadline = 30 * time.Second

// waitFor waits until the output contains text.
func (r *running) waitFor(text string) {
	r.t.Helper()
	deadline := time.After(testDeadline)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(r.out.String(), text) {
		select {
		case <-tick.C:
		case code := <-r.code:
			r.code <- code
			if !strings.Contains(r.out.String(), text) {
				r.t.Fatalf("ended with %d before %q came; out:\n%s\nerr:\n%s", code, text, r.out, r.errs)
			}
		case <-deadline:
			r.t.Fatalf("%q did not come; out:\n%s\nerr:\n%s", text, r.out, r.errs)
		}
	}
}

// end waits for the exit code.
func (r *running) end() result {
	r.t.Helper()
	select {
	case code := <-r.code:
		return result{Out: r.out.String(), Err: r.errs.String(), Code: code}
	case <-time.After(testDeadline):
		r.t.Fatalf("did not end; out:\n%s\nerr:\n%s", r.out, r.errs)
		return result{}
	}
}

func TestUsageAndErrors(t *testing.T) {
	cases := map[string]struct {
		line string
		want result
	}{
		"an unknown command is named": {line: "frobnicate", want: result{Code: 1,
			Err: "Error: unknown command \"frobnicate\" for \"kubectl argo rollouts\"\nRun 'kubectl argo rollouts --help' for usage.\n"}},
		"an unknown flag is named": {line: "abort web --frob", want: result{Code: 1,
			Err: "Error: unknown flag: --frob\nRun 'kubectl argo rollouts abort --help' for usage.\n"}},
		"a wrong shell is named": {line: "completion tcsh", want: result{Code: 1,
			Err: "Error: invalid argument \"tcsh\" for \"kubectl argo rollouts completion\"\n"}},
		"a wrong log level is named": {line: "--loglevel zzz version", want: result{Code: 1,
			Err: "Error: not a valid log level: \"zzz\" (try error, warn, info or debug)\n"}},
		"a wrong output format is named": {line: "get rollout web -o table", want: result{Code: 1,
			Err: "Error: --output \"table\" is unknown: use wide, json, yaml or name\n"}},
		"a watch has no end to be encoded at": {line: "get rollout web -w -o json", want: result{Code: 1,
			Err: "Error: --watch can be combined with -o wide only\n"}},
		"a short version is one line": {line: "version --short", want: result{Out: "kubectl-argo-rollouts: v0.1.0+unknown\n"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, run(t, nil, tc.line)); diff != "" {
				t.Errorf("run %q (-want +got):\n%s", tc.line, diff)
			}
		})
	}
}

func TestWrongArgumentsPrintUsageOnly(t *testing.T) {
	for _, line := range []string{
		"abort", "pause", "get", "get frob", "get rollout", "get rollout a b", "get experiment", "list", "list frob",
		"promote", "promote a b", "restart", "retry", "retry rollout", "retry experiment", "set", "set image", "set image web",
		"set image web a", "set image web a=b=c", "status", "status a b", "terminate", "terminate analysisrun", "undo", "completion",
	} {
		t.Run(line, func(t *testing.T) {
			got := run(t, nil, line)
			if got.Code != 1 || got.Out != "" || strings.Count(got.Err, "Usage:") != 1 || strings.Contains(got.Err, "Error:") {
				t.Errorf("run %q = %+v, want one usage text on stderr and exit code 1", line, got)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for program, want := range map[string]string{"serin": "serin", kubectlPlugin: "kubectl argo rollouts", kubectlPlugin + "-linux-amd64": "kubectl argo rollouts"} {
		t.Run(program, func(t *testing.T) {
			var out, errs buffer
			o := options(&out, &errs)
			o.Program = program
			if code := Run(t.Context(), []string{"get", "rollout", "--help"}, o); code != 0 {
				t.Fatalf("exit code %d: %s", code, &errs)
			}
			if !strings.Contains(out.String(), "  "+want+" get rollout checkout --watch\n") {
				t.Errorf("help does not speak of %q:\n%s", want, &out)
			}
		})
	}
}

func TestGet(t *testing.T) {
	s := newServer(t, examples+"canary-routed-paused.yaml", examples+"canary-experiment-step.yaml",
		examples+"experiment-inconclusive.yaml", examples+"bluegreen-paused.yaml")
	cases := map[string]struct{ line, file string }{
		"a routed canary":              {"get rollout checkout", examples + "canary-routed-paused.txt"},
		"a canary with an experiment":  {"get ro search", examples + "canary-experiment-step.txt"},
		"a blue-green":                 {"get rollouts cart", examples + "bluegreen-paused.txt"},
		"an experiment":                {"get exp ranker-ab", examples + "experiment-inconclusive.txt"},
		"a canary as JSON":             {"get rollout checkout -o json", "testdata/get-checkout.json"},
		"a blue-green as YAML":         {"get rollout cart -o yaml", "testdata/get-cart.yaml"},
		"the name of a canary":         {"get rollout checkout -o name", "testdata/get-name.txt"},
		"a canary in colours":          {"get rollout checkout --color=always", "testdata/get-colours.txt"},
		"a list of a namespace":        {"list rollouts", "testdata/list.txt"},
		"a list with message":          {"list rollouts -o wide", "testdata/list-wide.txt"},
		"a list across namespaces":     {"list ro -A --timestamps", "testdata/list-all.txt"},
		"a list of one name":           {"list rollout --name cart", "testdata/list-one.txt"},
		"a list of names":              {"list rollouts -o name", "testdata/list-names.txt"},
		"a list of experiments":        {"list experiments", "testdata/list-experiments.txt"},
		"experiments across the lot":   {"list exp -A", "testdata/list-experiments-all.txt"},
		"--no-color beats --color":     {"get rollout cart --color=always --no-color", examples + "bluegreen-paused.txt"},
		"a pipe has no colours at all": {"get rollout cart", examples + "bluegreen-paused.txt"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := run(t, s, tc.line)
			if got.Code != 0 || got.Err != "" {
				t.Fatalf("run %q: exit code %d, stderr %q", tc.line, got.Code, got.Err)
			}
			golden.Check(t, tc.file, got.Out)
		})
	}
}

func TestGetFailures(t *testing.T) {
	cases := map[string]struct {
		line, forbidden string
		want            result
	}{
		"an empty list is no failure": {line: "list rollouts --name nobody", want: result{Err: "No resources found.\n"}},
		"a missing rollout is named": {line: "get rollout nobody", want: result{Code: 1,
			Err: "Error: rollout.argoproj.io \"nobody\" not found\nIt is not in namespace \"shop\". To see what is there: kubectl argo rollouts list rollouts -n shop\n"}},
		"a missing experiment is named": {line: "get experiment nobody", want: result{Code: 1,
			Err: "Error: experiment.argoproj.io \"nobody\" not found\nIt is not in namespace \"shop\". To see what is there: kubectl argo rollouts list experiments -n shop\n"}},
		"a missing rollout ends a watch": {line: "get rollout nobody -w", want: result{Code: 1,
			Err: "Error: rollout.argoproj.io \"nobody\" not found\nIt is not in namespace \"shop\". To see what is there: kubectl argo rollouts list rollouts -n shop\n"}},
		"a missing permission is named at once": {line: "get rollout web", forbidden: "experiments", want: result{Code: 1,
			Err: "Error: experiments is forbidden: User \"eve\" cannot list resource \"experiments\"\n"}},
		"a missing permission ends a watch": {line: "get rollout web -w", forbidden: "pods", want: result{Code: 1,
			Err: "Error: watch pods: pods is forbidden: User \"eve\" cannot list resource \"pods\"\n"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, examples+"canary-basic-paused.yaml")
			s.forbidden[tc.forbidden] = tc.forbidden != ""
			if diff := cmp.Diff(tc.want, run(t, s, tc.line)); diff != "" {
				t.Errorf("run %q (-want +got):\n%s", tc.line, diff)
			}
		})
	}
}
