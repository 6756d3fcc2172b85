package plugin_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/plugin"
	"github.com/serin-rollouts/serin/internal/provider"
)

// open returns the plugin that was built, not started yet.
func open(t *testing.T, args ...string) plugin.Metric {
	t.Helper()
	items := []plugin.Item{{Name: "serin/echo", Location: "file://" + program, Args: args}}
	set, err := plugin.OpenMetricProviders(t.Context(), items, plugin.Options{Folder: t.TempDir(), Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Close)
	source, err := set.Sources().Find(v1alpha1.MetricProvider{Plugin: map[string]json.RawMessage{"serin/echo": nil}})
	if err != nil {
		t.Fatal(err)
	}
	return source.Job.(plugin.Metric)
}

// query has something in every kind of field that may travel. A pointer to false or
// to zero does not: gob leaves it out, whoever speaks it.
func query(settings string) provider.Query {
	count, text := intstr.FromInt32(3), intstr.FromString("2")
	at := metav1.NewTime(time.Date(2026, 5, 1, 11, 0, 0, 0, time.UTC))
	value := "a"
	metric := v1alpha1.Metric{
		Name: "echo", Interval: "1m", Count: &count, FailureLimit: &text, SuccessCondition: "result > 1",
		Provider: v1alpha1.MetricProvider{Plugin: map[string]json.RawMessage{"serin/echo": json.RawMessage(settings)}},
	}
	return provider.Query{
		Number: 1, Now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), Metric: metric,
		Run: &v1alpha1.AnalysisRun{
			TypeMeta: metav1.TypeMeta{APIVersion: "argoproj.io/v1alpha1", Kind: "AnalysisRun"},
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "web", Name: "run", UID: "u", Labels: map[string]string{"a": "b"}, CreationTimestamp: at,
				OwnerReferences: []metav1.OwnerReference{{Kind: "Rollout", Name: "web", Controller: ptr.To(true)}},
			},
			Spec: v1alpha1.AnalysisRunSpec{
				Metrics: []v1alpha1.Metric{metric, {Name: "job", Provider: v1alpha1.MetricProvider{Job: &v1alpha1.JobMetric{Spec: batchv1.JobSpec{BackoffLimit: ptr.To[int32](2)}}}}},
				Args:    []v1alpha1.Argument{{Name: "x", Value: &value}, {Name: "y", ValueFrom: &v1alpha1.ValueFrom{SecretKeyRef: &v1alpha1.SecretKeyRef{Name: "s", Key: "k"}}}},
				DryRun:  []v1alpha1.DryRun{{MetricName: "job"}},
			},
			Status: v1alpha1.AnalysisRunStatus{
				Phase: v1alpha1.AnalysisPhaseRunning, StartedAt: &at, RunSummary: v1alpha1.RunSummary{Count: 2},
				MetricResults: []v1alpha1.MetricResult{{
					Name: "echo", Phase: v1alpha1.AnalysisPhaseRunning, Count: 1, Metadata: map[string]string{"k": "v"},
					Measurements: []v1alpha1.Measurement{{Phase: v1alpha1.AnalysisPhaseSuccessful, StartedAt: &at, FinishedAt: &at, Value: "1"}},
				}},
			},
		},
	}
}

func inFlight() v1alpha1.Measurement {
	at := metav1.NewTime(time.Date(2026, 5, 1, 11, 30, 0, 0, time.UTC))
	return v1alpha1.Measurement{Phase: v1alpha1.AnalysisPhaseRunning, StartedAt: &at, ResumeAt: &at, Metadata: map[string]string{"id": "7"}}
}

// asked is what the plugin says that it was asked.
type asked struct {
	Run         *v1alpha1.AnalysisRun
	Metric      v1alpha1.Metric
	Measurement v1alpha1.Measurement
}

// TestProtocol shows that what is sent arrives, and that what is answered comes back.
func TestProtocol(t *testing.T) {
	p := open(t)
	q, last := query(`{"phase":"Running","message":"under way"}`), inFlight()
	cases := map[string]struct {
		call func() (provider.Progress, error)
		want asked
	}{
		"run":       {func() (provider.Progress, error) { return p.Start(t.Context(), q) }, asked{q.Run, q.Metric, v1alpha1.Measurement{}}},
		"resume":    {func() (provider.Progress, error) { return p.Poll(t.Context(), q, last) }, asked{q.Run, q.Metric, last}},
		"terminate": {func() (provider.Progress, error) { return p.Stop(t.Context(), q, last) }, asked{q.Run, q.Metric, last}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := tc.call()
			if err != nil {
				t.Fatal(err)
			}
			var arrived asked
			if err := json.Unmarshal([]byte(got.Text), &arrived); err != nil {
				t.Fatalf("%v in %s", err, got.Text)
			}
			if diff := cmp.Diff(tc.want, arrived); diff != "" {
				t.Errorf("what arrived (-sent +arrived):\n%s", diff)
			}
			if got.Metadata["call"] != name || got.Phase != v1alpha1.AnalysisPhaseRunning || got.Message != "under way" {
				t.Errorf("answer is %+v", got)
			}
			if want := time.Date(2026, 5, 1, 12, 0, 30, 0, time.UTC); !got.ResumeAt.Equal(want) {
				t.Errorf("ResumeAt is %s, want %s", got.ResumeAt, want)
			}
		})
	}
	if err := p.Collect(t.Context(), q, 10); err == nil || err.Error() != "failed to garbage collect via plugin: collected run/echo to 10" {
		t.Errorf("Collect() = %v", err)
	}
	if got, err := p.Type(t.Context()); err != nil || got != "Echo" {
		t.Errorf("Type() = %q, %v", got, err)
	}
	if diff := cmp.Diff(map[string]string{"settings": `{"phase":"Running","message":"under way"}`}, p.Describe(q)); diff != "" {
		t.Errorf("Describe() (-want +got):\n%s", diff)
	}
}

