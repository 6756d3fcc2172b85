package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

const (
	// gatherTime is how long changes are collected before a table is made. The
	// first change after a quiet time does not wait.
	gatherTime = 10 * time.Millisecond
	// byService indexes EndpointSlices by the Service they belong to.
	byService = "service"
)

// object names a namespaced object.
type object struct{ namespace, name string }

// watcher keeps a table up to date with the API server.
type watcher struct {
	table *atomic.Pointer[Table]
	// notes are those of the newest table.
	notes atomic.Pointer[[]Note]
	log   *slog.Logger
	// onRoutes is called after the locations changed.
	onRoutes func(*Routes)

	ingresses cache.SharedIndexInformer
	services  cache.SharedIndexInformer
	slices    cache.SharedIndexInformer

	wake  chan struct{}
	mu    sync.Mutex
	dirty changes
}

// changes are what the table does not show yet.
type changes struct {
	routes   bool
	services map[object]bool
}

// newWatcher registers for all changes of ingresses, services and slices; it
// begins when the factory starts.
func newWatcher(factory informers.SharedInformerFactory, table *atomic.Pointer[Table], log *slog.Logger) (*watcher, error) {
	w := &watcher{
		table: table, log: log,
		ingresses: factory.Networking().V1().Ingresses().Informer(),
		services:  factory.Core().V1().Services().Informer(),
		slices:    factory.Discovery().V1().EndpointSlices().Informer(),
		wake:      make(chan struct{}, 1),
	}
	w.notes.Store(new([]Note))
	w.onRoutes = func(*Routes) {}
	if err := w.slices.AddIndexers(cache.Indexers{byService: sliceService}); err != nil {
		return nil, fmt.Errorf("index EndpointSlices by Service: %w", err)
	}
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		w.ingresses: routesChanged(func() { w.mark(changes{routes: true}) }),
		w.services:  always(w.serviceChanged),
		w.slices:    always(w.sliceChanged),
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return nil, fmt.Errorf("watch the API server: %w", err)
		}
	}
	return w, nil
}

// newFactory makes informers that keep only what routing needs.
func newFactory(client kubernetes.Interface) informers.SharedInformerFactory {
	return informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTransform(func(object any) (any, error) {
		if m, err := meta.Accessor(object); err == nil {
			m.SetManagedFields(nil)
		}
		return object, nil
	}))
}

// always calls changed with every object that was added, updated or deleted.
func always(changed func(any)) cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    changed,
		UpdateFunc: func(_, updated any) { changed(updated) },
		DeleteFunc: func(deleted any) {
			if last, ok := deleted.(cache.DeletedFinalStateUnknown); ok {
				deleted = last.Obj
			}
			changed(deleted)
		},
	}
}

// routesChanged calls changed unless an update left alone all that routes are
// made of. The statuses that the gateway itself writes are such updates.
func routesChanged(changed func()) cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { changed() },
		DeleteFunc: func(any) { changed() },
		UpdateFunc: func(old, updated any) {
			before, ok1 := old.(*networkingv1.Ingress)
			after, ok2 := updated.(*networkingv1.Ingress)
			same := ok1 && ok2 && maps.Equal(before.Annotations, after.Annotations) &&
				equality.Semantic.DeepEqual(before.Spec, after.Spec)
			if !same {
				changed()
			}
		},
	}
}

func sliceService(item any) ([]string, error) {
	slice, ok := item.(*discoveryv1.EndpointSlice)
	if !ok {
		return nil, fmt.Errorf("index %T by Service: not an EndpointSlice", item)
	}
	return []string{slice.Namespace + "/" + slice.Labels[discoveryv1.LabelServiceName]}, nil
}

func (w *watcher) serviceChanged(item any) {
	if service, ok := item.(*corev1.Service); ok {
		w.mark(changes{services: map[object]bool{{service.Namespace, service.Name}: true}})
	}
}

func (w *watcher) sliceChanged(item any) {
	if slice, ok := item.(*discoveryv1.EndpointSlice); ok {
		w.mark(changes{services: map[object]bool{{slice.Namespace, slice.Labels[discoveryv1.LabelServiceName]}: true}})
	}
}

// mark adds to what the table does not show yet.
func (w *watcher) mark(more changes) {
	w.mu.Lock()
	w.dirty.routes = w.dirty.routes || more.routes
	if w.dirty.services == nil {
		w.dirty.services = map[object]bool{}
	}
	maps.Copy(w.dirty.services, more.services)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// take returns what changed since it was last called.
func (w *watcher) take() changes {
	w.mu.Lock()
	defer w.mu.Unlock()
	taken := w.dirty
	w.dirty = changes{}
	return taken
}

// sync waits for the first complete view and makes the first table of it.
func (w *watcher) sync(ctx context.Context) error {
	if !cache.WaitForCacheSync(ctx.Done(), w.ingresses.HasSynced, w.services.HasSynced, w.slices.HasSynced) {
		return fmt.Errorf("read Ingresses, Services and EndpointSlices: %w", context.Cause(ctx))
	}
	w.take()
	w.update(changes{routes: true})
	return nil
}

// run makes a new table for every batch of changes, until ctx ends.
func (w *watcher) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		}
		w.update(w.take())
		select {
		case <-ctx.Done():
			return
		case <-time.After(gatherTime):
		}
	}
}

// update publishes a table that shows the changes too. Locations are read anew
// only when Ingresses changed; endpoints only where something changed.
func (w *watcher) update(c changes) {
	current := w.table.Load()
	if c.routes {
		w.table.Store(w.reread())
		return
	}
	var changed []ServicePort
	for backend := range current.Endpoints {
		if c.services[object{backend.Namespace, backend.Service}] {
			changed = append(changed, backend)
		}
	}
	if len(changed) == 0 {
		return
	}
	next := &Table{Routes: current.Routes, Endpoints: maps.Clone(current.Endpoints)}
	for _, backend := range changed {
		next.Endpoints[backend] = w.resolve(backend)
	}
	w.table.Store(next)
}

// reread makes a whole table.
func (w *watcher) reread() *Table {
	var ingresses []*networkingv1.Ingress
	for _, item := range w.ingresses.GetStore().List() {
		if ingress, ok := item.(*networkingv1.Ingress); ok {
			ingresses = append(ingresses, ingress)
		}
	}
	locations, notes := FromIngresses(ingresses)
	next := &Table{Routes: NewRoutes(locations), Endpoints: map[ServicePort][]Endpoint{}}
	for backend := range next.Routes.Backends() {
		next.Endpoints[backend] = w.resolve(backend)
	}
	w.notes.Store(&notes)
	w.log.Debug("read the routes", "locations", len(locations), "notes", len(notes))
	w.onRoutes(next.Routes)
	return next
}

// resolve looks up who answers for a backend now.
func (w *watcher) resolve(backend ServicePort) []Endpoint {
	key := backend.Namespace + "/" + backend.Service
	item, _, err := w.services.GetStore().GetByKey(key)
	service, ok := item.(*corev1.Service)
	if err != nil || !ok {
		return nil
	}
	items, err := w.slices.GetIndexer().ByIndex(byService, key)
	if err != nil {
		w.log.Error("look up EndpointSlices", "service", key, "error", err)
		return nil
	}
	slices := make([]*discoveryv1.EndpointSlice, 0, len(items))
	for _, item := range items {
		if slice, ok := item.(*discoveryv1.EndpointSlice); ok {
			slices = append(slices, slice)
		}
	}
	return Resolve(service, slices, backend.Port)
}
