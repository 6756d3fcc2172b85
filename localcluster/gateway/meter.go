package gateway

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const metricsNamespace = "nginx_ingress_controller"

// catchAllHost is the host label of locations without a host.
const catchAllHost = "_"

// series names one set of request series.
type series struct {
	status             int
	method, path       string
	namespace, ingress string
	service, canary    string
	host               string
}

// labels must keep the order of labelNames.
func (s series) labels() []string {
	return []string{strconv.Itoa(s.status), s.method, s.path, s.namespace, s.ingress, s.service, s.canary, s.host}
}

func labelNames() []string {
	return []string{"status", "method", "path", "namespace", "ingress", "service", "canary", "host"}
}

// instruments are the metrics of one series.
type instruments struct {
	requests                             prometheus.Counter
	request, response, header, connect   prometheus.Observer
	requestSize, responseSize, bytesSent prometheus.Observer
}

// meter counts requests in the series of ingress-nginx.
type meter struct {
	requests  *prometheus.CounterVec
	durations struct{ request, response, header, connect *prometheus.HistogramVec }
	sizes     struct{ request, response, sent *prometheus.HistogramVec }
	mu        sync.RWMutex
	bySeries  map[series]*instruments
}

// newMeter registers its series.
func newMeter(registry prometheus.Registerer) *meter {
	constant := prometheus.Labels{
		"controller_class":     "k8s.io/ingress-nginx",
		"controller_namespace": "ingress-nginx",
		"controller_pod":       "serin-local-gateway",
	}
	m := &meter{bySeries: map[series]*instruments{}}
	m.requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: metricsNamespace, Name: "requests", Help: "Requests of clients.", ConstLabels: constant,
	}, labelNames())
	registry.MustRegister(m.requests)
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		vec := prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: metricsNamespace, Name: name, Help: help, Buckets: buckets, ConstLabels: constant,
		}, labelNames())
		registry.MustRegister(vec)
		return vec
	}
	times, lengths, sizes := prometheus.DefBuckets, prometheus.LinearBuckets(10, 10, 10), prometheus.ExponentialBuckets(10, 10, 7)
	m.durations.request = histogram("request_duration_seconds", "Time from the first byte of the request to the last of the answer.", times)
	m.durations.response = histogram("response_duration_seconds", "Time the backend took for its whole answer.", times)
	m.durations.header = histogram("header_duration_seconds", "Time until the header of the backend's answer.", times)
	m.durations.connect = histogram("connect_duration_seconds", "Time to connect to the backend, zero for a kept connection.", times)
	m.sizes.request = histogram("request_size", "Bytes of requests: line, header and body.", lengths)
	m.sizes.response = histogram("response_size", "Bytes of answers: line, header and body.", lengths)
	m.sizes.sent = histogram("bytes_sent", "Deprecated: bytes of answers, in wider buckets.", sizes)
	return m
}

// record counts a finished exchange. Requests that no Ingress
// covers are left out, so that strangers cannot make up series.
func (m *meter) record(ex *exchange) {
	if ex.choice.Outcome == NoHost || ex.choice.Outcome == NoPath {
		return
	}
	now := time.Now()
	i := m.instruments(ex.series())
	i.requests.Inc()
	i.request.Observe(now.Sub(ex.start).Seconds())
	if !ex.upstream.IsZero() {
		i.connect.Observe(time.Duration(ex.connect.Load()).Seconds())
		i.response.Observe(now.Sub(ex.upstream).Seconds())
	}
	if ex.header > 0 {
		i.header.Observe(ex.header.Seconds())
	}
	i.requestSize.Observe(float64(ex.requestSize()))
	sent := float64(ex.responseSize())
	i.responseSize.Observe(sent)
	i.bytesSent.Observe(sent)
}

// series names the primary, also for requests that the canary answered.
func (ex *exchange) series() series {
	location := ex.choice.Location
	s := series{
		status: ex.status, method: ex.in.Method, path: location.Path,
		namespace: location.Owner.Namespace, ingress: location.Owner.Name, service: location.Primary.Service,
		host: location.Host,
	}
	if s.host == "" {
		s.host = catchAllHost
	}
	if s.status == 0 {
		s.status = statusClientClosed
	}
	if ex.choice.Canary {
		s.canary = ex.choice.Backend.String()
	}
	return s
}

func (m *meter) instruments(s series) *instruments {
	m.mu.RLock()
	i := m.bySeries[s]
	m.mu.RUnlock()
	if i != nil {
		return i
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.bySeries[s]; i != nil {
		return i
	}
	labels := s.labels()
	i = &instruments{
		requests:     m.requests.WithLabelValues(labels...),
		request:      m.durations.request.WithLabelValues(labels...),
		response:     m.durations.response.WithLabelValues(labels...),
		header:       m.durations.header.WithLabelValues(labels...),
		connect:      m.durations.connect.WithLabelValues(labels...),
		requestSize:  m.sizes.request.WithLabelValues(labels...),
		responseSize: m.sizes.response.WithLabelValues(labels...),
		bytesSent:    m.sizes.sent.WithLabelValues(labels...),
	}
	m.bySeries[s] = i
	return i
}

// forget drops the series of Ingresses that no longer serve anything.
func (m *meter) forget(kept map[Owner]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range m.bySeries {
		if kept[Owner{Namespace: s.namespace, Name: s.ingress}] {
			continue
		}
		delete(m.bySeries, s)
		labels := s.labels()
		m.requests.DeleteLabelValues(labels...)
		for _, vec := range m.histograms() {
			vec.DeleteLabelValues(labels...)
		}
	}
}

func (m *meter) histograms() []*prometheus.HistogramVec {
	return []*prometheus.HistogramVec{
		m.durations.request, m.durations.response, m.durations.header, m.durations.connect,
		m.sizes.request, m.sizes.response, m.sizes.sent,
	}
}

// requestSize is the length of the request as it stands on the wire, but for
// header spacing.
func (ex *exchange) requestSize() int64 {
	r := ex.in
	line := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len("  \r\n") + len("Host: \r\n") + len(r.Host)
	return int64(line+headerSize(r.Header)) + ex.body.read.Load()
}

func (ex *exchange) responseSize() int64 {
	line := len("HTTP/1.1 200 \r\n") + len(http.StatusText(ex.status))
	return int64(line+headerSize(ex.Header())) + ex.sent
}

func headerSize(header http.Header) int {
	size := len("\r\n")
	for name, values := range header {
		for _, value := range values {
			size += len(name) + len(value) + len(": \r\n")
		}
	}
	return size
}
