package cli

import (
	"context"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

func (s *shell) terminateCommand() *cobra.Command {
	return s.group("terminate", "Stop an AnalysisRun or an Experiment before its time",
		&cobra.Command{
			Use:               "analysisrun ANALYSISRUN...",
			Aliases:           []string{"ar", "analysisruns"},
			Short:             "Stop an AnalysisRun; its verdict comes from what was measured so far",
			Example:           s.examples("terminate analysisrun checkout-7c9fd4b66d-12"),
			Args:              atLeastOne,
			ValidArgsFunction: s.everyName(v1alpha1.AnalysisRunGVR),
			RunE: func(cmd *cobra.Command, names []string) error {
				return s.forEach(names, "analysisRun '%s' terminated\n", func(c client, name string) error {
					return terminate(cmd.Context(), c, v1alpha1.AnalysisRunGVR, name)
				})
			},
		},
		&cobra.Command{
			Use:               "experiment EXPERIMENT...",
			Aliases:           []string{"exp", "experiments"},
			Short:             "Stop an Experiment and take its pods away",
			Example:           s.examples("terminate experiment ranker-ab"),
			Args:              atLeastOne,
			ValidArgsFunction: s.everyName(v1alpha1.ExperimentGVR),
			RunE: func(cmd *cobra.Command, names []string) error {
				return s.forEach(names, "experiment '%s' terminated\n", func(c client, name string) error {
					return terminate(cmd.Context(), c, v1alpha1.ExperimentGVR, name)
				})
			},
		},
	)
}

// terminate asks a run or an Experiment to stop.
func terminate(ctx context.Context, c client, gvr schema.GroupVersionResource, name string) error {
	return c.patch(ctx, gvr, name, spec(map[string]any{"terminate": true}))
}