func TestVerdicts(t *testing.T) {
	p := open(t)
	for _, phase := range []v1alpha1.AnalysisPhase{v1alpha1.AnalysisPhaseSuccessful, v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseInconclusive} {
		got, err := p.Start(t.Context(), query(`{"phase": "`+string(phase)+`"}`))
		if err != nil || got.Phase != phase {
			t.Errorf("Start() = %+v, %v, want %s", got, err, phase)
		}
	}
	q := query(`{"phase": "Error", "message": "no data, token s3cret"}`)
	q.Hidden = []string{"s3cret"}
	if _, err := p.Start(t.Context(), q); err == nil || err.Error() != "failed to run via plugin: no data, token *****" {
		t.Errorf("Start() = %v", err)
	}
	if _, err := p.Poll(t.Context(), q, inFlight()); err == nil || err.Error() != "failed to resume via plugin: no data, token *****" {
		t.Errorf("Poll() = %v", err)
	}
	if _, err := p.Stop(t.Context(), q, inFlight()); err == nil || err.Error() != "failed to terminate via plugin: no data, token *****" {
		t.Errorf("Stop() = %v", err)
	}
	if _, err := p.Start(t.Context(), query(`{}`)); err == nil || !strings.Contains(err.Error(), `phase ""`) {
		t.Errorf("Start() = %v, want a complaint about the phase", err)
	}
}

// pid asks the plugin for its process.
func pid(t *testing.T, p plugin.Metric) int {
	t.Helper()
	got, err := p.Start(t.Context(), query(`{"phase": "Successful"}`))
	if err != nil {
		t.Fatal(err)
	}
	id, err := strconv.Atoi(got.Metadata["pid"])
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestProcessIsKeptAndStartedAgain(t *testing.T) {
	p := open(t)
	first := pid(t, p)
	if again := pid(t, p); again != first {
		t.Errorf("the second call went to process %d, not %d", again, first)
	}
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	second := pid(t, p)
	if second == first {
		t.Error("a killed process answered")
	}
	_, err := p.Start(t.Context(), query(`{"crash": true}`))
	if err == nil || !strings.HasPrefix(err.Error(), "Run rpc call error: ") {
		t.Errorf("Start() = %v, want the call that the process died of to fail", err)
	}
	if third := pid(t, p); third == second {
		t.Error("a process that ended answered")
	}
}

func TestCallsEndWithTheirContext(t *testing.T) {
	p := open(t)
	first := pid(t, p)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := p.Start(ctx, query(`{"hang": true}`)); err == nil || !strings.Contains(err.Error(), context.DeadlineExceeded.Error()) {
		t.Errorf("Start() = %v", err)
	}
	if again := pid(t, p); again != first {
		t.Error("one call that hangs ended the process for all")
	}
}

func TestManyCallsAtATime(t *testing.T) {
	p := open(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := p.Start(t.Context(), query(`{"phase": "Successful"}`)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestProgramsThatAreNoPlugins(t *testing.T) {
	if _, err := open(t, "--broken").Start(t.Context(), query(`{}`)); err == nil || !strings.Contains(err.Error(), "initialise: broken on purpose") {
		t.Errorf("Start() = %v", err)
	}
	items := []plugin.Item{{Name: "serin/echo", Location: "file:///bin/true"}}
	set, err := plugin.OpenMetricProviders(t.Context(), items, plugin.Options{Folder: t.TempDir(), Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Close)
	if _, err := set.Sources()["plugin:serin/echo"].Job.Start(t.Context(), query(`{}`)); err == nil || !strings.Contains(err.Error(), "start plugin serin/echo") {
		t.Errorf("Start() = %v", err)
	}
	unknown := v1alpha1.MetricProvider{Plugin: map[string]json.RawMessage{"serin/other": nil}}
	if _, err := set.Sources().Find(unknown); !errors.Is(err, provider.ErrUnknown) {
		t.Errorf("Find() = %v", err)
	}
}

func TestCloseEndsTheProcess(t *testing.T) {
	items := []plugin.Item{{Name: "serin/echo", Location: "file://" + program}}
	set, err := plugin.OpenMetricProviders(t.Context(), items, plugin.Options{Folder: t.TempDir(), Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	id := pid(t, set.Sources()["plugin:serin/echo"].Job.(plugin.Metric))
	set.Close()
	process, err := os.FindProcess(id)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Signal(syscall.Signal(0)); err == nil {
		t.Errorf("process %d still runs", id)
	}
}
