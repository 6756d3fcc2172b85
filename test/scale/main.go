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
	// runs AnalysisRuns measure at an interval, and are watched for a while.
	runs            int
	interval, watch time.Duration
	bounds          string
}

func main() {
	var o options
	flag.IntVar(&o.n, "n", 300, "number of Rollouts, and of Deployments to compare with; 0: none")
	flag.IntVar(&o.replicas, "replicas", 2, "pods of each")
	flag.IntVar(&o.steps, "steps", 5, "setWeight steps of each Rollout")
	flag.DurationVar(&o.idle, "idle", 30*time.Second, "how long to watch the controller when nothing happens")
	flag.IntVar(&o.runs, "runs", 1000, "number of AnalysisRuns that measure; 0: none")
	flag.DurationVar(&o.interval, "interval", 10*time.Second, "how often each of them measures")
	flag.DurationVar(&o.watch, "watch", time.Minute, "how long to watch them")
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
	var limit *bounds
	if o.bounds != "" {
		read, err := readBounds(o.bounds)
		if err != nil {
			return err
		}
		limit = &read
	}
	var problems []error
	for _, part := range []func(context.Context, *local.Cluster, options, *bounds, io.Writer) ([]error, error){rolloutPart, analysisPart} {
		passed, err := part(ctx, c, o, limit, out)
		if err != nil {
			return err
		}
		problems = append(problems, passed...)
	}
	if limit != nil && len(problems) == 0 {
		fmt.Fprintf(out, "\nwithin the bounds of %s\n", o.bounds)
	}
	return errors.Join(problems...)
}

// analysisPart measures AnalysisRuns, and returns the bounds that were passed.
func analysisPart(ctx context.Context, c *local.Cluster, o options, limit *bounds, out io.Writer) ([]error, error) {
	if o.runs == 0 {
		return nil, nil
	}
	m, err := measureRuns(ctx, c, o, out)
	if err != nil {
		return nil, fmt.Errorf("measure AnalysisRuns: %w", err)
	}
	fmt.Fprintln(out, m)
	if limit == nil {
		return nil, nil
	}
	return limit.checkRuns(o, m), nil
}

// rolloutPart measures Rollouts against Deployments, and returns the bounds that were
// passed.
func rolloutPart(ctx context.Context, c *local.Cluster, o options, limit *bounds, out io.Writer) ([]error, error) {
	if o.n == 0 {
		return nil, nil
	}
	if err := c.Controller().Start(ctx); err != nil {
		return nil, err
	}
	defer c.Controller().Stop()
	fmt.Fprintf(out, "%d × %d pods, one burst of new images\n\n%s\n", o.n, o.replicas, header)

	var results []result
	for _, w := range []workload{deployments(o.replicas), rollouts(o.replicas, 0), rollouts(o.replicas, o.steps)} {
		r, err := measure(ctx, c, w, o)
		if err != nil {
			return nil, fmt.Errorf("measure %s: %w", w.title, err)
		}
		fmt.Fprintln(out, r)
		results = append(results, r)
	}
	if limit == nil {
		return nil, nil
	}
	return limit.check(o, results[0], results[1], results[2]), nil
}
