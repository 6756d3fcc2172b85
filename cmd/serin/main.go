// Command serin looks at and steers Rollouts. Installed as
// kubectl-argo-rollouts it is a kubectl plugin.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/serin-rollouts/serin/internal/cli"
)

// Set by the linker: -X main.version=$(git describe --tags --always --dirty)
// and so on.
var (
	version = ""
	commit  = ""
	date    = ""
)

func main() {
	ctx, stop := interruptible()
	code := cli.Run(ctx, os.Args[1:], cli.Options{
		Program: strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe"),
		Out:     os.Stdout,
		Err:     os.Stderr,
		Screen:  screen(os.Stdout),
		Getenv:  os.Getenv,
		Now:     time.Now,
		Build:   build(),

		Renderers: renderers(),
	})
	stop()
	os.Exit(code)
}

// interruptible is a context that ends with the first interrupt. The second
// one ends the program.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(1)
	}()
	return ctx, cancel
}

// screen describes the terminal behind a file.
func screen(f *os.File) cli.Screen {
	fd := int(f.Fd())
	return cli.Screen{
		Terminal: term.IsTerminal(fd),
		Size: func() (width, height int) {
			width, height, err := term.GetSize(fd)
			if err != nil {
				return 0, 0
			}
			return width, height
		},
	}
}

// build says which build this is: what the linker was told, or else what the Go
// tool noted about the sources.
func build() cli.Build {
	if commit != "" {
		return cli.DescribedBuild(version, commit, date)
	}
	b := cli.DescribedBuild(version, "", "")
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return b
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Commit = setting.Value
		case "vcs.time":
			b.Date = setting.Value
		case "vcs.modified":
			b.Modified = setting.Value == "true"
		}
	}
	return b
}
