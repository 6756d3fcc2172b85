package main

import (
	"context"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/internal/kube"
	"github.com/serin-rollouts/serin/internal/plugin"
)

// openPlugins fetches the programs of the metric providers that the ConfigMap of the
// controller's namespace lists. It is read once: changes need another start. What is
// wrong with a plugin is an error, so that no controller runs without one that a
// manifest may name. What the programs say goes to out.
func openPlugins(ctx context.Context, config *rest.Config, home string, out io.Writer) (*plugin.Set, error) {
	live, err := client.New(config, client.Options{})
	if err != nil {
		return nil, fmt.Errorf("reach API server: %w", err)
	}
	var listed corev1.ConfigMap
	err = live.Get(ctx, client.ObjectKey{Namespace: home, Name: plugin.ConfigMap}, &listed)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("read ConfigMap %s/%s: %w", home, plugin.ConfigMap, err)
	}
	items, err := plugin.ParseMetricProviders(listed.Data)
	if err != nil {
		return nil, err
	}
	secrets := kube.NewSecrets(live, home)
	return plugin.OpenMetricProviders(ctx, items, plugin.Options{
		Folder: plugin.Folder,
		Secret: func(ctx context.Context, name string) (map[string][]byte, error) {
			return secrets.Secret(ctx, "", name)
		},
		Log: out,
	})
}
