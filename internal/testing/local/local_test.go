package local

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// clusterAt is a cluster of which only the gateway exists.
func clusterAt(t *testing.T, gateway http.HandlerFunc) *Cluster {
	t.Helper()
	server := httptest.NewServer(gateway)
	t.Cleanup(server.Close)
	return &Cluster{Gateway: strings.TrimPrefix(server.URL, "http://")}
}

func TestSampleCountsColorsAndFailures(t *testing.T) {
	var n atomic.Int64
	c := clusterAt(t, func(w http.ResponseWriter, r *http.Request) {
		switch turn := n.Add(1); {
		case r.Host != "shop.example" || r.URL.Path != "/color" || r.Header.Get("X-Canary") != "always":
			http.Error(w, "not as asked", http.StatusBadRequest)
		case turn%10 == 0:
			http.Error(w, "no endpoints", http.StatusServiceUnavailable)
		case turn%2 == 0:
			_, _ = w.Write([]byte("\"green\"\n"))
		default:
			_, _ = w.Write([]byte(`"blue"`))
		}
	})
	got := c.Visitor("shop.example").Sample(t.Context(), 100, "X-Canary", "always")
	if got.Total != 100 || got.Bodies["blue"] != 50 || got.Bodies["green"] != 40 || got.Failed != 10 {
		t.Errorf("Sample() = %v, want 50 blue, 40 green, 10 failed", got)
	}
	if len(got.Failures) != describedFailures || !strings.Contains(got.Failures[0], "503 Service Unavailable: no endpoints") {
		t.Errorf("failures = %q, want the first %d described", got.Failures, describedFailures)
	}
	if share := got.Share("green"); share < 44.4 || share > 44.5 {
		t.Errorf("Share(green) = %v, want 40 of 90", share)
	}
}

func TestSlidersAreAskedForByTheRequests(t *testing.T) {
	c := clusterAt(t, func(w http.ResponseWriter, r *http.Request) {
		asked, err := io.ReadAll(r.Body)
		if err != nil || (r.Method == http.MethodPost) != (len(asked) > 0) {
			http.Error(w, "not as asked", http.StatusBadRequest)
			return
		}
		if strings.Contains(string(asked), `"return500": 100`) {
			http.Error(w, "as asked", http.StatusInternalServerError)
			return
		}
		_, _ = w.Write([]byte(`"green"`))
	})
	visitor := c.Visitor("shop.example")
	defer visitor.Close()
	for _, tc := range []struct {
		sliders string
		green   int
	}{{"", 10}, {`[{"color": "green", "return500": 100}]`, 0}, {`[{"color": "green", "return500": 0}]`, 10}, {"", 10}} {
		visitor.Slide(tc.sliders)
		if got := visitor.Sample(t.Context(), 10); got.Bodies["green"] != tc.green || got.Failed != 10-tc.green {
			t.Errorf("with the sliders %q: %v, want %d green", tc.sliders, got, tc.green)
		}
	}
}

func TestLoadKeepsItsRateWhenAnswersAreSlow(t *testing.T) {
	release := make(chan struct{})
	c := clusterAt(t, func(w http.ResponseWriter, _ *http.Request) {
		<-release
		_, _ = w.Write([]byte(`"blue"`))
	})
	load := c.Load("shop.example", 100)
	timer := time.AfterFunc(500*time.Millisecond, func() { load.stop(); close(release) })
	defer timer.Stop()
	<-load.done
	got := load.Stop()
	if got.Total < 25 || got.Total > 60 || got.Failed > 0 {
		t.Errorf("half a second at 100 a second = %v, want about 50, none failed", got)
	}
}

func TestProcessesAreEnded(t *testing.T) {
	cases := map[string]struct {
		script string
		end    func(*process)
	}{
		"stop ends one that obeys":        {script: "exec sleep 100", end: (*process).stop},
		"kill ends one that does not":     {script: "trap '' TERM; sleep 100 & wait; wait", end: (*process).kill},
		"one that ended on its own is no": {script: "exit 3", end: func(p *process) { <-p.done }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p, err := startProcess("sleeper", exec.Command("sh", "-c", tc.script))
			if err != nil {
				t.Fatal(err)
			}
			tc.end(p)
			if !p.ended() {
				t.Error("the process has not ended")
			}
		})
	}
}

func TestRootIsFoundFromBelow(t *testing.T) {
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	if moduleOf(root) != modulePath {
		t.Errorf("Root() = %s, which is not the module", root)
	}
	t.Chdir(t.TempDir())
	if _, err := Root(); err == nil {
		t.Error("Root() found a module outside of it")
	}
}

func TestProgramsThatAreMissingAreNamed(t *testing.T) {
	t.Setenv("SERIN_LOCAL", "/nowhere/serin-local")
	if _, err := findPrograms(t.TempDir()); err == nil || !strings.Contains(err.Error(), "make build") {
		t.Errorf("findPrograms() error = %v, want one that says how to build", err)
	}
}

func TestStartSaysWhyTheClusterDidNotStart(t *testing.T) {
	script := t.TempDir() + "/serin-local"
	if err := exec.Command("sh", "-c", "printf '#!/bin/sh\necho the port is taken >&2; exit 1\n' > "+script+"; chmod +x "+script).Run(); err != nil {
		t.Fatal(err)
	}
	for _, variable := range []string{"SERIN_LOCAL", "SERIN_CONTROLLER", "SERIN_CLI"} {
		t.Setenv(variable, script)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := Start(ctx); err == nil || !strings.Contains(err.Error(), "the port is taken") {
		t.Errorf("Start() error = %v, want what the program said", err)
	}
}
