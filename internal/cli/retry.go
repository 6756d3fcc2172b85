package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

func (s *shell) retryCommand() *cobra.Command {
	return s.group("retry", "Begin an aborted Rollout or a finished Experiment again",
		&cobra.Command{
			Use:               "rollout ROLLOUT...",
			Aliases:           []string{"ro", "rollouts"},
			Short:             "Begin an aborted update again, from its first step",
			Example:           s.examples("retry rollout checkout"),
			Args:              atLeastOne,
			ValidArgsFunction: s.everyName(v1alpha1.RolloutGVR),
			RunE: func(cmd *cobra.Command, names []string) error {
				return s.forEach(names, "rollout '%s' retried\n", func(c client, name string) error {
					return retryRollout(cmd.Context(), c, name)
				})
			},
		},
		&cobra.Command{
			Use:               "experiment EXPERIMENT...",
			Aliases:           []string{"exp", "experiments"},
			Short:             "Forget the outcome of an Experiment and run it again",
			Example:           s.examples("retry experiment ranker-ab"),
			Args:              atLeastOne,
			ValidArgsFunction: s.everyName(v1alpha1.ExperimentGVR),
			RunE: func(cmd *cobra.Command, names []string) error {
				return s.forEach(names, "experiment '%s' retried\n", func(c client, name string) error {
					return retryExperiment(cmd.Context(), c, name)
				})
			},
		},
	)
}

// retryRollout takes an abort back.
func retryRollout(ctx context.Context, c client, name string) error {
	return c.patchStatus(ctx, v1alpha1.RolloutGVR, name, status(map[string]any{"abort": false}))
}

// retryExperiment clears the status. Experiments have no status subresource.
func retryExperiment(ctx context.Context, c client, name string) error {
	return c.patch(ctx, v1alpha1.ExperimentGVR, name, map[string]any{"status": nil})
}
