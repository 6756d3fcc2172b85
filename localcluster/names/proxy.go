package names

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"

	"github.com/serin-rollouts/serin/localcluster/podnet"
)

// dialTimeout is how long an endpoint may take to accept a connection.
const dialTimeout = 10 * time.Second

// Config says what to run.
type Config struct {
	Client   kubernetes.Interface
	Listener net.Listener
	// BuiltIn is a program of the cluster's own that is reached like a Service.
	BuiltIn BuiltIn
	// Ready is called when names resolve.
	Ready func()
}

// Run serves the proxy until ctx ends.
func Run(ctx context.Context, cfg Config) error {
	factory := informers.NewSharedInformerFactory(cfg.Client, 0)
	resolver := NewResolver(
		factory.Core().V1().Services().Lister(),
		factory.Discovery().V1().EndpointSlices().Lister(),
		cfg.BuiltIn,
	)
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("read %s: %w", kind, context.Cause(ctx))
		}
	}
	server := &http.Server{Handler: NewProxy(resolver), ReadHeaderTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	cfg.Ready()
	if err := server.Serve(cfg.Listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the names proxy: %w", err)
	}
	return nil
}

// Proxy is a forward proxy for absolute URLs and for CONNECT.
type Proxy struct {
	resolver *Resolver
	forward  *httputil.ReverseProxy
}

// NewProxy forwards to what resolver says.
func NewProxy(resolver *Resolver) *Proxy {
	p := &Proxy{resolver: resolver}
	p.forward = &httputil.ReverseProxy{
		Rewrite: passOn,
		Transport: &http.Transport{
			DialContext: p.dial,
			// A kept connection would outlive the Service's selector.
			DisableKeepAlives:  true,
			DisableCompression: true,
		},
		FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			refuse(w, r.URL.Host, err)
		},
	}
	return p
}

// passOn undoes what a reverse proxy leaves out: the request goes on as it came,
// to the host that it names.
func passOn(r *httputil.ProxyRequest) {
	r.Out.Host = r.In.Host
	r.Out.URL.RawQuery = r.In.URL.RawQuery
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = values
		}
	}
}

// ServeHTTP forwards one request.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect:
		p.tunnel(w, r)
	case r.URL.Host == "":
		http.Error(w, "This is a forward proxy: set HTTP_PROXY to its address and ask for http://SERVICE.NAMESPACE/.", http.StatusBadRequest)
	default:
		p.forward.ServeHTTP(w, r)
	}
}

// dial connects to whom address names.
func (p *Proxy) dial(ctx context.Context, network, address string) (net.Conn, error) {
	target, err := p.resolver.Resolve(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := podnet.DialContext(ctx, network, target)
	if err != nil {
		return nil, fmt.Errorf("%s is %s, which does not answer: %w", address, target, err)
	}
	return conn, nil
}

// tunnel joins the client to the endpoint, byte by byte.
func (p *Proxy) tunnel(w http.ResponseWriter, r *http.Request) {
	upstream, err := p.dial(r.Context(), "tcp", r.Host)
	if err != nil {
		refuse(w, r.Host, err)
		return
	}
	defer upstream.Close()
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		refuse(w, r.Host, err)
		return
	}
	defer client.Close()
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { copyHalf(upstream, buffered) })
	both.Go(func() { copyHalf(client, upstream) })
	both.Wait()
}

// copyHalf copies one direction and then says that no more will come.
func copyHalf(to net.Conn, from io.Reader) {
	_, _ = io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		return
	}
	_ = to.Close()
}

func refuse(w http.ResponseWriter, host string, err error) {
	http.Error(w, fmt.Sprintf("cannot reach %s: %v", host, err), http.StatusBadGateway)
}
