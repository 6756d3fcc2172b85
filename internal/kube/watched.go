package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// listDeadline is how long a watch may take to list before that counts as a fault,
// such as a missing permission.
const listDeadline = 10 * time.Second

var (
	// errNotStarted: reading before the process runs.
	errNotStarted = errors.New("watches are not started")
	// errNotListed: a watch that does not get its first list.
	errNotListed = errors.New("no answer yet; is the permission to list and watch missing?")
)

// watched reads objects that Rollouts refer to. The first read of a kind in a
// namespace starts a watch of it there; nothing else is watched.
type watched struct {
	config *rest.Config
	client *http.Client
	scheme *runtime.Scheme
	mapper meta.RESTMapper
	// changed is called for every relevant change, after the cache has it.
	changed func(object, client.Object)

	mu sync.Mutex
	// life ends with the process; nil until start.
	life       context.Context //nolint:containedctx // the watches outlive the pass that starts them
	namespaces map[string]*namespace
}

// namespace is the watches of one namespace.
type namespace struct {
	cache cache.Cache
	// stop ends the watches.
	stop  context.CancelFunc
	mu    sync.Mutex
	kinds map[schema.GroupVersionKind]watch
}

// watch is the watch of one kind in one namespace.
type watch struct {
	informer cache.Informer
	since    time.Time
}

// start lets watches run until ctx ends.
func (w *watched) start(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.life = ctx
}

// get reads an object of a namespace. The result is shared: it is never edited.
func (w *watched) get(ctx context.Context, key engine.Key, into client.Object) error {
	reader, err := w.reader(ctx, key.Namespace, into)
	if err != nil {
		return err
	}
	return reader.Get(ctx, key, into)
}

// services lists the Services of a namespace that are annotated with a Rollout.
func (w *watched) services(ctx context.Context, key engine.Key) ([]corev1.Service, error) {
	reader, err := w.reader(ctx, key.Namespace, &corev1.Service{})
	if err != nil {
		return nil, err
	}
	var list corev1.ServiceList
	err = reader.List(ctx, &list, client.InNamespace(key.Namespace), client.MatchingFields{indexManagedBy: key.Name})
	return list.Items, err
}

// watches reports whether that kind is already watched in a namespace, and listed.
func (w *watched) watches(name string, kind schema.GroupVersionKind) bool {
	w.mu.Lock()
	ns := w.namespaces[name]
	w.mu.Unlock()
	if ns == nil {
		return false
	}
	ns.mu.Lock()
	defer ns.mu.Unlock()
	running, found := ns.kinds[kind]
	return found && running.informer.HasSynced()
}

// reader returns a reader over a watch of example's kind. A watch that has not
// listed yet is a conflict: nobody waits for it, the pass is repeated.
func (w *watched) reader(ctx context.Context, name string, example client.Object) (client.Reader, error) {
	ns, err := w.namespace(name)
	if err != nil {
		return nil, err
	}
	kind, err := gvkOf(example, w.scheme)
	if err != nil {
		return nil, err
	}
	ns.mu.Lock()
	defer ns.mu.Unlock()
	running, found := ns.kinds[kind]
	if !found {
		if running, err = w.open(ctx, ns, kind, example); err != nil {
			return nil, fmt.Errorf("watch %s in namespace %s: %w", kind.Kind, name, err)
		}
		ns.kinds[kind] = running
	}
	switch {
	case running.informer.HasSynced():
		return ns.cache, nil
	case time.Since(running.since) < listDeadline:
		return nil, fmt.Errorf("list %s in namespace %s: %w", kind.Kind, name, plan.ErrConflict)
	default:
		return nil, fmt.Errorf("list %s in namespace %s: %w", kind.Kind, name, errNotListed)
	}
}

// open starts one watch without waiting for it.
func (w *watched) open(ctx context.Context, ns *namespace, kind schema.GroupVersionKind, example client.Object) (watch, error) {
	if kind == serviceKind {
		if err := ns.cache.IndexField(ctx, example, indexManagedBy, managedByKey); err != nil {
			return watch{}, err
		}
	}
	informer, err := ns.cache.GetInformer(ctx, example, cache.BlockUntilSynced(false))
	if err != nil {
		return watch{}, err
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: func(o any) { w.notify(kind, o) },
		UpdateFunc: func(before, after any) {
			if !sameContent(before, after) {
				w.notify(kind, after)
			}
		},
		DeleteFunc: func(o any) { w.notify(kind, o) },
	})
	return watch{informer: informer, since: time.Now()}, err
}

func (w *watched) notify(kind schema.GroupVersionKind, o any) {
	if last, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
		o = last.Obj
	}
	if c, ok := o.(client.Object); ok {
		w.changed(object{GroupVersionKind: kind, Key: client.ObjectKeyFromObject(c)}, c)
	}
}

// namespace returns the caches of a namespace, running.
func (w *watched) namespace(name string) (*namespace, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.life == nil {
		return nil, errNotStarted
	}
	if ns := w.namespaces[name]; ns != nil {
		return ns, nil
	}
	shared := true
	c, err := cache.New(w.config, cache.Options{
		HTTPClient:                   w.client,
		Scheme:                       w.scheme,
		Mapper:                       w.mapper,
		DefaultTransform:             trim,
		DefaultUnsafeDisableDeepCopy: &shared,
		DefaultNamespaces:            map[string]cache.Config{name: {}},
	})
	if err != nil {
		return nil, fmt.Errorf("open caches of namespace %s: %w", name, err)
	}
	life, stop := context.WithCancel(w.life)
	go func() { _ = c.Start(life) }() // it ends with life and returns no other error
	ns := &namespace{cache: c, stop: stop, kinds: map[schema.GroupVersionKind]watch{}}
	w.namespaces[name] = ns
	return ns, nil
}

// leave ends the watches of a namespace that no Rollout refers to any more. Whoever
// refers to an object says so before reading it, so that none loses a watch it needs.
func (w *watched) leave(name string, referred func(namespace string) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ns := w.namespaces[name]
	if ns == nil || referred(name) {
		return
	}
	delete(w.namespaces, name)
	ns.stop()
}

// kinds of objects that are read with their types.
var (
	serviceKind    = corev1.SchemeGroupVersion.WithKind("Service")
	deploymentKind = appsv1.SchemeGroupVersion.WithKind("Deployment")
	replicaSetKind = appsv1.SchemeGroupVersion.WithKind("ReplicaSet")
	templateKind   = corev1.SchemeGroupVersion.WithKind("PodTemplate")
)

func gvkOf(o client.Object, scheme *runtime.Scheme) (schema.GroupVersionKind, error) {
	if kind := o.GetObjectKind().GroupVersionKind(); !kind.Empty() {
		return kind, nil
	}
	kinds, _, err := scheme.ObjectKinds(o)
	if err != nil {
		return schema.GroupVersionKind{}, fmt.Errorf("find kind of %T: %w", o, err)
	}
	return kinds[0], nil
}
