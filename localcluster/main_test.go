package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// roleVariable makes the test program another program: the tests start clusters
// as processes, as a user does.
const roleVariable = "SERIN_LOCAL_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "serin-local":
		main()
	case "controller":
		fakeController()
	default:
		os.Exit(m.Run())
	}
}

// fakeController is healthy and does nothing. It prints what it was given.
func fakeController() {
	fmt.Println("HTTP_PROXY is", os.Getenv("HTTP_PROXY"))
	for i, argument := range os.Args {
		if argument == "--healthzPort" {
			_ = http.ListenAndServe("127.0.0.1:"+os.Args[i+1], http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		}
	}
	os.Exit(2)
}

// writeController writes a program that runs fakeController, after leaving its
// process id in the file pid.
func writeController(t *testing.T, pid string) string {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\necho $$ > %s\nexport %s=controller\nexec %s \"$@\"\n", pid, roleVariable, executable)
	return writeProgram(t, t.TempDir(), "controller", script)
}

func writeProgram(t *testing.T, dir, name, script string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// program prepares a run of serin-local, killed with the test.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, executable)
	command.Args = append([]string{"serin-local"}, args...)
	command.Env = append(os.Environ(), roleVariable+"=serin-local", "KUBECONFIG=")
	return command
}

// output is what a run of serin-local to its end prints, and whether it went well.
func output(t *testing.T, args ...string) (string, bool) {
	t.Helper()
	out, err := program(t, args...).CombinedOutput()
	return string(out), err == nil
}

// running is a cluster that runs as a process of its own.
type running struct {
	command *exec.Cmd
	ready   chan struct{}
	ended   chan struct{}

	mu   sync.Mutex
	text bytes.Buffer
}

// begin starts `up` and returns at once.
func begin(t *testing.T, args ...string) *running {
	t.Helper()
	return beginProgram(t, append([]string{"up"}, args...)...)
}

// beginProgram starts serin-local and returns at once.
func beginProgram(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{command: program(t, args...), ready: make(chan struct{}), ended: make(chan struct{})}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.command.Stdout, r.command.Stderr = writer, writer
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	go r.read(reader)
	t.Cleanup(func() {
		_ = r.command.Process.Kill()
		<-r.ended
	})
	return r
}

func (r *running) read(from *os.File) {
	defer close(r.ended)
	defer from.Close()
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		r.mu.Lock()
		fmt.Fprintln(&r.text, lines.Text())
		r.mu.Unlock()
		if lines.Text() == "ready" {
			close(r.ready)
		}
	}
	_ = r.command.Wait()
}

func (r *running) printed() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// waitReady fails the test when the cluster does not become ready.
func (r *running) waitReady(t *testing.T) {
	t.Helper()
	select {
	case <-r.ready:
	case <-r.ended:
		t.Fatalf("the cluster ended before it was ready:\n%s", r.printed())
	case <-time.After(time.Minute):
		t.Fatalf("the cluster is not ready after a minute:\n%s", r.printed())
	}
}

// cpu is the processor time that the cluster has used so far.
func (r *running) cpu(t *testing.T) time.Duration {
	t.Helper()
	stat := readText(t, fmt.Sprintf("/proc/%d/stat", r.command.Process.Pid))
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	var ticks time.Duration
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		ticks += time.Duration(n)
	}
	return ticks * 10 * time.Millisecond
}

// end stops the cluster by a signal and waits.
func (r *running) end(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := r.command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	select {
	case <-r.ended:
	case <-time.After(30 * time.Second):
		t.Fatalf("the cluster did not end:\n%s", r.printed())
	}
}

// eventually waits until ask returns an empty text, which otherwise says what is
// still missing.
func eventually(t *testing.T, ask func() string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		missing := ask()
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still missing after 30s: %s", missing)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// takenPort listens on a port until the test ends.
func takenPort(t *testing.T) string {
	t.Helper()
	return anyListener(t).Addr().String()
}

func anyListener(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

// alive reports whether a process exists and is no zombie.
func alive(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
