package prometheus

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
)

const (
	// AddressVariable is the environment variable with the address of metrics that
	// name none.
	AddressVariable = "ARGO_ROLLOUTS_PROMETHEUS_ADDRESS"

	defaultTimeout = 30 * time.Second
	queryKey       = "ResolvedPrometheusQuery"
	warningsKey    = "warnings"
	// stringMark is in what the client says to a result that is a string: it has no
	// type for those.
	stringMark = `unexpected value type "string"`
)

// Texts that users know, word for word.
var (
	errNoAddress  = errors.New("prometheus address is not configured")
	errBadAddress = errors.New("prometheus address is not is url format")
	errTimeout    = errors.New("prometheus timeout should not be negative")
)

// Provider implements provider.Provider and provider.Describer.
type Provider struct {
	client  *fetch.Client
	address string
	amazon  *credentials
}

// New returns a Provider. The address is that of metrics that name none; it may be "".
func New(client *fetch.Client, address string) Provider {
	return Provider{client: client, address: address, amazon: newCredentials()}
}

// Describe implements provider.Describer.
func (p Provider) Describe(q provider.Query) map[string]string {
	return map[string]string{queryKey: q.Redact(q.Metric.Provider.Prometheus.Query)}
}

// Measure implements provider.Provider.
func (p Provider) Measure(ctx context.Context, q provider.Query) (provider.Value, error) {
	metric := q.Metric.Provider.Prometheus
	timeout, err := timeoutOf(metric)
	if err != nil {
		return provider.Value{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	server, err := p.server(ctx, metric)
	if err != nil {
		return provider.Value{}, redacted(q, err)
	}
	answer, warnings, err := ask(ctx, server, q)
	switch {
	case err != nil && strings.Contains(err.Error(), stringMark):
		return provider.Value{}, errType
	case err != nil:
		return provider.Value{}, redacted(q, err)
	}
	value, err := valueOf(answer)
	value.Metadata = metadata(q, warnings)
	return value, err
}

// timeoutOf is how long a query may take. Zero is over at once, as asked for.
func timeoutOf(metric *v1alpha1.PrometheusMetric) (time.Duration, error) {
	switch {
	case metric.Timeout == nil:
		return defaultTimeout, nil
	case *metric.Timeout < 0:
		return 0, errTimeout
	default:
		return time.Duration(*metric.Timeout) * time.Second, nil
	}
}

// server is a client of the server that a metric means.
func (p Provider) server(ctx context.Context, metric *v1alpha1.PrometheusMetric) (v1.API, error) {
	address := metric.Address
	if address == "" {
		address = p.address
	}
	if address == "" {
		return nil, errNoAddress
	}
	if at, err := url.Parse(address); err != nil || at.Scheme == "" || at.Host == "" {
		return nil, errBadAddress
	}
	transport, err := p.transport(ctx, address, metric)
	if err != nil {
		return nil, err
	}
	client, err := api.NewClient(api.Config{Address: address, Client: &http.Client{Transport: transport, CheckRedirect: sameHost}})
	if err != nil {
		return nil, fmt.Errorf("reach prometheus: %w", err)
	}
	return v1.NewAPI(client), nil
}

// ask sends the query, and wraps nothing: users know the answers' texts.
func ask(ctx context.Context, server v1.API, q provider.Query) (model.Value, v1.Warnings, error) {
	metric := q.Metric.Provider.Prometheus
	if metric.RangeQuery == nil {
		return server.Query(ctx, metric.Query, q.Now)
	}
	span, err := rangeOf(*metric.RangeQuery, q.Now)
	if err != nil {
		return nil, nil, err
	}
	return server.QueryRange(ctx, metric.Query, span)
}

// metadata is the server's warnings, each in quotes.
func metadata(q provider.Query, warnings v1.Warnings) map[string]string {
	if len(warnings) == 0 {
		return nil
	}
	quoted := make([]string, len(warnings))
	for i, warning := range warnings {
		quoted[i] = `"` + q.Redact(warning) + `"`
	}
	return map[string]string{warningsKey: strings.Join(quoted, ", ")}
}

// redacted is the error without secrets: not the metric's, and not those that a
// query string may have in another spelling.
func redacted(q provider.Query, err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		failed.URL, _, _ = strings.Cut(failed.URL, "?")
	}
	text := q.Redact(err.Error())
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}
