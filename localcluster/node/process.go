package node

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// outputGrace is how long the output of an ended command may still trickle in.
const outputGrace = time.Second

// ending is how one run of a container ended.
type ending struct {
	code    int32
	signal  int32
	reason  string
	message string
}

// instance is one run of a container. Both methods return at once, may be
// called again, and do nothing after the run has ended.
type instance interface {
	// stop asks the run to end.
	stop()
	// kill ends the run.
	kill()
}

// command is a process to run.
type command struct {
	argv []string
	env  []string
	dir  string
	out  io.Writer
}

// launcher starts processes, all from one thread that lives as long as the
// node: Linux ends a child with parent-death signal when the thread that
// started it goes, not the process.
type launcher struct {
	requests chan func()
	closed   chan struct{}
}

func newLauncher() *launcher {
	l := &launcher{requests: make(chan func()), closed: make(chan struct{})}
	go l.serve()
	return l
}

func (l *launcher) serve() {
	runtime.LockOSThread()
	for {
		select {
		case request := <-l.requests:
			request()
		case <-l.closed:
			return
		}
	}
}

// close ends the thread, and with it every process that still runs.
func (l *launcher) close() { close(l.closed) }

// process is a running command with everything it starts.
type process struct {
	cmd *exec.Cmd

	mu   sync.Mutex
	done bool
}

// start runs a command. done is called once, from another goroutine, after the
// command has ended and its output was read.
func (l *launcher) start(c command, done func(ending)) (*process, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe for %s: %w", c.argv[0], err)
	}
	cmd := exec.Command(c.argv[0], c.argv[1:]...)
	cmd.Env, cmd.Dir = c.env, c.dir
	cmd.Stdout, cmd.Stderr = writer, writer
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	err = l.run(cmd.Start)
	writer.Close()
	if err != nil {
		reader.Close()
		return nil, err
	}
	p := &process{cmd: cmd}
	go p.wait(reader, c.out, done)
	return p, nil
}

// run calls f on the launcher's thread.
func (l *launcher) run(f func() error) error {
	result := make(chan error, 1)
	select {
	case l.requests <- func() { result <- f() }:
		return <-result
	case <-l.closed:
		return os.ErrClosed
	}
}

// wait reports the end of the command. What the command left running ends with
// it, as in a container.
func (p *process) wait(output *os.File, out io.Writer, done func(ending)) {
	copied := make(chan struct{})
	go func() {
		defer close(copied)
		// An error here only means that the output is over.
		_, _ = io.Copy(out, output)
	}()
	// The error says no more than the state does.
	_ = p.cmd.Wait()
	p.mu.Lock()
	p.signal(syscall.SIGKILL)
	p.done = true
	p.mu.Unlock()
	_ = output.SetReadDeadline(time.Now().Add(outputGrace))
	<-copied
	output.Close()
	done(endingOf(p.cmd.ProcessState))
}

func (p *process) stop() { p.signalRunning(syscall.SIGTERM) }
func (p *process) kill() { p.signalRunning(syscall.SIGKILL) }

func (p *process) signalRunning(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.done {
		p.signal(s)
	}
}

// signal reaches the whole process group. An error means that nobody is left.
func (p *process) signal(s syscall.Signal) { _ = syscall.Kill(-p.cmd.Process.Pid, s) }

// endingOf translates a process state. A signal counts as 128 plus its number.
func endingOf(state *os.ProcessState) ending {
	status, _ := state.Sys().(syscall.WaitStatus)
	switch {
	case status.Signaled():
		return ending{code: 128 + int32(status.Signal()), reason: "Error"}
	case status.ExitStatus() == 0:
		return ending{reason: "Completed"}
	default:
		return ending{code: int32(status.ExitStatus()), reason: "Error"}
	}
}
