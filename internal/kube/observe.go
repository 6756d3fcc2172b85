package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// observer is one look at one Rollout.
type observer struct {
	*Cluster
	key     engine.Key
	number  uint64
	rollout *v1alpha1.Rollout
}

// Observe implements engine.Cluster. Everything comes from caches except pods, which
// are listed when a decision needs them.
func (c *Cluster) Observe(ctx context.Context, key engine.Key) (plan.Snapshot, error) {
	rollout, err := c.find(ctx, key)
	if errors.Is(err, engine.ErrGone) {
		c.Forget(key)
	}
	if err != nil {
		return plan.Snapshot{}, err
	}
	if err := c.caughtUp(key, func(o object) seen { return c.look(ctx, o) }); err != nil {
		return plan.Snapshot{}, err
	}
	o := observer{Cluster: c, key: key, number: c.refs.begin(), rollout: rollout}
	snapshot, err := o.snapshot(ctx)
	if err != nil {
		return plan.Snapshot{}, err
	}
	c.dropped(c.refs.end(o.number, key))
	return snapshot, nil
}

// find reads the Rollout. engine.ErrGone says that there is nothing to decide.
func (c *Cluster) find(ctx context.Context, key engine.Key) (*v1alpha1.Rollout, error) {
	var rollout v1alpha1.Rollout
	err := c.cached.Get(ctx, key, &rollout)
	if apierrors.IsNotFound(err) || err == nil && rollout.DeletionTimestamp != nil {
		return nil, engine.ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("read Rollout: %w", err)
	}
	return &rollout, nil
}

// look reports what the caches have of an object that we wrote.
func (c *Cluster) look(ctx context.Context, o object) seen {
	into, err := c.cachedCopy(ctx, o)
	if err != nil {
		return seen{}
	}
	return seen{version: versionNumber(into.GetResourceVersion()), uid: string(into.GetUID())}
}

func (c *Cluster) cachedCopy(ctx context.Context, o object) (client.Object, error) {
	switch o.GroupVersionKind {
	case v1alpha1.RolloutGVK:
		into := &v1alpha1.Rollout{}
		return into, c.cached.Get(ctx, o.Key, into)
	case replicaSetKind:
		into := &appsv1.ReplicaSet{}
		return into, c.cached.Get(ctx, o.Key, into)
	case v1alpha1.AnalysisRunGVK:
		into := &v1alpha1.AnalysisRun{}
		return into, c.cached.Get(ctx, o.Key, into)
	case v1alpha1.ExperimentGVK:
		into := &v1alpha1.Experiment{}
		return into, c.cached.Get(ctx, o.Key, into)
	case serviceKind:
		into := &corev1.Service{}
		return into, c.watched.get(ctx, o.Key, into)
	case deploymentKind:
		into := &appsv1.Deployment{}
		return into, c.watched.get(ctx, o.Key, into)
	default:
		into := &unstructured.Unstructured{}
		into.SetGroupVersionKind(o.GroupVersionKind)
		return into, c.watched.get(ctx, o.Key, into)
	}
}

// snapshot gathers the facts. What follows from an invalid manifest is not read.
func (o observer) snapshot(ctx context.Context) (plan.Snapshot, error) {
	s := plan.Snapshot{Rollout: rolloutFacts(o.rollout)}
	workload, problems, err := o.workload(ctx)
	if err != nil {
		return s, err
	}
	if workload != nil {
		s.Workload = &workload.facts
		s.Rollout.Annotations = withGeneration(s.Rollout.Annotations, workload.facts.Generation)
	}
	s.Invalid = append(unreadable(o.rollout), problems...)
	if len(s.Invalid) == 0 {
		s.Spec, s.Invalid = o.parsed.get(o.rollout, workload)
	}
	if s.ReplicaSets, err = o.replicaSets(ctx, s.Spec.Selector); err != nil {
		return s, err
	}
	p := &pass{rollout: o.rollout, workload: s.Workload, version: o.rollout.ResourceVersion}
	if len(s.Invalid) == 0 {
		err = o.surroundings(ctx, &s, p)
	}
	o.remember(o.key, p)
	return s, err
}

// surroundings adds what the parsed manifest refers to.
func (o observer) surroundings(ctx context.Context, s *plan.Snapshot, p *pass) error {
	reads := o.options.Reads(*s, o.options.Now())
	var err error
	if s.Services, err = o.services(ctx, reads.Services); err != nil {
		return err
	}
	taken, err := o.takenServices(ctx, s.Services)
	if err != nil {
		return err
	}
	s.References = append(s.References, checkServices(s.Spec, s.Services, taken)...)
	o.route(s.Spec, p)
	if reads.Traffic {
		problems, err := o.traffic(ctx, s, p)
		if err != nil {
			return err
		}
		s.References = append(s.References, problems...)
	}
	if err := o.analyses(ctx, s); err != nil {
		return err
	}
	if s.Templates, err = o.templates(ctx, reads.Templates); err != nil {
		return err
	}
	if reads.Pods {
		s.Pods, err = o.pods(ctx, s.Spec)
		s.PodsListed = err == nil
	}
	return err
}

