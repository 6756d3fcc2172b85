package v1alpha1

import (
	"encoding/json"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// DurationString is a duration such as 300ms, 1m30s or 1.5h.
type DurationString string

// Metric is something to measure and how to judge it.
type Metric struct {
	// Name is unique in its run.
	Name string `json:"name"`
	// Interval is the time from the end of one measurement to the next.
	Interval DurationString `json:"interval,omitempty"`
	// InitialDelay is the wait before the first measurement.
	// +optional
	InitialDelay DurationString `json:"initialDelay,omitempty"`
	// Count is how many measurements to complete. Nil or 0 means 1 without an
	// interval, and no end with one.
	Count *intstr.IntOrString `json:"count,omitempty"`
	// SuccessCondition is an expression over result that is true when all is well.
	SuccessCondition string `json:"successCondition,omitempty"`
	// FailureCondition is an expression over result that is true when something is wrong.
	FailureCondition string `json:"failureCondition,omitempty"`
	// FailureLimit is how many failures are tolerated; -1 means all. Nil means 0.
	FailureLimit *intstr.IntOrString `json:"failureLimit,omitempty"`
	// InconclusiveLimit is how many inconclusive measurements are tolerated. Nil means 0.
	InconclusiveLimit *intstr.IntOrString `json:"inconclusiveLimit,omitempty"`
	// ConsecutiveErrorLimit is how many errors in a row are tolerated. Nil means 4.
	ConsecutiveErrorLimit *intstr.IntOrString `json:"consecutiveErrorLimit,omitempty"`
	// Provider is where measurements come from.
	Provider MetricProvider `json:"provider"`
	// ConsecutiveSuccessLimit is how many successes in a row end the metric.
	// Nil or 0 means that they do not.
	// +optional
	ConsecutiveSuccessLimit *intstr.IntOrString `json:"consecutiveSuccessLimit,omitempty"`
}

// MetricProvider is where measurements come from. Exactly one member is set.
type MetricProvider struct {
	// Prometheus asks a Prometheus server.
	Prometheus *PrometheusMetric `json:"prometheus,omitempty"`
	// Kayenta asks Spinnaker's canary judge.
	Kayenta *KayentaMetric `json:"kayenta,omitempty"`
	// Web asks an HTTP endpoint.
	Web *WebMetric `json:"web,omitempty"`
	// Datadog asks Datadog.
	Datadog *DatadogMetric `json:"datadog,omitempty"`
	// Wavefront asks Wavefront.
	Wavefront *WavefrontMetric `json:"wavefront,omitempty"`
	// NewRelic asks New Relic.
	NewRelic *NewRelicMetric `json:"newRelic,omitempty"`
	// Job runs a Job.
	Job *JobMetric `json:"job,omitempty"`
	// CloudWatch asks Amazon CloudWatch.
	CloudWatch *CloudWatchMetric `json:"cloudWatch,omitempty"`
	// Graphite asks Graphite.
	Graphite *GraphiteMetric `json:"graphite,omitempty"`
	// Influxdb asks InfluxDB.
	Influxdb *InfluxdbMetric `json:"influxdb,omitempty"`
	// SkyWalking asks Apache SkyWalking.
	SkyWalking *SkyWalkingMetric `json:"skywalking,omitempty"`
	// Plugin asks a provider outside the controller, by name, with its settings.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Plugin map[string]json.RawMessage `json:"plugin,omitempty"`
}

// PrometheusMetric asks a Prometheus server.
type PrometheusMetric struct {
	// Address is the server's URL.
	Address string `json:"address,omitempty"`
	// Query is PromQL.
	Query string `json:"query,omitempty"`
	// Authentication says who asks.
	// +optional
	Authentication Authentication `json:"authentication,omitempty"`
	// Timeout of a query. Unit: seconds. Nil means 30.
	// +optional
	Timeout *int64 `json:"timeout,omitempty"`
	// Insecure does not check the server's certificate.
	// +optional
	Insecure bool `json:"insecure,omitempty"`
	// Headers are sent along.
	// +optional
	// +patchMergeKey=key
	// +patchStrategy=merge
	Headers []WebMetricHeader `json:"headers,omitempty" patchStrategy:"merge" patchMergeKey:"key"`
	// RangeQuery asks for a range instead of an instant.
	// +optional
	RangeQuery *PrometheusRangeQueryArgs `json:"rangeQuery,omitempty"`
}

// PrometheusRangeQueryArgs is the range of a range query.
type PrometheusRangeQueryArgs struct {
	// Start is an expression that gives a time.
	Start string `json:"start,omitempty"`
	// End is an expression that gives a time.
	End string `json:"end,omitempty"`
	// Step is the distance of the samples.
	// +optional
	Step DurationString `json:"step,omitempty"`
}

// Authentication says who asks.
type Authentication struct {
	// Sigv4 signs requests to Amazon Managed Prometheus.
	// +optional
	Sigv4 Sigv4Config `json:"sigv4,omitempty"`
	// OAuth2 fetches a token by client credentials.
	// +optional
	OAuth2 OAuth2Config `json:"oauth2,omitempty"`
	// BasicAuth sends a name and a password.
	// +optional
	BasicAuth BasicAuth `json:"basicAuth,omitempty"`
}

// Sigv4Config signs requests to Amazon Managed Prometheus.
type Sigv4Config struct {
	// Region of the workspace.
	Region string `json:"region,omitempty"`
	// Profile of the AWS credentials.
	Profile string `json:"profile,omitempty"`
	// RoleARN is the role to take on.
	RoleARN string `json:"roleArn,omitempty"`
}

// OAuth2Config fetches a token by client credentials.
type OAuth2Config struct {
	// TokenURL issues the token.
	TokenURL string `json:"tokenUrl,omitempty"`
	// ClientID is the client's name.
	ClientID string `json:"clientId,omitempty"`
	// ClientSecret is the client's password.
	ClientSecret string `json:"clientSecret,omitempty"`
	// Scopes are asked for.
	Scopes []string `json:"scopes,omitempty"`
}

// BasicAuth is a name and a password.
type BasicAuth struct {
	// Username is the name.
	Username string `json:"username,omitempty"`
	// Password is the password.
	Password string `json:"password,omitempty"`
}

// WebMetricMethod is the HTTP method of a web metric.
type WebMetricMethod string

// HTTP methods of a web metric. The empty string means GET.
const (
	WebMetricMethodGet  WebMetricMethod = "GET"
	WebMetricMethodPost WebMetricMethod = "POST"
	WebMetricMethodPut  WebMetricMethod = "PUT"
)

// WebMetric asks an HTTP endpoint.
type WebMetric struct {
	// Method of the request. Default GET.
	// +optional
	Method WebMetricMethod `json:"method,omitempty"`
	// URL of the endpoint.
	URL string `json:"url"`
	// Headers are sent along.
	// +patchMergeKey=key
	// +patchStrategy=merge
	// +optional
	Headers []WebMetricHeader `json:"headers,omitempty" patchStrategy:"merge" patchMergeKey:"key"`
	// Body of a POST or PUT.
	// +optional
	Body string `json:"body,omitempty"`
	// TimeoutSeconds of the request. Unit: seconds. Zero or less means 10.
	// +optional
	TimeoutSeconds int64 `json:"timeoutSeconds,omitempty"`
	// JSONPath picks the value from the answer. Default {$}.
	// +optional
	JSONPath string `json:"jsonPath,omitempty"`
	// Insecure does not check the server's certificate.
	// +optional
	Insecure bool `json:"insecure,omitempty"`
	// JSONBody is the body of a POST or PUT, as JSON.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	JSONBody json.RawMessage `json:"jsonBody,omitempty"`
	// Authentication says who asks.
	// +optional
	Authentication Authentication `json:"authentication,omitempty"`
}

// WebMetricHeader is an HTTP header.
type WebMetricHeader struct {
	// Key is the header's name.
	Key string `json:"key"`
	// Value is the header's value.
	Value string `json:"value"`
}

// DatadogMetric asks Datadog.
type DatadogMetric struct {
	// Interval is how far to look back. Default 5m.
	// +kubebuilder:default="5m"
	Interval DurationString `json:"interval,omitempty"`
	// Query is the one query.
	Query string `json:"query,omitempty"`
	// Queries are several queries, by name. Only in API version v2.
	Queries map[string]string `json:"queries,omitempty"`
	// Formula combines the queries. Only in API version v2.
	Formula string `json:"formula,omitempty"`
	// ApiVersion of Datadog. Default v1.
	// +kubebuilder:validation:Enum=v1;v2
	// +kubebuilder:default="v1"
	ApiVersion string `json:"apiVersion,omitempty"`
	// Aggregator makes one number of the samples. Only in API version v2. Default last.
	// +kubebuilder:validation:Enum=avg;min;max;sum;last;percentile;mean;l2norm;area
	// +optional
	Aggregator string `json:"aggregator,omitempty"`
	// SecretRef names the Secret with the credentials.
	// +optional
	SecretRef SecretRef `json:"secretRef,omitempty"`
	// RequestTimeout of a request. Default 10s.
	// +kubebuilder:default="10s"
	// +optional
	RequestTimeout DurationString `json:"requestTimeout,omitempty"`
}

// SecretRef names a Secret.
type SecretRef struct {
	// Name of the Secret.
	Name string `json:"name,omitempty"`
	// Namespaced looks in the run's namespace instead of the controller's.
	Namespaced bool `json:"namespaced,omitempty"`
}

// WavefrontMetric asks Wavefront.
type WavefrontMetric struct {
	// Address is the server's host name.
	Address string `json:"address,omitempty"`
	// Query is a Wavefront query.
	Query string `json:"query,omitempty"`
}

// NewRelicMetric asks New Relic.
type NewRelicMetric struct {
	// Profile names the Secret with the credentials. Default newrelic.
	Profile string `json:"profile,omitempty"`
	// Query is NRQL.
	Query string `json:"query"`
	// Timeout of a query. Unit: seconds. Nil means 5.
	// +optional
	Timeout *int64 `json:"timeout,omitempty"`
}

// JobMetric runs a Job; it succeeds when the Job does.
type JobMetric struct {
	// Metadata gives the Job labels and annotations; the rest is not used.
	Metadata metav1.ObjectMeta `json:"metadata,omitempty"`
	// Spec of the Job.
	Spec batchv1.JobSpec `json:"spec"`
}

// GraphiteMetric asks Graphite.
type GraphiteMetric struct {
	// Address is the server's URL.
	Address string `json:"address,omitempty"`
	// Query is the parameters of a render request.
	Query string `json:"query,omitempty"`
}

// InfluxdbMetric asks InfluxDB.
type InfluxdbMetric struct {
	// Profile names the Secret with address and credentials. Default influxdb.
	Profile string `json:"profile,omitempty"`
	// Query is Flux.
	Query string `json:"query,omitempty"`
}

// SkyWalkingMetric asks Apache SkyWalking.
type SkyWalkingMetric struct {
	// Address is the server's URL.
	Address string `json:"address,omitempty"`
	// Query is GraphQL.
	Query string `json:"query,omitempty"`
	// Interval is how far to look back.
	Interval DurationString `json:"interval,omitempty"`
}
