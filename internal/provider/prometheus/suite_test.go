package prometheus_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
	"github.com/serin-rollouts/serin/internal/provider/prometheus"
	"github.com/serin-rollouts/serin/internal/provider/providertest"
)

func TestSuite(t *testing.T) {
	providertest.Run(t, providertest.Subject{
		Source: provider.Source{Provider: prometheus.New(fetch.New(fetch.Options{}), "")},
		Metric: func(address string) v1alpha1.MetricProvider {
			return v1alpha1.MetricProvider{Prometheus: &v1alpha1.PrometheusMetric{
				Address: address, Timeout: seconds(1), Query: `up{token="` + providertest.Token + `"}`,
				Headers:        []v1alpha1.WebMetricHeader{{Key: "X-Token", Value: providertest.Token}},
				Authentication: v1alpha1.Authentication{BasicAuth: v1alpha1.BasicAuth{Username: "me", Password: providertest.Token}},
			}}
		},
		Answer: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(data("vector", `[{"metric":{},"value":[1,"1"]}]`)))
		},
		Timeout: time.Second,
		Insecure: func(m v1alpha1.MetricProvider) v1alpha1.MetricProvider {
			m.Prometheus.Insecure = true
			return m
		},
	})
}

func TestRedirects(t *testing.T) {
	other := serve(t, always(200, data("scalar", `[1,"1"]`)))
	target := other.URL
	first := http.NewServeMux()
	first.HandleFunc("/api/v1/query", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target, http.StatusTemporaryRedirect)
	})
	server := newServer(t, first)
	m := v1alpha1.PrometheusMetric{Address: server, Query: "up", Headers: []v1alpha1.WebMetricHeader{{Key: "X-Token", Value: "s3cret"}}}
	p := prometheus.New(fetch.New(fetch.Options{}), "")
	if _, err := p.Measure(t.Context(), query(m)); err != nil {
		t.Errorf("Measure() = %v, want a redirect on the host to be followed", err)
	}
	target = "http://localhost.invalid/"
	if _, err := p.Measure(t.Context(), query(m)); err == nil {
		t.Error("a redirect to another host was followed, with headers")
	}
}
