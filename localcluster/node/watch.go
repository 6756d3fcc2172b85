package node

import (
	"context"
	"errors"
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

// watch takes in every pod of this node and every pod without one, and starts
// the workers. It returns when the first lists are in; the workers end with ctx.
func (n *node) watch(ctx context.Context, wg *sync.WaitGroup) error {
	mine, err := n.informer(fields.OneTermEqualSelector("spec.nodeName", n.name), cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { n.observe(o.(*corev1.Pod)) },
		UpdateFunc: func(_, o any) { n.observe(o.(*corev1.Pod)) },
		DeleteFunc: n.onDelete,
	})
	if err != nil {
		return err
	}
	homeless, err := n.informer(fields.OneTermEqualSelector("spec.nodeName", ""), cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { n.bindSoon(o.(*corev1.Pod)) },
		UpdateFunc: func(_, o any) { n.bindSoon(o.(*corev1.Pod)) },
	})
	if err != nil {
		return err
	}
	wg.Go(func() { mine.RunWithContext(ctx) })
	// Every address in use must be known before the first one is given out.
	if !cache.WaitForCacheSync(ctx.Done(), mine.HasSynced) {
		return errors.New("list the pods of this node: stopped before the list came")
	}
	wg.Go(func() { homeless.RunWithContext(ctx) })
	work(ctx, wg, worker[types.UID]{n.syncs, syncWorkers, n.syncPod, n.report("sync pod")})
	work(ctx, wg, worker[types.UID]{n.writes, writeWorkers, n.writePod, n.report("write pod status")})
	work(ctx, wg, worker[types.NamespacedName]{n.binds, bindWorkers, n.bind, n.report("bind pod")})
	return nil
}

func (n *node) report(doing string) func(error) {
	return func(err error) { n.log.Error(doing, "err", err) }
}

// informer watches pods. Each object loses what the node never reads.
func (n *node) informer(selector fields.Selector, handler cache.ResourceEventHandler) (cache.SharedInformer, error) {
	list := cache.NewFilteredListWatchFromClient(n.client.CoreV1().RESTClient(), "pods", corev1.NamespaceAll,
		func(o *metav1.ListOptions) { o.FieldSelector = selector.String() })
	informer := cache.NewSharedInformer(cache.ToListWatcherWithWatchListSemantics(list, n.client), &corev1.Pod{}, 0)
	err := informer.SetTransform(func(o any) (any, error) {
		if p, ok := o.(*corev1.Pod); ok {
			p.ManagedFields = nil
		}
		return o, nil
	})
	if err != nil {
		return nil, err
	}
	_, err = informer.AddEventHandler(handler)
	return informer, err
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
