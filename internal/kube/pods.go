package kube

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/spec"
)

// podPage is how many pods one request may return.
const podPage = 500

// pods lists the Rollout's pods from the server. It is asked for rarely (restarts,
// metadata), which is cheaper than keeping every pod of the cluster in memory.
func (o observer) pods(ctx context.Context, s spec.Rollout) ([]plan.Pod, error) {
	selector, err := metav1.LabelSelectorAsSelector(s.Selector)
	if err != nil {
		return nil, fmt.Errorf("read selector: %w", err)
	}
	hashed, err := hashedSelector()
	if err != nil {
		return nil, err
	}
	requirements, _ := hashed.Requirements()
	options := &client.ListOptions{
		Namespace:     o.key.Namespace,
		LabelSelector: selector.Add(requirements...),
		Limit:         podPage,
	}
	var pods []plan.Pod
	for {
		var page corev1.PodList
		if err := o.live.List(ctx, &page, options); err != nil {
			return nil, fmt.Errorf("list pods: %w", err)
		}
		for i := range page.Items {
			pods = append(pods, podFacts(&page.Items[i], s.MinReady, o.options.Now()))
		}
		if page.Continue == "" {
			return pods, nil
		}
		options.Continue = page.Continue
	}
}
