package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/view"
)

func (s *shell) undoCommand() *cobra.Command {
	var revision int64
	cmd := &cobra.Command{
		Use:   "undo ROLLOUT",
		Short: "Go back to an earlier revision",
		Long: "Go back to an earlier revision: its pod template is written into the Rollout again,\n" +
			"or into the workload that spec.workloadRef points to.",
		Example:           s.examples("undo checkout", "undo checkout --to-revision=10"),
		Args:              exactly(1),
		ValidArgsFunction: s.firstName(v1alpha1.RolloutGVR),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			result, err := undo(cmd.Context(), c, args[0], revision)
			if err != nil {
				return err
			}
			fmt.Fprint(s.Out, result)
			return nil
		},
	}
	cmd.Flags().Int64Var(&revision, "to-revision", 0, "The revision to go back to; 0 is the one before the present one")
	return cmd
}

// undo writes the pod template of an earlier revision back and says so.
// Revision 0 is the previous one.
func undo(ctx context.Context, c client, name string, revision int64) (string, error) {
	ro, err := c.rollout(ctx, name)
	if err != nil {
		return "", err
	}
	holder, err := holderOf(ro)
	if err != nil {
		return "", err
	}
	rs, err := c.revision(ctx, ro, revision)
	if err != nil {
		return "", err
	}
	found := view.Revision(rs)
	template, err := originalTemplate(rs)
	if err != nil {
		return "", fmt.Errorf("failed restoring revision %d: %w", found, err)
	}
	same, err := c.holds(ctx, holder, template)
	if err != nil {
		return "", fmt.Errorf("failed restoring revision %d: %w", found, err)
	}
	if same || runs(ro, rs) {
		return fmt.Sprintf("skipped rollback (current template already matches revision %d)\n", found), nil
	}
	if err := c.writeTemplate(ctx, holder, template); err != nil {
		return "", fmt.Errorf("failed restoring revision %d: %w", found, err)
	}
	return fmt.Sprintf("rollout '%s' undo\n", name), nil
}

// revision finds the ReplicaSet of a revision. Revision 0 is the second highest.
func (c client) revision(ctx context.Context, ro *v1alpha1.Rollout, wanted int64) (*unstructured.Unstructured, error) {
	sets, err := c.replicaSets(ctx, ro)
	if err != nil {
		return nil, err
	}
	var have []int64
	for i := range sets {
		have = append(have, view.Revision(&sets[i]))
		if wanted != 0 && view.Revision(&sets[i]) == wanted {
			return &sets[i], nil
		}
	}
	switch {
	case wanted != 0:
		return nil, withHint(fmt.Errorf("unable to find specified revision %d in history", wanted),
			"Rollout %s has these revisions: %v", ro.Name, have)
	case len(sets) < 2:
		return nil, withHint(fmt.Errorf("no revision found for rollout %q", ro.Name),
			"Rollout %s has these revisions: %v; going back needs an earlier one", ro.Name, have)
	default:
		return &sets[1], nil
	}
}

// replicaSets lists the ReplicaSets of a Rollout, newest revision first.
func (c client) replicaSets(ctx context.Context, ro *v1alpha1.Rollout) ([]unstructured.Unstructured, error) {
	selector, err := c.podSelector(ctx, ro)
	if err != nil {
		return nil, err
	}
	list, err := c.resource(replicaSetGVR).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, c.advise(err)
	}
	sets := slices.DeleteFunc(list.Items, func(rs unstructured.Unstructured) bool {
		owner := metav1.GetControllerOf(&rs)
		return owner == nil || owner.UID != ro.UID
	})
	slices.SortStableFunc(sets, func(a, b unstructured.Unstructured) int {
		return cmp.Compare(view.Revision(&b), view.Revision(&a))
	})
	return sets, nil
}

// runs is true when the Rollout already runs this ReplicaSet's revision. The
// ReplicaSet's template has the server's defaults filled in and the Rollout's
// has not, so the hash is what counts: it is what the controller goes by.
func runs(ro *v1alpha1.Rollout, rs *unstructured.Unstructured) bool {
	hash := rs.GetLabels()[v1alpha1.DefaultRolloutUniqueLabelKey]
	return ro.Spec.WorkloadRef == nil && view.Observed(ro) && hash != "" && hash == ro.Status.CurrentPodHash
}

// holds is true when the holder already has this template, word for word.
func (c client) holds(ctx context.Context, holder templateHolder, template map[string]any) (bool, error) {
	obj, err := c.resource(holder.gvr).Get(ctx, holder.name, metav1.GetOptions{})
	if err != nil {
		return false, c.advise(err)
	}
	present, _, err := unstructured.NestedMap(obj.Object, holder.path...)
	if err != nil {
		return false, fmt.Errorf("read the pod template of %s %s: %w", holder.kind(), holder.name, err)
	}
	unstructured.RemoveNestedField(present, "metadata", "creationTimestamp")
	return reflect.DeepEqual(present, template), nil
}

// writeTemplate replaces the pod template.
func (c client) writeTemplate(ctx context.Context, holder templateHolder, template map[string]any) error {
	patch, err := json.Marshal([]map[string]any{{"op": "replace", "path": holder.pointer(), "value": template}})
	if err != nil {
		return fmt.Errorf("encode the pod template: %w", err)
	}
	_, err = c.resource(holder.gvr).Patch(ctx, holder.name, types.JSONPatchType, patch, metav1.PatchOptions{})
	return c.advise(err)
}
