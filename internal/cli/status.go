package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/view"
)

// Errors of status. Scripts match the texts of the first two.
var (
	errStatusTimeout     = errors.New("Rollout status watch exceeded timeout")                                       //nolint:staticcheck // scripts match this text
	errStatusInterrupted = errors.New("the status watch was interrupted before the rollout was healthy or degraded") //nolint:gosec // no credential
)

func (s *shell) statusCommand() *cobra.Command {
	var watch bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "status ROLLOUT",
		Short: "Wait until a Rollout is healthy or degraded",
		Long: "Wait until a Rollout is healthy or degraded, and print what it does meanwhile.\n\n" +
			"The exit code is 0 when it is healthy and 1 when it is degraded or the time is up. A paused Rollout is waited for.",
		Example:           s.examples("status checkout", "status checkout --timeout 10m", "status checkout --watch=false"),
		Args:              exactly(1),
		ValidArgsFunction: s.firstName(v1alpha1.RolloutGVR),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			if !watch {
				return s.statusNow(cmd.Context(), c, args[0])
			}
			return s.statusWatch(cmd.Context(), c, args[0], timeout)
		},
	}
	cmd.Flags().BoolVarP(&watch, "watch", "w", true, "Wait until the Rollout is healthy or degraded")
	cmd.Flags().DurationVarP(&timeout, "timeout", "t", 0, "How long to wait, for example 5m; 0 is for ever")
	return cmd
}

// statusQueries asks for the Rollout and what it takes its template from.
func statusQueries(name string) follow {
	return func(known answers) []query {
		queries := []query{rootQuery(v1alpha1.RolloutGVR, name)}
		if ro := assemble(known).Rollout; ro != nil {
			queries = append(queries, workloadQueries(ro)...)
		}
		return queries
	}
}

// statusNow prints the phase once.
func (s *shell) statusNow(ctx context.Context, c client, name string) error {
	known, err := gather(ctx, c, statusQueries(name))
	if err != nil {
		return err
	}
	objs := assemble(known)
	if objs.Rollout == nil {
		return s.missing(c, "rollout", name)
	}
	phase, message := awaitedPhase(objs)
	if settled(phase) {
		fmt.Fprintln(s.Out, phase)
	} else {
		fmt.Fprintf(s.Out, "%s - %s\n", phase, message)
	}
	return verdict(phase, message)
}

// statusWatch prints the phase whenever it changes, until it is settled.
func (s *shell) statusWatch(ctx context.Context, c client, name string, timeout time.Duration) error {
	if timeout > 0 {
		limited, cancel := context.WithTimeoutCause(ctx, timeout, errStatusTimeout)
		defer cancel()
		ctx = limited
	}
	var phase v1alpha1.RolloutPhase
	var message, last string
	err := watchAll(ctx, newFollower(c, statusQueries(name)), linePace, func(known answers) error {
		objs := assemble(known)
		if objs.Rollout == nil {
			return s.missing(c, "rollout", name)
		}
		phase, message = awaitedPhase(objs)
		if line := statusLine(phase, message); line != last {
			last = line
			fmt.Fprintln(s.Out, line)
		}
		if settled(phase) {
			return errWatchEnd
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case settled(phase):
		return verdict(phase, message)
	case errors.Is(context.Cause(ctx), errStatusTimeout):
		return errStatusTimeout
	default:
		return errStatusInterrupted
	}
}

// awaitedPhase is the phase that clients show, but for the moment in which it
// still tells of an abort that was taken back: that is no outcome to report.
func awaitedPhase(objs view.Objects) (v1alpha1.RolloutPhase, string) {
	phase, message := view.Phase(objs.Rollout, objs.Workload)
	if phase == v1alpha1.RolloutPhaseDegraded && view.Retrying(objs.Rollout) {
		return v1alpha1.RolloutPhaseProgressing, "waiting for rollout to be retried"
	}
	return phase, message
}

func statusLine(phase v1alpha1.RolloutPhase, message string) string {
	if message == "" {
		return string(phase)
	}
	return fmt.Sprintf("%s - %s", phase, message)
}

// settled is true for the phases that end the wait.
func settled(phase v1alpha1.RolloutPhase) bool {
	return phase == v1alpha1.RolloutPhaseHealthy || phase == v1alpha1.RolloutPhaseDegraded
}

// verdict is an error for a degraded Rollout.
func verdict(phase v1alpha1.RolloutPhase, message string) error {
	if phase != v1alpha1.RolloutPhaseDegraded {
		return nil
	}
	return fmt.Errorf("The rollout is in a degraded state with message: %s", message) //nolint:staticcheck // scripts match this text
}
