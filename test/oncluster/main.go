// Command oncluster runs a command while a local cluster of its own is up, without a
// controller, and ends with the command's exit code:
//
//	go run ./test/oncluster go test ./internal/kube
//
// The command finds the cluster by the variables that tests on an API server look for.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/serin-rollouts/serin/internal/testing/local"
)

// variables name the cluster's kubeconfig to the tests of the two modules.
var variables = [...]string{"SERIN_TEST_KUBECONFIG", "SERIN_LOCAL_KUBECONFIG"}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: oncluster COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		os.Exit(max(1, ended.ExitCode()))
	case err != nil:
		fmt.Fprintln(os.Stderr, "oncluster:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, command []string) error {
	c, err := local.Start(ctx)
	if err != nil {
		return err
	}
	defer c.Stop()
	child := exec.CommandContext(ctx, command[0], command[1:]...)
	child.Stdout, child.Stderr, child.Env = os.Stdout, os.Stderr, os.Environ()
	for _, name := range variables {
		child.Env = append(child.Env, name+"="+c.Kubeconfig)
	}
	return child.Run()
}
