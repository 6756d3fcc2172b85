package analysisrun_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
)

// source answers with how often a metric was measured, and notes when.
type source struct {
	mu   sync.Mutex
	asks map[string][]time.Time
	// before is called ahead of every answer.
	before func(context.Context, provider.Query) error
}

func (s *source) Measure(ctx context.Context, q provider.Query) (provider.Value, error) {
	s.mu.Lock()
	if s.asks == nil {
		s.asks = map[string][]time.Time{}
	}
	s.asks[q.Metric.Name] = append(s.asks[q.Metric.Name], time.Now())
	n := len(s.asks[q.Metric.Name])
	s.mu.Unlock()
	if s.before != nil {
		if err := s.before(ctx, q); err != nil {
			return provider.Value{}, err
		}
	}
	return provider.Value{Result: float64(n), Text: fmt.Sprint(n)}, nil
}

func (s *source) when(metric string) []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.asks[metric]...)
}

// checkGaps holds the distance of measurements to an interval. Stored times have no
// fractions, so that a second is lost at most.
func checkGaps(t *testing.T, when []time.Time, interval time.Duration) {
	t.Helper()
	for i := 1; i < len(when); i++ {
		if gap := when[i].Sub(when[i-1]); gap < interval-time.Second || gap > interval+1500*time.Millisecond {
			t.Errorf("measurement %d came %v after the one before, want about %v", i+1, gap, interval)
		}
	}
}

func values(r v1alpha1.MetricResult) []string {
	var all []string
	for _, m := range r.Measurements {
		all = append(all, m.Value)
	}
	return all
}

func TestRunIsMeasuredOnTime(t *testing.T) {
	f, s := newFixture(t), &source{}
	f.measure(t, s)
	f.run(t, "web", metric("errors", 4, 2*time.Second), metric("once", 1, 0))
	run := f.await(t, "web", "the run is over", over)
	if run.Status.Phase != v1alpha1.AnalysisPhaseSuccessful {
		t.Errorf("status is %+v", run.Status)
	}
	if diff := cmp.Diff([]string{"1", "2", "3", "4"}, values(result(run, "errors"))); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	checkGaps(t, s.when("errors"), 2*time.Second)
	if got := len(s.when("once")); got != 1 {
		t.Errorf("the metric without an interval was measured %d times", got)
	}
	f.awaitEvents(t, run, "MetricSuccessful", "MetricSuccessful", "AnalysisRunSuccessful")
}

// awaitEvents waits for events on a run by their reasons.
func (f fixture) awaitEvents(t *testing.T, run *v1alpha1.AnalysisRun, reasons ...string) {
	t.Helper()
	want := map[string]int{}
	for _, reason := range reasons {
		want[reason]++
	}
	got := map[string]int{}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(tick) {
		var events corev1.EventList
		must(t, f.client.List(t.Context(), &events, client.InNamespace(f.namespace)))
		got = map[string]int{}
		for _, e := range events.Items {
			if e.InvolvedObject.UID == run.UID && e.InvolvedObject.Kind == "AnalysisRun" && e.Source.Component == "rollouts-controller" {
				got[e.Reason]++
			}
		}
		if cmp.Equal(want, got) {
			return
		}
	}
	t.Errorf("events (-want +got):\n%s", cmp.Diff(want, got))
}

// Somebody writes the object all the time: every measurement is recorded, once.
func TestConflictsLoseAndRepeatNothing(t *testing.T) {
	f, s := newFixture(t), &source{}
	f.measure(t, s)
	run := f.run(t, "web", metric("errors", 5, time.Second))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	written := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n++ {
			patch := fmt.Sprintf(`{"metadata":{"annotations":{"n":"%d"}}}`, n)
			_ = f.client.Patch(ctx, run.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(patch)))
		}
		written <- n
	}()
	done := f.await(t, "web", "the run is over", over)
	cancel()
	if n := <-written; n < 100 {
		t.Errorf("only %d writes came between", n)
	}
	if diff := cmp.Diff([]string{"1", "2", "3", "4", "5"}, values(result(done, "errors"))); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if got := len(s.when("errors")); got != 5 {
		t.Errorf("measured %d times, want 5", got)
	}
	checkGaps(t, s.when("errors"), time.Second)
}

func TestHangingSourceDelaysOnlyItself(t *testing.T) {
	f := newFixture(t)
	s := &source{before: func(ctx context.Context, q provider.Query) error {
		if q.Metric.Name == "hanging" {
			<-ctx.Done()
		}
		return nil
	}}
	f.measure(t, s)
	metrics := []v1alpha1.Metric{metric("hanging", 1, 0)}
	for i := range 25 {
		metrics = append(metrics, metric(fmt.Sprint("m", i), 3, 2*time.Second))
	}
	f.run(t, "mixed", metrics...)
	for i := range 25 {
		f.run(t, fmt.Sprint("other-", i), metric(fmt.Sprint("o", i), 3, 2*time.Second))
	}
	f.await(t, "mixed", "all but one metric are through", func(run *v1alpha1.AnalysisRun) bool {
		through := 0
		for i := range 25 {
			if result(run, fmt.Sprint("m", i)).Phase == v1alpha1.AnalysisPhaseSuccessful {
				through++
			}
		}
		return through == 25
	})
	for i := range 25 {
		f.await(t, fmt.Sprint("other-", i), "the run is over", over)
		checkGaps(t, s.when(fmt.Sprint("m", i)), 2*time.Second)
		checkGaps(t, s.when(fmt.Sprint("o", i)), 2*time.Second)
	}
	if run := f.await(t, "mixed", "it is there", func(*v1alpha1.AnalysisRun) bool { return true }); over(run) {
		t.Errorf("the run is over without its hanging metric: %+v", run.Status)
	}
}

