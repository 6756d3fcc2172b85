package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/tools/clientcmd"
)

// stopPatience is how long `stop` waits for the cluster to end.
const stopPatience = 60 * time.Second

func stopCommand() *cobra.Command {
	var dir string
	command := &cobra.Command{
		Use:   "stop",
		Short: "Stop the cluster that runs on a directory",
		Long:  "Stops every pod and part of the cluster and waits for the end. Its state stays: the next `up` goes on with it.",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return stop(command.Context(), dir, command.OutOrStdout())
		},
	}
	command.Flags().StringVar(&dir, "dir", defaultDir, "directory of the cluster")
	return command
}

func stop(ctx context.Context, dir string, out io.Writer) error {
	pid, err := runningPID(dir)
	if err != nil {
		return fmt.Errorf("stop cluster on %s: %w", dir, err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop process %d: %w", pid, err)
	}
	ctx, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		if _, err := runningPID(dir); errors.Is(err, errNotRunning) {
			fmt.Fprintf(out, "stopped the cluster on %s\n", dir)
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for process %d to end: %w", pid, context.Cause(ctx))
		}
	}
}

func statusCommand() *cobra.Command {
	var dir string
	command := &cobra.Command{
		Use:   "status",
		Short: "Say whether the cluster on a directory runs, and where",
		Long:  "Prints the addresses of the running cluster. The exit code is 0 when it runs and its API server is ready.",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return status(command.Context(), dir, command.OutOrStdout())
		},
	}
	command.Flags().StringVar(&dir, "dir", defaultDir, "directory of the cluster")
	return command
}

func status(ctx context.Context, dir string, out io.Writer) error {
	pid, err := runningPID(dir)
	if err != nil {
		return fmt.Errorf("look at cluster on %s: %w", dir, err)
	}
	at, err := readAddresses(dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "running on %s as process %d\n\n", dir, pid)
	printAddresses(out, at)
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(dir, kubeconfigName))
	if err != nil {
		return fmt.Errorf("read kubeconfig: %w", err)
	}
	config.Timeout = 2 * time.Second
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	if err := client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error(); err != nil {
		return fmt.Errorf("the API server is not ready: %w", err)
	}
	return nil
}
