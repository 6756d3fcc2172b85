package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/serin-rollouts/serin/localcluster/story"
)

// demoLimit is how long the demo may take, so that it never hangs a build. It
// takes less than three minutes.
const demoLimit = 6 * time.Minute

// demoOptions are the flags of `demo`.
type demoOptions struct {
	Root       string
	Controller string
	CLI        string
}

func demoCommand() *cobra.Command {
	o := demoOptions{}
	command := &cobra.Command{
		Use:   "demo",
		Short: "Play releases that succeed and some that are taken back, then exit",
		Long: `Starts a cluster of its own, with the Serin controller, in a temporary directory and
on free ports, and plays two releases of the manifests in examples/canary-ingress:
one that a person promotes, and one that fails and is aborted. Then two releases of
examples/canary-analysis, with short pauses, that nobody touches: Prometheus says
that one is good, and the other is taken back. Everything is done with kubectl and
kubectl argo rollouts, and every number is counted in real requests through the
gateway.

The exit code is 0 when every number was as expected. Nothing stays behind, except
the cluster's directory with its logs when something went wrong.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return demo(command.Context(), o, command.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.Root, "root", "", "directory with config/crd and examples (default: the parent of this program's directory)")
	flags.StringVar(&o.Controller, "controller", "", "the controller to run (default: serin-controller beside this program)")
	flags.StringVar(&o.CLI, "cli", "", "the program for kubectl argo rollouts (default: serin beside this program)")
	return command
}

// complete fills in what depends on where this program lies, and checks that
// everything exists.
func (o *demoOptions) complete(executable string) error {
	beside := filepath.Dir(executable)
	for _, file := range []struct {
		flag  *string
		found string
	}{
		{&o.Root, filepath.Dir(beside)},
		{&o.Controller, filepath.Join(beside, "serin-controller")},
		{&o.CLI, filepath.Join(beside, "serin")},
	} {
		if *file.flag == "" {
			*file.flag = file.found
		}
		path, err := filepath.Abs(*file.flag)
		if err != nil {
			return fmt.Errorf("find %s: %w", *file.flag, err)
		}
		*file.flag = path
	}
	examples := filepath.Join(o.Root, "examples")
	for _, path := range []string{
		o.Controller, o.CLI, o.crds(), filepath.Join(examples, "canary-ingress"), filepath.Join(examples, "canary-analysis"),
	} {
		if !exists(path) {
			return fmt.Errorf("the demo needs %s, which is not there; make build makes the programs", path)
		}
	}
	return nil
}

func (o *demoOptions) crds() string { return filepath.Join(o.Root, "config", "crd") }

func demo(ctx context.Context, o demoOptions, out io.Writer) error {
	started := time.Now()
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if err := o.complete(executable); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "serin-demo-")
	if err != nil {
		return fmt.Errorf("make a directory for the demo: %w", err)
	}
	err = playDemo(ctx, o, stage{dir: dir, program: executable, out: out})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w\nthe logs are in %s", err, filepath.Join(dir, logsName))
	}
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	if err := errors.Join(err, os.RemoveAll(dir)); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nEvery number is as expected. The demo took %s; nothing of it is left.\n", time.Since(started).Round(time.Second))
	return nil
}

// stage is where the demo is played.
type stage struct {
	dir string
	// program is this program, which is kubectl as well.
	program string
	out     io.Writer
}

// playDemo runs a cluster and plays the story on it. When it returns, nothing of
// the cluster runs any more.
func playDemo(ctx context.Context, o demoOptions, s stage) error {
	path, err := linkPrograms(s.dir, map[string]string{"kubectl": s.program, "kubectl-argo-rollouts": o.CLI})
	if err != nil {
		return err
	}
	const free = "127.0.0.1:0"
	c, err := newCluster(upOptions{
		Dir: s.dir, API: free, Gateway: free, Prometheus: free, Dashboard: free,
		Controller: o.Controller, Manifests: []string{o.crds()},
	}, s.out)
	if err != nil {
		return err
	}
	defer c.close()
	ctx, cancel := context.WithTimeoutCause(ctx, demoLimit, fmt.Errorf("not done within %s", demoLimit))
	defer cancel()
	fmt.Fprintln(s.out, "A cluster of its own")
	if err := c.start(ctx); err != nil {
		return err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	go func() {
		select {
		case err := <-c.failed:
			fail(err)
		case <-ctx.Done():
		}
	}()
	return story.Run(ctx, story.Config{
		Kubeconfig: c.plane.Kubeconfig, Gateway: c.addresses().Gateway, Path: path, Root: o.Root,
		Scratch: filepath.Join(s.dir, "manifests"),
		Out:     s.out, Terminal: coloured(s.out),
	})
}

// linkPrograms gives programs the names that tutorials use, in a directory below
// dir.
func linkPrograms(dir string, programs map[string]string) (string, error) {
	path := filepath.Join(dir, "path")
	if err := os.Mkdir(path, 0o755); err != nil {
		return "", fmt.Errorf("make a directory for programs: %w", err)
	}
	for name, program := range programs {
		if err := os.Symlink(program, filepath.Join(path, name)); err != nil {
			return "", fmt.Errorf("link %s: %w", name, err)
		}
	}
	return path, nil
}
