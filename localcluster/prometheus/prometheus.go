package prometheus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"
)

const (
	// Interval is how often every target is scraped. It is short, so that a rate
	// over a quarter of a minute means something.
	Interval = 2 * time.Second
	// Retention is how long samples are kept.
	Retention = 24 * time.Hour
)

const (
	// queryTimeout and maxSamples bound what one query may take.
	queryTimeout = 30 * time.Second
	maxSamples   = 5_000_000
	// endPatience is how long answers under way may take at the end.
	endPatience = time.Second
)

// Config says what to run.
type Config struct {
	Client kubernetes.Interface
	// Dir holds the samples. One process at a time may use it.
	Dir string
	// Listener is where the API and the page are served. It is closed at the end.
	Listener net.Listener
	// Gateway and Controller are where those two show their metrics, as host:port.
	// Empty: there is none.
	Gateway, Controller string
	Log                 *slog.Logger
	// Ready is called when queries are answered and targets are scraped.
	Ready func()
}

// server is a running Prometheus.
type server struct {
	cfg      Config
	started  time.Time
	registry *client.Registry
	db       *tsdb.DB
	engine   *promql.Engine
	parser   parser.Parser
	scraping *config.Config
	manager  *scrape.Manager
}

// Run scrapes and answers until ctx ends.
func Run(ctx context.Context, cfg Config) error {
	s, err := newServer(cfg)
	if err != nil {
		return err
	}
	return errors.Join(s.run(ctx), s.close())
}

// newServer opens the samples of an earlier run. Nothing is scraped yet.
func newServer(cfg Config) (*server, error) {
	s := &server{cfg: cfg, started: time.Now(), registry: client.NewRegistry(), parser: parser.NewParser(parser.Options{})}
	var err error
	if s.db, err = openStorage(cfg.Dir, cfg.Log, s.registry); err != nil {
		return nil, err
	}
	s.engine = promql.NewEngine(promql.EngineOpts{
		Logger: cfg.Log, Reg: s.registry, Parser: s.parser,
		MaxSamples: maxSamples, Timeout: queryTimeout,
		EnableAtModifier: true, EnableNegativeOffset: true,
		NoStepSubqueryIntervalFn: func(int64) int64 { return Interval.Milliseconds() },
	})
	if s.manager, s.scraping, err = newScraping(cfg, s.db, s.registry); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *server) close() error {
	err := errors.Join(s.engine.Close(), s.db.Close())
	if err != nil {
		return fmt.Errorf("close Prometheus: %w", err)
	}
	return nil
}

// run joins the discovery of targets, the scraping and the answering.
func (s *server) run(ctx context.Context) error {
	targets := make(chan map[string][]*targetgroup.Group)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return discover(ctx, s.cfg, targets) })
	group.Go(func() error { return s.manager.Run(targets) })
	group.Go(func() error {
		<-ctx.Done()
		s.manager.Stop()
		return nil
	})
	group.Go(func() error { return s.serve(ctx) })
	return group.Wait()
}

func (s *server) serve(ctx context.Context) error {
	web := &http.Server{Handler: s.handler(), ReadHeaderTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() {
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), endPatience)
		defer cancel()
		if web.Shutdown(patience) != nil {
			web.Close()
		}
	})
	defer stop()
	s.cfg.Ready()
	if err := web.Serve(s.cfg.Listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve Prometheus: %w", err)
	}
	return nil
}
