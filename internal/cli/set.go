package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

func (s *shell) setCommand() *cobra.Command {
	return s.group("set", "Change a part of a Rollout", s.setImageCommand())
}

func (s *shell) setImageCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "image ROLLOUT CONTAINER=IMAGE...",
		Short: "Change the image of containers, which begins an update",
		Long: "Change the image of containers, which begins an update.\n\n" +
			"A container named * stands for all of them. With spec.workloadRef the referenced workload is changed.",
		Example:           s.examples("set image checkout web=registry.local/checkout:v2", "set image checkout '*=registry.local/checkout:v2'"),
		Args:              imageArgs,
		ValidArgsFunction: s.imageNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			kind, name, err := setImages(cmd.Context(), c, args[0], args[1:])
			if err != nil {
				return err
			}
			fmt.Fprintf(s.Out, "%s %q image updated\n", kind, name)
			return nil
		},
	}
}

// imageArgs wants a name and one or more container=image.
func imageArgs(_ *cobra.Command, args []string) error {
	if len(args) < 2 {
		return errUsage
	}
	for _, pair := range args[1:] {
		if strings.Count(pair, "=") != 1 {
			return errUsage
		}
	}
	return nil
}

// imageNames completes the Rollout, then its containers.
func (s *shell) imageNames(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return s.names(cmd.Context(), v1alpha1.RolloutGVR, prefix), cobra.ShellCompDirectiveNoFileComp
	}
	c, err := s.client()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ro, err := c.rollout(cmd.Context(), args[0])
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, container := range ro.Spec.Template.Spec.Containers {
		if strings.HasPrefix(container.Name, prefix) {
			names = append(names, container.Name+"=")
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// setImageTries is how often a change is made again on a fresher object.
const setImageTries = 5

// setImages changes images in the pod template of a Rollout, wherever it is
// written, and says where that was.
func setImages(ctx context.Context, c client, rollout string, pairs []string) (kind, name string, err error) {
	for range setImageTries {
		var ro *v1alpha1.Rollout
		if ro, err = c.rollout(ctx, rollout); err != nil {
			return "", "", err
		}
		var holder templateHolder
		if holder, err = holderOf(ro); err != nil {
			return "", "", fmt.Errorf("set image of rollout %s: %w", rollout, err)
		}
		if err = updateImages(ctx, c, holder, pairs); !apierrors.IsConflict(err) {
			return holder.kind(), holder.name, err
		}
	}
	return "", "", fmt.Errorf("set image of rollout %s: it changes faster than it can be written, try again: %w", rollout, err)
}

// updateImages reads, changes and writes the object that holds the template.
// It is handled as the server sent it, so that fields this program does not
// know survive.
func updateImages(ctx context.Context, c client, holder templateHolder, pairs []string) error {
	obj, err := c.resource(holder.gvr).Get(ctx, holder.name, metav1.GetOptions{})
	if err != nil {
		return c.advise(err)
	}
	for _, pair := range pairs {
		container, image, _ := strings.Cut(pair, "=")
		if err := setImage(obj, holder.path, container, image); err != nil {
			return err
		}
	}
	_, err = c.resource(holder.gvr).Update(ctx, obj, metav1.UpdateOptions{})
	return err
}

// everyContainer stands for all containers.
const everyContainer = "*"

// setImage changes the image of one container, or of all, in obj.
func setImage(obj *unstructured.Unstructured, template []string, container, image string) error {
	found := false
	for _, list := range []string{"initContainers", "containers", "ephemeralContainers"} {
		path := append(append([]string(nil), template...), "spec", list)
		containers, exists, err := unstructured.NestedSlice(obj.Object, path...)
		if err != nil {
			return fmt.Errorf("read %s of %s %s: %w", list, obj.GetKind(), obj.GetName(), err)
		}
		if !exists {
			continue
		}
		for _, item := range containers {
			fields, ok := item.(map[string]any)
			if !ok || container != everyContainer && fields["name"] != container {
				continue
			}
			fields["image"] = image
			found = true
		}
		if err := unstructured.SetNestedSlice(obj.Object, containers, path...); err != nil {
			return fmt.Errorf("write %s of %s %s: %w", list, obj.GetKind(), obj.GetName(), err)
		}
	}
	if !found {
		return withHint(fmt.Errorf("unable to find container named %q", container),
			"%s %s has these containers: %s", obj.GetKind(), obj.GetName(), strings.Join(containerNames(obj, template), ", "))
	}
	return nil
}

func containerNames(obj *unstructured.Unstructured, template []string) []string {
	var names []string
	for _, list := range []string{"initContainers", "containers"} {
		path := append(append([]string(nil), template...), "spec", list)
		containers, _, _ := unstructured.NestedSlice(obj.Object, path...)
		for _, item := range containers {
			if fields, ok := item.(map[string]any); ok {
				names = append(names, fmt.Sprint(fields["name"]))
			}
		}
	}
	return names
}
