package gateway

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"time"

	"github.com/serin-rollouts/serin/localcluster/podnet"
)

const (
	// connectTimeout and answerTimeout are ingress-nginx's defaults for
	// proxy-connect-timeout and proxy-read-timeout.
	connectTimeout = 5 * time.Second
	answerTimeout  = 60 * time.Second
	idleTimeout    = 60 * time.Second
	// idlePerEndpoint is how many idle connections are kept to each pod.
	idlePerEndpoint = 512
	copyBufferSize  = 32 << 10
)

// proxy forwards requests as the newest table says.
type proxy struct {
	table     *atomic.Pointer[Table]
	draw      func() uint32
	meter     *meter
	transport http.RoundTripper
	template  httputil.ReverseProxy
	turns     turns
}

// newProxy forwards by the table that is in the pointer when a request comes.
// draw must be uniform and safe for concurrent use.
func newProxy(table *atomic.Pointer[Table], draw func() uint32, meter *meter, log *slog.Logger) *proxy {
	p := &proxy{table: table, draw: draw, meter: meter, transport: newTransport()}
	p.template = httputil.ReverseProxy{
		// A query that Go cannot parse is the backend's business.
		Rewrite:        func(r *httputil.ProxyRequest) { r.Out.URL.RawQuery = r.In.URL.RawQuery },
		ModifyResponse: noteUpgrade,
		ErrorHandler:   answerError,
		BufferPool:     newBuffers(),
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return p
}

func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:           dial,
		DisableCompression:    true,
		MaxIdleConnsPerHost:   idlePerEndpoint,
		IdleConnTimeout:       idleTimeout,
		ResponseHeaderTimeout: answerTimeout,
		ExpectContinueTimeout: time.Second,
	}
}

// refusedError means no connection was made, so nothing was sent.
type refusedError struct{ error }

func (e refusedError) Unwrap() error { return e.error }

// dial connects to a pod and tells the exchange how long that took.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	start := time.Now()
	limited, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := podnet.DialContext(limited, network, address)
	if err != nil {
		return nil, refusedError{err}
	}
	if ex, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		ex.connect.Store(int64(time.Since(start)))
	}
	return conn, nil
}

// ServeHTTP answers one request and counts it.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ex := &exchange{ResponseWriter: w, proxy: p, in: r, start: time.Now(), body: body{ReadCloser: r.Body}}
	// Deferred, because a broken answer ends in a panic that cuts the connection.
	defer p.meter.record(ex)
	ex.choice = p.table.Load().Pick(Request{Host: r.Host, Path: r.URL.Path, Header: r.Header, Draw: p.draw()})
	if ex.choice.Outcome != Found {
		p.answerUnrouted(ex)
		return
	}
	if ex.choice.Location.Redirect && r.Header.Get("X-Forwarded-Proto") != "https" {
		http.Redirect(ex, r, "https://"+hostName(r.Host)+r.URL.RequestURI(), http.StatusPermanentRedirect)
		return
	}
	forward := p.template
	forward.Transport = ex
	forward.ServeHTTP(ex, r)
}

// noteUpgrade records the status of an answer that takes the connection over,
// because that one does not pass through WriteHeader.
func noteUpgrade(answer *http.Response) error {
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return nil
	}
	if ex, ok := answer.Request.Context().Value(exchangeKey{}).(*exchange); ok {
		ex.status = answer.StatusCode
	}
	return nil
}

// turns counts the requests of each backend, for round robin. Counts outlive
// tables, so that a change of endpoints does not send everybody to the first.
type turns struct {
	counts sync.Map // ServicePort to *atomic.Uint64
}

func (t *turns) next(backend ServicePort) uint64 {
	count, found := t.counts.Load(backend)
	if !found {
		count, _ = t.counts.LoadOrStore(backend, new(atomic.Uint64))
	}
	return count.(*atomic.Uint64).Add(1)
}

// buffers is a pool of copy buffers.
type buffers struct{ pool sync.Pool }

func newBuffers() *buffers {
	return &buffers{pool: sync.Pool{New: func() any { return new([copyBufferSize]byte) }}}
}

func (b *buffers) Get() []byte  { return b.pool.Get().(*[copyBufferSize]byte)[:] }
func (b *buffers) Put(s []byte) { b.pool.Put((*[copyBufferSize]byte)(s)) }
