package story

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// commandPatience is how long one command may take, and endPatience how long it
// may take to end when told to.
const (
	commandPatience = 30 * time.Second
	endPatience     = 2 * time.Second
)

// typist runs what a person types.
type typist interface {
	// run runs a command line without quotes and returns all that it prints.
	run(ctx context.Context, line string) (string, error)
}

// shell runs programs of one directory.
type shell struct {
	// path is the directory. Programs look there first for plugins of theirs.
	path string
	// dir is where the programs run.
	dir        string
	kubeconfig string
}

func (s shell) run(ctx context.Context, line string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandPatience)
	defer cancel()
	words := strings.Fields(line)
	command := exec.CommandContext(ctx, filepath.Join(s.path, words[0]), words[1:]...)
	command.Dir = s.dir
	command.Env = append(os.Environ(),
		"KUBECONFIG="+s.kubeconfig,
		"PATH="+s.path+string(os.PathListSeparator)+os.Getenv("PATH"))
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = endPatience
	// A process group of its own: Ctrl-C is for us, and we end it. When this
	// process dies without a word the kernel kills it; the death signal belongs to
	// the thread that started it, so that thread must live as long.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	out, err := command.CombinedOutput()
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return string(out), fmt.Errorf("%s: %w: %s", line, err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}
