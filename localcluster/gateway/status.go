package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"

	networkingv1 "k8s.io/api/networking/v1"
)

// address is what every Ingress we serve has in its status.
func address() []networkingv1.IngressLoadBalancerIngress {
	return []networkingv1.IngressLoadBalancerIngress{{IP: "127.0.0.1", Hostname: "localhost"}}
}

// publisher writes the gateway's address into the status of Ingresses.
type publisher struct {
	client    kubernetes.Interface
	ingresses cache.SharedIndexInformer
	queue     workqueue.TypedRateLimitingInterface[string]
	log       *slog.Logger
}

// newPublisher registers for changes of ingresses.
func newPublisher(client kubernetes.Interface, ingresses cache.SharedIndexInformer, log *slog.Logger) (*publisher, error) {
	limits := workqueue.NewTypedItemExponentialFailureRateLimiter[string](50*time.Millisecond, 10*time.Second)
	p := &publisher{client: client, ingresses: ingresses, queue: workqueue.NewTypedRateLimitingQueue(limits), log: log}
	_, err := ingresses.AddEventHandler(always(func(item any) {
		if ingress, ok := item.(*networkingv1.Ingress); ok && needsAddress(ingress) {
			p.queue.Add(ingress.Namespace + "/" + ingress.Name)
		}
	}))
	if err != nil {
		return nil, fmt.Errorf("watch Ingresses for their status: %w", err)
	}
	return p, nil
}

func needsAddress(ingress *networkingv1.Ingress) bool {
	return Served(ingress) && !equality.Semantic.DeepEqual(ingress.Status.LoadBalancer.Ingress, address())
}

// run publishes until ctx ends.
func (p *publisher) run(ctx context.Context) {
	stop := context.AfterFunc(ctx, p.queue.ShutDown)
	defer stop()
	for {
		key, shutdown := p.queue.Get()
		if shutdown {
			return
		}
		p.publish(ctx, key)
		p.queue.Done(key)
	}
}

// publish writes one status, and asks for another try when that went wrong.
func (p *publisher) publish(ctx context.Context, key string) {
	item, _, err := p.ingresses.GetStore().GetByKey(key)
	ingress, ok := item.(*networkingv1.Ingress)
	if err != nil || !ok || !needsAddress(ingress) {
		p.queue.Forget(key)
		return
	}
	err = p.patch(ctx, ingress)
	if err == nil || apierrors.IsNotFound(err) {
		p.queue.Forget(key)
		return
	}
	if ctx.Err() == nil {
		p.log.Warn("publish the address of an Ingress", "ingress", key, "error", err)
	}
	p.queue.AddRateLimited(key)
}

// patch writes the address and nothing else.
func (p *publisher) patch(ctx context.Context, ingress *networkingv1.Ingress) error {
	status := networkingv1.IngressStatus{LoadBalancer: networkingv1.IngressLoadBalancerStatus{Ingress: address()}}
	body, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return fmt.Errorf("write status of Ingress %s/%s as JSON: %w", ingress.Namespace, ingress.Name, err)
	}
	_, err = p.client.NetworkingV1().Ingresses(ingress.Namespace).
		Patch(ctx, ingress.Name, types.MergePatchType, body, metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("patch status of Ingress %s/%s: %w", ingress.Namespace, ingress.Name, err)
	}
	return nil
}