func TestSecrets(t *testing.T) {
	const secret = "hunter2-is-secret"
	f := newFixture(t)
	s := &source{before: func(_ context.Context, q provider.Query) error {
		return errors.New("denied: " + q.Metric.Provider.Web.URL)
	}}
	f.measure(t, s)
	f.create(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "credentials"}, StringData: map[string]string{"token": secret}})
	secretly := func(name, key string) *v1alpha1.AnalysisRun {
		m := metric("errors", 1, 0)
		m.Provider.Web.URL = "http://errors?t={{args.token}}"
		run := &v1alpha1.AnalysisRun{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.AnalysisRunSpec{
			Metrics: []v1alpha1.Metric{m},
			Args: []v1alpha1.Argument{{Name: "token", ValueFrom: &v1alpha1.ValueFrom{
				SecretKeyRef: &v1alpha1.SecretKeyRef{Name: "credentials", Key: key},
			}}},
		}}
		f.create(t, run)
		return run
	}
	secretly("echo", "token")
	run := f.await(t, "echo", "it is measured", func(run *v1alpha1.AnalysisRun) bool { return len(result(run, "errors").Measurements) > 0 })
	if got, want := result(run, "errors").Measurements[0].Message, "denied: http://errors?t=*****"; got != want {
		t.Errorf("message is %q, want %q", got, want)
	}
	secretly("missing", "other")
	run = f.await(t, "missing", "the run is over", over)
	want := "Unable to resolve metric arguments: key 'other' does not exist in secret 'credentials'"
	if run.Status.Phase != v1alpha1.AnalysisPhaseError || run.Status.Message != want {
		t.Errorf("status is %s, %q, want %q", run.Status.Phase, run.Status.Message, want)
	}
}

func TestRunIsDeletedWhenItsTimeIsOver(t *testing.T) {
	f := newFixture(t)
	f.measure(t, &source{})
	ttl := int32(2)
	run := &v1alpha1.AnalysisRun{ObjectMeta: metav1.ObjectMeta{Name: "short"}, Spec: v1alpha1.AnalysisRunSpec{
		Metrics:     []v1alpha1.Metric{metric("errors", 1, 0)},
		TTLStrategy: &v1alpha1.TTLStrategy{SecondsAfterCompletion: &ttl},
	}}
	f.create(t, run)
	done := f.await(t, "short", "the run is over", over)
	f.await(t, "short", "it is deleted", func(run *v1alpha1.AnalysisRun) bool { return run == nil })
	if after := time.Since(done.Status.CompletedAt.Time); after < 2*time.Second || after > 4*time.Second {
		t.Errorf("deleted %v after it was over, want 2s to 4s", after)
	}
}

// A value that the schema lets through and the types refuse ends its own run and no
// other.
func TestUnreadableRunEndsAlone(t *testing.T) {
	f := newFixture(t)
	f.measure(t, &source{})
	bad := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": map[string]any{"name": "bad"},
		"spec": map[string]any{"metrics": []any{map[string]any{"name": "m", "provider": map[string]any{"job": map[string]any{"spec": map[string]any{
			"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{
				"name": "c", "resources": map[string]any{"limits": map[string]any{"cpu": "abc"}},
			}}}},
		}}}}}},
	}}
	f.create(t, bad)
	f.run(t, "good", metric("errors", 1, 0))
	f.await(t, "good", "the run is over", over)
	phase := func() (string, string) {
		must(t, f.client.Get(t.Context(), client.ObjectKeyFromObject(bad), bad))
		phase, _, _ := unstructured.NestedString(bad.Object, "status", "phase")
		message, _, _ := unstructured.NestedString(bad.Object, "status", "message")
		return phase, message
	}
	var got, message string
	for end := time.Now().Add(20 * time.Second); got == "" && time.Now().Before(end); time.Sleep(tick) {
		got, message = phase()
	}
	want := "Analysis spec invalid: spec.metrics[0].provider.job.spec.template.spec.containers[0].resources.limits.cpu: Invalid value: \"abc\""
	if got != "Error" || !strings.HasPrefix(message, want) {
		t.Errorf("status is %s, %q, want %q", got, message, want)
	}
}

// A run that is deleted takes its calls with it.
func TestDeletedRunIsNotMeasuredAnyMore(t *testing.T) {
	f := newFixture(t)
	ended := make(chan error, 1)
	f.measure(t, &source{before: func(ctx context.Context, _ provider.Query) error {
		<-ctx.Done()
		ended <- ctx.Err()
		return nil
	}})
	run := f.run(t, "web", metric("errors", 1, 0))
	f.await(t, "web", "it runs", func(run *v1alpha1.AnalysisRun) bool { return run.Status.Phase == v1alpha1.AnalysisPhaseRunning })
	must(t, f.client.Delete(t.Context(), run))
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the call ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the call goes on")
	}
}
