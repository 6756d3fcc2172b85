package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/analysis"
	"github.com/serin-rollouts/serin/internal/engine"
)

// asked is a source that answers with what a function says.
type asked func(context.Context, Query) (Value, error)

func (a asked) Measure(ctx context.Context, q Query) (Value, error) { return a(ctx, q) }

// vault is Secrets of one namespace, by name.
type vault struct {
	secrets map[string]map[string][]byte
	broken  error
}

var errAbsent = errors.New(`secrets "credentials" not found`)

func (v vault) Secret(_ context.Context, namespace, name string) (map[string][]byte, error) {
	if v.broken != nil {
		return nil, v.broken
	}
	data, found := v.secrets[namespace+"/"+name]
	if !found {
		return nil, errAbsent
	}
	return data, nil
}

func (v vault) Missing(err error) bool { return errors.Is(err, errAbsent) }

// bench is workers with a source called web, and what was heard of them.
type bench struct {
	*Workers
	mu       sync.Mutex
	woken    []engine.Key
	reported []string
}

func newBench(source Source, secrets Secrets) *bench {
	b := &bench{}
	b.Workers = NewWorkers(WorkerOptions{
		Sources: Registry{"web": source},
		Secrets: secrets,
		Now:     time.Now,
		Report: func(about, problem string) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.reported = append(b.reported, about+": "+problem)
		},
	})
	b.OnReading(func(key engine.Key) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.woken = append(b.woken, key)
	})
	return b
}

// runOf is a run with web metrics of these names.
func runOf(names ...string) *v1alpha1.AnalysisRun {
	run := &v1alpha1.AnalysisRun{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "run", UID: "u"}}
	for _, name := range names {
		run.Spec.Metrics = append(run.Spec.Metrics, v1alpha1.Metric{
			Name: name, Provider: v1alpha1.MetricProvider{Web: &v1alpha1.WebMetric{URL: "http://" + name + "/{{args.token}}"}},
		})
	}
	value := "t"
	run.Spec.Args = []v1alpha1.Argument{{Name: "token", Value: &value}}
	return run
}

func withSecret(run *v1alpha1.AnalysisRun) *v1alpha1.AnalysisRun {
	run.Spec.Args = []v1alpha1.Argument{{Name: "token", ValueFrom: &v1alpha1.ValueFrom{
		SecretKeyRef: &v1alpha1.SecretKeyRef{Name: "credentials", Key: "token"},
	}}}
	return run
}

func start(metric string) analysis.Measure {
	return analysis.Measure{Metric: metric, Number: 1, Call: analysis.Start}
}

// once makes one call and returns what came of it.
func (b *bench) once(t *testing.T, run *v1alpha1.AnalysisRun, m analysis.Measure) analysis.Reading {
	t.Helper()
	b.Do(run, m)
	synctest.Wait()
	readings, _ := b.Seen(run)
	if len(readings) != 1 {
		t.Fatalf("%d readings, want one", len(readings))
	}
	return readings[0]
}

func TestReadingsStayUntilTheyAreRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(Source{Provider: asked(func(_ context.Context, q Query) (Value, error) {
			time.Sleep(time.Second)
			return Value{Result: 1.5, Text: q.Metric.Provider.Web.URL, Metadata: map[string]string{"k": "v"}}, nil
		})}, vault{})
		run, began := runOf("a"), time.Now()
		b.Do(run, start("a"))
		b.Do(run, start("a"))
		if readings, busy := b.Seen(run); len(readings) != 0 || !busy["a"] {
			t.Errorf("at once there are %v, busy %v", readings, busy)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		want := []analysis.Reading{{
			Metric: "a", Number: 1, Call: analysis.Start, Started: began, Finished: began.Add(time.Second),
			Result: 1.5, Value: "http://a/t", Metadata: map[string]string{"k": "v"},
		}}
		for range 2 {
			readings, busy := b.Seen(run)
			if diff := cmp.Diff(want, readings); diff != "" || len(busy) != 0 {
				t.Errorf("busy %v, readings (-want +got):\n%s", busy, diff)
			}
		}
		if diff := cmp.Diff([]engine.Key{{Namespace: "n", Name: "run"}}, b.woken); diff != "" {
			t.Errorf("woken (-want +got):\n%s", diff)
		}
		b.Recorded(keyOf(run), want)
		if readings, _ := b.Seen(run); len(readings) != 0 || len(b.runs) != 0 {
			t.Errorf("after it was recorded there is %v of %d runs", readings, len(b.runs))
		}
	})
}

// The next measurement may come back before the first was recorded: they are shown one
// after the other.
func TestOneReadingOfAMetricAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(Source{Provider: asked(func(context.Context, Query) (Value, error) { return Value{}, nil })}, vault{})
		run := runOf("a")
		first := b.once(t, run, start("a"))
		b.Do(run, analysis.Measure{Metric: "a", Number: 2, Call: analysis.Start})
		synctest.Wait()
		readings, busy := b.Seen(run)
		if len(readings) != 1 || readings[0].Number != 1 || !busy["a"] {
			t.Fatalf("readings %v, busy %v, want the first, and busy", readings, busy)
		}
		before := len(b.woken)
		b.Recorded(keyOf(run), []analysis.Reading{first})
		readings, busy = b.Seen(run)
		if len(readings) != 1 || readings[0].Number != 2 || busy["a"] || len(b.woken) != before+1 {
			t.Errorf("readings %v, busy %v, woken %d times", readings, busy, len(b.woken)-before)
		}
	})
}

