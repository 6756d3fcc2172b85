package cli

import (
	"github.com/spf13/cobra"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/view"
)

func (s *shell) getExperimentCommand() *cobra.Command {
	var o getOptions
	cmd := &cobra.Command{
		Use:               "experiment EXPERIMENT",
		Aliases:           []string{"exp", "experiments"},
		Short:             "Show an Experiment with its ReplicaSets, pods and analyses",
		Example:           s.examples("get experiment ranker-ab", "get experiment ranker-ab --watch"),
		Args:              exactly(1),
		ValidArgsFunction: s.firstName(v1alpha1.ExperimentGVR),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			return s.get(cmd.Context(), c, s.experimentSubject(c, args[0]), o)
		},
	}
	o.addFlags(cmd)
	return cmd
}

func (s *shell) experimentSubject(c client, name string) subject {
	return subject{
		name: "experiment.argoproj.io/" + name,
		next: experimentTree(name),
		look: func(known answers) (tree, error) {
			objs := assemble(known)
			for _, exp := range objs.Experiments {
				if exp.Name == name {
					return view.OfExperiment(exp, objs), nil
				}
			}
			return nil, s.missing(c, "experiment", name)
		},
	}
}
