package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

func (s *shell) pauseCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "pause ROLLOUT...",
		Short:             "Hold an update where it is until it is promoted",
		Example:           s.examples("pause checkout"),
		Args:              atLeastOne,
		ValidArgsFunction: s.everyName(v1alpha1.RolloutGVR),
		RunE: func(cmd *cobra.Command, names []string) error {
			return s.forEach(names, "rollout '%s' paused\n", func(c client, name string) error {
				return pause(cmd.Context(), c, name)
			})
		},
	}
}

// pause sets the user's pause, which has nothing to do with pause steps.
func pause(ctx context.Context, c client, name string) error {
	return c.patch(ctx, v1alpha1.RolloutGVR, name, spec(map[string]any{"paused": true}))
}
