package job_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/job"
)

// kubeconfigVariable names a cluster to test on, with nodes and our kinds, such as
// serin-local starts.
const kubeconfigVariable = "SERIN_TEST_KUBECONFIG"

// fixture is a namespace of its own.
type fixture struct {
	config    *rest.Config
	client    client.Client
	namespace string
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	path := os.Getenv(kubeconfigVariable)
	if path == "" {
		t.Skipf("needs a cluster, named by %s", kubeconfigVariable)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	must(t, err)
	config.QPS = -1
	scheme := runtime.NewScheme()
	must(t, clientgoscheme.AddToScheme(scheme))
	must(t, v1alpha1.AddToScheme(scheme))
	direct, err := client.New(config, client.Options{Scheme: scheme})
	must(t, err)
	f := fixture{config: config, client: direct}
	f.namespace = f.newNamespace(t)
	return f
}

func (f fixture) newNamespace(t *testing.T) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "job-"}}
	must(t, f.client.Create(t.Context(), namespace))
	t.Cleanup(func() { must(t, f.client.Delete(context.Background(), namespace)) })
	return namespace.Name
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute, and still not: %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// query is the first measurement of a metric that runs a shell command.
func (f fixture) query(t *testing.T, metric, command string) provider.Query {
	t.Helper()
	run := &v1alpha1.AnalysisRun{ObjectMeta: metav1.ObjectMeta{Namespace: f.namespace, GenerateName: "run-"}, Spec: v1alpha1.AnalysisRunSpec{Metrics: []v1alpha1.Metric{}}}
	must(t, f.client.Create(t.Context(), run))
	return provider.Query{Run: run, Number: 1, Now: time.Now(), Metric: v1alpha1.Metric{
		Name: metric,
		Provider: v1alpha1.MetricProvider{Job: &v1alpha1.JobMetric{
			Metadata: metav1.ObjectMeta{Labels: map[string]string{"team": "web"}, Annotations: map[string]string{"why": "smoke"}},
			Spec: batchv1.JobSpec{
				BackoffLimit: new(int32),
				Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
					RestartPolicy: corev1.RestartPolicyNever,
					Containers:    []corev1.Container{{Name: "main", Image: "serin/demo:blue", Command: []string{"sh", "-c", command}}},
				}},
			},
		}},
	}}
}

// start begins a measurement and returns it as it is in flight.
func start(t *testing.T, p provider.Job, q provider.Query) v1alpha1.Measurement {
	t.Helper()
	got, err := p.Start(t.Context(), q)
	must(t, err)
	if got.Phase != v1alpha1.AnalysisPhaseRunning || got.ResumeAt.IsZero() {
		t.Fatalf("Start() = %+v, want it to run", got)
	}
	return v1alpha1.Measurement{Phase: got.Phase, Metadata: got.Metadata}
}

// finish polls until a measurement is over.
func finish(t *testing.T, p provider.Job, q provider.Query, m v1alpha1.Measurement) provider.Progress {
	t.Helper()
	var got provider.Progress
	eventually(t, "the measurement is over", func() bool {
		q.Now = time.Now()
		var err error
		got, err = p.Poll(t.Context(), q, m)
		must(t, err)
		return got.Phase != v1alpha1.AnalysisPhaseRunning
	})
	return got
}

func (f fixture) job(t *testing.T, m v1alpha1.Measurement) (*batchv1.Job, bool) {
	t.Helper()
	var found batchv1.Job
	err := f.client.Get(t.Context(), client.ObjectKey{Namespace: m.Metadata["job-namespace"], Name: m.Metadata["job-name"]}, &found)
	if apierrors.IsNotFound(err) {
		return nil, false
	}
	must(t, err)
	return &found, found.DeletionTimestamp == nil
}

