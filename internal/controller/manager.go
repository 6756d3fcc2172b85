package controller

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/serin-rollouts/serin/internal/kube"
)

// LockName is the name of the lease that a leader holds. With an instance ID it is
// followed by a dash and the ID.
const LockName = "argo-rollouts-controller-lock"

// Options are what a manager needs to know about this run.
type Options struct {
	Config   *rest.Config
	Scope    kube.Scope
	Election Election
	Listen   Listen
	Log      logr.Logger
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

// NewManager returns a manager with the caches of the scope and, when they are
// asked for, leader election and profiles.
func NewManager(o Options) (manager.Manager, error) {
	scheme, err := kube.NewScheme()
	if err != nil {
		return nil, err
	}
	caches, err := kube.CacheOptions(o.Config, o.Scope)
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

// AddServers adds what answers probes and scrapes to a manager.
func AddServers(m manager.Manager, o Options, scrapes http.Handler) error {
	health := http.NewServeMux()
	health.HandleFunc("/healthz", answerOK)
	health.HandleFunc("/readyz", readiness(m))
	scraped := http.NewServeMux()
	scraped.Handle("/metrics", scrapes)
	servers := []server{
		{name: "health", address: o.Listen.Health, handler: health, log: o.Log},
		{name: "metrics", address: o.Listen.Metrics, handler: scraped, log: o.Log},
	}
	for _, s := range servers {
		if err := m.Add(s); err != nil {
			return fmt.Errorf("add %s server: %w", s.name, err)
		}
	}
	return nil
}
