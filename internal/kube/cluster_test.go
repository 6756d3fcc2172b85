package kube_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrlcluster "sigs.k8s.io/controller-runtime/pkg/cluster"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/rollout"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/engine/clustertest"
	"github.com/serin-rollouts/serin/internal/kube"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/router/nginx"
	"github.com/serin-rollouts/serin/internal/spec"
)

// kubeconfigVariable names a cluster to test on, with nodes and our kinds, such as
// serin-local starts.
const kubeconfigVariable = "SERIN_TEST_KUBECONFIG"

// TestCluster runs the suite that the simulator passes too, on a real API server.
func TestCluster(t *testing.T) {
	clustertest.Run(t, open)
}

// server is the API server of the tests.
func server(t *testing.T) *rest.Config {
	t.Helper()
	path := os.Getenv(kubeconfigVariable)
	if path == "" {
		t.Skipf("needs a cluster, named by %s", kubeconfigVariable)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	must(t, err)
	config.QPS = -1
	return config
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fixture is a Cluster on a namespace of its own.
type fixture struct {
	*kube.Cluster
	client    client.Client
	namespace string
	// writes counts what the Cluster sends that is no read.
	writes *atomic.Int64
}

// counting counts requests that are no reads.
type counting struct {
	http.RoundTripper
	writes *atomic.Int64
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		c.writes.Add(1)
	}
	return c.RoundTripper.RoundTrip(r)
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	config := server(t)
	scheme, err := kube.NewScheme()
	must(t, err)
	direct, err := client.New(config, client.Options{Scheme: scheme})
	must(t, err)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "kube-"}}
	must(t, direct.Create(t.Context(), namespace))
	t.Cleanup(func() { must(t, direct.Delete(context.Background(), namespace)) })

	writes := &atomic.Int64{}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return counting{next, writes} })
	caches, err := kube.CacheOptions(config, kube.Scope{Namespace: namespace.Name, InstanceID: instance})
	must(t, err)
	cluster, err := ctrlcluster.New(config, func(o *ctrlcluster.Options) { o.Scheme, o.Cache = scheme, caches })
	must(t, err)
	k, err := kube.New(t.Context(), cluster, kube.Options{
		Parse: spec.ParseRollout,
		Reads: rollout.Reads,
		Routers: func(c router.ObjectClient) router.Registry {
			return router.Registry{"nginx": router.FromObjects("nginx", nginx.Renderer{}, c)}
		},
	})
	must(t, err)
	run(t, cluster.Start)
	run(t, k.Start)
	if !cluster.GetCache().WaitForCacheSync(t.Context()) {
		t.Fatal("caches were not filled")
	}
	return fixture{Cluster: k, client: direct, namespace: namespace.Name, writes: writes}
}

// run runs something until the test ends.
func run(t *testing.T, start func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- start(ctx) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-done)
	})
}

// create applies an object in the fixture's namespace.
func (f fixture) create(t *testing.T, o client.Object) {
	t.Helper()
	o.SetNamespace(f.namespace)
	must(t, f.client.Create(t.Context(), o))
}

func (f fixture) service(t *testing.T, name string, selector map[string]string) {
	t.Helper()
	f.create(t, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       corev1.ServiceSpec{Selector: maps.Clone(selector), Ports: []corev1.ServicePort{{Port: 80}}},
	})
}

// instance keeps a controller that runs on the cluster away from the tests' Rollouts.
const instance = "kube-test"

// rollout applies a Rollout and waits until the caches have it.
func (f fixture) rollout(t *testing.T, r *v1alpha1.Rollout) engine.Key {
	t.Helper()
	r.Labels = map[string]string{v1alpha1.LabelKeyControllerInstanceID: instance}
	f.create(t, r)
	key := client.ObjectKeyFromObject(r)
	eventually(t, "the Rollout is cached", func() bool {
		_, err := f.Observe(t.Context(), key)
		return !isGone(err)
	})
	return key
}

// edit changes a Rollout and its status as a user does.
func (f fixture) edit(t *testing.T, key engine.Key, change func(*v1alpha1.Rollout)) {
	t.Helper()
	var before v1alpha1.Rollout
	must(t, f.client.Get(t.Context(), key, &before))
	after := before.DeepCopy()
	change(after)
	must(t, f.client.Patch(t.Context(), after.DeepCopy(), client.MergeFrom(&before)))
	must(t, f.client.Status().Patch(t.Context(), after, client.MergeFrom(&before)))
}

// open makes a world for the suite.
func open(t *testing.T, setting clustertest.Setting) clustertest.World {
	f := newFixture(t)
	for name, selector := range setting.Services {
		f.service(t, name, selector)
	}
	key := f.rollout(t, setting.Rollout)
	return clustertest.World{
		Cluster: f.Cluster,
		Key:     key,
		Edit:    func(change func(*v1alpha1.Rollout)) { f.edit(t, key, change) },
		Delete:  func() { must(t, f.client.Delete(t.Context(), setting.Rollout)) },
		Take:    func(name string) { f.create(t, stranger(name)) },
		Tick:    func() { time.Sleep(tick) },
	}
}

// tick is how often a condition is looked at.
const tick = 20 * time.Millisecond

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(tick) {
		if holds() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

// stranger is a ReplicaSet that belongs to nobody we know.
func stranger(name string) *appsv1.ReplicaSet {
	labels := map[string]string{"app": "stranger"}
	none := int32(0)
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &none,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "none"}}},
			},
		},
	}
}

func isGone(err error) bool { return errors.Is(err, engine.ErrGone) }
