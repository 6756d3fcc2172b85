package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/plugin"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"

	_ "k8s.io/client-go/plugin/pkg/client/auth" // exec and OIDC, for kubeconfigs that use them
)

func kubectlCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "kubectl ARGUMENTS...",
		Short: "Run kubectl, which is built in",
		Long: `Runs kubectl with these arguments. Plugins named kubectl-* on PATH work.

Without --kubeconfig and KUBECONFIG it talks to the cluster of ./.serin, if there
is one, and never to the cluster of ~/.kube/config by mistake.`,
		DisableFlagParsing: true,
		Run:                func(_ *cobra.Command, args []string) { kubectl(args) },
	}
}

// kubectl runs the linked kubectl. It ends the process where kubectl would.
func kubectl(args []string) {
	preferLocalCluster(args)
	arguments := append([]string{"kubectl"}, args...)
	// kubectl's own parsing looks at the process's arguments in places.
	os.Args = arguments
	_, _ = logs.GlogSetter(cmd.GetLogVerbosity(arguments))
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	command := cmd.NewDefaultKubectlCommandWithArgs(cmd.KubectlOptions{
		PluginHandler: cmd.NewDefaultPluginHandler(plugin.ValidPluginFilenamePrefixes),
		Arguments:     arguments,
		ConfigFlags: genericclioptions.NewConfigFlags(true).WithDeprecatedPasswordFlag().
			WithDiscoveryBurst(300).WithDiscoveryQPS(300).WithWarningPrinter(streams),
		IOStreams: streams,
	})
	command.SetArgs(args)
	if err := cli.RunNoErrOutput(command); err != nil {
		cmdutil.CheckErr(err)
	}
}

// preferLocalCluster points kubectl and its plugins at the cluster in this
// directory, unless the user chose one.
func preferLocalCluster(args []string) {
	chosen := slices.ContainsFunc(args, func(arg string) bool {
		return arg == "--kubeconfig" || strings.HasPrefix(arg, "--kubeconfig=")
	})
	if chosen || os.Getenv("KUBECONFIG") != "" {
		return
	}
	file, err := filepath.Abs(filepath.Join(defaultDir, kubeconfigName))
	if err != nil {
		return
	}
	if _, err := os.Stat(file); err == nil {
		os.Setenv("KUBECONFIG", file)
	}
}
