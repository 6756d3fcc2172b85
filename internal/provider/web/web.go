package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
)

const (
	defaultTimeout = 10 * time.Second
	// longestTimeout keeps seconds that make no sense within what a Duration holds.
	longestTimeout = 24 * time.Hour
)

// Texts that users know, word for word.
var (
	errTwoBodies = errors.New("use either Body or JSONBody; both cannot exists for WebMetric payload")
	errBodyOfGet = errors.New("Body/JSONBody can only be used with POST or PUT WebMetric Method types") //nolint:staticcheck,revive // known text
)

// Provider implements provider.Provider.
type Provider struct{ client *fetch.Client }

// New returns a Provider.
func New(client *fetch.Client) Provider { return Provider{client: client} }

// Measure implements provider.Provider.
func (p Provider) Measure(ctx context.Context, q provider.Query) (provider.Value, error) {
	metric := q.Metric.Provider.Web
	request, err := requestOf(metric)
	if err != nil {
		return provider.Value{}, err
	}
	request.Hidden = q.Hidden
	answer, err := p.client.Do(ctx, request)
	if err != nil {
		return provider.Value{}, err
	}
	if !answer.OK() {
		return provider.Value{}, fmt.Errorf("received non 2xx response code: %d", answer.Status)
	}
	value, err := pick(answer.Body, metric.JSONPath)
	if err != nil {
		return provider.Value{}, errors.New(answer.Redact(err.Error()))
	}
	return value, nil
}

// requestOf is the request that a metric describes.
//
// Compat: of the authentication block only oauth2 counts. Held by TestRequests.
func requestOf(metric *v1alpha1.WebMetric) (fetch.Request, error) {
	method := metric.Method
	if method == "" {
		method = v1alpha1.WebMetricMethodGet
	}
	body, err := bodyOf(metric, method)
	if err != nil {
		return fetch.Request{}, err
	}
	header := http.Header{}
	if len(metric.JSONBody) > 0 {
		header.Set("Content-Type", "application/json")
	}
	for _, each := range metric.Headers {
		header.Set(each.Key, each.Value)
	}
	return fetch.Request{
		Method: string(method), URL: metric.URL, Header: header, Body: body, Timeout: timeoutOf(metric),
		Settings: fetch.Settings{Insecure: metric.Insecure, OAuth2: metric.Authentication.OAuth2},
	}, nil
}

func bodyOf(metric *v1alpha1.WebMetric, method v1alpha1.WebMetricMethod) ([]byte, error) {
	text, json := metric.Body != "", len(metric.JSONBody) > 0
	if text && json {
		return nil, errTwoBodies
	}
	switch method {
	case v1alpha1.WebMetricMethodGet:
		if text || json {
			return nil, errBodyOfGet
		}
		return nil, nil
	case v1alpha1.WebMetricMethodPost, v1alpha1.WebMetricMethodPut:
		if json {
			return metric.JSONBody, nil
		}
		return []byte(metric.Body), nil
	}
	return nil, fmt.Errorf("unknown method %q, known are: GET, POST, PUT", method)
}

func timeoutOf(metric *v1alpha1.WebMetric) time.Duration {
	if metric.TimeoutSeconds <= 0 {
		return defaultTimeout
	}
	return time.Duration(min(metric.TimeoutSeconds, int64(longestTimeout/time.Second))) * time.Second
}
