package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

func (s *shell) restartCommand() *cobra.Command {
	var in string
	cmd := &cobra.Command{
		Use:               "restart ROLLOUT",
		Short:             "Replace all pods, a few at a time, without a new revision",
		Example:           s.examples("restart checkout", "restart checkout --in 10m"),
		Args:              exactly(1),
		ValidArgsFunction: s.firstName(v1alpha1.RolloutGVR),
		RunE: func(cmd *cobra.Command, args []string) error {
			delay, err := restartDelay(in)
			if err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			if err := restart(cmd.Context(), c, args[0], s.Now().Add(delay)); err != nil {
				return err
			}
			if in == "" {
				in = "0s"
			}
			fmt.Fprintf(s.Out, "rollout '%s' restarts in %s\n", args[0], in)
			return nil
		},
	}
	cmd.Flags().StringVarP(&in, "in", "i", "", "How long to wait first, for example 30s, 10m or 1h (default 0s)")
	return cmd
}

// restartDelay reads a duration, or a bare number of seconds.
func restartDelay(in string) (time.Duration, error) {
	if in == "" {
		return 0, nil
	}
	delay, err := time.ParseDuration(in)
	if seconds, notNumber := strconv.Atoi(in); notNumber == nil {
		delay, err = time.Duration(seconds)*time.Second, nil
	}
	if err != nil || delay < 0 {
		return 0, fmt.Errorf("--in %q is not a duration: write for example 30s, 10m or 1h30m", in)
	}
	return delay, nil
}

// restart asks that all pods be created at or after this time.
func restart(ctx context.Context, c client, name string, at time.Time) error {
	return c.patch(ctx, v1alpha1.RolloutGVR, name, spec(map[string]any{"restartAt": at.UTC().Format(time.RFC3339)}))
}
