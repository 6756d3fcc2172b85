package datadog

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
	"github.com/serin-rollouts/serin/internal/spec"
)

const (
	v1 = "v1"
	v2 = "v2"

	defaultInterval   = 5 * time.Minute
	defaultTimeout    = 10 * time.Second
	defaultAggregator = "last"
	review            = " Please review the Analysis Template."
)

// Texts that users know, word for word.
//
//nolint:staticcheck,revive // known texts
var (
	errNoQuery      = errors.New("Must have either a query or queries." + review)
	errBothQueries  = errors.New("Cannot have both a query and queries." + review)
	errQueryOfV1    = errors.New("Query is empty. API Version v1 only supports using the query parameter in your Analysis Template.")
	errFormulaAlone = errors.New("Formula are only valid when queries are set." + review)
	errNoFormula    = errors.New("When multiple queries are provided you must include a formula.")
	errAggregator   = errors.New("Aggregator is not supported in v1." + review)
	errTimeout      = errors.New("Request timeout must be a positive duration (e.g. 30s)." + review)
)

// question is a metric that was read.
type question struct {
	version    string
	queries    map[string]string
	formula    string
	aggregator string
	from, to   time.Time
	timeout    time.Duration
}

// parse reads a metric.
func parse(metric *v1alpha1.DatadogMetric, now time.Time) (question, error) {
	asked := question{
		version: orElse(metric.ApiVersion, v1), queries: metric.Queries, formula: metric.Formula,
		aggregator: orElse(metric.Aggregator, defaultAggregator), to: now, timeout: defaultTimeout,
	}
	if err := validate(metric, asked.version); err != nil {
		return question{}, err
	}
	if metric.Query != "" {
		asked.queries = map[string]string{"query": metric.Query}
	}
	interval := defaultInterval
	var err error
	if metric.Interval != "" {
		interval, err = spec.ParseDuration(metric.Interval)
	}
	if err != nil {
		return question{}, fmt.Errorf("read interval: %w", err)
	}
	asked.from = now.Add(-interval)
	if metric.RequestTimeout != "" {
		asked.timeout, err = time.ParseDuration(string(metric.RequestTimeout))
	}
	if err != nil {
		return question{}, fmt.Errorf("Could not parse the request timeout: %w", err) //nolint:staticcheck,revive // known text
	}
	if asked.timeout <= 0 {
		return question{}, errTimeout
	}
	return asked, nil
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func validate(metric *v1alpha1.DatadogMetric, version string) error {
	switch {
	case version != v1 && version != v2:
		return fmt.Errorf("unknown apiVersion %q, known are: v1, v2", version)
	case metric.Query == "" && len(metric.Queries) == 0:
		return errNoQuery
	case metric.Query != "" && len(metric.Queries) > 0:
		return errBothQueries
	case version == v1 && metric.Query == "":
		return errQueryOfV1
	case metric.Formula != "" && len(metric.Queries) == 0:
		return errFormulaAlone
	case metric.Formula == "" && len(metric.Queries) > 1:
		return errNoFormula
	case version == v1 && metric.Aggregator != "":
		return errAggregator
	}
	return nil
}

// request asks the question at an address.
func (q question) request(address string) (fetch.Request, error) {
	address = strings.TrimRight(address, "/")
	if q.version == v1 {
		values := url.Values{
			"query": {q.queries["query"]},
			"from":  {strconv.FormatInt(q.from.Unix(), 10)},
			"to":    {strconv.FormatInt(q.to.Unix(), 10)},
		}
		return fetch.Request{URL: address + "/api/v1/query?" + values.Encode()}, nil
	}
	body, err := json.Marshal(q.scalar())
	if err != nil {
		return fetch.Request{}, fmt.Errorf("write query: %w", err)
	}
	return fetch.Request{Method: http.MethodPost, URL: address + "/api/v2/query/scalar", Body: body}, nil
}

// scalarRequest is Datadog's, in version 2.
type scalarRequest struct {
	Data scalarData `json:"data"`
}

type scalarData struct {
	Type       string     `json:"type"`
	Attributes attributes `json:"attributes"`
}

type attributes struct {
	// From and To are the window. Unit: milliseconds since 1970.
	From     int64     `json:"from"`
	To       int64     `json:"to"`
	Queries  []query   `json:"queries"`
	Formulas []formula `json:"formulas"`
}

type query struct {
	Aggregator string `json:"aggregator"`
	DataSource string `json:"data_source"`
	Name       string `json:"name"`
	Query      string `json:"query"`
}

type formula struct {
	Formula string `json:"formula"`
}

// scalar lists the queries by name, so that the same metric is the same request.
func (q question) scalar() scalarRequest {
	asked := attributes{From: q.from.UnixMilli(), To: q.to.UnixMilli(), Formulas: []formula{}}
	for _, name := range slices.Sorted(maps.Keys(q.queries)) {
		asked.Queries = append(asked.Queries, query{Aggregator: q.aggregator, DataSource: "metrics", Name: name, Query: q.queries[name]})
	}
	if q.formula != "" {
		asked.Formulas = append(asked.Formulas, formula{Formula: q.formula})
	}
	return scalarRequest{Data: scalarData{Type: "scalar_request", Attributes: asked}}
}
