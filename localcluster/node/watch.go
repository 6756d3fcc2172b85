package node

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// watch takes in the pods of this node and those without one, and starts the
// workers. It returns when the first list is in; the workers end with ctx.
func (n *node) watch(ctx context.Context, wg *sync.WaitGroup) error {
	informer, err := n.informer()
	if err != nil {
		return err
	}
	_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { n.onPod(o.(*corev1.Pod)) },
		UpdateFunc: func(_, o any) { n.onPod(o.(*corev1.Pod)) },
		DeleteFunc: n.onDelete,
	})
	if err != nil {
		return fmt.Errorf("watch pods: %w", err)
	}
	wg.Go(func() { informer.RunWithContext(ctx) })
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("list pods: %w", context.Cause(ctx))
	}
	// Every address in use must be known before the first one is given out.
	for _, o := range informer.GetStore().List() {
		n.onPod(o.(*corev1.Pod))
	}
	if err := n.addresses.settle(); err != nil {
		return err
	}
	work(ctx, wg, worker[types.UID]{n.syncs, syncWorkers, n.syncPod, n.report("sync pod")})
	work(ctx, wg, worker[types.UID]{n.writes, writeWorkers, n.writePod, n.report("write pod status")})
	work(ctx, wg, worker[types.NamespacedName]{n.binds, bindWorkers, n.bind, n.report("bind pod")})
	return nil
}

// onPod takes in the newest version of any pod of the cluster.
func (n *node) onPod(p *corev1.Pod) {
	switch p.Spec.NodeName {
	case "":
		n.bindSoon(p)
	case n.name:
		n.observe(p)
	}
}

func (n *node) report(doing string) func(error) {
	return func(err error) { n.log.Error(doing, "err", err) }
}

// informer watches all pods. A watch selected by spec.nodeName would get a
// buffer of ten events in the API server, which cuts watchers off that fall
// behind by more: too few for a burst of pods on the only node.
func (n *node) informer() (cache.SharedInformer, error) {
	list := cache.NewListWatchFromClient(n.client.CoreV1().RESTClient(), "pods", corev1.NamespaceAll, fields.Everything())
	informer := cache.NewSharedInformer(cache.ToListWatcherWithWatchListSemantics(list, n.client), &corev1.Pod{}, 0)
	// What the node never reads need not be kept.
	err := informer.SetTransform(func(o any) (any, error) {
		if p, ok := o.(*corev1.Pod); ok {
			p.ManagedFields = nil
		}
		return o, nil
	})
	if err != nil {
		return nil, fmt.Errorf("watch pods: %w", err)
	}
	return informer, nil
}

func (n *node) onDelete(o any) {
	if tombstone, ok := o.(cache.DeletedFinalStateUnknown); ok {
		o = tombstone.Obj
	}
	if p, ok := o.(*corev1.Pod); ok {
		n.lose(p.UID)
	}
}

// bindSoon queues a pod that has no node, unless it must not have one yet.
func (n *node) bindSoon(p *corev1.Pod) {
	if p.DeletionTimestamp == nil && len(p.Spec.SchedulingGates) == 0 && !isTerminal(p.Status.Phase) {
		n.binds.Add(types.NamespacedName{Namespace: p.Namespace, Name: p.Name})
	}
}

// bind gives a pod to this node. A pod that is gone or bound already is fine.
func (n *node) bind(ctx context.Context, name types.NamespacedName) error {
	binding := &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name},
		Target:     corev1.ObjectReference{Kind: "Node", Name: n.name},
	}
	err := n.client.CoreV1().Pods(name.Namespace).Bind(ctx, binding, metav1.CreateOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}

// worker is what a set of goroutines does with the items of a queue.
type worker[T comparable] struct {
	queue  workqueue.TypedRateLimitingInterface[T]
	count  int
	do     func(context.Context, T) error
	report func(error)
}

// work starts the goroutines; they end when ctx does. An item whose work fails
// comes again later.
func work[T comparable](ctx context.Context, wg *sync.WaitGroup, w worker[T]) {
	context.AfterFunc(ctx, w.queue.ShutDown)
	for range w.count {
		wg.Go(func() {
			for {
				item, quit := w.queue.Get()
				if quit {
					return
				}
				err := w.do(ctx, item)
				if err == nil {
					w.queue.Forget(item)
				} else if ctx.Err() == nil {
					w.report(err)
					w.queue.AddRateLimited(item)
				}
				w.queue.Done(item)
			}
		})
	}
}

// writeDelay lets what happens together be written together.
const writeDelay = 20 * time.Millisecond
