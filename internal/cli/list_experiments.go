package cli

import (
	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/view"
)

func (s *shell) listExperimentsCommand() *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:     "experiments",
		Aliases: []string{"exp", "experiment"},
		Short:   "List Experiments",
		Example: s.examples("list experiments", "list experiments --watch"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list(cmd.Context(), s, experimentListing(o), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "List all namespaces")
	flags.BoolVarP(&o.watch, "watch", "w", false, "Go on with a row for every change")
	addOutputFlag(cmd, &o.output)
	return cmd
}

func experimentListing(o listOptions) listing[*v1alpha1.Experiment] {
	return listing[*v1alpha1.Experiment]{
		query: query{gvr: v1alpha1.ExperimentGVR},
		kind:  "experiment",
		items: func(found []metav1.Object) []*v1alpha1.Experiment {
			var items []*v1alpha1.Experiment
			for _, obj := range found {
				if exp, ok := obj.(*v1alpha1.Experiment); ok {
					items = append(items, exp)
				}
			}
			return items
		},
		key:   func(e *v1alpha1.Experiment) listKey { return listKey{e.Namespace, e.Name} },
		table: view.ExperimentTable(o.columns()),
		wrap: func(items []*v1alpha1.Experiment) any {
			views := []view.Experiment{}
			for _, exp := range items {
				views = append(views, view.OfExperiment(exp, view.Objects{}))
			}
			return map[string]any{"experiments": views}
		},
	}
}
