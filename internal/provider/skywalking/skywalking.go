package skywalking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
	"github.com/serin-rollouts/serin/internal/spec"
)

const (
	defaultTimeout = 30 * time.Second
	step           = "MINUTE"
	stepLayout     = "2006-01-02 1504"
)

// errNoData is a text that users know.
var errNoData = errors.New("no results returned from SkyWalking query")

// Provider implements provider.Provider.
type Provider struct {
	client  *fetch.Client
	zone    *time.Location
	timeout time.Duration
}

// New returns a Provider. The zone is the one that SkyWalking reads times in.
//
// Compat: the existing system uses the zone of the controller's pod, so that wiring
// passes time.Local. Held by TestRequest.
func New(client *fetch.Client, zone *time.Location) Provider {
	return Provider{client: client, zone: zone, timeout: defaultTimeout}
}

// Measure implements provider.Provider.
func (p Provider) Measure(ctx context.Context, q provider.Query) (provider.Value, error) {
	metric := q.Metric.Provider.SkyWalking
	interval, err := spec.ParseDuration(metric.Interval)
	if err != nil {
		return provider.Value{}, fmt.Errorf("read interval: %w", err)
	}
	body, err := json.Marshal(question{Query: metric.Query, Variables: variables{Duration: p.window(q.Now, interval)}})
	if err != nil {
		return provider.Value{}, fmt.Errorf("write query: %w", err)
	}
	answer, err := p.client.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: strings.TrimRight(metric.Address, "/") + "/graphql", Body: body, Timeout: p.timeout,
		Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}, "Accept": {"application/json; charset=utf-8"}},
		Hidden: q.Hidden,
	})
	if err != nil {
		return provider.Value{}, err
	}
	return valueOf(answer)
}

// question is a GraphQL request.
type question struct {
	Query     string    `json:"query"`
	Variables variables `json:"variables"`
}

type variables struct {
	Duration duration `json:"duration"`
}

// duration is SkyWalking's word for a window.
type duration struct {
	Start string `json:"start"`
	End   string `json:"end"`
	Step  string `json:"step"`
}

func (p Provider) window(now time.Time, interval time.Duration) duration {
	now = now.In(p.zone)
	return duration{Start: now.Add(-interval).Format(stepLayout), End: now.Format(stepLayout), Step: step}
}

func valueOf(answer fetch.Answer) (provider.Value, error) {
	var data map[string]any
	if err := answer.GraphQL("SkyWalking query", &data); err != nil {
		return provider.Value{}, err
	}
	if data == nil {
		return provider.Value{}, errNoData
	}
	text, err := json.Marshal(data)
	if err != nil {
		return provider.Value{}, fmt.Errorf("write value as JSON: %w", err)
	}
	return provider.Value{Result: data, Text: string(text)}, nil
}
