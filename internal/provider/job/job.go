package job

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
)

// Keys of a measurement's metadata: where its Job is, and why it failed.
const (
	nameKey      = "job-name"
	namespaceKey = "job-namespace"
	failureKey   = "job-failure"
)

// Provider implements provider.Job and provider.Collector. It reads from the API
// server, not from a cache: a Job that was made a moment ago is never taken for gone.
type Provider struct {
	client client.Client
	place  Place
}

// New returns a Provider that uses a client of the cluster that the place means. The
// client must not read from a cache.
func New(c client.Client, place Place) Provider { return Provider{client: c, place: place} }

// Start implements provider.Job. A Job that an earlier try for the same number made
// is taken up.
func (p Provider) Start(ctx context.Context, q provider.Query) (provider.Progress, error) {
	wanted := p.job(q)
	err := p.client.Create(ctx, wanted)
	if apierrors.IsAlreadyExists(err) {
		return p.adopt(ctx, q, client.ObjectKeyFromObject(wanted))
	}
	if err != nil {
		return provider.Progress{}, fmt.Errorf("create Job %s/%s: %w", wanted.Namespace, wanted.Name, err)
	}
	return running(wanted, q.Now), nil
}

func (p Provider) adopt(ctx context.Context, q provider.Query, key client.ObjectKey) (provider.Progress, error) {
	var found batchv1.Job
	if err := p.client.Get(ctx, key, &found); err != nil {
		return provider.Progress{}, fmt.Errorf("read Job %s: %w", key, err)
	}
	if !isOf(&found, q) {
		return provider.Progress{}, fmt.Errorf("adopt Job %s: it does not belong to this AnalysisRun", key)
	}
	return running(&found, q.Now), nil
}

// Poll implements provider.Job.
func (p Provider) Poll(ctx context.Context, q provider.Query, m v1alpha1.Measurement) (provider.Progress, error) {
	found, err := p.find(ctx, q, m)
	if apierrors.IsNotFound(err) {
		return provider.Progress{}, fmt.Errorf("the Job was deleted before its outcome was read: %w", err)
	}
	if err != nil {
		return provider.Progress{}, err
	}
	if verdict, over := outcome(found); over {
		return verdict, nil
	}
	why, err := p.stuck(ctx, found, q.Now)
	if err != nil {
		return provider.Progress{}, err
	}
	if why == "" {
		return running(found, q.Now), nil
	}
	if err := p.remove(ctx, found); err != nil {
		return provider.Progress{}, err
	}
	return provider.Progress{Phase: v1alpha1.AnalysisPhaseInconclusive, Message: why}, nil
}

// Stop implements provider.Job. A Job that is over by then has its say.
func (p Provider) Stop(ctx context.Context, q provider.Query, m v1alpha1.Measurement) (provider.Progress, error) {
	stopped := provider.Progress{Phase: v1alpha1.AnalysisPhaseInconclusive}
	found, err := p.find(ctx, q, m)
	if apierrors.IsNotFound(err) {
		return stopped, nil
	}
	if err != nil {
		return provider.Progress{}, err
	}
	if verdict, over := outcome(found); over {
		return verdict, nil
	}
	return stopped, p.remove(ctx, found)
}

// Collect implements provider.Collector.
func (p Provider) Collect(ctx context.Context, q provider.Query, keep int) error {
	all, err := p.jobs(ctx, q.Run)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(j batchv1.Job) bool { return !isOf(&j, q) })
	slices.SortFunc(all, func(a, b batchv1.Job) int { return numberOf(b.Name) - numberOf(a.Name) })
	for i := min(max(keep, 0), len(all)); i < len(all); i++ {
		if err := p.remove(ctx, &all[i]); err != nil {
			return err
		}
	}
	return nil
}

// Forget removes all Jobs of a run that is gone. Only those elsewhere need it: the
// others go with their owner.
func (p Provider) Forget(ctx context.Context, run *v1alpha1.AnalysisRun) error {
	if !p.elsewhere(run) {
		return nil
	}
	all, err := p.jobs(ctx, run)
	if err != nil {
		return err
	}
	for i := range all {
		if err := p.remove(ctx, &all[i]); err != nil {
			return err
		}
	}
	return nil
}

// jobs are all Jobs of a run.
func (p Provider) jobs(ctx context.Context, run *v1alpha1.AnalysisRun) ([]batchv1.Job, error) {
	var list batchv1.JobList
	err := p.client.List(ctx, &list, client.InNamespace(p.namespace(run)), client.MatchingLabels{v1alpha1.AnalysisRunUIDLabel: string(run.UID)})
	if err != nil {
		return nil, fmt.Errorf("list Jobs of AnalysisRun %s/%s: %w", run.Namespace, run.Name, err)
	}
	return list.Items, nil
}

// find reads the Job of a measurement: where the measurement says, else where Start
// puts it.
func (p Provider) find(ctx context.Context, q provider.Query, m v1alpha1.Measurement) (*batchv1.Job, error) {
	key := client.ObjectKey{Namespace: m.Metadata[namespaceKey], Name: m.Metadata[nameKey]}
	if key.Name == "" {
		key.Name = nameOf(string(q.Run.UID), q.Metric.Name, q.Number)
	}
	if key.Namespace == "" {
		key.Namespace = p.namespace(q.Run)
	}
	var found batchv1.Job
	if err := p.client.Get(ctx, key, &found); err != nil {
		return nil, fmt.Errorf("read Job %s: %w", key, err)
	}
	if !isOf(&found, q) {
		return nil, fmt.Errorf("read Job %s: it does not belong to this AnalysisRun", key)
	}
	return &found, nil
}

// remove deletes a Job after its pods. One that is gone is no error.
func (p Provider) remove(ctx context.Context, j *batchv1.Job) error {
	err := p.client.Delete(ctx, j, client.Preconditions{UID: &j.UID}, client.PropagationPolicy(metav1.DeletePropagationForeground))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete Job %s/%s: %w", j.Namespace, j.Name, err)
	}
	return nil
}

// running looks again after √(2 × seconds so far) seconds, and a second at least:
// stored times have no fractions.
//
// Example: after 60 s it looks again 11 s later.
func running(j *batchv1.Job, now time.Time) provider.Progress {
	elapsed := max(0, now.Sub(j.CreationTimestamp.Time).Seconds())
	pause := max(time.Second, time.Duration(math.Sqrt(2*elapsed)*float64(time.Second)))
	return provider.Progress{
		Phase:    v1alpha1.AnalysisPhaseRunning,
		Metadata: map[string]string{nameKey: j.Name, namespaceKey: j.Namespace},
		ResumeAt: now.Add(pause),
	}
}

// outcome is the verdict of a Job, and whether there is one.
//
// Compat: why a Job failed is metadata and no message, because messages become part of
// the run's, whose text people's alerts know. Held by TestOutcomes.
func outcome(j *batchv1.Job) (provider.Progress, bool) {
	for _, c := range j.Status.Conditions {
		switch {
		case c.Status != corev1.ConditionTrue:
		case c.Type == batchv1.JobComplete:
			return provider.Progress{Phase: v1alpha1.AnalysisPhaseSuccessful}, true
		case c.Type == batchv1.JobFailed:
			why := map[string]string{failureKey: said(c.Reason, c.Message)}
			return provider.Progress{Phase: v1alpha1.AnalysisPhaseFailed, Metadata: why}, true
		}
	}
	return provider.Progress{}, false
}

// said is, for example, "BackoffLimitExceeded: Job has reached the specified backoff limit".
func said(reason, message string) string {
	if message == "" {
		return reason
	}
	return reason + ": " + message
}
