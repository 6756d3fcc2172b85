package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
)

const (
	// syncWorkers, writeWorkers and bindWorkers bound what goes on at once.
	syncWorkers  = 8
	writeWorkers = 16
	bindWorkers  = 16
	// probeSlots bounds the probe checks that run at once.
	probeSlots = 64
	// stopTime is what pods get to end when the node itself stops.
	stopTime = 2 * time.Second
)

// Config is what a node needs.
type Config struct {
	// REST reaches the API server, with a node's rights or more.
	REST *rest.Config
	// Name is the name of the Node object.
	Name string
	// Dir is where pods get their working directories.
	Dir string
	// Certificate is served by the node's own API, which `kubectl logs` reads.
	Certificate tls.Certificate
	// ClientCAs verifies the callers of the node's own API. Nil: callers need no
	// certificate.
	ClientCAs *x509.CertPool
	// Listen is host:port of the node's own API. Empty: a free port of 127.0.0.1.
	Listen string
	// Env is given to every command, beneath what its manifest says. Example:
	// HTTP_PROXY.
	Env map[string]string
	// BackoffBase and BackoffMax bound the wait between restarts of a container
	// that keeps ending. Zero: 10 s and 5 min, as on a real node.
	BackoffBase, BackoffMax time.Duration
	// Log receives one line per effect. Nil: slog.Default().
	Log *slog.Logger
	// Ready is called once, when the node is registered and takes pods. May be nil.
	Ready func()
}

// node is one running node.
type node struct {
	name      string
	dir       string
	env       map[string]string
	backoff   backoff
	client    kubernetes.Interface
	log       *slog.Logger
	events    record.EventRecorder
	addresses *addresses
	launcher  *launcher
	probes    *http.Client
	slots     chan struct{}

	syncs  workqueue.TypedRateLimitingInterface[types.UID]
	writes workqueue.TypedRateLimitingInterface[types.UID]
	binds  workqueue.TypedRateLimitingInterface[types.NamespacedName]

	mu    sync.Mutex
	pods  map[types.UID]*pod
	names map[types.NamespacedName]types.UID
}

// Run registers the node and runs pods until ctx ends, then ends what runs.
func Run(ctx context.Context, cfg Config) error {
	n, err := newNode(cfg)
	if err != nil {
		return err
	}
	return n.run(ctx, cfg)
}

func (n *node) run(ctx context.Context, cfg Config) error {
	defer n.launcher.close()
	defer n.addresses.close()
	listener, err := net.Listen("tcp", orDefault(cfg.Listen, "127.0.0.1:0"))
	if err != nil {
		return fmt.Errorf("listen for the node API: %w", err)
	}
	defer listener.Close()
	stopEvents := n.startEvents()
	defer stopEvents()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { cancel(n.serveAPI(ctx, listener, cfg)) }()
	port := int32(listener.Addr().(*net.TCPAddr).Port)
	if err := n.register(ctx, port); err != nil {
		return err
	}
	var wg sync.WaitGroup
	wg.Go(func() { n.heartbeat(ctx) })
	if err := n.watch(ctx, &wg); err != nil {
		return err
	}
	if cfg.Ready != nil {
		cfg.Ready()
	}
	<-ctx.Done()
	n.stopAll()
	wg.Wait()
	return causeOf(ctx)
}

