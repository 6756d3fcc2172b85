package datadog

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
)

const (
	rateLimitHeader = "X-RateLimit-Reset"
	// rateLimitKey is, in a measurement's metadata, how long Datadog wants to be left
	// alone. Unit: seconds.
	rateLimitKey = "rate-limit-reset-seconds"
)

// Provider implements provider.Provider.
type Provider struct {
	client *fetch.Client
	env    func(string) string
}

// New returns a Provider. Credentials may be in the environment, which env reads.
func New(client *fetch.Client, env func(string) string) Provider {
	return Provider{client: client, env: env}
}

// Measure implements provider.Provider.
func (p Provider) Measure(ctx context.Context, q provider.Query) (provider.Value, error) {
	metric := q.Metric.Provider.Datadog
	keys, err := p.keys(ctx, q)
	if err != nil {
		return provider.Value{}, err
	}
	asked, err := parse(metric, q.Now)
	if err != nil {
		return provider.Value{}, err
	}
	request, err := asked.request(keys.address)
	if err != nil {
		return provider.Value{}, err
	}
	request.Header = http.Header{"Dd-Api-Key": {keys.api}, "Dd-Application-Key": {keys.app}, "Content-Type": {"application/json"}}
	request.Timeout = asked.timeout
	request.Hidden = append([]string{keys.api, keys.app}, q.Hidden...)
	answer, err := p.client.Do(ctx, request)
	if err != nil {
		return provider.Value{}, err
	}
	if answer.Status != http.StatusOK {
		return provider.Value{Metadata: patience(answer)}, refusal(answer)
	}
	if asked.version == v1 {
		return lastPoint(answer)
	}
	return firstNumbers(answer)
}

// refusal has the words that users know.
func refusal(answer fetch.Answer) error {
	kind := "non 2xx"
	if answer.Status == http.StatusUnauthorized || answer.Status == http.StatusForbidden {
		kind = "authentication error"
	}
	return fmt.Errorf("received %s response code: %d %s", kind, answer.Status, answer.Said())
}

// patience is how long to leave Datadog alone, when it says so. It is no part of the
// error, whose text must not change every second.
func patience(answer fetch.Answer) map[string]string {
	seconds := answer.Header.Get(rateLimitHeader)
	if seconds == "" {
		return nil
	}
	return map[string]string{rateLimitKey: answer.Redact(seconds)}
}

// queryError is what Datadog says about a query in an answer that is otherwise fine.
func queryError(answer fetch.Answer, said any) error {
	if said == nil || said == "" {
		return nil
	}
	if list, isList := said.([]any); isList && len(list) == 0 {
		return nil
	}
	return fmt.Errorf("There were errors in your query: %s", answer.Redact(fmt.Sprint(said))) //nolint:staticcheck,revive // known text
}

// errShape is an answer that lacks what Datadog always sends.
var errShape = errors.New("the answer has no data in it")
