package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/controller"
	"github.com/serin-rollouts/serin/internal/controller/analysisrun"
	experimentcontroller "github.com/serin-rollouts/serin/internal/controller/experiment"
	"github.com/serin-rollouts/serin/internal/controller/metrics"
	"github.com/serin-rollouts/serin/internal/controller/rollout"
	"github.com/serin-rollouts/serin/internal/controller/service"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/kube"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/spec"
)

// parts are the pure parts that the process runs; wire.go names them.
type parts struct {
	rules   rollout.Rules
	parse   func(*v1alpha1.Rollout) (spec.Rollout, field.ErrorList)
	reads   func(plan.Snapshot, time.Time) plan.Reads
	routers func(router.ObjectClient) router.Registry
	runs    analysisrun.Rules
	sources func(sourceTools) (measuring, error)

	experiments experimentcontroller.Rules
}

// sourceTools are what sources of metrics may be made of.
type sourceTools struct {
	// config reaches the API server, for sources that work there.
	config *rest.Config
	// namespace is the only one to look at; "" for all.
	namespace string
}

// measuring is the sources of metrics, and what tells that one of them has news.
type measuring struct {
	registry provider.Registry
	watches  []watch
}

// watch calls wake with every AnalysisRun that a source has news for, until ctx ends.
type watch func(ctx context.Context, wake func(engine.Key)) error

// sizes are how much is done at a time, and of what.
type sizes struct {
	rollouts, services, runs, experiments int
	// analysisOnly leaves out everything but AnalysisRuns and Experiments.
	analysisOnly bool
}

// runAll runs every controller until ctx ends.
func runAll(ctx context.Context, o controller.Options, p parts, s sizes) error {
	requests := metrics.NewRequests()
	o.Config.Wrap(requests.Wrap)
	m, err := controller.NewManager(o)
	if err != nil {
		return err
	}
	meter, err := metrics.New(metrics.Options{
		Caches:       m.GetCache(),
		Elected:      m.Elected(),
		Requests:     requests,
		Version:      version,
		AnalysisOnly: s.analysisOnly,
		OneNamespace: o.Scope.Namespace != "",
	})
	if err != nil {
		return err
	}
	if err := controller.AddServers(m, o, meter.Handler()); err != nil {
		return err
	}
	if err := addControllers(ctx, m, assembly{options: o, parts: p, sizes: s, meter: meter}); err != nil {
		return err
	}
	o.Log.Info("starting", "version", version, "only_namespace", o.Scope.Namespace, "instance_id", o.Scope.InstanceID)
	if err := m.Start(ctx); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}

// assembly is everything that controllers are made of.
type assembly struct {
	options controller.Options
	parts   parts
	sizes   sizes
	meter   *metrics.Meter
}

func addControllers(ctx context.Context, m manager.Manager, a assembly) error {
	events, err := kube.NewEvents(m.GetConfig(), m.GetScheme())
	if err != nil {
		return err
	}
	if err := m.Add(events); err != nil {
		return fmt.Errorf("add events: %w", err)
	}
	recorder := counted{to: events, meter: a.meter}
	if err := a.addRuns(ctx, m, recorder); err != nil {
		return err
	}
	if err := a.addExperiments(ctx, m, recorder); err != nil {
		return err
	}
	if a.sizes.analysisOnly {
		return nil
	}
	return a.addRollouts(ctx, m, recorder)
}

func (a assembly) addRollouts(ctx context.Context, m manager.Manager, recorder kube.Recorder) error {
	cluster, err := kube.New(ctx, m, kube.Options{
		Parse:   a.parts.parse,
		Reads:   a.parts.reads,
		Routers: a.parts.routers,
		Events:  recorder,
		Now:     time.Now,
	})
	if err != nil {
		return err
	}
	if err := m.Add(cluster); err != nil {
		return fmt.Errorf("add cluster: %w", err)
	}
	if err := rollout.Add(m, a.rollouts(cluster, recorder)); err != nil {
		return err
	}
	return service.Add(m, a.services(cluster))
}

func (a assembly) rollouts(cluster *kube.Cluster, recorder kube.Recorder) rollout.Options {
	return rollout.Options{
		Cluster: cluster,
		Rules:   a.parts.rules,
		Threads: a.sizes.rollouts,
		Now:     time.Now,
		Changes: cluster.OnRollout,
		Tell:    recorder.Record,
		Observe: a.meter.Rollouts.Reconciled,
		Changed: a.meter.Changed,
		Log:     a.log(),
	}
}

func (a assembly) services(cluster *kube.Cluster) service.Options {
	return service.Options{
		Cluster:   cluster,
		Namespace: a.options.Scope.Namespace,
		Threads:   a.sizes.services,
		Changes:   cluster.OnService,
		Log:       a.log(),
	}
}

func (a assembly) log() logr.Logger { return a.options.Log }

// counted is a recorder that also counts the events of Rollouts.
type counted struct {
	to    kube.Recorder
	meter *metrics.Meter
}

// Record implements kube.Recorder.
func (c counted) Record(about client.Object, e plan.Event) {
	if _, ok := about.(*v1alpha1.Rollout); ok {
		key := client.ObjectKeyFromObject(about)
		c.meter.Event(key, e)
		if e.Reason == v1alpha1.RolloutDeletedReason {
			c.meter.Deleted(key)
		}
	}
	c.to.Record(about, e)
}
