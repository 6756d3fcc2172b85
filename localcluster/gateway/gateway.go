package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	// clientQPS and clientBurst let hundreds of statuses be written in seconds.
	clientQPS, clientBurst = 200, 400
	// keepAliveTimeout is how long an idle client connection is kept.
	keepAliveTimeout = 75 * time.Second
	// headerTimeout is how long a client may take to send its header.
	headerTimeout = 60 * time.Second
	// drainTime is how long requests under way may take when the gateway stops.
	drainTime = 5 * time.Second
)

// Config is what the gateway works with. Log and Ready may be nil. Run closes
// all listeners.
type Config struct {
	REST *rest.Config
	// Listeners take the requests of clients, in plain HTTP. There is at least one.
	Listeners []net.Listener
	// Metrics serves /metrics, /healthz and /routes.
	Metrics net.Listener
	Log     *slog.Logger
	// Ready is called once, when the first table is made and requests are taken.
	Ready func()
}

// Run serves the Ingresses of a cluster until ctx ends; then it returns nil
// after the requests under way are answered, or five seconds later.
func Run(ctx context.Context, cfg Config) error {
	defer cfg.Metrics.Close()
	for _, listener := range cfg.Listeners {
		defer listener.Close()
	}
	limited := rest.CopyConfig(cfg.REST)
	limited.QPS, limited.Burst = clientQPS, clientBurst
	client, err := kubernetes.NewForConfig(limited)
	if err != nil {
		return fmt.Errorf("make a client of the API server: %w", err)
	}
	return run(ctx, client, cfg)
}

// run is Run with its client made.
func run(ctx context.Context, client kubernetes.Interface, cfg Config) error {
	log := cmp.Or(cfg.Log, slog.New(slog.DiscardHandler))
	registry := prometheus.NewRegistry()
	meter := newMeter(registry)
	var table atomic.Pointer[Table]
	table.Store(&Table{Routes: NewRoutes(nil)})

	factory := newFactory(client)
	watcher, err := newWatcher(factory, &table, log)
	if err != nil {
		return err
	}
	watcher.onRoutes = func(routes *Routes) { meter.forget(owners(routes)) }
	publisher, err := newPublisher(client, watcher.ingresses, log)
	if err != nil {
		return err
	}

	group, ctx := errgroup.WithContext(ctx)
	var ready atomic.Bool
	group.Go(func() error {
		return serve(ctx, httpServer(opsHandler(registry, watcher, &ready), log), cfg.Metrics)
	})
	group.Go(func() error {
		factory.Start(ctx.Done())
		defer factory.Shutdown()
		if err := watcher.sync(ctx); err != nil {
			return nilIfEnded(ctx, err)
		}
		group.Go(func() error { watcher.run(ctx); return nil })
		group.Go(func() error { publisher.run(ctx); return nil })
		ready.Store(true)
		log.Info("serving Ingresses", "address", cfg.Listeners[0].Addr().String(), "locations", len(table.Load().Routes.Locations()))
		if cfg.Ready != nil {
			cfg.Ready()
		}
		return serve(ctx, httpServer(newProxy(&table, rand.Uint32, meter, log), log), cfg.Listeners...)
	})
	return group.Wait()
}

// nilIfEnded drops an error that only says that ctx ended.
func nilIfEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func owners(routes *Routes) map[Owner]bool {
	owners := map[Owner]bool{}
	for _, location := range routes.Locations() {
		owners[location.Owner] = true
	}
	return owners
}

// opsHandler serves what operators and Prometheus ask for.
func opsHandler(registry *prometheus.Registry, watcher *watcher, ready *atomic.Bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			http.Error(w, "waiting for the API server", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /routes", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if err := WriteRoutes(w, watcher.table.Load(), *watcher.notes.Load()); err != nil {
			watcher.log.Debug("show the routes", "error", err)
		}
	})
	return mux
}

func httpServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       keepAliveTimeout,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// serve serves on every listener until ctx ends, then lets requests under way
// finish. What is left after drainTime is cut, and so are upgraded connections.
func serve(ctx context.Context, server *http.Server, listeners ...net.Listener) error {
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	server.BaseContext = func(net.Listener) context.Context { return requests }
	failed := make(chan error, len(listeners))
	for _, listener := range listeners {
		go func() { failed <- fmt.Errorf("serve on %s: %w", listener.Addr(), server.Serve(listener)) }()
	}
	select {
	case err := <-failed:
		return errors.Join(err, server.Close())
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(requests, drainTime)
	defer cancel()
	if err := server.Shutdown(drain); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stop serving on %s: %w", listeners[0].Addr(), err)
	}
	return server.Close()
}
