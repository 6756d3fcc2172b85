package gateway

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	networkingv1 "k8s.io/api/networking/v1"
)

// testDeadline bounds what a test waits for.
const testDeadline = 20 * time.Second

// pod is a backend that listens where the process of a pod would.
type pod struct {
	*httptest.Server
	endpoint Endpoint
}

// startPod starts a backend on an address of its own: 127.77.x.y for the pod
// IP 10.77.x.y.
func startPod(t testing.TB, handler http.Handler) *pod {
	t.Helper()
	var listener net.Listener
	var err error
	for range 10 {
		ip := netip.AddrFrom4([4]byte{127, 77, byte(rand.IntN(256)), byte(1 + rand.IntN(254))})
		if listener, err = net.Listen("tcp", netip.AddrPortFrom(ip, 0).String()); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return &pod{Server: server, endpoint: Endpoint("10." + strings.TrimPrefix(listener.Addr().String(), "127."))}
}

// saying answers every request with a text.
func saying(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, text)
	})
}

// world is a gateway whose table the test sets.
type world struct {
	*httptest.Server
	t        testing.TB
	registry *prometheus.Registry
	table    atomic.Pointer[Table]
	mu       sync.Mutex
}

// newWorld starts a gateway that serves ingresses and has no endpoints yet.
func newWorld(t testing.TB, draw func() uint32, ingresses ...*networkingv1.Ingress) *world {
	t.Helper()
	locations, notes := FromIngresses(ingresses)
	for _, note := range notes {
		t.Errorf("note on %s: %s", note.Owner, note.Text)
	}
	w := &world{t: t, registry: prometheus.NewRegistry()}
	w.table.Store(&Table{Routes: NewRoutes(locations), Endpoints: map[ServicePort][]Endpoint{}})
	w.Server = httptest.NewServer(newProxy(&w.table, draw, newMeter(w.registry), slog.New(slog.DiscardHandler)))
	t.Cleanup(w.Close)
	return w
}

// middle draws the middle of the range, always.
func middle() uint32 { return 1 << 31 }

// endpoints sets who answers for port http of a Service.
func (w *world) endpoints(service string, endpoints ...Endpoint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	current := w.table.Load()
	next := &Table{Routes: current.Routes, Endpoints: map[ServicePort][]Endpoint{}}
	for backend, all := range current.Endpoints {
		next.Endpoints[backend] = all
	}
	next.Endpoints[ServicePort{Namespace: "default", Service: service, Port: "http"}] = endpoints
	w.table.Store(next)
}

// ask sends a request and returns status and body.
func (w *world) ask(method, path, body string, header http.Header) (int, string) {
	w.t.Helper()
	answer, text := w.exchange(method, path, body, header)
	return answer.StatusCode, text
}

func (w *world) exchange(method, path, body string, header http.Header) (*http.Response, string) {
	w.t.Helper()
	request, err := http.NewRequest(method, w.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Host = "a"
	for name, values := range header {
		request.Header[name] = values
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatalf("%s %s: read answer: %v", method, path, err)
	}
	return answer, string(text)
}

// deadEndpoint is an endpoint that refuses connections.
func deadEndpoint(t testing.TB) Endpoint {
	dead := startPod(t, saying("dead"))
	dead.Close()
	return dead.endpoint
}

func endpointsOf(pods []*pod) []Endpoint {
	var all []Endpoint
	for _, p := range pods {
		all = append(all, p.endpoint)
	}
	return all
}

// quit stops like a server that drains: when it returns, connections are
// refused; requests under way are answered in the background.
func (p *pod) quit() {
	p.Listener.Close()
	go p.Config.Shutdown(context.Background())
}

// load sends GET requests one after the other until ctx ends.
func (w *world) load(ctx context.Context, sent, failed *atomic.Int64) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for ctx.Err() == nil {
		request, _ := http.NewRequest("GET", w.URL+"/", nil)
		request.Host = "a"
		answer, err := transport.RoundTrip(request)
		sent.Add(1)
		if err != nil {
			failed.Add(1)
			w.t.Logf("request: %v", err)
			continue
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || string(text) != "ok" {
			failed.Add(1)
			w.t.Logf("answer: %d %q %v", answer.StatusCode, text, err)
		}
	}
}

// waitFor polls until done is true.
func waitFor(t testing.TB, done func() bool) {
	t.Helper()
	deadline := time.After(testDeadline)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatal("waited in vain")
		case <-tick.C:
		}
	}
}
