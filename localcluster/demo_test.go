package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestDemoInterrupted plays the demo with a controller that does nothing, up to
// where it waits for the first version, and interrupts it there.
func TestDemoInterrupted(t *testing.T) {
	pid, temporary := filepath.Join(t.TempDir(), "pid"), t.TempDir()
	args := []string{"demo", "--root", "..", "--cli", writeProgram(t, t.TempDir(), "serin", "#!/bin/sh\n"), "--controller", writeController(t, pid)}
	t.Setenv("TMPDIR", temporary)
	r := beginProgram(t, args...)
	eventually(t, func() string {
		if !strings.Contains(r.printed(), "rollout.argoproj.io/canary-demo created") {
			return "the first version's manifests; printed\n" + r.printed()
		}
		return ""
	})
	r.end(t, syscall.SIGINT)
	if code := r.command.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	if got := r.printed(); !strings.HasSuffix(got, "serin-local: interrupted\n") {
		t.Errorf("printed\n%s\nwant the last line to say that it was interrupted", got)
	}
	if controller := readText(t, pid); alive(controller) {
		t.Error("the controller outlived the demo")
	}
	left, err := os.ReadDir(temporary)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDemoNeedsItsPrograms(t *testing.T) {
	program := writeProgram(t, t.TempDir(), "program", "#!/bin/sh\n")
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	cases := map[string]struct {
		options demoOptions
		missing string
	}{
		"no controller":              {options: demoOptions{Root: "..", CLI: program, Controller: nowhere}, missing: nowhere},
		"no CLI":                     {options: demoOptions{Root: "..", CLI: nowhere, Controller: program}, missing: nowhere},
		"no manifests":               {options: demoOptions{Root: nowhere, CLI: program, Controller: program}, missing: filepath.Join(nowhere, "config", "crd")},
		"nothing beside the program": {options: demoOptions{}, missing: "/opt/bin-of-nobody/serin-controller"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			err := tc.options.complete("/opt/bin-of-nobody/serin-local")
			if want := "the demo needs " + tc.missing + ", which is not there; make build makes the programs"; err == nil || err.Error() != want {
				t.Errorf("complete() = %v, want %s", err, want)
			}
		})
	}
}
