package cli

import (
	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/view"
)

func (s *shell) listRolloutsCommand() *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:     "rollouts",
		Aliases: []string{"ro", "rollout"},
		Short:   "List Rollouts",
		Example: s.examples("list rollouts", "list rollouts --all-namespaces --watch"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list(cmd.Context(), s, rolloutListing(o), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.name, "name", "", "List the Rollout of this name only")
	flags.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "List all namespaces")
	flags.BoolVarP(&o.watch, "watch", "w", false, "Go on with a row for every change")
	flags.BoolVar(&o.timestamps, "timestamps", false, "Begin each row with the time")
	addOutputFlag(cmd, &o.output)
	mustComplete(cmd, "name", func(cmd *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
		return s.names(cmd.Context(), v1alpha1.RolloutGVR, prefix), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

func rolloutListing(o listOptions) listing[view.Rollout] {
	return listing[view.Rollout]{
		query: query{gvr: v1alpha1.RolloutGVR, fields: o.fields()},
		kind:  "rollout",
		items: func(found []metav1.Object) []view.Rollout {
			views := []view.Rollout{}
			for _, obj := range found {
				if ro, ok := obj.(*v1alpha1.Rollout); ok {
					views = append(views, view.OfRollout(view.Objects{Rollout: ro}))
				}
			}
			return views
		},
		key:   func(v view.Rollout) listKey { return listKey{v.Meta.Namespace, v.Meta.Name} },
		table: view.RolloutTable(o.columns()),
		wrap:  func(items []view.Rollout) any { return map[string]any{"rollouts": items} },
	}
}
