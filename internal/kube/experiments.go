package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlcluster "sigs.k8s.io/controller-runtime/pkg/cluster"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/experiment"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/spec"
)

// ExperimentOptions are what NewExperiments cannot know by itself.
type ExperimentOptions struct {
	// Parse turns a manifest into typed values. It must not edit the manifest.
	Parse func(*v1alpha1.Experiment) (spec.Experiment, field.ErrorList)
	// Reads says what a decision needs observed besides what the Experiment owns.
	Reads func(experiment.Snapshot) experiment.Reads
	// RunName is the name of a run when the first ones of a base are taken.
	RunName func(base string, taken int) string
	// Events receives what happened; nil drops it.
	Events Recorder
	// Now is the clock.
	Now func() time.Time
}

// Experiments is an API server as the loop for Experiments sees it. It implements
// engine.Cluster.
type Experiments struct {
	store
	options ExperimentOptions

	mu sync.Mutex
	// passes are the Experiments that were observed last, by key.
	passes map[engine.Key]*v1alpha1.Experiment
}

var _ engine.Cluster[experiment.Snapshot, experiment.Action, experiment.Outcome] = (*Experiments)(nil)

// indexExperiment finds ReplicaSets, Services and AnalysisRuns by the UID of the
// Experiment that controls them.
const indexExperiment = "experiment"

// NewExperiments returns the Experiments of the caches of c, which must have the
// CacheOptions. It adds indices and therefore runs before the caches start.
func NewExperiments(ctx context.Context, c ctrlcluster.Cluster, o ExperimentOptions) (*Experiments, error) {
	for _, kind := range []client.Object{&appsv1.ReplicaSet{}, &corev1.Service{}, &v1alpha1.AnalysisRun{}} {
		if err := c.GetFieldIndexer().IndexField(ctx, kind, indexExperiment, experimentKey); err != nil {
			return nil, fmt.Errorf("index %T by Experiment: %w", kind, err)
		}
	}
	return &Experiments{
		store: newStore(c, o.Events, o.Now), options: o, passes: map[engine.Key]*v1alpha1.Experiment{},
	}, nil
}

func experimentKey(o client.Object) []string {
	owner := metav1.GetControllerOfNoCopy(o)
	if owner == nil || owner.Kind != v1alpha1.ExperimentKind {
		return nil
	}
	return []string{string(owner.UID)}
}

