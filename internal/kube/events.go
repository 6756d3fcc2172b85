package kube

import (
	"context"
	"fmt"
	"hash/fnv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// The recorder library drops and merges events of one object that come quickly,
// which would hide the steps of a fast rollout. These bounds are far above what one
// Rollout says.
const (
	eventBurst  = 1000
	eventsPerS  = 10
	eventGroups = 1000
)

// All events of one object take the same lane, so that their order stays. The library
// lets a thousand wait in a lane and drops more without a word: with four lanes, a
// tenth of what a thousand new Rollouts said was lost on a busy server.
const eventLanes = 32

// eventsAtOnce is how many events are sent at a time. They must not compete with the
// writes that passes wait for.
const eventsAtOnce = 4

// Events records events as objects of the cluster, in the background.
type Events struct {
	scheme       *runtime.Scheme
	broadcasters []record.EventBroadcaster
	lanes        []record.EventRecorder
}

// NewEvents returns a recorder that sends as the controller's component.
func NewEvents(config *rest.Config, scheme *runtime.Scheme) (*Events, error) {
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("open client for events: %w", err)
	}
	sink := gentle{
		EventSink: &typedcorev1.EventSinkImpl{Interface: clients.CoreV1().Events("")},
		slots:     make(chan struct{}, eventsAtOnce),
	}
	events := &Events{scheme: scheme}
	for range eventLanes {
		broadcaster := record.NewBroadcaster(record.WithCorrelatorOptions(record.CorrelatorOptions{
			BurstSize: eventBurst,
			QPS:       eventsPerS,
			MaxEvents: eventGroups,
		}))
		broadcaster.StartRecordingToSink(sink)
		events.broadcasters = append(events.broadcasters, broadcaster)
		events.lanes = append(events.lanes, broadcaster.NewRecorder(scheme, corev1.EventSource{Component: v1alpha1.EventComponent}))
	}
	return events, nil
}

// gentle is a sink that has few requests under way at a time.
type gentle struct {
	record.EventSink
	slots chan struct{}
}

// Create implements record.EventSink.
func (g gentle) Create(event *corev1.Event) (*corev1.Event, error) {
	g.slots <- struct{}{}
	defer func() { <-g.slots }()
	return g.EventSink.Create(event)
}

// Patch implements record.EventSink.
func (g gentle) Patch(event *corev1.Event, data []byte) (*corev1.Event, error) {
	g.slots <- struct{}{}
	defer func() { <-g.slots }()
	return g.EventSink.Patch(event, data)
}

// Record implements Recorder. Of an object whose kind the scheme does not know, and
// which does not say it, nothing is recorded.
func (e *Events) Record(about client.Object, event plan.Event) {
	kind, err := gvkOf(about, e.scheme)
	if err != nil {
		return
	}
	weight := corev1.EventTypeNormal
	if event.Warning {
		weight = corev1.EventTypeWarning
	}
	// A copy without the content: the library keeps the reference for a while, and
	// cached objects do not say their kind.
	reference := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace:       about.GetNamespace(),
		Name:            about.GetName(),
		UID:             about.GetUID(),
		ResourceVersion: about.GetResourceVersion(),
	}}
	reference.SetGroupVersionKind(kind)
	e.lane(string(about.GetUID())).Event(reference, weight, event.Reason, event.Message)
}

func (e *Events) lane(uid string) record.EventRecorder {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(uid)) // a hash never refuses
	return e.lanes[hash.Sum32()%uint32(len(e.lanes))]
}

// Start waits for ctx and then stops sending.
func (e *Events) Start(ctx context.Context) error {
	<-ctx.Done()
	for _, b := range e.broadcasters {
		b.Shutdown()
	}
	return nil
}
