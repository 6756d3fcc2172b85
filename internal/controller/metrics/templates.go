package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// templateStates exports which templates there are at the moment of a scrape. Those
// of the whole cluster have no namespace.
type templateStates struct {
	templates client.Reader
	elected   <-chan struct{}
	// everywhere says that templates of the whole cluster may be read.
	everywhere bool
}

// What is exported of every template.
var (
	templateInfo       = prometheus.NewDesc("analysis_template_info", "Information about analysis templates.", byName, nil)
	templateMetricInfo = prometheus.NewDesc("analysis_template_metric_info", "Information on metrics in analysis templates.",
		append(byName[:2:2], "type", "metric"), nil)
)

// Describe implements prometheus.Collector.
func (s templateStates) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- templateInfo
	descriptions <- templateMetricInfo
}

// Collect implements prometheus.Collector.
func (s templateStates) Collect(out chan<- prometheus.Metric) {
	var own v1alpha1.AnalysisTemplateList
	if listed(s.templates, s.elected, &own) {
		for i := range own.Items {
			collectTemplate(&own.Items[i], own.Items[i].Spec, out)
		}
	}
	var shared v1alpha1.ClusterAnalysisTemplateList
	if s.everywhere && listed(s.templates, s.elected, &shared) {
		for i := range shared.Items {
			collectTemplate(&shared.Items[i], shared.Items[i].Spec, out)
		}
	}
}

func collectTemplate(o client.Object, spec v1alpha1.AnalysisTemplateSpec, out chan<- prometheus.Metric) {
	gauge := gaugeOf(o, out)
	gauge(templateInfo, 1)
	for _, metric := range spec.Metrics {
		gauge(templateMetricInfo, 1, typeOf(metric.Provider), metric.Name)
	}
}
