// Command serin-controller moves Rollouts from one version to the next. It takes the
// flags of rollouts-controller.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/serin-rollouts/serin/internal/controller"
	"github.com/serin-rollouts/serin/internal/kube"
)

// version of the build, set by the linker.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "serin-controller:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	f := newFlags()
	c := &cobra.Command{
		Use:               "serin-controller",
		Short:             "Moves Rollouts from one version to the next",
		Args:              cobra.NoArgs,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE: func(c *cobra.Command, _ []string) error {
			if f.version {
				_, err := fmt.Fprintln(c.OutOrStdout(), "serin-controller: "+version)
				return err
			}
			return run(c.Context(), c, f)
		},
	}
	f.bind(c.Flags())
	return c
}

func run(ctx context.Context, c *cobra.Command, f *flags) error {
	if err := f.check(); err != nil {
		return err
	}
	log, err := newLog(os.Stderr, f)
	if err != nil {
		return err
	}
	for _, name := range f.withoutEffect(c.Flags()) {
		log.Info("flag has no effect yet", "flag", "--"+name)
	}
	config, err := f.restConfig()
	if err != nil {
		return err
	}
	home := controllerNamespace()
	plugins, err := openPlugins(ctx, config, home, os.Stderr)
	if err != nil {
		return err
	}
	defer plugins.Close()
	err = runAll(ctx, controller.Options{
		Config: config,
		Scope:  kube.Scope{Namespace: f.scope(home), InstanceID: f.instanceID, Resync: time.Duration(f.resync) * time.Second},
		Log:    log,
		Election: controller.Election{
			Enabled:       f.elect,
			Namespace:     home,
			LeaseDuration: f.leaseDuration,
			RenewDeadline: f.renewDeadline,
			RetryPeriod:   f.retryPeriod,
		},
		Listen: controller.Listen{
			Health:  f.address(f.healthPort),
			Metrics: f.address(f.metricsPort),
			Profile: f.profileAddress,
		},
	}, wired(plugins.Sources()), sizes{
		rollouts:     f.rolloutThreads,
		services:     f.serviceThreads,
		runs:         f.analysisThreads,
		experiments:  f.experimentThreads,
		analysisOnly: len(f.controllers) > 0,
	})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
