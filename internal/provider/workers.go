package provider

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/analysis"
	"github.com/serin-rollouts/serin/internal/engine"
)

const (
	// atOnce is how many calls may be under way; see gate for who gets them.
	atOnce = 1000
	// farewell is how long calls may take to notice that the process ends.
	farewell = 5 * time.Second
)

// WorkerOptions are what NewWorkers cannot know by itself.
type WorkerOptions struct {
	Sources Registry
	Secrets Secrets
	Now     func() time.Time
	// Report is told what the measurements cannot say: where a source panicked, and
	// what could not be cleaned up. The text has no secrets.
	Report func(about, problem string)
}

// Workers call sources, each call in the background, and keep what comes back until
// it was recorded. Nothing here waits for a source, however slow, and a call that
// hangs delays no other metric.
//
// What is under way, and what came back and was not recorded, is lost when the process
// ends: measurements are then taken again, and jobs are found again.
type Workers struct {
	options WorkerOptions
	gate    *gate
	// life is the context of all calls.
	life  context.Context
	end   context.CancelFunc
	tasks sync.WaitGroup

	mu    sync.Mutex
	ended bool
	wake  func(engine.Key)
	runs  map[engine.Key]*measured
}

// measured is what is known of one run.
type measured struct {
	uid types.UID
	// calls are those under way, by metric.
	calls map[string]*call
	// readings are what came back and was not recorded, oldest first.
	readings []analysis.Reading
}

// call is one call under way. Its address tells it from others of the metric.
type call struct{ cancel context.CancelFunc }

// NewWorkers returns workers that have nothing to do.
func NewWorkers(o WorkerOptions) *Workers {
	life, end := context.WithCancel(context.Background())
	return &Workers{
		options: o,
		gate:    newGate(atOnce),
		life:    life,
		end:     end,
		wake:    func(engine.Key) {},
		runs:    map[engine.Key]*measured{},
	}
}

// OnReading sets what is called with every run that has a new reading. It must be
// quick.
func (w *Workers) OnReading(wake func(engine.Key)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wake = wake
}

// Start waits for ctx, then cancels every call and waits until they have ended, though
// not long for those that do not listen. Their readings are dropped. Work that is
// handed over later is not done.
func (w *Workers) Start(ctx context.Context) error {
	<-ctx.Done()
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.end()
	quiet := make(chan struct{})
	go func() {
		w.tasks.Wait()
		close(quiet)
	}()
	select {
	case <-quiet:
	case <-time.After(farewell):
	}
	return nil
}

// Do hands one call over and returns at once. A metric that is being called already is
// not called again.
func (w *Workers) Do(run *v1alpha1.AnalysisRun, m analysis.Measure) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.of(run)
	if w.ended || known.calls[m.Metric] != nil {
		return
	}
	ctx, cancel := context.WithCancel(w.life)
	c := &call{cancel: cancel}
	known.calls[m.Metric] = c
	w.background(func() {
		defer cancel()
		w.deliver(keyOf(run), c, w.take(ctx, run, m))
	})
}

// background runs a task that Start waits for. The lock is held.
func (w *Workers) background(task func()) {
	w.tasks.Add(1)
	go func() {
		defer w.tasks.Done()
		task()
	}()
}

// deliver keeps a reading, unless nobody waits for it any more, and wakes its run.
func (w *Workers) deliver(key engine.Key, c *call, r analysis.Reading) {
	w.mu.Lock()
	known := w.runs[key]
	if w.ended || known == nil || known.calls[r.Metric] != c {
		w.mu.Unlock()
		return
	}
	delete(known.calls, r.Metric)
	known.readings = append(known.readings, r)
	wake := w.wake
	w.mu.Unlock()
	wake(key)
}

// Cancel gives up the call of a metric that is under way, if there is one.
func (w *Workers) Cancel(key engine.Key, metric string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.runs[key]
	if known == nil || known.calls[metric] == nil {
		return
	}
	known.calls[metric].cancel()
	delete(known.calls, metric)
	w.tidy(key, known)
}

// Collect has the source of a metric clean up, in the background.
func (w *Workers) Collect(run *v1alpha1.AnalysisRun, c analysis.Collect) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	w.background(func() { w.collect(run, c) })
}

// Gone has sources remove what they left for a run that was deleted, in the background.
func (w *Workers) Gone(run *v1alpha1.AnalysisRun) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	asked := map[string]bool{}
	for _, metric := range run.Spec.Metrics {
		name := NameOf(metric.Provider)
		source := w.options.Sources[name]
		if forgetter, ok := source.Job.(Forgetter); ok && !asked[name] {
			asked[name] = true
			q := Query{Run: run, Metric: metric}
			w.background(func() { w.cleanUp(q, func(ctx context.Context) error { return forgetter.Forget(ctx, run) }) })
		}
	}
}

// Seen returns what came back for a run, at most one reading for each metric, and
// which metrics are being called. A metric with more than one reading counts as being
// called until the first was recorded.
func (w *Workers) Seen(run *v1alpha1.AnalysisRun) ([]analysis.Reading, map[string]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.of(run)
	busy := map[string]bool{}
	for metric := range known.calls {
		busy[metric] = true
	}
	var readings []analysis.Reading
	seen := map[string]bool{}
	for _, r := range known.readings {
		if seen[r.Metric] {
			busy[r.Metric] = true
			continue
		}
		seen[r.Metric] = true
		readings = append(readings, r)
	}
	w.tidy(keyOf(run), known)
	return readings, busy
}

// Recorded drops readings that a status has now, and wakes the run if there are more.
func (w *Workers) Recorded(key engine.Key, readings []analysis.Reading) {
	if len(readings) == 0 {
		return
	}
	w.mu.Lock()
	known := w.runs[key]
	if known == nil {
		w.mu.Unlock()
		return
	}
	known.readings = slices.DeleteFunc(known.readings, func(r analysis.Reading) bool {
		return slices.ContainsFunc(readings, func(done analysis.Reading) bool { return sameReading(done, r) })
	})
	more := len(known.readings) > 0
	w.tidy(key, known)
	wake := w.wake
	w.mu.Unlock()
	if more {
		wake(key)
	}
}

func sameReading(a, b analysis.Reading) bool {
	return a.Metric == b.Metric && a.Number == b.Number && a.Call == b.Call && a.Started.Equal(b.Started)
}

// Forget cancels everything for a run that is gone.
func (w *Workers) Forget(key engine.Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget(key)
}

func (w *Workers) forget(key engine.Key) {
	known := w.runs[key]
	if known == nil {
		return
	}
	for c := range maps.Values(known.calls) {
		c.cancel()
	}
	delete(w.runs, key)
}

// of returns what is known of a run. What is known of another one that had its name is
// forgotten. The lock is held.
func (w *Workers) of(run *v1alpha1.AnalysisRun) *measured {
	key := keyOf(run)
	if known := w.runs[key]; known != nil && known.uid != run.UID {
		w.forget(key)
	}
	if w.runs[key] == nil {
		w.runs[key] = &measured{uid: run.UID, calls: map[string]*call{}}
	}
	return w.runs[key]
}

func (w *Workers) tidy(key engine.Key, known *measured) {
	if len(known.calls) == 0 && len(known.readings) == 0 {
		delete(w.runs, key)
	}
}

func keyOf(run *v1alpha1.AnalysisRun) engine.Key {
	return engine.Key{Namespace: run.Namespace, Name: run.Name}
}
