package prometheus

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/grafana/regexp"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/route"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/util/notifications"
	apiv1 "github.com/prometheus/prometheus/web/api/v1"
)

// apiPrefix is where the API is.
const apiPrefix = "/api/v1"

const (
	// What remote readers may ask for at once; Prometheus' own defaults.
	remoteReadSamples    = 5e7
	remoteReadConcurrent = 10
	remoteReadFrame      = 1 << 20
	searchLimit          = 100
)

// handler serves the API, Prometheus' own metrics, its health and our page.
func (s *server) handler() http.Handler {
	router := route.New()
	s.api().Register(router.WithPrefix(apiPrefix))
	mux := http.NewServeMux()
	mux.Handle(apiPrefix+"/", router)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /-/healthy", say("Prometheus Server is Healthy.\n"))
	mux.HandleFunc("GET /-/ready", say("Prometheus Server is Ready.\n"))
	for _, path := range []string{"/{$}", "/query", "/graph", "/targets"} {
		mux.HandleFunc("GET "+path, servePage)
	}
	return mux
}

func say(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		// The reader may have gone; there is nobody to tell.
		_, _ = w.Write([]byte(text))
	}
}

// api is Prometheus' own API. It reads; nothing may be written or deleted by it,
// and pages of other origins may not read it.
func (s *server) api() *apiv1.API {
	address := s.cfg.Listener.Addr().String()
	at := url.URL{Scheme: "http", Host: address}
	noRules := func(context.Context) apiv1.RulesRetriever { return nothing{} }
	noAlertmanagers := func(context.Context) apiv1.AlertmanagerRetriever { return nothing{} }
	return apiv1.NewAPI(
		s.engine, s.db, nil, nil, s.db,
		func(context.Context) apiv1.ScrapePoolsRetriever { return s.manager },
		func(context.Context) apiv1.TargetRetriever { return s.manager },
		noAlertmanagers,
		func() config.Config { return *s.scraping },
		map[string]string{"storage.tsdb.retention.time": model.Duration(Retention).String(), "web.listen-address": address},
		apiv1.GlobalURLOptions{ListenAddress: address, Host: at.Host, Scheme: at.Scheme},
		func(f http.HandlerFunc) http.HandlerFunc { return f },
		storage{s.db}, s.cfg.Dir,
		false, // no admin API
		false, searchLimit,
		s.cfg.Log,
		noRules,
		remoteReadSamples, remoteReadConcurrent, remoteReadFrame,
		false, // no agent
		regexp.MustCompile("^$"),
		s.runtimeInfo, buildInfo(),
		func() []notifications.Notification { return nil },
		func() (<-chan notifications.Notification, func(), bool) { return nil, func() {}, false },
		s.registry, s.registry,
		nil,        // the default statistics
		false, nil, // no remote write
		false, false, false, // no OTLP
		false,
		0, // only for OTLP
		false, false,
		nil, nil,
		apiv1.OpenAPIOptions{ExternalURL: at.String()},
		s.parser,
	)
}

// runtimeInfo is what /status/runtimeinfo shows.
func (s *server) runtimeInfo() (apiv1.RuntimeInfo, error) {
	directory, err := os.Getwd()
	if err != nil {
		return apiv1.RuntimeInfo{}, err
	}
	host, err := os.Hostname()
	if err != nil {
		return apiv1.RuntimeInfo{}, err
	}
	return apiv1.RuntimeInfo{
		StartTime: s.started, LastConfigTime: s.started, ServerTime: time.Now().UTC(), ReloadConfigSuccess: true,
		CWD: directory, Hostname: host,
		GoroutineCount: runtime.NumGoroutine(), GOMAXPROCS: runtime.GOMAXPROCS(0), GOMEMLIMIT: debug.SetMemoryLimit(-1),
		StorageRetention: model.Duration(Retention).String(),
	}, nil
}

// buildInfo says which Prometheus is linked in. The module v0.313.5 is the
// release 3.13.5.
func buildInfo() *apiv1.PrometheusVersion {
	info := &apiv1.PrometheusVersion{Version: "unknown", GoVersion: runtime.Version()}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return info
	}
	for _, module := range build.Deps {
		if module.Path == "github.com/prometheus/prometheus" {
			info.Version = release(module.Version)
		}
	}
	return info
}

// release is the release of a module version: v0.XYY.Z is X.YY.Z.
func release(version string) string {
	parts := strings.Split(strings.TrimPrefix(version, "v"), ".")
	if len(parts) != 3 || parts[0] != "0" || len(parts[1]) != 3 {
		return version
	}
	return parts[1][:1] + "." + strings.TrimPrefix(parts[1][1:], "0") + "." + parts[2]
}

// nothing is a Prometheus without rules and Alertmanagers.
type nothing struct{}

func (nothing) RuleGroups() []*rules.Group           { return nil }
func (nothing) AlertingRules() []*rules.AlertingRule { return nil }
func (nothing) Alertmanagers() []*url.URL            { return nil }
func (nothing) DroppedAlertmanagers() []*url.URL     { return nil }
