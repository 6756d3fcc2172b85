package cli

import (
	"github.com/spf13/cobra"
)

func (s *shell) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a script that lets a shell complete commands and names",
		Long: "Print a script that lets a shell complete commands and names.\n\n" +
			"kubectl asks its plugins through a program of its own: put an executable named kubectl_complete-argo-rollouts\n" +
			"into your PATH that runs: kubectl argo rollouts __complete \"$@\"",
		Example:   s.examples("completion bash > /etc/bash_completion.d/serin"),
		Args:      cobra.MatchAll(exactly(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(s.Out, true)
			case "zsh":
				return root.GenZshCompletion(s.Out)
			case "fish":
				return root.GenFishCompletion(s.Out, true)
			default:
				return root.GenPowerShellCompletionWithDesc(s.Out)
			}
		},
	}
}