func rolloutFacts(r *v1alpha1.Rollout) plan.Rollout {
	return plan.Rollout{
		Namespace:   r.Namespace,
		Name:        r.Name,
		UID:         string(r.UID),
		Version:     r.ResourceVersion,
		Generation:  r.Generation,
		Created:     r.CreationTimestamp.Time,
		Labels:      r.Labels,
		Annotations: r.Annotations,
		Status:      r.Status,
		Object:      r,
	}
}

// replicaSets lists those that the Rollout owns and the orphans that it could adopt.
// Those being deleted count as gone.
func (o observer) replicaSets(ctx context.Context, from *metav1.LabelSelector) ([]plan.ReplicaSet, error) {
	selector := labels.Nothing()
	if from != nil {
		parsed, err := metav1.LabelSelectorAsSelector(from)
		if err != nil {
			return nil, fmt.Errorf("read selector: %w", err)
		}
		selector = parsed
	}
	owned, err := o.replicaSetsOf(ctx, string(o.rollout.UID))
	if err != nil {
		return nil, err
	}
	orphans, err := o.replicaSetsOf(ctx, orphan)
	if err != nil {
		return nil, err
	}
	facts := make([]plan.ReplicaSet, 0, len(owned))
	for i := range owned {
		if owned[i].DeletionTimestamp == nil {
			facts = append(facts, replicaSetFacts(&owned[i], true, selector))
		}
	}
	for i := range orphans {
		if adoptable(&orphans[i], selector) {
			facts = append(facts, replicaSetFacts(&orphans[i], false, selector))
		}
	}
	return facts, nil
}

func (o observer) replicaSetsOf(ctx context.Context, owner string) ([]appsv1.ReplicaSet, error) {
	var list appsv1.ReplicaSetList
	err := o.cached.List(ctx, &list, client.InNamespace(o.key.Namespace), client.MatchingFields{indexOwner: owner})
	if err != nil {
		return nil, fmt.Errorf("list ReplicaSets: %w", err)
	}
	return list.Items, nil
}

// get reads a watched object of the Rollout's namespace and notes the reference
// first, so that no change after the read goes unnoticed.
func (o observer) get(ctx context.Context, kind schema.GroupVersionKind, name string, into client.Object) error {
	return o.getIn(ctx, object{GroupVersionKind: kind, Key: engine.Key{Namespace: o.key.Namespace, Name: name}}, into)
}

// getIn is get for an object of another namespace, or of none.
func (o observer) getIn(ctx context.Context, what object, into client.Object) error {
	o.refs.add(o.number, o.key, what)
	return o.watched.get(ctx, what.Key, into)
}

// services reads the named Services and those that we pinned before.
func (o observer) services(ctx context.Context, names []string) (map[string]plan.Service, error) {
	found := map[string]plan.Service{}
	for _, name := range names {
		var service corev1.Service
		err := o.get(ctx, serviceKind, name, &service)
		switch {
		case apierrors.IsNotFound(err):
			found[name] = plan.Service{Name: name}
		case err != nil:
			return nil, fmt.Errorf("read Service %s: %w", name, err)
		default:
			found[name] = serviceFacts(&service)
		}
	}
	// Without a watch nothing is known to be pinned; Release finds what is.
	if !o.watched.watches(o.key.Namespace, serviceKind) {
		return found, nil
	}
	managed, err := o.watched.services(ctx, o.key)
	if err != nil {
		return nil, fmt.Errorf("list managed Services: %w", err)
	}
	for i := range managed {
		if facts := serviceFacts(&managed[i]); facts.Hash != "" {
			found[facts.Name] = facts
		}
	}
	return found, nil
}

// takenServices returns, of the Services that are annotated with another Rollout, those
// that it still names.
func (o observer) takenServices(ctx context.Context, services map[string]plan.Service) (map[string]bool, error) {
	taken := map[string]bool{}
	for _, s := range services {
		if s.ManagedBy == "" || s.ManagedBy == o.key.Name {
			continue
		}
		other, err := o.findAnywhere(ctx, engine.Key{Namespace: o.key.Namespace, Name: s.ManagedBy})
		if err != nil {
			return nil, err
		}
		taken[s.Name] = other != nil && slices.Contains(servicesNamed(other), s.Name)
	}
	return taken, nil
}

// findAnywhere asks the cache and, as that has only our own instance's, the server.
// Without such a Rollout, or when it is being deleted, it returns nil.
func (c *Cluster) findAnywhere(ctx context.Context, key engine.Key) (*v1alpha1.Rollout, error) {
	found, err := c.find(ctx, key)
	if !errors.Is(err, engine.ErrGone) {
		return found, err
	}
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(v1alpha1.RolloutGVK)
	err = c.live.Get(ctx, key, live)
	if apierrors.IsNotFound(err) || err == nil && live.GetDeletionTimestamp() != nil {
		return nil, nil //nolint:nilnil // nothing is what there is
	}
	if err != nil {
		return nil, fmt.Errorf("look for Rollout %s: %w", key.Name, err)
	}
	return readRollout(live.Object), nil
}