// Observe implements engine.Cluster. Everything comes from caches, except what those
// cannot know: which names of runs are taken, and templates of the whole cluster.
func (c *Experiments) Observe(ctx context.Context, key engine.Key) (experiment.Snapshot, error) {
	e, err := c.find(ctx, key)
	if errors.Is(err, engine.ErrGone) {
		c.forget(key)
	}
	if err != nil {
		return experiment.Snapshot{}, err
	}
	if err := c.caughtUp(key, func(o object) seen { return c.look(ctx, o) }); err != nil {
		return experiment.Snapshot{}, err
	}
	s := experiment.Snapshot{Experiment: e}
	if s.Invalid = unreadable(e); len(s.Invalid) == 0 {
		s.Spec, s.Invalid = c.options.Parse(e)
	}
	if len(s.Invalid) == 0 {
		o := experimentObserver{Experiments: c, experiment: e}
		if err := o.surroundings(ctx, &s); err != nil {
			return experiment.Snapshot{}, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passes[key] = e
	return s, nil
}

// find reads the Experiment. engine.ErrGone says that there is nothing to decide.
func (c *Experiments) find(ctx context.Context, key engine.Key) (*v1alpha1.Experiment, error) {
	var e v1alpha1.Experiment
	err := c.cached.Get(ctx, key, &e)
	if apierrors.IsNotFound(err) || err == nil && e.DeletionTimestamp != nil {
		return nil, engine.ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("read Experiment: %w", err)
	}
	return &e, nil
}

// look reports what the caches have of an object that we wrote.
func (c *Experiments) look(ctx context.Context, o object) seen {
	into, err := c.client.Scheme().New(o.GroupVersionKind)
	if err != nil {
		return seen{}
	}
	found, ok := into.(client.Object)
	if !ok || c.cached.Get(ctx, o.Key, found) != nil {
		return seen{}
	}
	return seen{version: versionNumber(found.GetResourceVersion()), uid: string(found.GetUID())}
}

// forget drops what is known about an Experiment that is gone.
func (c *Experiments) forget(key engine.Key) {
	c.mu.Lock()
	delete(c.passes, key)
	c.mu.Unlock()
	c.writes.forget(key)
}

func (c *Experiments) pass(key engine.Key) (*v1alpha1.Experiment, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.passes[key]
	if e == nil {
		return nil, fmt.Errorf("experiment %s: %w", key, errNotObserved)
	}
	return e, nil
}

// experimentObserver is one look at one Experiment.
type experimentObserver struct {
	*Experiments
	experiment *v1alpha1.Experiment
}

// surroundings adds what the Experiment owns and what it refers to.
func (o experimentObserver) surroundings(ctx context.Context, s *experiment.Snapshot) error {
	reads := o.options.Reads(*s)
	var err error
	if s.ReplicaSets, err = o.replicaSets(ctx); err != nil {
		return err
	}
	if s.Services, err = o.services(ctx, reads.Services); err != nil {
		return err
	}
	if s.Runs, err = o.runs(ctx, reads); err != nil {
		return err
	}
	s.Templates, err = o.templates(ctx, reads.Templates)
	return err
}

// owned fills a list with what the Experiment controls.
func (o experimentObserver) owned(ctx context.Context, list client.ObjectList) error {
	uid := client.MatchingFields{indexExperiment: string(o.experiment.UID)}
	if err := o.cached.List(ctx, list, client.InNamespace(o.experiment.Namespace), uid); err != nil {
		return fmt.Errorf("list %T: %w", list, err)
	}
	return nil
}

// replicaSets lists those that the Experiment owns. One of somebody else is met when
// it is in the way. Those being deleted count as gone.
func (o experimentObserver) replicaSets(ctx context.Context) ([]plan.ReplicaSet, error) {
	var list appsv1.ReplicaSetList
	if err := o.owned(ctx, &list); err != nil {
		return nil, err
	}
	facts := make([]plan.ReplicaSet, 0, len(list.Items))
	for i := range list.Items {
		if list.Items[i].DeletionTimestamp == nil {
			facts = append(facts, replicaSetFacts(&list.Items[i], true, labels.Everything()))
		}
	}
	return facts, nil
}

// services lists those that the Experiment owns, and those in its way that the cache
// has. One that it has not is met when it is in the way.
func (o experimentObserver) services(ctx context.Context, names []string) ([]experiment.Service, error) {
	var list corev1.ServiceList
	if err := o.owned(ctx, &list); err != nil {
		return nil, err
	}
	facts := make([]experiment.Service, 0, len(list.Items))
	for i := range list.Items {
		if list.Items[i].DeletionTimestamp == nil {
			facts = append(facts, experimentService(&list.Items[i], true))
		}
	}
	for _, name := range names {
		var service corev1.Service
		err := o.cached.Get(ctx, engine.Key{Namespace: o.experiment.Namespace, Name: name}, &service)
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			return nil, fmt.Errorf("read Service %s: %w", name, err)
		case !metav1.IsControlledBy(&service, o.experiment):
			facts = append(facts, experimentService(&service, false))
		}
	}
	return facts, nil
}

func experimentService(s *corev1.Service, owned bool) experiment.Service {
	return experiment.Service{
		Name: s.Name, UID: string(s.UID), Version: s.ResourceVersion,
		Owned: owned, Hash: s.Spec.Selector[v1alpha1.DefaultRolloutUniqueLabelKey],
	}
}

// runs lists those that the Experiment owns, and those of others that have a name which
// is wanted. The server is asked for names: a run that is missed would be started again.
func (o experimentObserver) runs(ctx context.Context, reads experiment.Reads) ([]experiment.Run, error) {
	var list v1alpha1.AnalysisRunList
	if err := o.owned(ctx, &list); err != nil {
		return nil, err
	}
	facts := make([]experiment.Run, 0, len(list.Items))
	for i := range list.Items {
		facts = append(facts, o.runFacts(&list.Items[i]))
	}
	for _, name := range reads.Recorded {
		if hasRun(facts, name) {
			continue
		}
		run, err := o.liveRun(ctx, name)
		if err != nil {
			return nil, err
		}
		if run != nil {
			facts = append(facts, *run)
		}
	}
	for _, base := range reads.Runs {
		var err error
		if facts, err = o.taken(ctx, base, facts); err != nil {
			return nil, err
		}
	}
	return facts, nil
}

func hasRun(facts []experiment.Run, name string) bool {
	return slices.ContainsFunc(facts, func(r experiment.Run) bool { return r.Name == name })
}

// taken adds the runs that have the names of a base, up to the first free one.
func (o experimentObserver) taken(ctx context.Context, base string, facts []experiment.Run) ([]experiment.Run, error) {
	for n := 0; ; n++ {
		name := o.options.RunName(base, n)
		if hasRun(facts, name) {
			continue
		}
		run, err := o.liveRun(ctx, name)
		if err != nil || run == nil {
			return facts, err
		}
		facts = append(facts, *run)
	}
}

// liveRun reads a run from the server; nil when there is none.
func (o experimentObserver) liveRun(ctx context.Context, name string) (*experiment.Run, error) {
	var run v1alpha1.AnalysisRun
	err := o.live.Get(ctx, engine.Key{Namespace: o.experiment.Namespace, Name: name}, &run)
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // nothing is what there is
	}
	if err != nil {
		return nil, fmt.Errorf("look for AnalysisRun %s: %w", name, err)
	}
	facts := o.runFacts(&run)
	return &facts, nil
}

func (o experimentObserver) runFacts(run *v1alpha1.AnalysisRun) experiment.Run {
	return experiment.Run{
		Name: run.Name, Version: run.ResourceVersion,
		Owned:       metav1.IsControlledBy(run, o.experiment),
		Attempt:     run.Annotations[v1alpha1.ExperimentAvailableAtAnnotation],
		Terminating: run.Spec.Terminate,
		Phase:       run.Status.Phase,
		Message:     run.Status.Message,
	}
}

// templates reads templates with all that they refer to.
func (o experimentObserver) templates(ctx context.Context, refs []v1alpha1.AnalysisTemplateRef) (spec.Templates, error) {
	found := spec.Templates{}
	return found, found.Complete(refs, func(key spec.TemplateKey) (*v1alpha1.AnalysisTemplateSpec, error) {
		return o.template(ctx, key)
	})
}

// template reads one template; nil when there is none. Those of the whole cluster are
// read from the server, since a controller of one namespace may not watch them.
func (o experimentObserver) template(ctx context.Context, key spec.TemplateKey) (*v1alpha1.AnalysisTemplateSpec, error) {
	var own v1alpha1.AnalysisTemplate
	var shared v1alpha1.ClusterAnalysisTemplate
	var err error
	body := &own.Spec
	if key.Cluster {
		body, err = &shared.Spec, o.live.Get(ctx, engine.Key{Name: key.Name}, &shared)
	} else {
		err = o.cached.Get(ctx, engine.Key{Namespace: o.experiment.Namespace, Name: key.Name}, &own)
	}
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // nothing is what there is
	}
	return body, err
}
