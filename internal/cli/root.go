package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/klog/v2"
)

// kubectlPlugin is the file name under which kubectl finds the program.
const kubectlPlugin = "kubectl-argo-rollouts"

// shell is what all verbs share.
type shell struct {
	Options
	// name is how the program is called in help texts.
	name string
	// kube are the flags that say which cluster and namespace.
	kube *genericclioptions.ConfigFlags
}

// New builds the command tree.
func New(o Options) *cobra.Command {
	s := &shell{Options: o, name: displayName(o.Program), kube: genericclioptions.NewConfigFlags(true)}
	root := &cobra.Command{
		Use:               use(o.Program) + " COMMAND",
		Short:             "Look at and steer progressive deliveries",
		Long:              "Look at and steer Rollouts, Experiments and AnalysisRuns (argoproj.io/v1alpha1).",
		Example:           s.examples("get rollout checkout --watch", "set image checkout web=registry.local/web:v2", "promote checkout", "abort checkout"),
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: s.name},
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE:              usage,
	}
	root.SetOut(o.Out)
	root.SetErr(o.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError{err} })
	s.addGlobalFlags(root)
	root.AddCommand(
		s.abortCommand(), s.completionCommand(), s.createCommand(), s.getCommand(), s.lintCommand(), s.listCommand(), s.pauseCommand(),
		s.promoteCommand(), s.restartCommand(), s.retryCommand(), s.setCommand(), s.statusCommand(),
		s.terminateCommand(), s.undoCommand(), s.versionCommand(),
	)
	return root
}

// use is the program's name in the command tree.
func use(program string) string {
	if strings.HasPrefix(program, kubectlPlugin) {
		return kubectlPlugin
	}
	return "serin"
}

// displayName is what users type to call the program.
func displayName(program string) string {
	if use(program) == kubectlPlugin {
		return "kubectl argo rollouts"
	}
	return "serin"
}

// usage is what commands do that only have subcommands.
func usage(cmd *cobra.Command, args []string) error {
	if !cmd.HasParent() && len(args) == 0 {
		return cmd.Help()
	}
	return errUsage
}

// group is a command that only has subcommands.
func (s *shell) group(name, short string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name + " COMMAND", Short: short, RunE: usage}
	cmd.AddCommand(children...)
	return cmd
}

// examples are command lines as users type them.
func (s *shell) examples(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&b, "  %s %s\n", s.name, line)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (s *shell) addGlobalFlags(root *cobra.Command) {
	flags := root.PersistentFlags()
	s.kube.AddFlags(flags)
	verbosity := flags.IntP("kloglevel", "v", 0, "Verbosity of the Kubernetes client library's log")
	level := flags.String("loglevel", "info", "Log level: panic, fatal, error, warn, info, debug or trace")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if !knownLevel(*level) {
			return fmt.Errorf("not a valid log level: %q (try error, warn, info or debug)", *level)
		}
		return setVerbosity(*verbosity)
	}
}

func knownLevel(level string) bool {
	switch strings.ToLower(level) {
	case "panic", "fatal", "error", "warn", "warning", "info", "debug", "trace":
		return true
	default:
		return false
	}
}

// setVerbosity switches the log of the client library on; it goes to stderr.
// Without it the library is silent: what matters comes back as an error.
func setVerbosity(level int) error {
	if level == 0 {
		klog.LogToStderr(false)
		klog.SetOutput(io.Discard)
		return nil
	}
	fs := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(fs)
	if err := fs.Set("v", fmt.Sprint(level)); err != nil {
		return fmt.Errorf("set log verbosity %d: %w", level, err)
	}
	return nil
}

// exactly wants this many arguments.
func exactly(n int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return errUsage
		}
		return nil
	}
}

// atLeastOne wants one argument or more.
func atLeastOne(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	return nil
}

// errOutputWithWatch is returned when a watch is asked for in a form that has an end.
var errOutputWithWatch = errors.New("--watch can be combined with -o wide only")
