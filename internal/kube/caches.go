package kube

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Scope is which objects a controller is responsible for.
type Scope struct {
	// Namespace is the only namespace to look at; "" for all.
	Namespace string
	// InstanceID selects our kinds of objects by their instance label. Empty selects those
	// without the label.
	InstanceID string
	// Resync is how often every Rollout is looked at without a reason.
	Resync time.Duration
}

// NewScheme returns the types that this package reads and writes.
func NewScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("add built-in types: %w", err)
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, fmt.Errorf("add Rollout types: %w", err)
	}
	return scheme, nil
}

// CacheOptions are the options of the cache that New, NewRuns and NewExperiments need:
// Rollouts, AnalysisRuns, Experiments and templates of the scope, and ReplicaSets and
// Services with a hash label, all without what nobody reads.
func CacheOptions(config *rest.Config, s Scope) (cache.Options, error) {
	instance, err := instanceSelector(s.InstanceID)
	if err != nil {
		return cache.Options{}, err
	}
	informers, err := tolerantInformer(config, s, instance)
	if err != nil {
		return cache.Options{}, err
	}
	hashed, err := hashedSelector()
	if err != nil {
		return cache.Options{}, err
	}
	// What comes out of the cache is only ever read, so that nothing is copied.
	shared := true
	options := cache.Options{
		DefaultTransform:             trim,
		DefaultUnsafeDisableDeepCopy: &shared,
		NewInformer:                  informers,
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.Rollout{}:  {Label: instance, SyncPeriod: resync(s.Resync)},
			&appsv1.ReplicaSet{}: {Label: hashed},

			&v1alpha1.AnalysisRun{}:             {Label: instance, SyncPeriod: resync(s.Resync)},
			&v1alpha1.Experiment{}:              {Label: instance, SyncPeriod: resync(s.Resync)},
			&v1alpha1.AnalysisTemplate{}:        {Label: instance},
			&v1alpha1.ClusterAnalysisTemplate{}: {Label: instance},
			// Only Services of Experiments have the label; those that Rollouts name are
			// watched where they are named.
			&corev1.Service{}: {Label: hashed},
		},
	}
	if s.Namespace != "" {
		options.DefaultNamespaces = map[string]cache.Config{s.Namespace: {}}
	}
	return options, nil
}

func resync(every time.Duration) *time.Duration {
	if every <= 0 {
		return nil
	}
	return &every
}

// instanceSelector selects the objects of one controller instance.
func instanceSelector(id string) (labels.Selector, error) {
	operator, values := selection.DoesNotExist, []string(nil)
	if id != "" {
		operator, values = selection.Equals, []string{id}
	}
	return selectorOf(v1alpha1.LabelKeyControllerInstanceID, operator, values)
}

func hashedSelector() (labels.Selector, error) {
	return selectorOf(v1alpha1.DefaultRolloutUniqueLabelKey, selection.Exists, nil)
}

func selectorOf(key string, operator selection.Operator, values []string) (labels.Selector, error) {
	requirement, err := labels.NewRequirement(key, operator, values)
	if err != nil {
		return nil, fmt.Errorf("select by label %s: %w", key, err)
	}
	return labels.NewSelector().Add(*requirement), nil
}

// trim removes from an object what nobody here reads, before it enters a cache.
func trim(object any) (any, error) {
	m, err := meta.Accessor(object)
	if err != nil {
		// Not an object with metadata, such as the mark of a missed deletion.
		return object, nil //nolint:nilerr // there is nothing to trim
	}
	m.SetManagedFields(nil)
	if annotations := m.GetAnnotations(); annotations[v1alpha1.LastAppliedAnnotation] != "" {
		delete(annotations, v1alpha1.LastAppliedAnnotation)
		m.SetAnnotations(annotations)
	}
	switch o := object.(type) {
	case *corev1.Service:
		trimService(o)
	case *appsv1.Deployment:
		o.Status = appsv1.DeploymentStatus{}
	}
	return object, nil
}

// trimService keeps what points at pods and who does it.
func trimService(s *corev1.Service) {
	s.Labels = nil
	if owner, found := s.Annotations[v1alpha1.ManagedByRolloutsKey]; found {
		s.Annotations = map[string]string{v1alpha1.ManagedByRolloutsKey: owner}
	} else {
		s.Annotations = nil
	}
	s.Spec = corev1.ServiceSpec{Selector: s.Spec.Selector}
	s.Status = corev1.ServiceStatus{}
}
