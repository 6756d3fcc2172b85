package main

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/manager"

	experimentcontroller "github.com/serin-rollouts/serin/internal/controller/experiment"
	"github.com/serin-rollouts/serin/internal/core/experiment"
	"github.com/serin-rollouts/serin/internal/kube"
	"github.com/serin-rollouts/serin/internal/spec"
)

// addExperiments adds what works on Experiments.
func (a assembly) addExperiments(ctx context.Context, m manager.Manager, recorder kube.Recorder) error {
	cluster, err := kube.NewExperiments(ctx, m, kube.ExperimentOptions{
		Parse:   spec.ParseExperiment,
		Reads:   experiment.ReadsOf,
		RunName: experiment.RunName,
		Events:  recorder,
		Now:     time.Now,
	})
	if err != nil {
		return err
	}
	return experimentcontroller.Add(m, experimentcontroller.Options{
		Cluster: cluster,
		Rules:   a.parts.experiments,
		Threads: a.sizes.experiments,
		Now:     time.Now,
		Deleted: a.meter.Experiments.Deleted,
		Observe: a.meter.Experiments.Reconciled,
		Log:     a.log(),
	})
}
