package kayenta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
)

const (
	defaultTimeout = 15 * time.Second
	// pause between looks at a comparison.
	pause = 15 * time.Second
	// executionKey is, in a measurement's metadata, which comparison it is.
	executionKey = "canaryExecutionId"
)

// Texts that users know, word for word.
//
//nolint:staticcheck,revive // known texts
var (
	errResponse    = errors.New("Invalid Response")
	errConfig      = errors.New("Canary config not found")
	errExecution   = errors.New("Invalid canaryExecutionId")
	errNotComplete = errors.New("Missing Complete Status")
	errNoScore     = errors.New("Missing Score")
)

// errUnreadable leaves out what the answer is instead.
var errUnreadable = errors.New("the answer of Kayenta is no JSON")

// Provider implements provider.Job.
type Provider struct {
	client  *fetch.Client
	timeout time.Duration
}

// New returns a Provider.
func New(client *fetch.Client) Provider { return Provider{client: client, timeout: defaultTimeout} }

// Start implements provider.Job. Kayenta cannot tell whether it was asked before: a
// repeated Start begins another comparison, and the first is forgotten.
func (p Provider) Start(ctx context.Context, q provider.Query) (provider.Progress, error) {
	metric := q.Metric.Provider.Kayenta
	body, err := comparison(metric, q)
	if err != nil {
		return provider.Progress{}, err
	}
	config, err := p.config(ctx, q)
	if err != nil {
		return provider.Progress{}, err
	}
	at := address(metric, "canary", config) + "?" + url.Values{
		"application": {metric.Application}, "metricsAccountName": {metric.MetricsAccountName},
		"configurationAccountName": {metric.ConfigurationAccountName}, "storageAccountName": {metric.StorageAccountName},
	}.Encode()
	answer, err := p.client.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: at, Body: body, Timeout: p.timeout,
		Header: http.Header{"Content-Type": {"application/json"}}, Hidden: q.Hidden,
	})
	if err != nil {
		return provider.Progress{}, err
	}
	if answer.Status != http.StatusOK {
		return provider.Progress{}, errResponse
	}
	var begun struct{ CanaryExecutionID string }
	if err := json.Unmarshal(answer.Body, &begun); err != nil {
		return provider.Progress{}, errUnreadable
	}
	if begun.CanaryExecutionID == "" {
		return provider.Progress{}, errExecution
	}
	return provider.Progress{
		Phase: v1alpha1.AnalysisPhaseRunning, Metadata: map[string]string{executionKey: begun.CanaryExecutionID}, ResumeAt: q.Now.Add(pause),
	}, nil
}

// config is the identity of the canary configuration that the metric names.
//
// Kayenta is asked with the account of configurations; the existing system sends the
// storage account in its place.
func (p Provider) config(ctx context.Context, q provider.Query) (string, error) {
	metric := q.Metric.Provider.Kayenta
	at := address(metric, "canaryConfig") + "?" + url.Values{
		"application": {metric.Application}, "configurationAccountName": {metric.ConfigurationAccountName},
	}.Encode()
	answer, err := p.client.Do(ctx, fetch.Request{URL: at, Timeout: p.timeout, Hidden: q.Hidden})
	if err != nil {
		return "", err
	}
	if answer.Status != http.StatusOK {
		return "", fmt.Errorf("%w: HTTP %d", errResponse, answer.Status)
	}
	var configs []struct{ ID, Name string }
	if err := json.Unmarshal(answer.Body, &configs); err != nil {
		return "", errUnreadable
	}
	for _, config := range configs {
		if config.Name == metric.CanaryConfigName && config.ID != "" {
			return config.ID, nil
		}
	}
	return "", errConfig
}

// address is the URL of something that Kayenta has.
func address(metric *v1alpha1.KayentaMetric, path ...string) string {
	at := strings.TrimRight(metric.Address, "/")
	for _, part := range path {
		at += "/" + url.PathEscape(part)
	}
	return at
}

// Poll implements provider.Job.
func (p Provider) Poll(ctx context.Context, q provider.Query, m v1alpha1.Measurement) (provider.Progress, error) {
	metric := q.Metric.Provider.Kayenta
	execution := m.Metadata[executionKey]
	if execution == "" {
		return provider.Progress{}, errExecution
	}
	answer, err := p.client.Do(ctx, fetch.Request{URL: address(metric, "canary", execution), Timeout: p.timeout, Hidden: q.Hidden})
	if err != nil {
		return provider.Progress{}, err
	}
	if answer.Status != http.StatusOK {
		return provider.Progress{}, errResponse
	}
	var said result
	if err := json.Unmarshal(answer.Body, &said); err != nil {
		return provider.Progress{}, errUnreadable
	}
	switch {
	case said.Complete == nil:
		return provider.Progress{}, errNotComplete
	case !*said.Complete:
		return provider.Progress{Phase: v1alpha1.AnalysisPhaseRunning, ResumeAt: q.Now.Add(pause)}, nil
	}
	score := said.Result.JudgeResult.Score.Score
	if score == nil {
		return provider.Progress{}, errNoScore
	}
	return provider.Progress{Phase: verdict(*score, metric.Threshold), Text: strconv.FormatFloat(*score, 'f', -1, 64)}, nil
}

// result is what Kayenta says about a comparison.
type result struct {
	Complete *bool `json:"complete"`
	Result   struct {
		JudgeResult struct {
			Score struct {
				// Score is 0 to 100.
				Score *float64 `json:"score"`
			} `json:"score"`
		} `json:"judgeResult"`
	} `json:"result"`
}

// verdict takes the score as it is, not cut to a whole number.
//
// Example: pass 90, marginal 75: 90 succeeds, 89.99 and 75 say nothing, 74.9 fails.
func verdict(score float64, threshold v1alpha1.KayentaThreshold) v1alpha1.AnalysisPhase {
	switch {
	case score >= float64(threshold.Pass):
		return v1alpha1.AnalysisPhaseSuccessful
	case score >= float64(threshold.Marginal):
		return v1alpha1.AnalysisPhaseInconclusive
	}
	return v1alpha1.AnalysisPhaseFailed
}

// Stop implements provider.Job. The comparison goes on at Kayenta, which keeps it to
// itself, and nobody waits for it.
func (Provider) Stop(context.Context, provider.Query, v1alpha1.Measurement) (provider.Progress, error) {
	return provider.Progress{Phase: v1alpha1.AnalysisPhaseInconclusive}, nil
}
