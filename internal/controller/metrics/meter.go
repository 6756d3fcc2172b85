package metrics

import (
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"sigs.k8s.io/controller-runtime/pkg/client"
	runtimemetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// keepDeleted is how long the series of a deleted Rollout can still be scraped.
const keepDeleted = 65 * time.Second

// Meter counts what the controllers do.
type Meter struct {
	// Rollouts, AnalysisRuns and Experiments count the steps of these kinds.
	Rollouts, AnalysisRuns, Experiments *Steps

	registry *prometheus.Registry
	events   *prometheus.CounterVec
	attempts attempts

	mu sync.Mutex
	// told holds the types and reasons of events of every Rollout, to find its series.
	told map[engine.Key]map[[2]string]bool
}

// Options are what New needs to know.
type Options struct {
	// Caches are what objects are read from at every scrape.
	Caches client.Reader
	// Elected is closed when this process leads: a standby reports no objects.
	Elected <-chan struct{}
	// Requests counts requests to the API server.
	Requests *Requests
	Version  string
	// AnalysisOnly leaves out what is about Rollouts.
	AnalysisOnly bool
	// OneNamespace leaves out what is outside namespaces.
	OneNamespace bool
}

// New returns a Meter.
func New(o Options) (*Meter, error) {
	m := &Meter{
		Rollouts:     newSteps("rollout", "Rollouts"),
		AnalysisRuns: newSteps("analysis_run", "AnalysisRuns"),
		Experiments:  newSteps("experiment", "Experiments"),

		told:     map[engine.Key]map[[2]string]bool{},
		registry: prometheus.NewRegistry(),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rollout_events_total",
			Help: "Events of Rollouts.",
		}, []string{"namespace", "name", "type", "reason"}),
		attempts: newAttempts(),
	}
	collectors := []prometheus.Collector{
		m.AnalysisRuns.took, m.AnalysisRuns.errors, m.Experiments.took, m.Experiments.errors, o.Requests.counter,
		constant("argo_rollouts_controller_info", "Running controller.", prometheus.Labels{"version": o.Version}),
		constant("build_info", "Build of the running controller.", build(o.Version)),
		runStates{runs: o.Caches, elected: o.Elected},
		experimentStates{experiments: o.Caches, elected: o.Elected},
		templateStates{templates: o.Caches, elected: o.Elected, everywhere: !o.OneNamespace},
	}
	if !o.AnalysisOnly {
		collectors = append(collectors, m.Rollouts.took, m.Rollouts.errors, m.events,
			m.attempts.total, m.attempts.progression, m.attempts.pause,
			states{rollouts: o.Caches, elected: o.Elected})
	}
	for _, c := range collectors {
		if err := m.registry.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

// Handler answers scrapes, also with what the libraries of the process count.
func (m *Meter) Handler() http.Handler {
	return promhttp.HandlerFor(prometheus.Gatherers{m.registry, runtimemetrics.Registry}, promhttp.HandlerOpts{})
}

// Event counts something that happened to a Rollout.
func (m *Meter) Event(key engine.Key, e plan.Event) {
	kind := "Normal"
	if e.Warning {
		kind = "Warning"
	}
	m.events.WithLabelValues(key.Namespace, key.Name, kind, e.Reason).Inc()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.told[key] == nil {
		m.told[key] = map[[2]string]bool{}
	}
	m.told[key][[2]string{kind, e.Reason}] = true
}

// Deleted drops the series of a Rollout after a while.
func (m *Meter) Deleted(key engine.Key) {
	time.AfterFunc(keepDeleted, func() { m.drop(key) })
}

// drop removes every series by its name: looking for them would cost as much as there
// are series.
func (m *Meter) drop(key engine.Key) {
	m.Rollouts.drop(key)
	m.mu.Lock()
	defer m.mu.Unlock()
	for event := range m.told[key] {
		m.events.DeleteLabelValues(key.Namespace, key.Name, event[0], event[1])
	}
	delete(m.told, key)
}

// constant is a series that is always 1 and says something in its labels.
func constant(name, help string, labels prometheus.Labels) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels},
		func() float64 { return 1 })
}

func build(version string) prometheus.Labels {
	labels := prometheus.Labels{"version": version, "goversion": runtime.Version(), "goarch": runtime.GOARCH, "commit": ""}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return labels
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			labels["commit"] = s.Value
		}
	}
	return labels
}
