package analysisrun_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/controller"
	"github.com/serin-rollouts/serin/internal/controller/analysisrun"
	"github.com/serin-rollouts/serin/internal/core/analysis"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/kube"
	"github.com/serin-rollouts/serin/internal/provider"
)

const (
	// kubeconfigVariable names a cluster to test on, such as serin-local starts.
	kubeconfigVariable = "SERIN_TEST_KUBECONFIG"
	// instance keeps a controller that runs on the cluster away from the tests' runs.
	instance = "runs-test"
	// tick is how often a condition is looked at.
	tick = 20 * time.Millisecond
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func serverConfig() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv(kubeconfigVariable))
	if err == nil {
		config.QPS = -1
	}
	return config, err
}

// runController works on the AnalysisRuns of a namespace until ctx ends.
func runController(ctx context.Context, namespace string, sources provider.Registry, election controller.Election) error {
	config, err := serverConfig()
	if err != nil {
		return err
	}
	m, err := controller.NewManager(controller.Options{
		Config: config, Scope: kube.Scope{Namespace: namespace, InstanceID: instance}, Election: election, Log: logr.Discard(),
	})
	if err != nil {
		return err
	}
	events, err := kube.NewEvents(m.GetConfig(), m.GetScheme())
	if err != nil {
		return err
	}
	workers := provider.NewWorkers(provider.WorkerOptions{
		Sources: sources, Secrets: kube.NewSecrets(m.GetAPIReader(), namespace), Now: time.Now, Report: func(string, string) {},
	})
	for _, r := range []manager.Runnable{events, manager.RunnableFunc(workers.Start)} {
		if err := m.Add(r); err != nil {
			return err
		}
	}
	err = analysisrun.Add(m, analysisrun.Options{
		Cluster: kube.NewRuns(m, kube.RunOptions{Workers: workers, Events: events, Now: time.Now}),
		Rules:   analysisrun.Rules{Decide: analysis.Decide, Failed: analysis.Failed},
		Threads: 30,
		Now:     time.Now,
		Changes: []func(func(engine.Key)){workers.OnReading},
		Deleted: workers.Gone,
		Observe: func(engine.Key, time.Duration, bool) {},
		Log:     logr.Discard(),
	})
	if err != nil {
		return err
	}
	return m.Start(ctx)
}

// fixture is a namespace of its own.
type fixture struct {
	client    client.Client
	namespace string
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	if os.Getenv(kubeconfigVariable) == "" {
		t.Skipf("needs a cluster, named by %s", kubeconfigVariable)
	}
	config, err := serverConfig()
	must(t, err)
	scheme, err := kube.NewScheme()
	must(t, err)
	direct, err := client.New(config, client.Options{Scheme: scheme})
	must(t, err)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "runs-"}}
	must(t, direct.Create(t.Context(), namespace))
	t.Cleanup(func() { must(t, direct.Delete(context.Background(), namespace)) })
	return fixture{client: direct, namespace: namespace.Name}
}

// measure starts a controller in this process, with web as its only source.
func (f fixture) measure(t *testing.T, web provider.Provider) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- runController(ctx, f.namespace, provider.Registry{"web": {Provider: web}}, controller.Election{})
	}()
	t.Cleanup(func() {
		cancel()
		must(t, <-done)
	})
}

// metric is measured so often at such an interval, by the source called web.
func metric(name string, count int, interval time.Duration) v1alpha1.Metric {
	times := intstr.FromInt32(int32(count))
	return v1alpha1.Metric{
		Name: name, Count: &times, Interval: v1alpha1.DurationString(interval.String()),
		Provider: v1alpha1.MetricProvider{Web: &v1alpha1.WebMetric{URL: "http://" + name}},
	}
}

func (f fixture) create(t *testing.T, o client.Object) {
	t.Helper()
	o.SetNamespace(f.namespace)
	o.SetLabels(map[string]string{v1alpha1.LabelKeyControllerInstanceID: instance})
	must(t, f.client.Create(t.Context(), o))
}

// run creates a run of these metrics.
func (f fixture) run(t *testing.T, name string, metrics ...v1alpha1.Metric) *v1alpha1.AnalysisRun {
	t.Helper()
	run := &v1alpha1.AnalysisRun{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.AnalysisRunSpec{Metrics: metrics}}
	f.create(t, run)
	return run
}

// await reads a run until something holds. A run that is gone is nil.
func (f fixture) await(t *testing.T, name, what string, holds func(*v1alpha1.AnalysisRun) bool) *v1alpha1.AnalysisRun {
	t.Helper()
	var last string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(tick) {
		run := &v1alpha1.AnalysisRun{}
		err := f.client.Get(t.Context(), engine.Key{Namespace: f.namespace, Name: name}, run)
		if apierrors.IsNotFound(err) {
			run, err = nil, nil
		}
		must(t, err)
		if holds(run) {
			return run
		}
		if run != nil {
			last = fmt.Sprintf("%+v", run.Status)
		}
	}
	t.Fatalf("never: %s; the last status was %s", what, last)
	return nil
}

func over(run *v1alpha1.AnalysisRun) bool { return run != nil && run.Status.CompletedAt != nil }

// result is that of a metric; zero without one.
func result(run *v1alpha1.AnalysisRun, metric string) v1alpha1.MetricResult {
	for _, r := range run.Status.MetricResults {
		if r.Name == metric {
			return r
		}
	}
	return v1alpha1.MetricResult{}
}
