package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/serin-rollouts/serin/internal/engine"
)

// Steps counts the steps of one kind's loop.
type Steps struct {
	took   *prometheus.HistogramVec
	errors *prometheus.CounterVec
}

// newSteps names the series after the kind: "analysis_run" gives analysis_run_reconcile
// and analysis_run_reconcile_error.
func newSteps(prefix, plural string) *Steps {
	object := []string{"namespace", "name"}
	return &Steps{
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    prefix + "_reconcile",
			Help:    "Reconciliation performance of " + plural + ".",
			Buckets: []float64{0.01, 0.15, .25, .5, 1},
		}, object),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "_reconcile_error",
			Help: "Errors while reconciling " + plural + ".",
		}, object),
	}
}

// Reconciled counts one step for an object.
func (s *Steps) Reconciled(key engine.Key, took time.Duration, failed bool) {
	s.took.WithLabelValues(key.Namespace, key.Name).Observe(took.Seconds())
	if failed {
		s.errors.WithLabelValues(key.Namespace, key.Name).Inc()
	}
}

// Deleted drops the series of an object after a while.
func (s *Steps) Deleted(key engine.Key) {
	time.AfterFunc(keepDeleted, func() { s.drop(key) })
}

func (s *Steps) drop(key engine.Key) {
	s.took.DeleteLabelValues(key.Namespace, key.Name)
	s.errors.DeleteLabelValues(key.Namespace, key.Name)
}
