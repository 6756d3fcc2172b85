package experiment_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/controller"
	experimentcontroller "github.com/serin-rollouts/serin/internal/controller/experiment"
	"github.com/serin-rollouts/serin/internal/core/experiment"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/kube"
	"github.com/serin-rollouts/serin/internal/spec"
)

const (
	// kubeconfigVariable names a cluster to test on, such as serin-local starts.
	kubeconfigVariable = "SERIN_TEST_KUBECONFIG"
	// instance keeps a controller that runs on the cluster away from the tests' objects.
	instance = "experiments-test"
	// tick is how often a condition is looked at.
	tick = 20 * time.Millisecond
)

// cluster is what the loop works on.
type cluster = engine.Cluster[experiment.Snapshot, experiment.Action, experiment.Outcome]

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
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "experiments-"}}
	must(t, direct.Create(t.Context(), namespace))
	t.Cleanup(func() { must(t, direct.Delete(context.Background(), namespace)) })
	return fixture{client: direct, namespace: namespace.Name}
}

// work starts a controller of the fixture's Experiments in this process.
func (f fixture) work(t *testing.T, wrap func(cluster) cluster) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.control(ctx, wrap) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-done)
	})
}

func asItIs(c cluster) cluster { return c }

func (f fixture) control(ctx context.Context, wrap func(cluster) cluster) error {
	config, err := serverConfig()
	if err != nil {
		return err
	}
	m, err := controller.NewManager(controller.Options{
		Config: config, Scope: kube.Scope{Namespace: f.namespace, InstanceID: instance}, Log: logr.Discard(),
	})
	if err != nil {
		return err
	}
	events, err := kube.NewEvents(m.GetConfig(), m.GetScheme())
	if err != nil {
		return err
	}
	if err := m.Add(events); err != nil {
		return err
	}
	k, err := kube.NewExperiments(ctx, m, kube.ExperimentOptions{
		Parse: spec.ParseExperiment, Reads: experiment.ReadsOf, RunName: experiment.RunName, Events: events, Now: time.Now,
	})
	if err != nil {
		return err
	}
	err = experimentcontroller.Add(m, experimentcontroller.Options{
		Cluster: wrap(k),
		Rules:   experimentcontroller.Rules{Decide: experiment.Decide, Failed: experiment.Failed},
		Threads: 10,
		Now:     time.Now,
		Deleted: func(engine.Key) {},
		Observe: func(engine.Key, time.Duration, bool) {},
		Log:     logr.Discard(),
	})
	if err != nil {
		return err
	}
	return m.Start(ctx)
}

func (f fixture) create(t *testing.T, o client.Object) {
	t.Helper()
	o.SetNamespace(f.namespace)
	labels := map[string]string{v1alpha1.LabelKeyControllerInstanceID: instance}
	for key, value := range o.GetLabels() {
		labels[key] = value
	}
	o.SetLabels(labels)
	must(t, f.client.Create(t.Context(), o))
}

// get reads an object of the fixture's namespace.
func (f fixture) get(t *testing.T, name string, into client.Object) error {
	t.Helper()
	return f.client.Get(t.Context(), engine.Key{Namespace: f.namespace, Name: name}, into)
}

// eventually waits for something to hold.
func eventually(t *testing.T, what string, holds func() (ok bool, state string)) {
	t.Helper()
	var state string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(tick) {
		var ok bool
		if ok, state = holds(); ok {
			return
		}
	}
	t.Fatalf("never: %s; at last: %s", what, state)
}

// await reads an Experiment until it has a phase.
func (f fixture) await(t *testing.T, name string, phase v1alpha1.AnalysisPhase) *v1alpha1.Experiment {
	t.Helper()
	var e v1alpha1.Experiment
	eventually(t, fmt.Sprintf("%s is %s", name, phase), func() (bool, string) {
		must(t, f.get(t, name, &e))
		return e.Status.Phase == phase, fmt.Sprintf("%+v", e.Status)
	})
	return &e
}

// judge gives a run a phase, as its own controller would.
func (f fixture) judge(t *testing.T, name string, phase v1alpha1.AnalysisPhase) {
	t.Helper()
	run := &v1alpha1.AnalysisRun{ObjectMeta: metav1.ObjectMeta{Namespace: f.namespace, Name: name}}
	patch := fmt.Sprintf(`{"status":{"phase":%q}}`, phase)
	eventually(t, name+" can be judged", func() (bool, string) {
		err := f.client.Patch(t.Context(), run, client.RawPatch("application/merge-patch+json", []byte(patch)))
		return err == nil, fmt.Sprint(err)
	})
}
