package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// attempts times the attempts to reach a version, by how they ended.
type attempts struct{ total, progression, pause *prometheus.HistogramVec }

func newAttempts() attempts {
	vec := func(name, help string, buckets ...float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, []string{"status"})
	}
	return attempts{
		total: vec("rollout_duration_seconds", "Time from the start of an update to its end.",
			30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800),
		progression: vec("rollout_progression_duration_seconds", "The same without the time that people took.",
			30, 60, 120, 300, 600, 900, 1800, 3600),
		pause: vec("rollout_manual_pause_duration_seconds", "The time that people took.",
			0, 60, 300, 600, 1800, 3600, 7200, 14400, 28800),
	}
}

// attempt is an attempt that ended.
type attempt struct {
	status       v1alpha1.RolloutCompletionStatus
	total, pause time.Duration
}

// ended returns the attempt that ended between two statuses of a Rollout. One that
// another took the place of was superseded when that one began.
func ended(before, after *v1alpha1.RolloutDurationStatus) (attempt, bool) {
	if before == nil || before.RolloutStartedAt == nil || before.FinishedAt != nil || after == nil {
		return attempt{}, false
	}
	if after.RolloutStartedAt != nil && !after.RolloutStartedAt.Equal(before.RolloutStartedAt) {
		return finish(before, v1alpha1.RolloutCompletionStatusSuperseded, after.RolloutStartedAt.Time), true
	}
	if after.FinishedAt == nil {
		return attempt{}, false
	}
	return finish(after, after.CompletionStatus, after.FinishedAt.Time), true
}

func finish(d *v1alpha1.RolloutDurationStatus, status v1alpha1.RolloutCompletionStatus, at time.Time) attempt {
	pause := time.Duration(d.TotalManualPauseDurationSeconds) * time.Second
	if d.ManualPauseStartedAt != nil {
		pause += at.Sub(d.ManualPauseStartedAt.Time)
	}
	return attempt{status: status, total: at.Sub(d.RolloutStartedAt.Time), pause: pause}
}

// Changed times the attempt that ended between two versions of a Rollout.
func (m *Meter) Changed(before, after *v1alpha1.Rollout) {
	a, found := ended(before.Status.Duration, after.Status.Duration)
	if !found {
		return
	}
	status := string(a.status)
	m.attempts.total.WithLabelValues(status).Observe(a.total.Seconds())
	m.attempts.progression.WithLabelValues(status).Observe((a.total - a.pause).Seconds())
	m.attempts.pause.WithLabelValues(status).Observe(a.pause.Seconds())
}
