package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// completionTimeout bounds how long a shell waits for names after a Tab.
const completionTimeout = 3 * time.Second

type completer = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// firstName completes the first argument with names of this resource.
func (s *shell) firstName(gvr schema.GroupVersionResource) completer {
	return func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return s.names(cmd.Context(), gvr, prefix), cobra.ShellCompDirectiveNoFileComp
	}
}

// everyName completes all arguments with names of this resource that were not
// given yet.
func (s *shell) everyName(gvr schema.GroupVersionResource) completer {
	return func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		given := map[string]bool{}
		for _, arg := range args {
			given[arg] = true
		}
		var fresh []string
		for _, name := range s.names(cmd.Context(), gvr, prefix) {
			if !given[name] {
				fresh = append(fresh, name)
			}
		}
		return fresh, cobra.ShellCompDirectiveNoFileComp
	}
}

// names lists the names that begin with prefix. Without a cluster there are
// none: a shell has no place for an error.
func (s *shell) names(ctx context.Context, gvr schema.GroupVersionResource, prefix string) []string {
	c, err := s.client()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, completionTimeout)
	defer cancel()
	list, err := c.resource(gvr).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	var names []string
	for _, item := range list.Items {
		if strings.HasPrefix(item.GetName(), prefix) {
			names = append(names, item.GetName())
		}
	}
	return names
}

// oneOf completes a flag with fixed words.
func oneOf(words ...string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}
