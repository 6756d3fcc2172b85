package prometheus

import (
	"fmt"
	"strings"

	client "github.com/prometheus/client_golang/prometheus"
	clienthttp "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/serin-rollouts/serin/localcluster/podnet"
)

// The jobs, which are the label of that name.
const (
	gatewayJob    = "ingress-nginx"
	controllerJob = "serin-controller"
	podsJob       = "kubernetes-pods"
)

// newScraping returns what scrapes targets into db once it is run, and its
// configuration. It reaches pods where their processes listen.
func newScraping(cfg Config, db *tsdb.DB, registry client.Registerer) (*scrape.Manager, *config.Config, error) {
	settings, err := config.Load(scrapeConfig(), cfg.Log)
	if err != nil {
		return nil, nil, fmt.Errorf("configure scraping: %w", err)
	}
	manager, err := scrape.NewManager(&scrape.Options{
		DiscoveryReloadInterval:  model.Duration(gatherTime),
		DiscoveryReloadOnStartup: true,
		HTTPClientOptions:        []clienthttp.HTTPClientOption{clienthttp.WithDialContextFunc(podnet.DialContext)},
	}, cfg.Log, nil, nil, db, registry)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare scraping: %w", err)
	}
	if err := manager.ApplyConfig(settings); err != nil {
		return nil, nil, fmt.Errorf("configure scraping: %w", err)
	}
	return manager, settings, nil
}

// scrapeConfig is the configuration file that Prometheus would have. Targets are
// handed in at run time. The gateway's own labels say of which Ingress and
// Service a request was, so they go before those of the target.
func scrapeConfig() string {
	var text strings.Builder
	fmt.Fprintf(&text, "global:\n  scrape_interval: %[1]s\n  scrape_timeout: %[1]s\n  evaluation_interval: %[1]s\n", model.Duration(Interval))
	text.WriteString("scrape_configs:\n")
	for _, job := range []string{gatewayJob, controllerJob, podsJob} {
		fmt.Fprintf(&text, "- job_name: %s\n  honor_labels: %t\n", job, job == gatewayJob)
	}
	return text.String()
}
