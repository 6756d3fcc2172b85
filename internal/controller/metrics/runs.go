package metrics

import (
	"context"
	"fmt"
	"regexp"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// runStates exports what AnalysisRuns are like at the moment of a scrape.
type runStates struct {
	runs    client.Reader
	elected <-chan struct{}
}

// What is exported of every AnalysisRun.
var (
	runInfo     = prometheus.NewDesc("analysis_run_info", "Information about analysis run.", append(byName[:2:2], "phase"), nil)
	runPerPhase = prometheus.NewDesc("analysis_run_phase", "Information on the state of the analysis run (deprecated: use analysis_run_info).",
		append(byName[:2:2], "phase"), nil)
	runMetricType  = prometheus.NewDesc("analysis_run_metric_type", "Type of a metric of an analysis run.", append(byName[:2:2], "metric", "type"), nil)
	runMetricPhase = prometheus.NewDesc("analysis_run_metric_phase", "State of a metric of an analysis run.",
		append(byName[:2:2], "metric", "type", "dry_run", "phase"), nil)
)

// Describe implements prometheus.Collector.
func (s runStates) Describe(descriptions chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{runInfo, runPerPhase, runMetricType, runMetricPhase} {
		descriptions <- d
	}
}

// Collect implements prometheus.Collector.
func (s runStates) Collect(out chan<- prometheus.Metric) {
	var list v1alpha1.AnalysisRunList
	if !listed(s.runs, s.elected, &list) {
		return
	}
	for i := range list.Items {
		collectRun(&list.Items[i], out)
	}
}

// listed fills a list from caches; not before elected is closed.
func listed(from client.Reader, elected <-chan struct{}, list client.ObjectList) bool {
	select {
	case <-elected:
		return from.List(context.Background(), list) == nil // not before the caches are filled
	default:
		return false
	}
}

func collectRun(r *v1alpha1.AnalysisRun, out chan<- prometheus.Metric) {
	gauge := gaugeOf(r, out)
	phase := orPending(r.Status.Phase)
	gauge(runInfo, 1, string(phase))
	for _, each := range analysisPhases() {
		gauge(runPerPhase, oneIf(each == phase), string(each))
	}
	results := map[string]v1alpha1.MetricResult{}
	for _, result := range r.Status.MetricResults {
		results[result.Name] = result
	}
	for _, metric := range r.Spec.Metrics {
		kind, result := typeOf(metric.Provider), results[metric.Name]
		gauge(runMetricType, 1, metric.Name, kind)
		dry := fmt.Sprint(result.DryRun || isDry(metric.Name, r.Spec.DryRun))
		for _, each := range analysisPhases() {
			gauge(runMetricPhase, oneIf(each == orPending(result.Phase)), metric.Name, kind, dry, string(each))
		}
	}
}

// gaugeOf returns what exports one value of an object.
func gaugeOf(o client.Object, out chan<- prometheus.Metric) func(d *prometheus.Desc, value float64, more ...string) {
	return func(d *prometheus.Desc, value float64, more ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, append([]string{o.GetNamespace(), o.GetName()}, more...)...)
	}
}

func analysisPhases() []v1alpha1.AnalysisPhase {
	return []v1alpha1.AnalysisPhase{
		v1alpha1.AnalysisPhasePending, v1alpha1.AnalysisPhaseRunning, v1alpha1.AnalysisPhaseSuccessful,
		v1alpha1.AnalysisPhaseFailed, v1alpha1.AnalysisPhaseError, v1alpha1.AnalysisPhaseInconclusive,
	}
}

func orPending(phase v1alpha1.AnalysisPhase) v1alpha1.AnalysisPhase {
	if phase == "" {
		return v1alpha1.AnalysisPhasePending
	}
	return phase
}

func isDry(metric string, rules []v1alpha1.DryRun) bool {
	for _, rule := range rules {
		if matches, err := regexp.MatchString(rule.MetricName, metric); err == nil && matches {
			return true
		}
	}
	return false
}

// typeOf names the source of a metric as dashboards know it.
func typeOf(p v1alpha1.MetricProvider) string {
	switch {
	case p.Prometheus != nil:
		return "Prometheus"
	case p.Job != nil:
		return "Job"
	case p.Kayenta != nil:
		return "Kayenta"
	case p.Web != nil:
		return "Web"
	case p.Datadog != nil:
		return "Datadog"
	case p.Wavefront != nil:
		return "Wavefront"
	case p.NewRelic != nil:
		return "NewRelic"
	case p.CloudWatch != nil:
		return "CloudWatch"
	case p.Graphite != nil:
		return "Graphite"
	case p.Influxdb != nil:
		return "Influxdb"
	case p.SkyWalking != nil:
		return "skywalking"
	case len(p.Plugin) > 0:
		return "RPCPlugin"
	default:
		return "Unknown Provider"
	}
}
