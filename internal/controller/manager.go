package controller

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/controller/metrics"
	"github.com/serin-rollouts/serin/internal/controller/rollout"
	"github.com/serin-rollouts/serin/internal/controller/service"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/kube"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/spec"
)

// LockName is the name of the lease that a leader holds. With an instance ID it is
// followed by a dash and the ID.
const LockName = "argo-rollouts-controller-lock"

// Options are everything that differs between two runs of the controller.
type Options struct {
	Config *rest.Config
	Scope  kube.Scope
	// RolloutThreads and ServiceThreads are how many objects of each kind are worked
	// on at a time.
	RolloutThreads, ServiceThreads int
	Election                       Election
	Listen                         Listen
	Log                            logr.Logger
	Version                        string
	Rules                          Rules
	// Now is the clock.
	Now func() time.Time
}

// Rules are the pure parts that the controllers run.
type Rules struct {
	rollout.Rules
	Parse   func(*v1alpha1.Rollout) (spec.Rollout, field.ErrorList)
	Reads   func(spec.Rollout, plan.Rollout, time.Time) plan.Reads
	Routers func(router.ObjectClient) router.Registry
}

// Election says how one of several controllers is chosen to work.
type Election struct {
	Enabled bool
	// Namespace of the lease.
	Namespace                                 string
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration
}

// Listen is where the process answers. Port 0 is any free port.
type Listen struct {
	// Health answers /healthz and /readyz, Metrics answers /metrics.
	Health, Metrics string
	// Profile serves profiles; "" does not.
	Profile string
}

// Run runs the controllers until ctx ends.
func Run(ctx context.Context, o Options) error {
	m, err := newManager(o)
	if err != nil {
		return err
	}
	meter, err := metrics.New(m.GetCache(), m.Elected(), o.Version)
	if err != nil {
		return err
	}
	if err := addControllers(ctx, m, meter, o); err != nil {
		return err
	}
	if err := addServers(m, meter, o); err != nil {
		return err
	}
	o.Log.Info("starting", "version", o.Version, "namespace", o.Scope.Namespace, "instance_id", o.Scope.InstanceID)
	if err := m.Start(ctx); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}

func newManager(o Options) (manager.Manager, error) {
	scheme, err := kube.NewScheme()
	if err != nil {
		return nil, err
	}
	caches, err := kube.CacheOptions(o.Scope)
	if err != nil {
		return nil, err
	}
	// Two controllers of one process, as tests run them, have the same names.
	anyName := true
	m, err := manager.New(o.Config, manager.Options{
		Scheme:           scheme,
		Cache:            caches,
		Logger:           o.Log,
		Controller:       config.Controller{SkipNameValidation: &anyName},
		Metrics:          metricsserver.Options{BindAddress: "0"},
		PprofBindAddress: o.Listen.Profile,

		LeaderElection:                o.Election.Enabled,
		LeaderElectionID:              lockName(o.Scope.InstanceID),
		LeaderElectionNamespace:       o.Election.Namespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &o.Election.LeaseDuration,
		RenewDeadline:                 &o.Election.RenewDeadline,
		RetryPeriod:                   &o.Election.RetryPeriod,
	})
	if err != nil {
		return nil, fmt.Errorf("make manager: %w", err)
	}
	return m, nil
}

func lockName(instanceID string) string {
	if instanceID == "" {
		return LockName
	}
	return LockName + "-" + instanceID
}

func addControllers(ctx context.Context, m manager.Manager, meter *metrics.Meter, o Options) error {
	events, err := kube.NewEvents(m.GetConfig(), m.GetScheme())
	if err != nil {
		return err
	}
	recorder := counted{to: events, meter: meter}
	cluster, err := kube.New(ctx, m, kube.Options{
		Parse:   o.Rules.Parse,
		Reads:   o.Rules.Reads,
		Routers: o.Rules.Routers,
		Events:  recorder,
		Now:     o.Now,
	})
	if err != nil {
		return err
	}
	for _, r := range []manager.Runnable{events, cluster} {
		if err := m.Add(r); err != nil {
			return fmt.Errorf("add %T: %w", r, err)
		}
	}
	err = rollout.Add(m, rollout.Options{
		Cluster: cluster,
		Rules:   o.Rules.Rules,
		Threads: o.RolloutThreads,
		Now:     o.Now,
		Changes: cluster.OnRollout,
		Tell:    recorder.Record,
		Observe: meter.Reconciled,
		Log:     o.Log,
	})
	if err != nil {
		return err
	}
	return service.Add(m, service.Options{
		Cluster:   cluster,
		Namespace: o.Scope.Namespace,
		Threads:   o.ServiceThreads,
		Changes:   cluster.OnService,
		Log:       o.Log,
	})
}

// counted is a recorder that also counts.
type counted struct {
	to    kube.Recorder
	meter *metrics.Meter
}

// Record implements kube.Recorder.
func (c counted) Record(r *v1alpha1.Rollout, e plan.Event) {
	c.meter.Event(engine.Key{Namespace: r.Namespace, Name: r.Name}, e)
	if e.Reason == v1alpha1.RolloutDeletedReason {
		c.meter.Deleted(engine.Key{Namespace: r.Namespace, Name: r.Name})
	}
	c.to.Record(r, e)
}

// addServers adds what answers probes and scrapes.
func addServers(m manager.Manager, meter *metrics.Meter, o Options) error {
	health := http.NewServeMux()
	health.HandleFunc("/healthz", answerOK)
	health.HandleFunc("/readyz", readiness(m))
	scrapes := http.NewServeMux()
	scrapes.Handle("/metrics", meter.Handler())
	servers := []server{
		{name: "health", address: o.Listen.Health, handler: health, log: o.Log},
		{name: "metrics", address: o.Listen.Metrics, handler: scrapes, log: o.Log},
	}
	for _, s := range servers {
		if err := m.Add(s); err != nil {
			return fmt.Errorf("add %s server: %w", s.name, err)
		}
	}
	return nil
}
