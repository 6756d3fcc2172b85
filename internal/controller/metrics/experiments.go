package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// experimentStates exports what Experiments are like at the moment of a scrape.
type experimentStates struct {
	experiments client.Reader
	elected     <-chan struct{}
}

// What is exported of every Experiment.
var (
	experimentInfo     = prometheus.NewDesc("experiment_info", "Information about experiments.", append(byName[:2:2], "phase"), nil)
	experimentPerPhase = prometheus.NewDesc("experiment_phase", "Information on the state of the experiment (deprecated: use experiment_info).",
		append(byName[:2:2], "phase"), nil)
)

// Describe implements prometheus.Collector.
func (s experimentStates) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- experimentInfo
	descriptions <- experimentPerPhase
}

// Collect implements prometheus.Collector.
func (s experimentStates) Collect(out chan<- prometheus.Metric) {
	var list v1alpha1.ExperimentList
	if !listed(s.experiments, s.elected, &list) {
		return
	}
	for i := range list.Items {
		gauge, phase := gaugeOf(&list.Items[i], out), orPending(list.Items[i].Status.Phase)
		gauge(experimentInfo, 1, string(phase))
		for _, each := range analysisPhases() {
			gauge(experimentPerPhase, oneIf(each == phase), string(each))
		}
	}
}
