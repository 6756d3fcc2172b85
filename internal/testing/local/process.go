package local

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// stopGrace is how long a process may take to end after SIGTERM.
const stopGrace = 30 * time.Second

// process is a program that runs beside the test.
type process struct {
	name    string
	command *exec.Cmd
	// done is closed when the process has ended; state and err are set before.
	done chan struct{}
	err  error
}

// startProcess starts a command. The kernel kills it when the test program dies
// without a word.
func startProcess(name string, command *exec.Cmd) (*process, error) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &process{name: name, command: command, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The death signal belongs to the thread that started the process, so that
		// thread must live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			p.err = command.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// kill ends the process and its children at once, as a crash would, and waits until
// it is gone.
func (p *process) kill() {
	_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// stop asks the process to end, and kills it when it does not.
func (p *process) stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stopGrace):
		fmt.Fprintf(os.Stderr, "%s did not end %s after SIGTERM; killing it\n", p.name, stopGrace)
		p.kill()
	}
}

// ended reports whether the process has ended.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// failure describes how the process ended.
func (p *process) failure() error {
	return fmt.Errorf("%s ended (%v)", p.name, p.command.ProcessState)
}
