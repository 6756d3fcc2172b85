package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// measuring is what many AnalysisRuns cost that measure all the time. Costs are the
// controller's own, and for the time of the watch.
type measuring struct {
	runs         int
	watched      time.Duration
	measurements int
	// late is how late measurements began, soonest first: the request's arrival against
	// the end of the measurement before, as recorded, and the interval.
	late       []time.Duration
	cpu        time.Duration
	peakMemory int64 // bytes
	writes     float64
}

// String tells the result in words.
func (m measuring) String() string {
	return fmt.Sprintf("%d AnalysisRuns: %d measurements in %v; late by %v (median), %v (99 %%), %v (most);"+
		" %.1f CPU seconds a minute, peak memory %d MiB, %.2f writes a measurement",
		m.runs, m.measurements, m.watched.Round(time.Second), m.quantile(0.5), m.quantile(0.99), m.quantile(1),
		m.cpuPerMinute(), m.peakMemory>>20, m.writes/float64(max(1, m.measurements)))
}

// quantile is how late the measurement is that this share of all does not exceed.
func (m measuring) quantile(share float64) time.Duration {
	if len(m.late) == 0 {
		return 0
	}
	return m.late[int(share*float64(len(m.late)-1))].Round(time.Millisecond)
}

func (m measuring) cpuPerMinute() float64 { return m.cpu.Seconds() * 60 / m.watched.Seconds() }

// measureRuns makes runs against a stub of a Prometheus server and watches for a while.
func measureRuns(ctx context.Context, c *local.Cluster, o options, out io.Writer) (measuring, error) {
	m := measuring{runs: o.runs, watched: o.watch}
	if err := c.Controller().Start(ctx); err != nil {
		return m, err
	}
	defer c.Controller().Stop()
	namespace, remove, err := makeNamespace(ctx, c)
	if err != nil {
		return m, err
	}
	defer remove()
	s := newStub()
	defer s.Close()
	runs := c.Client().Resource(v1alpha1.AnalysisRunGVR).Namespace(namespace)
	began := time.Now()
	if err := createRuns(ctx, runs, o, s.URL); err != nil {
		return m, err
	}
	fmt.Fprintf(out, "\n%d AnalysisRuns created in %v, each measures every %v\n", o.runs, time.Since(began).Round(100*time.Millisecond), o.interval)
	if err := wait(ctx, o.interval); err != nil {
		return m, err
	}
	before, err := costOf(ctx, c.Controller())
	if err != nil {
		return m, err
	}
	from := time.Now()
	if err := wait(ctx, o.watch); err != nil {
		return m, err
	}
	to := time.Now()
	after, err := costOf(ctx, c.Controller())
	if err != nil {
		return m, err
	}
	m.cpu, m.peakMemory, m.writes = after.cpu-before.cpu, after.peakMemory, after.writes-before.writes
	return m, m.compare(ctx, runs, s, window{interval: o.interval, from: from, to: to})
}

// window is when runs are watched, and how often they measure.
type window struct {
	interval time.Duration
	from, to time.Time
}

// compare fills in how late the measurements between two times were.
func (m *measuring) compare(ctx context.Context, runs dynamic.ResourceInterface, s *stub, w window) error {
	list, err := runs.List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list AnalysisRuns: %w", err)
	}
	for i := range list.Items {
		finished, err := finishes(&list.Items[i])
		if err != nil {
			return err
		}
		arrived := s.of(list.Items[i].GetName())
		if len(finished) == 0 || len(arrived) < len(finished) {
			return fmt.Errorf("AnalysisRun %s has %d measurements of %d requests", list.Items[i].GetName(), len(finished), len(arrived))
		}
		// All measurements are kept, so that the n-th request made the n-th one.
		for n, at := range arrived[1:] {
			if n < len(finished) && at.After(w.from) && at.Before(w.to) {
				m.late = append(m.late, at.Sub(finished[n].Add(w.interval)))
			}
		}
	}
	m.measurements = len(m.late)
	slices.Sort(m.late)
	return nil
}

// finishes are when the measurements of a run's only metric ended.
func finishes(run *unstructured.Unstructured) ([]time.Time, error) {
	results, _, _ := unstructured.NestedSlice(run.Object, "status", "metricResults")
	if len(results) != 1 {
		return nil, fmt.Errorf("AnalysisRun %s has %d results: %v", run.GetName(), len(results), run.Object["status"])
	}
	measurements, _, _ := unstructured.NestedSlice(results[0].(map[string]any), "measurements")
	var ends []time.Time
	for _, each := range measurements {
		text, _, _ := unstructured.NestedString(each.(map[string]any), "finishedAt")
		end, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, fmt.Errorf("AnalysisRun %s: %w", run.GetName(), err)
		}
		ends = append(ends, end)
	}
	return ends, nil
}

func createRuns(ctx context.Context, runs dynamic.ResourceInterface, o options, url string) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for i := range o.runs {
		group.Go(func() error {
			_, err := runs.Create(groupCtx, analysisRun(fmt.Sprintf("run-%04d", i), o.interval, url), metav1.CreateOptions{})
			return err
		})
	}
	return group.Wait()
}

// analysisRun measures without an end. Its query is its name, which the stub notes.
func analysisRun(name string, interval time.Duration, url string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": v1alpha1.SchemeGroupVersion.String(), "kind": v1alpha1.AnalysisRunKind,
		"metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"args": []any{map[string]any{"name": "query", "value": name}},
			"metrics": []any{map[string]any{
				"name": "errors", "interval": interval.String(), "successCondition": "result < 2",
				"provider": map[string]any{"prometheus": map[string]any{"address": url, "query": "{{args.query}}"}},
			}},
			"measurementRetention": []any{map[string]any{"metricName": "errors", "limit": int64(100)}},
		},
	}}
}

// stub answers queries as a Prometheus server does, and notes when each came.
type stub struct {
	*httptest.Server
	mu   sync.Mutex
	when map[string][]time.Time
}

func newStub() *stub {
	s := &stub{when: map[string][]time.Time{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.FormValue("query")
		s.mu.Lock()
		s.when[query] = append(s.when[query], time.Now())
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"scalar","result":[%d,"1"]}}`, time.Now().Unix())
	}))
	return s
}

func (s *stub) of(query string) []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.when[query])
}
