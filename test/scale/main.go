package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/serin-rollouts/serin/internal/testing/local"
)

// options are the flags.
type options struct {
	n, replicas, steps int
	idle, patience     time.Duration
	bounds             string
}

func main() {
	var o options
	flag.IntVar(&o.n, "n", 300, "number of Rollouts, and of Deployments to compare with")
	flag.IntVar(&o.replicas, "replicas", 2, "pods of each")
	flag.IntVar(&o.steps, "steps", 5, "setWeight steps of each Rollout")
	flag.DurationVar(&o.idle, "idle", 30*time.Second, "how long to watch the controller when nothing happens")
	flag.DurationVar(&o.patience, "patience", 10*time.Minute, "longest wait for one burst")
	flag.StringVar(&o.bounds, "bounds", "test/scale/bounds.json", "file with the bounds; empty: none")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

// run measures everything on a cluster of its own.
func run(ctx context.Context, o options, out io.Writer) error {
	c, err := local.Start(ctx)
	if err != nil {
		return err
	}
	defer c.Stop()
	if err := c.Controller().Start(ctx); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d × %d pods, one burst of new images\n\n%s\n", o.n, o.replicas, header)

	var results []result
	for _, w := range []workload{deployments(o.replicas), rollouts(o.replicas, 0), rollouts(o.replicas, o.steps)} {
		r, err := measure(ctx, c, w, o)
		if err != nil {
			return fmt.Errorf("measure %s: %w", w.title, err)
		}
		fmt.Fprintln(out, r)
		results = append(results, r)
	}
	if o.bounds == "" {
		return nil
	}
	bounds, err := readBounds(o.bounds)
	if err != nil {
		return err
	}
	problems := bounds.check(o, results[0], results[1], results[2])
	if len(problems) == 0 {
		fmt.Fprintf(out, "\nwithin the bounds of %s\n", o.bounds)
	}
	return errors.Join(problems...)
}
