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

// watcher sees one Rollout and its AnalysisRuns.
type watcher interface {
	// watch calls see with every state of the Rollout, the present one first,
	// until see returns true or ctx ends.
	watch(ctx context.Context, see func(state) bool) error
	// watchRuns does the same with every state of every AnalysisRun.
	watchRuns(ctx context.Context, see func(analysisRun) bool) error
}

// clusterWatcher watches at an API server.
type clusterWatcher struct {
	rollouts, runs dynamic.ResourceInterface
	name           string
}

func newClusterWatcher(kubeconfig, namespace, name string) (*clusterWatcher, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for Rollouts: %w", err)
	}
	of := func(resource string) dynamic.ResourceInterface {
		return client.Resource(schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: resource}).Namespace(namespace)
	}
	return &clusterWatcher{rollouts: of("rollouts"), runs: of("analysisruns"), name: name}, nil
}

func (w *clusterWatcher) watch(ctx context.Context, see func(state) bool) error {
	only := fields.OneTermEqualSelector(metav1.ObjectNameField, w.name).String()
	err := watchObjects(ctx, w.rollouts, only, func(e watch.EventType, rollout *unstructured.Unstructured) (bool, error) {
		if e == watch.Deleted {
			return false, errors.New("the Rollout is gone")
		}
		return see(readState(rollout)), nil
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("watch Rollout %s: %w", w.name, err)
	}
	return err
}

func (w *clusterWatcher) watchRuns(ctx context.Context, see func(analysisRun) bool) error {
	err := watchObjects(ctx, w.runs, "", func(e watch.EventType, run *unstructured.Unstructured) (bool, error) {
		return e != watch.Deleted && see(readRun(run)), nil
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("watch AnalysisRuns: %w", err)
	}
	return err
}

// watchObjects calls see with every state of every object, until it returns true
// or an error, or ctx ends.
func watchObjects(ctx context.Context, client dynamic.ResourceInterface, only string, see func(watch.EventType, *unstructured.Unstructured) (bool, error)) error {
	source := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = only
			return client.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = only
			return client.Watch(ctx, o)
		},
	}
	_, err := watchtools.UntilWithSync(ctx, source, &unstructured.Unstructured{}, nil, func(e watch.Event) (bool, error) {
		object, ok := e.Object.(*unstructured.Unstructured)
		if !ok {
			return false, fmt.Errorf("got %T", e.Object)
		}
		return see(e.Type, object)
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
