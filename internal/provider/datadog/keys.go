package datadog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/serin-rollouts/serin/internal/provider"
)

// Environment variables with the credentials of metrics that name no Secret. They
// count only when all are set.
const (
	APIKeyVariable  = "DD_API_KEY"
	AppKeyVariable  = "DD_APP_KEY"
	AddressVariable = "DD_ADDRESS"
)

const (
	defaultSecret  = "datadog"
	defaultAddress = "https://api.datadoghq.com"
)

// Texts that users know, word for word.
var (
	errNoKeys = errors.New("failed to find the credentials for datadog metrics provider")
	errNoName = errors.New("secret name is required for namespaced credentials")
)

// keys are who asks, and where.
type keys struct{ api, app, address string }

// keys are those of the Secret that the metric names, and of nothing else then; or of
// the environment; or of the Secret that all metrics share.
func (p Provider) keys(ctx context.Context, q provider.Query) (keys, error) {
	ref := q.Metric.Provider.Datadog.SecretRef
	switch {
	case ref.Name != "" && ref.Namespaced:
		return read(ctx, q, q.Run.Namespace, ref.Name)
	case ref.Name != "":
		return read(ctx, q, "", ref.Name)
	case ref.Namespaced:
		return keys{}, errNoName
	}
	env := keys{api: p.env(APIKeyVariable), app: p.env(AppKeyVariable), address: p.env(AddressVariable)}
	if env.api != "" && env.app != "" && env.address != "" {
		return env, nil
	}
	found, err := read(ctx, q, "", defaultSecret)
	if err != nil && q.Secrets.Missing(err) {
		return keys{}, errNoKeys
	}
	return found, err
}

func read(ctx context.Context, q provider.Query, namespace, name string) (keys, error) {
	secret, err := q.Secrets.Secret(ctx, namespace, name)
	if err != nil {
		return keys{}, fmt.Errorf("read Secret %s: %w", name, err)
	}
	field := func(key string) string { return strings.TrimSpace(string(secret[key])) }
	found := keys{api: field("api-key"), app: field("app-key"), address: field("address")}
	if found.api == "" || found.app == "" {
		return keys{}, errNoKeys
	}
	if found.address == "" {
		found.address = defaultAddress
	}
	return found, nil
}
