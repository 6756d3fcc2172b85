package kube

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/provider"
)

// Secrets reads Secrets from the server each time: they are never kept.
type Secrets struct {
	live client.Reader
	home string
}

var _ provider.Secrets = Secrets{}

// NewSecrets returns a reader of Secrets that asks live. home is the controller's own
// namespace.
func NewSecrets(live client.Reader, home string) Secrets { return Secrets{live: live, home: home} }

// Secret implements provider.Secrets.
func (s Secrets) Secret(ctx context.Context, namespace, name string) (map[string][]byte, error) {
	if namespace == "" {
		namespace = s.home
	}
	var secret corev1.Secret
	if err := s.live.Get(ctx, engine.Key{Namespace: namespace, Name: name}, &secret); err != nil {
		return nil, err
	}
	return secret.Data, nil
}

// Missing implements provider.Secrets.
func (s Secrets) Missing(err error) bool { return apierrors.IsNotFound(err) }
