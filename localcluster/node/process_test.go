package node

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// patience bounds what should take milliseconds.
const patience = 10 * time.Second

func TestProcessEnds(t *testing.T) {
	cases := map[string]struct {
		script   string
		stop     func(*process)
		want     ending
		wantText string
	}{
		"success": {script: "echo hello; echo world >&2", want: ending{reason: "Completed"}, wantText: "hello world"},
		"failure": {script: "exit 3", want: ending{code: 3, reason: "Error"}},
		"its group ends with it": {
			script: "sleep 1000 & echo $!", want: ending{reason: "Completed"}, wantText: "PID",
		},
		"SIGTERM can be handled": {
			script: "exec 2>/dev/null; trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done",
			stop:   (*process).stop, want: ending{reason: "Completed"}, wantText: "ready bye",
		},
		"SIGTERM ends what does not handle it": {
			script: "echo ready; exec sleep 1000",
			stop:   (*process).stop, want: ending{code: 143, reason: "Error"}, wantText: "ready",
		},
		"SIGKILL ends anything": {
			script: "exec 2>/dev/null; trap '' TERM; echo ready; while :; do sleep 0.01; done",
			stop:   (*process).kill, want: ending{code: 137, reason: "Error"}, wantText: "ready",
		},
	}
	launcher := newLauncher()
	defer launcher.close()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			out := newLogBuffer(logLimit)
			end := make(chan ending, 1)
			p, err := launcher.start(command{
				argv: []string{"sh", "-c", tc.script}, env: []string{"PATH=" + os.Getenv("PATH")}, dir: t.TempDir(), out: out,
			}, func(e ending) { end <- e })
			if err != nil {
				t.Fatal(err)
			}
			defer p.kill()
			if tc.stop != nil {
				waitForLine(t, out)
				tc.stop(p)
			}
			select {
			case got := <-end:
				if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(ending{})); diff != "" {
					t.Errorf("ending (-want +got):\n%s", diff)
				}
			case <-time.After(patience):
				t.Fatal("the command did not end")
			}
			text := strings.Join(textOf(out.read(0)), " ")
			if tc.wantText == "PID" {
				checkGone(t, text)
			} else if text != tc.wantText {
				t.Errorf("output = %q, want %q", text, tc.wantText)
			}
			p.stop() // must do nothing now
		})
	}
}

func waitForLine(t *testing.T, out *logBuffer) {
	t.Helper()
	deadline := time.After(patience)
	for {
		chunk := out.read(0)
		if len(chunk.lines) > 0 {
			return
		}
		select {
		case <-chunk.more:
		case <-deadline:
			t.Fatal("no output")
		}
	}
}

// checkGone waits until a killed process is gone, or a zombie that waits for
// whoever adopted it.
func checkGone(t *testing.T, pid string) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if errors.Is(err, os.ErrNotExist) || strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Errorf("process %s still runs", pid)
}

func TestCommandThatDoesNotExist(t *testing.T) {
	launcher := newLauncher()
	defer launcher.close()
	cases := map[string]struct{ name, want string }{
		"not in the path": {name: "no-such-command", want: `exec: "no-such-command": executable file not found in $PATH`},
		"not at the path": {name: "/no/such", want: `exec: "/no/such": no such file or directory`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			argv := []string{tc.name}
			_, err := launcher.start(command{argv: argv, dir: t.TempDir()}, func(ending) {})
			if err == nil {
				t.Fatal("start() has no error")
			}
			if got := startFailure(argv, err); got != tc.want {
				t.Errorf("startFailure() = %s, want %s", got, tc.want)
			}
		})
	}
}

func TestExecuteIsBounded(t *testing.T) {
	n := &node{launcher: newLauncher()}
	defer n.launcher.close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	o := n.execute(ctx, []string{"sleep", "1000"}, target{dir: t.TempDir()})
	if o.ok || time.Since(begun) > patience {
		t.Errorf("execute() = %+v after %s", o, time.Since(begun))
	}
	if o := n.execute(context.Background(), []string{"sh", "-c", "echo why; exit 1"}, target{dir: t.TempDir()}); o.ok || o.message != "why\n" {
		t.Errorf("execute() = %+v, want its output", o)
	}
}
