package graphite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
)

// errNoValues is a text that users know.
var errNoValues = errors.New("no values found")

// Provider implements provider.Provider.
type Provider struct{ client *fetch.Client }

// New returns a Provider. How long it waits is the client's choice.
func New(client *fetch.Client) Provider { return Provider{client: client} }

// Measure implements provider.Provider.
func (p Provider) Measure(ctx context.Context, q provider.Query) (provider.Value, error) {
	metric := q.Metric.Provider.Graphite
	request := fetch.Request{URL: urlOf(metric.Address, metric.Query), Hidden: slices.Clone(q.Hidden)}
	for _, hidden := range q.Hidden {
		request.Hidden = append(request.Hidden, withoutBlanks(hidden))
	}
	answer, err := p.client.Do(ctx, request)
	if err != nil {
		return provider.Value{}, err
	}
	if answer.Status >= http.StatusBadRequest {
		return provider.Value{}, fmt.Errorf("error response: %s", answer.Said())
	}
	if !answer.OK() {
		return provider.Value{}, answer.Refusal()
	}
	var targets []target
	if err := answer.Decode(&targets); err != nil {
		return provider.Value{}, err
	}
	return valueOf(targets)
}

// urlOf takes the query as parameters, written as in Graphite's own pages.
//
// Compat: all blanks go, even those in texts. Held by TestRequests.
func urlOf(address, query string) string {
	return strings.TrimRight(address, "/") + "/render?" + withoutBlanks(query) + "&format=json"
}

func withoutBlanks(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
}

// target is one series of an answer.
type target struct {
	// Datapoints are pairs of a value, which may be null, and a time.
	Datapoints [][]*float64 `json:"datapoints"`
}

// valueOf is the values of the first series.
func valueOf(targets []target) (provider.Value, error) {
	var values []float64
	var texts []string
	for _, each := range targets[:min(1, len(targets))] {
		for _, point := range each.Datapoints {
			if len(point) != 2 || point[1] == nil {
				return provider.Value{}, errors.New("read the answer: a point is no pair of value and time")
			}
			if point[0] != nil {
				values = append(values, *point[0])
				texts = append(texts, fmt.Sprintf("%f", *point[0]))
			}
		}
	}
	if len(values) == 0 {
		return provider.Value{}, errNoValues
	}
	return provider.Value{Result: values, Text: "[" + strings.Join(texts, ",") + "]"}, nil
}
