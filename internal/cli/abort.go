package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

func (s *shell) abortCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "abort ROLLOUT...",
		Short: "Give an update up and send all traffic back to the stable version",
		Long: "Give an update up and send all traffic back to the stable version.\n\n" +
			"The pod template in the spec stays as it is, so the Rollout is Degraded until it is retried, undone or changed.",
		Example:           s.examples("abort checkout", "abort checkout cart"),
		Args:              atLeastOne,
		ValidArgsFunction: s.everyName(v1alpha1.RolloutGVR),
		RunE: func(cmd *cobra.Command, names []string) error {
			return s.forEach(names, "rollout '%s' aborted\n", func(c client, name string) error {
				return abort(cmd.Context(), c, name)
			})
		},
	}
}

// abort asks the controller to go back to the stable version.
func abort(ctx context.Context, c client, name string) error {
	return c.patchStatus(ctx, v1alpha1.RolloutGVR, name, status(map[string]any{"abort": true}))
}

// forEach does something to one object after the other and says so. It stops
// at the first failure; what was done before stays done.
func (s *shell) forEach(names []string, success string, do func(client, string) error) error {
	c, err := s.client()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := do(c, name); err != nil {
			return err
		}
		fmt.Fprintf(s.Out, success, name)
	}
	return nil
}
