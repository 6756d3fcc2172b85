package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// states exports what Rollouts are like at the moment of a scrape.
type states struct {
	rollouts client.Reader
	elected  <-chan struct{}
}

// What is exported of every Rollout.
var (
	byName      = []string{"namespace", "name"}
	info        = prometheus.NewDesc("rollout_info", "Information about rollout.", append(byName[:2:2], "strategy", "traffic_router", "phase"), nil)
	available   = prometheus.NewDesc("rollout_info_replicas_available", "The number of available replicas per rollout.", byName, nil)
	unavailable = prometheus.NewDesc("rollout_info_replicas_unavailable", "The number of unavailable replicas per rollout.", byName, nil)
	desired     = prometheus.NewDesc("rollout_info_replicas_desired", "The number of desired replicas per rollout.", byName, nil)
	updated     = prometheus.NewDesc("rollout_info_replicas_updated", "The number of updated replicas per rollout.", byName, nil)
	perPhase    = prometheus.NewDesc("rollout_phase", "Information on the state of the rollout (deprecated: use rollout_info).", append(byName[:2:2], "strategy", "phase"), nil)
)

// The phases of these metrics, which are not those of the status.
const (
	phaseInvalidSpec = "InvalidSpec"
	phaseCompleted   = "Completed"
	phaseProgressing = "Progressing"
	phasePaused      = "Paused"
	phaseTimeout     = "Timeout"
	phaseError       = "Error"
	phaseAbort       = "Abort"
)

// Describe implements prometheus.Collector.
func (s states) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{info, available, unavailable, desired, updated, perPhase} {
		descriptions <- d
	}
}

// Collect implements prometheus.Collector.
func (s states) Collect(out chan<- prometheus.Metric) {
	var list v1alpha1.RolloutList
	if !listed(s.rollouts, s.elected, &list) {
		return
	}
	for i := range list.Items {
		collect(&list.Items[i], out)
	}
}

func collect(r *v1alpha1.Rollout, out chan<- prometheus.Metric) {
	gauge := gaugeOf(r, out)
	phase := phaseOf(r)
	gauge(info, 1, strategyOf(r), routerOf(r), phase)
	gauge(available, float64(r.Status.AvailableReplicas))
	gauge(unavailable, float64(r.Status.Replicas-r.Status.AvailableReplicas))
	gauge(desired, float64(replicasOf(r)))
	gauge(updated, float64(r.Status.UpdatedReplicas))
	for _, each := range []string{phaseCompleted, phaseProgressing, phasePaused, phaseTimeout, phaseError, phaseAbort} {
		gauge(perPhase, oneIf(each == phase), strategyOf(r), each)
	}
}

func oneIf(fact bool) float64 {
	if fact {
		return 1
	}
	return 0
}

func replicasOf(r *v1alpha1.Rollout) int32 {
	if r.Spec.Replicas == nil {
		return 1
	}
	return *r.Spec.Replicas
}

func strategyOf(r *v1alpha1.Rollout) string {
	switch {
	case r.Spec.Strategy.BlueGreen != nil:
		return "blueGreen"
	case r.Spec.Strategy.Canary != nil:
		return "canary"
	default:
		return "none"
	}
}

// routerOf names the router as dashboards know it; "" for those that they do not.
func routerOf(r *v1alpha1.Rollout) string {
	canary := r.Spec.Strategy.Canary
	if canary == nil || canary.TrafficRouting == nil {
		return ""
	}
	routing := canary.TrafficRouting
	switch {
	case routing.ALB != nil:
		return "ALB"
	case routing.Ambassador != nil:
		return "Ambassador"
	case routing.Istio != nil:
		return "Istio"
	case routing.Nginx != nil:
		return "Nginx"
	case routing.SMI != nil:
		return "SMI"
	case routing.AppMesh != nil:
		return "AppMesh"
	default:
		return ""
	}
}

// phaseOf derives the phase from the conditions, as these metrics always did.
func phaseOf(r *v1alpha1.Rollout) string {
	phase := phaseProgressing
	for _, c := range r.Status.Conditions {
		switch {
		case c.Type == v1alpha1.InvalidSpec && c.Status == corev1.ConditionTrue:
			return phaseInvalidSpec
		case c.Type != v1alpha1.RolloutProgressing:
		case c.Reason == v1alpha1.NewRSAvailableReason:
			phase = phaseCompleted
		case c.Reason == v1alpha1.RolloutPausedReason:
			phase = phasePaused
		case c.Reason == v1alpha1.FailedRSCreateReason:
			phase = phaseError
		case c.Reason == v1alpha1.TimedOutReason:
			phase = phaseTimeout
		case c.Reason == v1alpha1.RolloutAbortedReason:
			phase = phaseAbort
		}
	}
	return phase
}
