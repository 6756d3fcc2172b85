package story

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	watchtools "k8s.io/client-go/tools/watch"
)

// Phases of a Rollout.
const (
	healthy  = "Healthy"
	paused   = "Paused"
	degraded = "Degraded"
)

// state is what people look at in a Rollout.
type state struct {
	// Phase and Message are empty while the controller has not seen the newest
	// version of the Rollout.
	Phase, Message string
	// Step counts the steps that are done, of Steps.
	Step, Steps int64
	// Weight is the canary's share of the traffic. Unit: percent.
	Weight int64
}

func (s state) String() string {
	if s.Phase == "" {
		return "not seen by the controller yet"
	}
	text := fmt.Sprintf("%s, step %d/%d, canary at %d %%", s.Phase, s.Step, s.Steps, s.Weight)
	if s.Message != "" {
		text += ": " + s.Message
	}
	return text
}

// readState reads a Rollout. Fields that are not there are zero.
func readState(rollout *unstructured.Unstructured) state {
	text := func(path ...string) string {
		value, _, _ := unstructured.NestedString(rollout.Object, path...)
		return value
	}
	number := func(path ...string) int64 {
		value, _, _ := unstructured.NestedInt64(rollout.Object, path...)
		return value
	}
	if text("status", "observedGeneration") != strconv.FormatInt(rollout.GetGeneration(), 10) {
		return state{}
	}
	steps, _, _ := unstructured.NestedSlice(rollout.Object, "spec", "strategy", "canary", "steps")
	return state{
		Phase:   text("status", "phase"),
		Message: text("status", "message"),
		Step:    number("status", "currentStepIndex"),
		Steps:   int64(len(steps)),
		Weight:  number("status", "canary", "weights", "canary", "weight"),
	}
}

// watcher sees one Rollout.
type watcher interface {
	// watch calls see with every state of the Rollout, the present one first,
	// until see returns true or ctx ends.
	watch(ctx context.Context, see func(state) bool) error
}

// rolloutWatcher watches a Rollout at an API server.
type rolloutWatcher struct {
	client dynamic.ResourceInterface
	name   string
}

func newRolloutWatcher(kubeconfig, namespace, name string) (*rolloutWatcher, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for Rollouts: %w", err)
	}
	kind := schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}
	return &rolloutWatcher{client: client.Resource(kind).Namespace(namespace), name: name}, nil
}

func (w *rolloutWatcher) watch(ctx context.Context, see func(state) bool) error {
	only := func(o metav1.ListOptions) metav1.ListOptions {
		o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, w.name).String()
		return o
	}
	source := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return w.client.List(ctx, only(o))
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return w.client.Watch(ctx, only(o))
		},
	}
	_, err := watchtools.UntilWithSync(ctx, source, &unstructured.Unstructured{}, nil, func(e watch.Event) (bool, error) {
		rollout, ok := e.Object.(*unstructured.Unstructured)
		if !ok || e.Type == watch.Deleted {
			return false, errors.New("the Rollout is gone")
		}
		return see(readState(rollout)), nil
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("watch Rollout %s: %w", w.name, err)
	}
	return nil
}