func TestOutcomes(t *testing.T) {
	f := newFixture(t)
	p := job.New(f.client, job.Place{})
	cases := map[string]struct {
		command, image string
		want           provider.Progress
	}{
		"a Job that succeeds": {command: "exit 0", want: provider.Progress{Phase: v1alpha1.AnalysisPhaseSuccessful}},
		"a Job that fails": {command: "exit 1", want: provider.Progress{
			Phase:    v1alpha1.AnalysisPhaseFailed,
			Metadata: map[string]string{"job-failure": "BackoffLimitExceeded: Job has reached the specified backoff limit"},
		}},
		"an image that cannot be pulled": {image: "example.org/nothing:v1", want: provider.Progress{Phase: v1alpha1.AnalysisPhaseInconclusive}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			q := f.query(t, "smoke", tc.command)
			if tc.image != "" {
				container := &q.Metric.Provider.Job.Spec.Template.Spec.Containers[0]
				container.Image, container.Command = tc.image, nil
			}
			m := start(t, p, q)
			got := finish(t, p, q, m)
			if tc.image != "" {
				if !strings.Contains(got.Message, m.Metadata["job-name"]) || !strings.Contains(got.Message, "container main: ErrImagePull") {
					t.Errorf("Message is %q", got.Message)
				}
				if _, there := f.job(t, m); there {
					t.Error("the Job may still start, and nobody would wait for it")
				}
				got.Message = ""
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Poll() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestJobOfAMeasurement(t *testing.T) {
	f := newFixture(t)
	p := job.New(f.client, job.Place{})
	q := f.query(t, "Smoke Test", "sleep 60")
	ttl := int32(0)
	q.Metric.Provider.Job.Spec.TTLSecondsAfterFinished = &ttl
	m := start(t, p, q)
	made, _ := f.job(t, m)
	owner := metav1.GetControllerOf(made)
	if owner == nil || owner.UID != q.Run.UID || owner.Kind != "AnalysisRun" || owner.APIVersion != "argoproj.io/v1alpha1" {
		t.Errorf("owner is %+v", owner)
	}
	labels := map[string]string{"team": "web", "analysisrun.argoproj.io/uid": string(q.Run.UID)}
	if diff := cmp.Diff(labels, made.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	annotations := map[string]string{
		"why": "smoke", "analysisrun.argoproj.io/name": q.Run.Name,
		"analysisrun.argoproj.io/namespace": f.namespace, "analysisrun.argoproj.io/metric-name": "Smoke Test",
	}
	if diff := cmp.Diff(annotations, made.Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	if got := made.Spec.Template.Labels["analysisrun.argoproj.io/uid"]; got != string(q.Run.UID) {
		t.Errorf("pods have label %q", got)
	}
	if got := *made.Spec.TTLSecondsAfterFinished; got != 3600 {
		t.Errorf("a finished Job stays %d s, want long enough to be read", got)
	}
	again := start(t, p, q)
	if diff := cmp.Diff(m.Metadata, again.Metadata); diff != "" {
		t.Errorf("the second try is another measurement:\n%s", diff)
	}
	run, found := job.RunOf(made)
	if want := (types.NamespacedName{Namespace: f.namespace, Name: q.Run.Name}); !found || run != want {
		t.Errorf("RunOf() = %v, %v", run, found)
	}
	for elapsed, want := range map[time.Duration]time.Duration{
		0: time.Second, 10 * time.Second: 4 * time.Second, time.Minute: 11 * time.Second, 10 * time.Minute: 35 * time.Second, time.Hour: 85 * time.Second,
	} {
		q.Now = made.CreationTimestamp.Add(elapsed)
		got, err := p.Poll(t.Context(), q, m)
		must(t, err)
		if pause := got.ResumeAt.Sub(q.Now).Round(time.Second); pause != want {
			t.Errorf("after %s it looks again %s later, want %s", elapsed, pause, want)
		}
	}
}

func TestJobsOfOthersAreLeftAlone(t *testing.T) {
	f := newFixture(t)
	p := job.New(f.client, job.Place{})
	q := f.query(t, "smoke", "sleep 60")
	key := client.ObjectKey{Namespace: f.namespace, Name: string(q.Run.UID) + ".smoke.1"}
	foreign := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}, Spec: q.Metric.Provider.Job.Spec}
	must(t, f.client.Create(t.Context(), foreign))
	if got, err := p.Start(t.Context(), q); err == nil || !strings.Contains(err.Error(), "does not belong to this AnalysisRun") {
		t.Errorf("Start() = %+v, %v", got, err)
	}
	if got, err := p.Stop(t.Context(), q, v1alpha1.Measurement{}); err == nil {
		t.Errorf("Stop() = %+v, want an error", got)
	}
	must(t, f.client.Get(t.Context(), key, foreign))
	if foreign.DeletionTimestamp != nil {
		t.Error("the Job of another was deleted")
	}
}

func TestStop(t *testing.T) {
	f := newFixture(t)
	p := job.New(f.client, job.Place{})
	q := f.query(t, "smoke", "sleep 60")
	m := start(t, p, q)
	for range 2 {
		got, err := p.Stop(t.Context(), q, m)
		must(t, err)
		if diff := cmp.Diff(provider.Progress{Phase: v1alpha1.AnalysisPhaseInconclusive}, got); diff != "" {
			t.Errorf("Stop() (-want +got):\n%s", diff)
		}
	}
	eventually(t, "the Job goes after its pods", func() bool { found, _ := f.job(t, m); return found == nil })
	if _, err := p.Poll(t.Context(), q, m); err == nil || !strings.Contains(err.Error(), "deleted before its outcome was read") {
		t.Errorf("Poll() = %v, want an error", err)
	}

	over := f.query(t, "smoke", "exit 0")
	m = start(t, p, over)
	finish(t, p, over, m)
	got, err := p.Stop(t.Context(), over, m)
	must(t, err)
	if _, there := f.job(t, m); got.Phase != v1alpha1.AnalysisPhaseSuccessful || !there {
		t.Errorf("Stop() of a Job that is over = %+v, still there: %v", got, there)
	}
}

func TestCollectKeepsTheNewestOfTheMetric(t *testing.T) {
	f := newFixture(t)
	p := job.New(f.client, job.Place{})
	q := f.query(t, "first", "exit 0")
	other := q
	other.Metric.Name = "second"
	oldest := start(t, p, other)
	var measurements []v1alpha1.Measurement
	for _, n := range []int32{9, 10, 11} {
		q.Number = n
		measurements = append(measurements, start(t, p, q))
	}
	must(t, p.Collect(t.Context(), q, 2))
	must(t, p.Collect(t.Context(), q, 2))
	var kept []bool
	for _, m := range append(measurements, oldest) {
		_, there := f.job(t, m)
		kept = append(kept, there)
	}
	if want := []bool{false, true, true, true}; !slices.Equal(kept, want) {
		t.Errorf("kept are %v, want %v", kept, want)
	}
}

func TestJobsInAnotherNamespace(t *testing.T) {
	f := newFixture(t)
	p := job.New(f.client, job.Place{Namespace: f.newNamespace(t)})
	q := f.query(t, "smoke", "exit 0")
	m := start(t, p, q)
	made, _ := f.job(t, m)
	if made.Namespace == f.namespace || len(made.OwnerReferences) > 0 {
		t.Errorf("the Job is in %s with owners %v", made.Namespace, made.OwnerReferences)
	}
	start(t, p, q)
	foreign := q
	foreign.Run = q.Run.DeepCopy()
	foreign.Run.UID = "another"
	if _, err := p.Poll(t.Context(), foreign, m); err == nil {
		t.Error("a run polls another's Job")
	}
	if got := finish(t, p, q, m); got.Phase != v1alpha1.AnalysisPhaseSuccessful {
		t.Errorf("Poll() = %+v", got)
	}
	must(t, p.Forget(t.Context(), q.Run))
	eventually(t, "the Job is gone with its run", func() bool { found, _ := f.job(t, m); return found == nil })
}

func TestWatchWakesTheRun(t *testing.T) {
	f := newFixture(t)
	var mu sync.Mutex
	woken := map[types.NamespacedName]int{}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- job.Watch(ctx, f.config, f.namespace, func(run types.NamespacedName) {
			mu.Lock()
			defer mu.Unlock()
			woken[run]++
		})
	}()
	t.Cleanup(func() { stop(); must(t, <-done) })
	count := func(q provider.Query) int {
		mu.Lock()
		defer mu.Unlock()
		return woken[types.NamespacedName{Namespace: f.namespace, Name: q.Run.Name}]
	}
	p := job.New(f.client, job.Place{})
	over, gone := f.query(t, "smoke", "exit 1"), f.query(t, "smoke", "sleep 60")
	start(t, p, over)
	m := start(t, p, gone)
	eventually(t, "the run is woken by its Job's end", func() bool { return count(over) > 0 })
	if n := count(gone); n != 0 {
		t.Errorf("a Job that runs woke its run %d times", n)
	}
	_, err := p.Stop(t.Context(), gone, m)
	must(t, err)
	eventually(t, "the run is woken by its Job's removal", func() bool { return count(gone) > 0 })
}