// A source that hangs, listening or not, delays nobody else and is given up in time.
func TestHangingSource(t *testing.T) {
	cases := map[string]struct {
		listens bool
		want    string
	}{
		"it notices that time is over": {listens: true, want: "context deadline exceeded"},
		"it does not listen":           {want: "no answer in time"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				free := make(chan struct{})
				defer close(free)
				b := newBench(Source{Provider: asked(func(ctx context.Context, q Query) (Value, error) {
					if q.Metric.Name != "hanging" {
						return Value{}, nil
					}
					if tc.listens {
						<-ctx.Done()
						return Value{}, ctx.Err()
					}
					<-free
					return Value{}, nil
				})}, vault{})
				names := []string{"hanging"}
				for i := range 50 {
					names = append(names, fmt.Sprint("m", i))
				}
				run := runOf(names...)
				for _, metric := range names {
					b.Do(run, start(metric))
				}
				synctest.Wait()
				readings, busy := b.Seen(run)
				if diff := cmp.Diff(map[string]bool{"hanging": true}, busy); diff != "" || len(readings) != 50 {
					t.Fatalf("%d readings, busy (-want +got):\n%s", len(readings), diff)
				}
				b.Recorded(keyOf(run), readings)
				time.Sleep(longestCall + 2*lastWord)
				synctest.Wait()
				readings, busy = b.Seen(run)
				if len(readings) != 1 || len(busy) != 0 || !strings.Contains(readings[0].Failure, tc.want) {
					t.Errorf("busy %v, readings %+v, want %q", busy, readings, tc.want)
				}
				if b.gate.free != atOnce {
					t.Errorf("%d slots are free, want all", b.gate.free)
				}
			})
		})
	}
}

func TestPatience(t *testing.T) {
	long := int64(3600)
	cases := map[string]struct {
		provider v1alpha1.MetricProvider
		want     time.Duration
	}{
		"a source without a limit":       {want: 10 * time.Minute},
		"a limit that is shorter":        {provider: v1alpha1.MetricProvider{Web: &v1alpha1.WebMetric{TimeoutSeconds: 5}}, want: 10 * time.Minute},
		"a web source that takes long":   {provider: v1alpha1.MetricProvider{Web: &v1alpha1.WebMetric{TimeoutSeconds: long}}, want: time.Hour + time.Second},
		"a Prometheus that takes long":   {provider: v1alpha1.MetricProvider{Prometheus: &v1alpha1.PrometheusMetric{Timeout: &long}}, want: time.Hour + time.Second},
		"a Prometheus that says nothing": {provider: v1alpha1.MetricProvider{Prometheus: &v1alpha1.PrometheusMetric{}}, want: 10 * time.Minute},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := patience(tc.provider); got != tc.want {
				t.Errorf("patience() = %v, want %v", got, tc.want)
			}
		})
	}
}

func TestWhatNobodyWaitsForIsDropped(t *testing.T) {
	other := runOf("a")
	other.UID = types.UID("another")
	cases := map[string]func(*bench, *v1alpha1.AnalysisRun){
		"the call is cancelled":    func(b *bench, run *v1alpha1.AnalysisRun) { b.Cancel(keyOf(run), "a") },
		"the run is gone":          func(b *bench, run *v1alpha1.AnalysisRun) { b.Forget(keyOf(run)) },
		"another run has its name": func(b *bench, _ *v1alpha1.AnalysisRun) { b.Seen(other) },
		"the process is told to end": func(b *bench, _ *v1alpha1.AnalysisRun) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_ = b.Start(ctx)
		},
	}
	for name, end := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var cause error
				b := newBench(Source{Provider: asked(func(ctx context.Context, _ Query) (Value, error) {
					<-ctx.Done()
					cause = ctx.Err()
					return Value{}, cause
				})}, vault{})
				run := runOf("a")
				b.Do(run, start("a"))
				synctest.Wait()
				end(b, run)
				synctest.Wait()
				if !errors.Is(cause, context.Canceled) {
					t.Errorf("the source was told %v, want %v", cause, context.Canceled)
				}
				for _, each := range []*v1alpha1.AnalysisRun{other, run} {
					if readings, _ := b.Seen(each); len(readings) != 0 || len(b.woken) != 0 {
						t.Errorf("readings %v, woken %v", readings, b.woken)
					}
				}
				if b.gate.free != atOnce {
					t.Errorf("%d slots are free, want all", b.gate.free)
				}
			})
		})
	}
}

// Nothing is started once the process ends.
func TestNoWorkAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(Source{Provider: asked(func(context.Context, Query) (Value, error) {
			t.Error("a measurement was taken")
			return Value{}, nil
		})}, vault{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.Start(ctx); err != nil {
			t.Fatal(err)
		}
		b.Do(runOf("a"), start("a"))
		b.Collect(runOf("a"), analysis.Collect{Metric: "a"})
		b.Gone(runOf("a"))
		synctest.Wait()
	})
}