// causeOf is nil when the node was asked to stop.
func causeOf(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != ctx.Err() {
		return cause
	}
	return nil
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

func newNode(cfg Config) (*node, error) {
	// The node bounds itself by its workers; the client must not slow it down.
	restConfig := rest.CopyConfig(cfg.REST)
	restConfig.QPS = -1
	restConfig.ContentType = "application/vnd.kubernetes.protobuf"
	restConfig.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	client, err := kubernetes.NewForConfig(restConfig)
	if err != nil {
		return nil, fmt.Errorf("make a client for the node: %w", err)
	}
	return &node{
		name: cfg.Name,
		dir:  cfg.Dir,
		env:  cfg.Env,
		backoff: backoff{
			base: orDefault(cfg.BackoffBase, defaultBackoffBase),
			max:  orDefault(cfg.BackoffMax, defaultBackoffMax),
		},
		client:    client,
		log:       orDefault(cfg.Log, slog.Default()),
		addresses: newAddresses(),
		launcher:  newLauncher(),
		probes:    newProbeClient(),
		slots:     make(chan struct{}, probeSlots),
		syncs:     newQueue[types.UID](),
		writes:    newQueue[types.UID](),
		binds:     newQueue[types.NamespacedName](),
		pods:      map[types.UID]*pod{},
		names:     map[types.NamespacedName]types.UID{},
	}, nil
}

func newQueue[T comparable]() workqueue.TypedRateLimitingInterface[T] {
	return workqueue.NewTypedRateLimitingQueue(
		workqueue.NewTypedItemExponentialFailureRateLimiter[T](20*time.Millisecond, 10*time.Second))
}

// startEvents has warnings written as events. The result stops that.
func (n *node) startEvents() func() {
	broadcaster := record.NewBroadcaster()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: n.client.CoreV1().Events("")})
	n.events = broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet", Host: n.name})
	return broadcaster.Shutdown
}

// find returns the pod with this name; nil when there is none.
func (n *node) find(name types.NamespacedName) *pod {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.pods[n.names[name]]
}

// byUID returns the pod with this uid; nil when there is none.
func (n *node) byUID(uid types.UID) *pod {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.pods[uid]
}

func (n *node) all() []*pod {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make([]*pod, 0, len(n.pods))
	for _, p := range n.pods {
		list = append(list, p)
	}
	return list
}

// observe takes in the newest version of a pod of this node.
func (n *node) observe(object *corev1.Pod) {
	n.mu.Lock()
	p, known := n.pods[object.UID]
	if !known {
		p = newPod(n, object)
		n.pods[object.UID] = p
		n.names[types.NamespacedName{Namespace: object.Namespace, Name: object.Name}] = object.UID
	}
	n.mu.Unlock()
	p.mu.Lock()
	p.object = object
	p.mu.Unlock()
	n.syncs.Add(object.UID)
}

// lose takes in that a pod's object is gone.
func (n *node) lose(uid types.UID) {
	p := n.byUID(uid)
	if p == nil {
		return
	}
	p.mu.Lock()
	p.removed = true
	p.mu.Unlock()
	n.syncs.Add(uid)
}

// syncPod does what is due for one pod and has its status written.
func (n *node) syncPod(ctx context.Context, uid types.UID) error {
	p := n.byUID(uid)
	if p == nil {
		return nil
	}
	wake := p.sync(ctx)
	if !wake.IsZero() && wake.Before(forever) {
		n.syncs.AddAfter(uid, max(time.Until(wake), 0))
	}
	if p.idleAndRemoved() {
		return n.forget(p)
	}
	n.writes.AddAfter(uid, writeDelay)
	return nil
}

// forget drops a pod whose object is gone and of which nothing runs.
func (n *node) forget(p *pod) error {
	object := p.objectNow()
	name := types.NamespacedName{Namespace: object.Namespace, Name: object.Name}
	n.mu.Lock()
	delete(n.pods, p.uid)
	if n.names[name] == p.uid {
		delete(n.names, name)
	}
	n.mu.Unlock()
	if err := p.discard(); err != nil {
		return fmt.Errorf("remove the directory of pod %s: %w", name, err)
	}
	return nil
}

// stopAll ends everything that runs, since nothing can run without the node.
func (n *node) stopAll() {
	pods := n.all()
	for _, p := range pods {
		p.each(instance.stop)
	}
	deadline := time.Now().Add(stopTime)
	for _, p := range pods {
		for p.running() && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
		}
		p.each(instance.kill)
	}
}
