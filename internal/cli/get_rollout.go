package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/view"
)

func (s *shell) getRolloutCommand() *cobra.Command {
	var o getOptions
	cmd := &cobra.Command{
		Use:     "rollout ROLLOUT",
		Aliases: []string{"ro", "rollouts"},
		Short:   "Show a Rollout with its revisions, pods, analyses and Experiments",
		Long: "Show a Rollout with its revisions, pods, analyses and Experiments.\n\n" +
			"-o json and -o yaml print the same view as data; use kubectl for the stored object.",
		Example:           s.examples("get rollout checkout", "get rollout checkout --watch"),
		Args:              exactly(1),
		ValidArgsFunction: s.firstName(v1alpha1.RolloutGVR),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			return s.get(cmd.Context(), c, s.rolloutSubject(c, args[0]), o)
		},
	}
	o.addFlags(cmd)
	return cmd
}

func (s *shell) rolloutSubject(c client, name string) subject {
	return subject{
		name: "rollout.argoproj.io/" + name,
		next: rolloutTree(name),
		look: func(known answers) (tree, error) {
			objs := assemble(known)
			if objs.Rollout == nil {
				return nil, s.missing(c, "rollout", name)
			}
			return view.OfRollout(objs), nil
		},
	}
}

// missing is the error for a name that the namespace does not have.
func (s *shell) missing(c client, kind, name string) error {
	return withHint(fmt.Errorf("%s.argoproj.io %q not found", kind, name),
		"It is not in namespace %q. To see what is there: %s list %ss -n %s", c.namespace, s.name, kind, c.namespace)
}
