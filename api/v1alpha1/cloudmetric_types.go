package v1alpha1

import "k8s.io/apimachinery/pkg/util/intstr"

// CloudWatchMetric asks Amazon CloudWatch.
type CloudWatchMetric struct {
	// Interval is how far to look back. Default 5m.
	Interval DurationString `json:"interval,omitempty"`
	// MetricDataQueries are asked together.
	MetricDataQueries []CloudWatchMetricDataQuery `json:"metricDataQueries"`
}

// CloudWatchMetricDataQuery is one CloudWatch query.
type CloudWatchMetricDataQuery struct {
	// Id of the query, for use in expressions.
	Id string `json:"id,omitempty"`
	// Expression over other queries.
	Expression *string `json:"expression,omitempty"`
	// Label of the result.
	Label *string `json:"label,omitempty"`
	// MetricStat is the statistic asked for.
	MetricStat *CloudWatchMetricStat `json:"metricStat,omitempty"`
	// Period of the samples. Unit: seconds.
	Period *intstr.IntOrString `json:"period,omitempty"`
	// ReturnData is false when the result only feeds expressions.
	ReturnData *bool `json:"returnData,omitempty"`
}

// CloudWatchMetricStat is a statistic of a CloudWatch metric.
type CloudWatchMetricStat struct {
	// Metric is what the statistic is about.
	Metric CloudWatchMetricStatMetric `json:"metric,omitempty"`
	// Period of the samples. Unit: seconds.
	Period intstr.IntOrString `json:"period,omitempty"`
	// Stat is the statistic's name.
	Stat string `json:"stat,omitempty"`
	// Unit of the result.
	Unit string `json:"unit,omitempty"`
}

// CloudWatchMetricStatMetric is a CloudWatch metric.
type CloudWatchMetricStatMetric struct {
	// Dimensions tell instances of the metric apart.
	Dimensions []CloudWatchMetricStatMetricDimension `json:"dimensions,omitempty"`
	// MetricName is the metric's name.
	MetricName string `json:"metricName,omitempty"`
	// Namespace is the metric's namespace.
	Namespace *string `json:"namespace,omitempty"`
}

// CloudWatchMetricStatMetricDimension is a name and a value.
type CloudWatchMetricStatMetricDimension struct {
	// Name of the dimension.
	Name string `json:"name,omitempty"`
	// Value of the dimension.
	Value string `json:"value,omitempty"`
}

// KayentaMetric asks Spinnaker's canary judge.
type KayentaMetric struct {
	// Address is the server's URL.
	Address string `json:"address"`
	// Application is the application's name.
	Application string `json:"application"`
	// CanaryConfigName is the canary configuration's name.
	CanaryConfigName string `json:"canaryConfigName"`
	// MetricsAccountName is where metrics are read.
	MetricsAccountName string `json:"metricsAccountName"`
	// ConfigurationAccountName is where configurations are kept.
	ConfigurationAccountName string `json:"configurationAccountName"`
	// StorageAccountName is where results are kept.
	StorageAccountName string `json:"storageAccountName"`
	// Threshold turns the score into a verdict.
	Threshold KayentaThreshold `json:"threshold"`
	// Scopes are what is compared.
	Scopes []KayentaScope `json:"scopes"`
	// Lookback fixes the start of the window at the start of the run.
	// +optional
	Lookback bool `json:"lookback,omitempty"`
}

// KayentaThreshold turns a score, 0 to 100, into a verdict.
type KayentaThreshold struct {
	// Pass is the least score for success.
	Pass int64 `json:"pass"`
	// Marginal is the least score that is not a failure.
	Marginal int64 `json:"marginal"`
}

// KayentaScope is a pair of versions to compare.
type KayentaScope struct {
	// Name of the scope.
	Name string `json:"name"`
	// ControlScope is the version compared against.
	ControlScope ScopeDetail `json:"controlScope"`
	// ExperimentScope is the version judged.
	ExperimentScope ScopeDetail `json:"experimentScope"`
}

// ScopeDetail is one side of a KayentaScope.
type ScopeDetail struct {
	// Scope picks the version's metrics.
	Scope string `json:"scope"`
	// Region of the metrics.
	Region string `json:"region"`
	// Step is the distance of the samples. Unit: seconds.
	Step int64 `json:"step"`
	// Start of the window, RFC 3339.
	// +optional
	Start string `json:"start,omitempty"`
	// End of the window, RFC 3339.
	// +optional
	End string `json:"end,omitempty"`
}
