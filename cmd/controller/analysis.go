package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/controller/analysisrun"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/kube"
	"github.com/serin-rollouts/serin/internal/provider"
)

// addRuns adds what works on AnalysisRuns. It measures only while this process leads:
// calls are handed to the workers by steps of the loop, and only a leader takes steps.
func (a assembly) addRuns(ctx context.Context, m manager.Manager, recorder kube.Recorder) error {
	measuring, err := a.parts.sources(sourceTools{config: m.GetConfig(), namespace: a.options.Scope.Namespace})
	if err != nil {
		return fmt.Errorf("open sources of metrics: %w", err)
	}
	workers := provider.NewWorkers(provider.WorkerOptions{
		Sources: measuring.registry,
		Secrets: kube.NewSecrets(m.GetAPIReader(), controllerNamespace()),
		Now:     time.Now,
		Report:  func(about, problem string) { a.log().Info(problem, "about", about) },
	})
	news := &bell{}
	tasks := []manager.RunnableFunc{workers.Start}
	for _, watch := range measuring.watches {
		tasks = append(tasks, func(ctx context.Context) error { return watch(ctx, news.ring) })
	}
	for _, task := range tasks {
		if err := m.Add(task); err != nil {
			return fmt.Errorf("add workers: %w", err)
		}
	}
	if err := a.watchTemplates(ctx, m.GetCache()); err != nil {
		return err
	}
	return analysisrun.Add(m, analysisrun.Options{
		Cluster: kube.NewRuns(m, kube.RunOptions{Workers: workers, Events: recorder, Now: time.Now}),
		Rules:   a.parts.runs,
		Threads: a.sizes.runs,
		Now:     time.Now,
		Changes: []func(func(engine.Key)){workers.OnReading, news.on},
		Deleted: func(run *v1alpha1.AnalysisRun) {
			a.meter.AnalysisRuns.Deleted(client.ObjectKeyFromObject(run))
			workers.Gone(run)
		},
		Observe: a.meter.AnalysisRuns.Reconciled,
		Log:     a.log(),
	})
}

// bell rings for keys, as soon as somebody listens.
type bell struct {
	mu     sync.Mutex
	listen func(engine.Key)
}

func (b *bell) on(listen func(engine.Key)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listen = listen
}

func (b *bell) ring(key engine.Key) {
	b.mu.Lock()
	listen := b.listen
	b.mu.Unlock()
	if listen != nil {
		listen(key)
	}
}

// watchTemplates fills the caches that scrapes read. Templates of the whole cluster
// are left alone by a controller that is responsible for one namespace.
func (a assembly) watchTemplates(ctx context.Context, c cache.Cache) error {
	kinds := []client.Object{&v1alpha1.AnalysisTemplate{}}
	if a.options.Scope.Namespace == "" {
		kinds = append(kinds, &v1alpha1.ClusterAnalysisTemplate{})
	}
	for _, kind := range kinds {
		if _, err := c.GetInformer(ctx, kind, cache.BlockUntilSynced(false)); err != nil {
			return fmt.Errorf("watch %T: %w", kind, err)
		}
	}
	return nil
}
