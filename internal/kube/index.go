package kube

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Names of the indices over the caches.
const (
	// indexOwner finds ReplicaSets, AnalysisRuns and Experiments by the UID of their
	// controller, and orphans by the value orphan.
	indexOwner = "owner"
	orphan     = "none"
	// indexService finds Rollouts by the Services that they name.
	indexService = "service"
	// indexManagedBy finds Services by the Rollout that they are annotated with.
	indexManagedBy = "managed-by"
)

// indexCaches adds the indices. It must run before the caches start.
func indexCaches(ctx context.Context, indexer client.FieldIndexer) error {
	for _, o := range []client.Object{&appsv1.ReplicaSet{}, &v1alpha1.AnalysisRun{}, &v1alpha1.Experiment{}} {
		if err := indexer.IndexField(ctx, o, indexOwner, ownerKey); err != nil {
			return fmt.Errorf("index %T by owner: %w", o, err)
		}
	}
	if err := indexer.IndexField(ctx, &v1alpha1.Rollout{}, indexService, serviceKeys); err != nil {
		return fmt.Errorf("index Rollouts by Service: %w", err)
	}
	return nil
}

func ownerKey(o client.Object) []string {
	if owner := metav1.GetControllerOfNoCopy(o); owner != nil {
		return []string{string(owner.UID)}
	}
	return []string{orphan}
}

func serviceKeys(o client.Object) []string {
	rollout, ok := o.(*v1alpha1.Rollout)
	if !ok {
		return nil
	}
	return servicesNamed(rollout)
}

func managedByKey(o client.Object) []string {
	service, ok := o.(*corev1.Service)
	if !ok || service.Annotations[v1alpha1.ManagedByRolloutsKey] == "" {
		return nil
	}
	return []string{service.Annotations[v1alpha1.ManagedByRolloutsKey]}
}

// servicesNamed lists the Services that a manifest names, valid or not.
func servicesNamed(rollout *v1alpha1.Rollout) []string {
	var all []string
	if bg := rollout.Spec.Strategy.BlueGreen; bg != nil {
		all = append(all, bg.ActiveService, bg.PreviewService)
	}
	if canary := rollout.Spec.Strategy.Canary; canary != nil {
		all = append(all, canary.StableService, canary.CanaryService)
		if pair := canary.PingPong; pair != nil {
			all = append(all, pair.PingService, pair.PongService)
		}
	}
	var named []string
	for _, name := range all {
		if name != "" {
			named = append(named, name)
		}
	}
	return named
}
