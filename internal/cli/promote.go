package cli

import (
	"context"
	"fmt"
	"maps"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/view"
)

func (s *shell) promoteCommand() *cobra.Command {
	var full, step, steps bool
	cmd := &cobra.Command{
		Use:   "promote ROLLOUT",
		Short: "Let a Rollout go on: past a pause, or past all that is left",
		Long: "Let a Rollout go on.\n\n" +
			"Without a flag: ends the pause it is in; a canary that is not paused passes its current step, whatever it is.\n" +
			"With --full: skips all pauses, analyses and steps that are left.",
		Example:           s.examples("promote checkout", "promote checkout --full"),
		Args:              exactly(1),
		ValidArgsFunction: s.firstName(v1alpha1.RolloutGVR),
		RunE: func(cmd *cobra.Command, args []string) error {
			mode, err := s.promoteMode(full, step, steps)
			if err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			note, err := promote(cmd.Context(), c, args[0], mode)
			if err != nil {
				return err
			}
			if note != "" {
				fmt.Fprintf(s.Err, "Note: nothing was changed on rollout %q: %s.\n", args[0], note)
			}
			fmt.Fprintf(s.Out, promoted(mode), args[0])
			return nil
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&full, "full", false, "Skip all pauses, analyses and steps that are left")
	flags.BoolVarP(&step, "skip-current-step", "c", false, "Skip the current step (deprecated)")
	flags.BoolVarP(&steps, "skip-all-steps", "a", false, "Skip all steps (deprecated)")
	for _, deprecated := range []string{"skip-current-step", "skip-all-steps"} {
		flags.Lookup(deprecated).Hidden = true
	}
	return cmd
}

// promoteMode reads the flags. Deprecated ones still work and say so.
func (s *shell) promoteMode(full, step, steps bool) (promoteMode, error) {
	if step {
		fmt.Fprintln(s.Err, "Flag --skip-current-step has been deprecated, use without the flag instead ex: promote ROLLOUT_NAME")
	}
	if steps {
		fmt.Fprintln(s.Err, "Flag --skip-all-steps has been deprecated, use --full instead")
	}
	switch {
	case step && steps:
		return promoteNext, errSkipBoth
	case step:
		return skipStep, nil
	case steps:
		return skipSteps, nil
	case full:
		return promoteAll, nil
	default:
		return promoteNext, nil
	}
}

func promoted(mode promoteMode) string {
	if mode == promoteAll {
		return "rollout '%s' fully promoted\n"
	}
	return "rollout '%s' promoted\n"
}

// promoteTries is how often a promote looks again after the Rollout changed
// under its hands.
const promoteTries = 5

// promote lets a Rollout go on. The note says why nothing was changed, if so.
//
// A promote is relative to what the Rollout does now, so it is sent on the
// condition that the Rollout is still as it was read. If not, it is decided
// again, unless the Rollout went on by itself: then the user's wish is met, and
// sending it again would skip a step that nobody asked to skip.
func promote(ctx context.Context, c client, name string, mode promoteMode) (note string, err error) {
	var before *v1alpha1.Rollout
	for range promoteTries {
		var ro *v1alpha1.Rollout
		if ro, err = c.rollout(ctx, name); err != nil {
			return "", err
		}
		if before != nil && mode == promoteNext && movedOn(before, ro) {
			return fmt.Sprintf("it went on by itself and is now at step %d", view.StepsDone(ro)), nil
		}
		var p promotion
		if p, err = decidePromotion(ro, mode); err != nil {
			return "", err
		}
		if p.empty() {
			return p.note, nil
		}
		if err = send(ctx, c, ro, p); !apierrors.IsConflict(err) {
			return "", err
		}
		before = ro
	}
	return "", fmt.Errorf("promote rollout %s: it changes faster than it can be promoted, try again: %w", name, err)
}

// send writes a promotion: status first, so that a Rollout is not let go
// before it knows how far. Servers without the status subresource get all in one.
func send(ctx context.Context, c client, ro *v1alpha1.Rollout, p promotion) error {
	if len(p.status) > 0 {
		unchanged := map[string]any{"resourceVersion": ro.ResourceVersion}
		body := map[string]any{"metadata": unchanged, "status": p.status}
		err := c.mergePatch(ctx, target{gvr: v1alpha1.RolloutGVR, name: ro.Name, sub: "status"}, body)
		if apierrors.IsNotFound(err) {
			combined := maps.Clone(body)
			if len(p.spec) > 0 {
				combined["spec"] = p.spec
			}
			return c.patch(ctx, v1alpha1.RolloutGVR, ro.Name, combined)
		}
		if err != nil {
			return err
		}
	}
	if len(p.spec) == 0 {
		return nil
	}
	return c.patch(ctx, v1alpha1.RolloutGVR, ro.Name, spec(p.spec))
}
