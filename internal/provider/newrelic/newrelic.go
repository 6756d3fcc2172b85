package newrelic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
)

const (
	defaultProfile = "newrelic"
	defaultTimeout = 5 * time.Second
	longestTimeout = math.MaxInt32 // seconds; GraphQL's Int holds no more
	// lastWord is how much longer New Relic has to say that the query took too long.
	lastWord = time.Second
	queryKey = "ResolvedNewRelicQuery"

	addressUS = "https://api.newrelic.com/graphql"
	addressEU = "https://api.eu.newrelic.com/graphql"
)

// Texts that users know, word for word.
var (
	errTimeout = errors.New("timeout value needs to be a positive value")
	errNoKeys  = errors.New("account ID or personal API key not found")
	errNoRows  = errors.New("no results returned from NRQL query")
)

// nerdGraph is the question to New Relic's GraphQL server.
const nerdGraph = `query($account: Int!, $query: Nrql!, $timeout: Seconds) {
	actor { account(id: $account) { nrql(query: $query, timeout: $timeout) { results } } }
}`

// Provider implements provider.Provider and provider.Describer.
type Provider struct{ client *fetch.Client }

// New returns a Provider.
func New(client *fetch.Client) Provider { return Provider{client: client} }

// Describe implements provider.Describer.
func (Provider) Describe(q provider.Query) map[string]string {
	return map[string]string{queryKey: q.Redact(q.Metric.Provider.NewRelic.Query)}
}

// Measure implements provider.Provider.
func (p Provider) Measure(ctx context.Context, q provider.Query) (provider.Value, error) {
	metric := q.Metric.Provider.NewRelic
	timeout, err := timeoutOf(metric)
	if err != nil {
		return provider.Value{}, err
	}
	who, err := find(ctx, q)
	if err != nil {
		return provider.Value{}, err
	}
	body, err := json.Marshal(question{Query: nerdGraph, Variables: variables{
		Account: who.account, Query: metric.Query, Timeout: int64(timeout / time.Second),
	}})
	if err != nil {
		return provider.Value{}, fmt.Errorf("write query: %w", err)
	}
	answer, err := p.client.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: who.address, Body: body, Timeout: timeout + lastWord,
		Header: http.Header{"Api-Key": {who.key}, "Content-Type": {"application/json"}},
		Hidden: append([]string{who.key}, q.Hidden...),
	})
	if err != nil {
		return provider.Value{}, err
	}
	return valueOf(answer)
}

// timeoutOf is how long the query may take. Zero leaves it at the default.
func timeoutOf(metric *v1alpha1.NewRelicMetric) (time.Duration, error) {
	switch {
	case metric.Timeout == nil || *metric.Timeout == 0:
		return defaultTimeout, nil
	case *metric.Timeout < 0:
		return 0, errTimeout
	}
	return time.Duration(min(*metric.Timeout, longestTimeout)) * time.Second, nil
}

// customer is what the Secret of a profile says.
type customer struct {
	account int64
	key     string
	address string
}

func find(ctx context.Context, q provider.Query) (customer, error) {
	profile := q.Metric.Provider.NewRelic.Profile
	if profile == "" {
		profile = defaultProfile
	}
	secret, err := q.Secrets.Secret(ctx, "", profile)
	if err != nil {
		return customer{}, fmt.Errorf("read Secret %s: %w", profile, err)
	}
	field := func(key string) string { return strings.TrimSpace(string(secret[key])) }
	key, account := field("personal-api-key"), field("account-id")
	if key == "" || account == "" {
		return customer{}, errNoKeys
	}
	number, err := strconv.Atoi(account)
	if err != nil {
		return customer{}, fmt.Errorf("could not parse account ID: %w", errors.Unwrap(err))
	}
	address, err := addressOf(field("base-url-nerdgraph"), field("region"))
	return customer{account: int64(number), key: key, address: address}, err
}

func addressOf(address, region string) (string, error) {
	if address != "" {
		return address, nil
	}
	switch strings.ToLower(region) {
	case "", "us":
		return addressUS, nil
	case "eu":
		return addressEU, nil
	}
	return "", fmt.Errorf("unknown region %q, known are: us, eu", region)
}

// question is a GraphQL request.
type question struct {
	Query     string    `json:"query"`
	Variables variables `json:"variables"`
}

type variables struct {
	Account int64  `json:"account"`
	Query   string `json:"query"`
	// Timeout of the query. Unit: seconds.
	Timeout int64 `json:"timeout"`
}
