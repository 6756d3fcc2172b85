package metrics

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Requests counts requests to the API server.
type Requests struct{ counter *prometheus.CounterVec }

// NewRequests returns a counter that has counted nothing.
func NewRequests() *Requests {
	return &Requests{counter: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "controller_clientset_k8s_request_total",
		Help: "Number of kubernetes requests executed during application reconciliation.",
	}, []string{"kind", "namespace", "name", "verb", "status_code"})}
}

// Wrap counts what goes through a transport.
func (r *Requests) Wrap(next http.RoundTripper) http.RoundTripper {
	return transport{next: next, counter: r.counter}
}

type transport struct {
	next    http.RoundTripper
	counter *prometheus.CounterVec
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(request)
	if err == nil {
		c := describe(request.Method, request.URL.Path, strings.Contains(request.URL.RawQuery, "watch=true"))
		t.counter.WithLabelValues(c.kind, c.namespace, c.name, c.verb, strconv.Itoa(response.StatusCode)).Inc()
	}
	return response, err
}

// call is what a request is about.
type call struct{ kind, namespace, name, verb string }

const (
	unknown = "Unknown"
	// unnamed stands for the names that are many and short-lived. Compat: those of
	// Rollouts too, unlike Argo Rollouts, where they were never dropped again.
	unnamed = "N/A"
)

// describe reads what a request is about from its path:
// /api/v1/namespaces/NS/KIND/NAME or /apis/GROUP/VERSION/namespaces/NS/KIND/NAME.
func describe(method, path string, watch bool) call {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) >= 3 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) >= 4 && parts[0] == "apis":
		parts = parts[3:]
	default:
		return call{kind: unknown, namespace: unknown, name: unknown, verb: unknown}
	}
	c := call{name: unnamed}
	if len(parts) >= 3 && parts[0] == "namespaces" {
		c.namespace, parts = parts[1], parts[2:]
	}
	c.kind = parts[0]
	named := len(parts) > 1
	if named && (c.kind == "services" || c.kind == "ingresses") {
		c.name = parts[1]
	}
	c.verb = verb(method, named, watch)
	return c
}

func verb(method string, named, watch bool) string {
	switch {
	case watch:
		return "Watch"
	case method == http.MethodGet && named:
		return "Get"
	case method == http.MethodGet:
		return "List"
	case method == http.MethodPost:
		return "Create"
	case method == http.MethodPut:
		return "Update"
	case method == http.MethodPatch:
		return "Patch"
	case method == http.MethodDelete:
		return "Delete"
	default:
		return unknown
	}
}
