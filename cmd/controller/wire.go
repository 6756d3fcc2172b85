package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/controller/analysisrun"
	rolloutcontroller "github.com/serin-rollouts/serin/internal/controller/rollout"
	"github.com/serin-rollouts/serin/internal/core/analysis"
	"github.com/serin-rollouts/serin/internal/core/rollout"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/cloudwatch"
	"github.com/serin-rollouts/serin/internal/provider/datadog"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
	"github.com/serin-rollouts/serin/internal/provider/graphite"
	"github.com/serin-rollouts/serin/internal/provider/influxdb"
	"github.com/serin-rollouts/serin/internal/provider/job"
	"github.com/serin-rollouts/serin/internal/provider/kayenta"
	"github.com/serin-rollouts/serin/internal/provider/newrelic"
	"github.com/serin-rollouts/serin/internal/provider/prometheus"
	"github.com/serin-rollouts/serin/internal/provider/skywalking"
	"github.com/serin-rollouts/serin/internal/provider/wavefront"
	"github.com/serin-rollouts/serin/internal/provider/web"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/router/nginx"
	"github.com/serin-rollouts/serin/internal/spec"
)

// wired joins the decisions, the parser, the routers there are and the sources of
// metrics, of which plugins are some.
func wired(plugins provider.Registry) parts {
	return parts{
		rules:   rolloutcontroller.Rules{Decide: rollout.Decide, Failed: rollout.Failed},
		parse:   parse(slices.Sorted(maps.Keys(renderers()))),
		reads:   rollout.Reads,
		routers: routers,
		runs:    analysisrun.Rules{Decide: analysis.Decide, Failed: analysis.Failed},
		sources: sources(plugins),
	}
}

// sources are where metrics come from, by the names in their provider blocks.
func sources(plugins provider.Registry) func(sourceTools) (measuring, error) {
	return func(tools sourceTools) (measuring, error) {
		jobs, watchJobs, err := jobSource(tools)
		if err != nil {
			return measuring{}, err
		}
		requests := fetch.New(fetch.Options{})
		registry := provider.Registry{
			"cloudWatch": {Provider: cloudwatch.New()},
			"datadog":    {Provider: datadog.New(requests, os.Getenv)},
			"graphite":   {Provider: graphite.New(requests)},
			"influxdb":   {Provider: influxdb.New(requests)},
			"job":        {Job: jobs},
			"kayenta":    {Job: kayenta.New(requests)},
			"newRelic":   {Provider: newrelic.New(requests)},
			"prometheus": {Provider: prometheus.New(requests, os.Getenv(prometheus.AddressVariable))},
			"skywalking": {Provider: skywalking.New(requests, time.Local)},
			"wavefront":  {Provider: wavefront.New(requests)},
			"web":        {Provider: web.New(requests)},
		}
		maps.Copy(registry, plugins)
		return measuring{registry: registry, watches: []watch{watchJobs}}, nil
	}
}

// jobSource measures by Jobs, in the place that the environment names.
func jobSource(tools sourceTools) (job.Provider, watch, error) {
	place := job.Place{Namespace: os.Getenv(job.NamespaceVariable), Kubeconfig: os.Getenv(job.KubeconfigVariable)}
	config, err := place.Config(tools.config)
	if err != nil {
		return job.Provider{}, nil, err
	}
	live, err := client.New(config, client.Options{})
	if err != nil {
		return job.Provider{}, nil, fmt.Errorf("open client for Jobs: %w", err)
	}
	namespace := tools.namespace
	if place.Namespace != "" {
		namespace = place.Namespace
	}
	return job.New(live, place), func(ctx context.Context, wake func(engine.Key)) error {
		return job.Watch(ctx, config, namespace, wake)
	}, nil
}

// renderers are the routers that work by editing objects, by name.
func renderers() map[string]router.Renderer {
	return map[string]router.Renderer{
		"nginx": nginx.Renderer{},
	}
}

func routers(client router.ObjectClient) router.Registry {
	registry := router.Registry{}
	for name, renderer := range renderers() {
		registry[name] = router.FromObjects(name, renderer, client)
	}
	return registry
}

// parse refuses what this version cannot do yet, so that it is never left out in
// silence.
func parse(routers []string) func(*v1alpha1.Rollout) (spec.Rollout, field.ErrorList) {
	return func(r *v1alpha1.Rollout) (spec.Rollout, field.ErrorList) {
		parsed, problems := spec.ParseRollout(r)
		if len(problems) > 0 {
			return parsed, problems
		}
		return parsed, spec.Unsupported(parsed, routers)
	}
}
