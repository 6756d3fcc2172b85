package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// resources are what an onlooker watches and what stories are made of.
func resources() map[string]schema.GroupVersionResource {
	return map[string]schema.GroupVersionResource{
		"Rollout":    v1alpha1.RolloutGVR,
		"ReplicaSet": {Group: "apps", Version: "v1", Resource: "replicasets"},
		"Service":    {Version: "v1", Resource: "services"},
		"Ingress":    {Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"},
		"Event":      {Version: "v1", Resource: "events"},

		"AnalysisTemplate": v1alpha1.SchemeGroupVersion.WithResource("analysistemplates"),
	}
}

// onlooker watches a namespace and writes down every distinct state of it.
type onlooker struct {
	t         testing.TB
	namespace string
	began     time.Time

	lock    sync.Mutex
	rollout v1alpha1.Rollout
	// objects are the others by kind and name.
	objects map[string]map[string]*unstructured.Unstructured
	// revisions are the names of hashes.
	revisions map[string]string
	// told is how often each event was seen.
	told  map[string]int32
	lines []Line
	last  string
	// changed is when the state was last a new one.
	changed time.Time
}

// newOnlooker watches until the test is over.
func newOnlooker(t testing.TB, client dynamic.Interface, namespace string) *onlooker {
	t.Helper()
	o := &onlooker{
		t: t, namespace: namespace, began: time.Now(), objects: map[string]map[string]*unstructured.Unstructured{},
		revisions: map[string]string{}, told: map[string]int32{},
	}
	ctx, stop := context.WithCancel(t.Context())
	var watches sync.WaitGroup
	t.Cleanup(func() { stop(); watches.Wait() })
	for kind := range resources() {
		o.objects[kind] = map[string]*unstructured.Unstructured{}
	}
	for kind, resource := range resources() {
		w, err := client.Resource(resource).Namespace(namespace).Watch(ctx, metav1.ListOptions{})
		if err != nil {
			t.Fatalf("watch each %s: %v", kind, err)
		}
		watches.Go(func() { o.follow(ctx, kind, w) })
	}
	return o
}

// follow takes note of what a watch tells. A watch that ends early makes the record
// worthless.
func (o *onlooker) follow(ctx context.Context, kind string, w watch.Interface) {
	defer w.Stop()
	for event := range w.ResultChan() {
		object, is := event.Object.(*unstructured.Unstructured)
		if ctx.Err() != nil {
			return
		}
		if !is || event.Type == watch.Error {
			o.t.Errorf("watch each %s: %v", kind, event.Object)
			return
		}
		if err := o.take(kind, object, event.Type == watch.Deleted); err != nil {
			o.t.Errorf("watch each %s: %v", kind, err)
		}
	}
	if ctx.Err() == nil {
		o.t.Errorf("the watch of each %s ended before the story", kind)
	}
}

func (o *onlooker) take(kind string, object *unstructured.Unstructured, gone bool) error {
	o.lock.Lock()
	defer o.lock.Unlock()
	switch {
	case kind == "Event":
		return o.hear(object)
	case gone:
		delete(o.objects[kind], object.GetName())
	case kind == "Rollout":
		o.rollout = v1alpha1.Rollout{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &o.rollout); err != nil {
			return err
		}
	default:
		o.objects[kind][object.GetName()] = object
	}
	if revision := object.GetAnnotations()[v1alpha1.RevisionAnnotation]; kind == "ReplicaSet" && revision != "" {
		o.revisions[hashOf(object)] = "rev" + revision
	}
	return o.look()
}

// hear writes an event of ours down, once for each time that it happened.
func (o *onlooker) hear(object *unstructured.Unstructured) error {
	var e corev1.Event
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &e); err != nil {
		return err
	}
	if e.InvolvedObject.APIVersion != v1alpha1.SchemeGroupVersion.String() || o.told[e.Name] == max(e.Count, 1) {
		return nil
	}
	o.told[e.Name] = max(e.Count, 1)
	o.add(Line{Event: &Event{On: e.InvolvedObject.Kind, Type: e.Type, Reason: e.Reason, Message: o.named(e.Message)}})
	return nil
}

// look writes the state down when it is a new one.
func (o *onlooker) look() error {
	state, err := o.state()
	if err != nil {
		return err
	}
	text, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("write a state: %w", err)
	}
	if string(text) != o.last {
		o.last, o.changed = string(text), time.Now()
		o.add(Line{State: &state})
	}
	return nil
}

func (o *onlooker) state() (State, error) {
	s := State{Rollout: rolloutOf(o.rollout.Status, o.named), ReplicaSets: map[string]Size{}}
	for _, object := range o.objects["ReplicaSet"] {
		var rs appsv1.ReplicaSet
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &rs); err != nil {
			return State{}, err
		}
		s.ReplicaSets[o.named(hashOf(object))] = Size{
			Desired: *rs.Spec.Replicas, Replicas: rs.Status.Replicas, Available: rs.Status.AvailableReplicas,
			ScaleDownDeadline: rs.Annotations[v1alpha1.DefaultReplicaSetScaleDownDeadlineAnnotationKey] != "",
		}
	}
	for name, object := range o.objects["Service"] {
		selector, _, err := unstructured.NestedStringMap(object.Object, "spec", "selector")
		if err != nil {
			return State{}, err
		}
		s.pointService(name, o.named(selector[v1alpha1.DefaultRolloutUniqueLabelKey]))
	}
	for name, object := range o.objects["Ingress"] {
		s.annotateIngress(name, object.GetAnnotations())
	}
	return s, nil
}

func hashOf(object *unstructured.Unstructured) string {
	return object.GetLabels()[v1alpha1.DefaultRolloutUniqueLabelKey]
}

// named writes hashes as revisions, and the namespace as NS.
func (o *onlooker) named(text string) string {
	for hash, revision := range o.revisions {
		text = strings.ReplaceAll(text, hash, revision)
	}
	return strings.ReplaceAll(text, o.namespace, "NS")
}

// add writes a line. The caller holds the lock.
func (o *onlooker) add(l Line) {
	l.T = time.Since(o.began).Seconds()
	o.lines = append(o.lines, l)
}

// note writes down what the user did.
func (o *onlooker) note(l Line) {
	o.lock.Lock()
	defer o.lock.Unlock()
	o.add(l)
}

// met reports whether the controller has seen the Rollout as it is, and rests in
// that phase and, unless it is "", at that step.
func (o *onlooker) met(phase, step string) bool {
	o.lock.Lock()
	defer o.lock.Unlock()
	at := stepOf(State{Rollout: Rollout{CurrentStepIndex: o.rollout.Status.CurrentStepIndex}})
	fresh := o.rollout.Status.ObservedGeneration == fmt.Sprint(o.rollout.Generation)
	return fresh && string(o.rollout.Status.Phase) == phase && (step == "" || at == step)
}

// quietSince is how long nothing new was seen.
func (o *onlooker) quietSince() time.Duration {
	o.lock.Lock()
	defer o.lock.Unlock()
	return time.Since(o.changed)
}

// record is all that was written.
func (o *onlooker) record() []Line {
	o.lock.Lock()
	defer o.lock.Unlock()
	return append([]Line(nil), o.lines...)
}
