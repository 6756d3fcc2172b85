// Command serin-local runs a whole Kubernetes cluster on this machine, without
// containers and without root.
//
// Build it with a version that kubectl can parse:
//
//	go build -o bin/serin-local -ldflags "-s -w \
//	  -X k8s.io/component-base/version.gitVersion=v1.36.3 \
//	  -X k8s.io/component-base/version.gitMajor=1 \
//	  -X k8s.io/component-base/version.gitMinor=36 \
//	  -X k8s.io/component-base/version.gitCommit= \
//	  -X k8s.io/component-base/version.gitTreeState=clean" .
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func main() {
	// A link named kubectl is kubectl, as every tutorial writes it.
	if filepath.Base(os.Args[0]) == "kubectl" {
		kubectl(os.Args[1:])
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// The first signal asks, the second one ends the process at once.
	context.AfterFunc(ctx, stop)
	if err := rootCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "serin-local:", err)
		os.Exit(1)
	}
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "serin-local",
		Short: "A Kubernetes cluster on this machine, without containers",
		Long: `serin-local runs a whole Kubernetes cluster in one process: the real API server
on etcd, the real workload controllers, a node that runs pods as processes, an
ingress gateway and the Serin controller. It needs neither root nor a container
runtime, and it listens on this machine only.`,
		Example: `  serin-local up                                   # start, and stay until Ctrl-C
  export KUBECONFIG=$PWD/.serin/kubeconfig         # in another terminal
  serin-local kubectl get nodes                    # kubectl is built in
  serin-local kubectl apply -f examples/canary.yaml
  serin-local kubectl argo rollouts list rollouts  # plugins on PATH work
  serin-local stop                                 # or Ctrl-C where it runs`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	// Linked programs put flags of theirs on the command line of the process.
	pflag.CommandLine.VisitAll(func(flag *pflag.Flag) { flag.Hidden = true })
	root.AddCommand(upCommand(), demoCommand(), stopCommand(), statusCommand(), kubectlCommand())
	return root
}
