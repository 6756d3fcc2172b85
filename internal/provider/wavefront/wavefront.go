package wavefront

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
)

const (
	secretName = "wavefront-api-tokens"

	timestampsKey = "timestamps"
	driftKey      = "drift"
	warningsKey   = "warnings"
)

// Texts that users know, word for word.
var (
	errNoToken  = errors.New("API token not found")
	errNoSeries = errors.New("No TimeSeries found in response from Wavefront") //nolint:staticcheck,revive // known text
)

// errNoPoints is what the existing system takes for a value of zero.
var errNoPoints = errors.New("the time series from Wavefront have no points")

// Provider implements provider.Provider.
type Provider struct {
	client *fetch.Client
	scheme string
}

// New returns a Provider. How long it waits is the client's choice.
func New(client *fetch.Client) Provider { return Provider{client: client, scheme: "https"} }

// Measure implements provider.Provider.
func (p Provider) Measure(ctx context.Context, q provider.Query) (provider.Value, error) {
	metric := q.Metric.Provider.Wavefront
	token, err := tokenFor(ctx, q, metric.Address)
	if err != nil {
		return provider.Value{}, err
	}
	answer, err := p.client.Do(ctx, fetch.Request{
		URL:    p.scheme + "://" + metric.Address + "/api/v2/chart/api?" + parameters(metric.Query, q.Now),
		Header: http.Header{"Authorization": {"Bearer " + token}},
		Hidden: append([]string{token}, q.Hidden...),
	})
	if err != nil {
		return provider.Value{}, err
	}
	return valueOf(answer, q.Now)
}

// tokenFor is what the Secret of all Wavefront metrics says about an address.
func tokenFor(ctx context.Context, q provider.Query, address string) (string, error) {
	secret, err := q.Secrets.Secret(ctx, "", secretName)
	if err != nil && !q.Secrets.Missing(err) {
		return "", fmt.Errorf("read Secret %s: %w", secretName, err)
	}
	token := strings.TrimSpace(string(secret[address]))
	if token == "" {
		return "", errNoToken
	}
	return token, nil
}

// parameters ask for the time around now, by the second.
func parameters(query string, now time.Time) string {
	at := strconv.FormatInt(now.UnixMilli(), 10)
	return url.Values{
		"q": {query}, "s": {at}, "e": {at}, "g": {"s"}, "p": {"1"}, "i": {"true"}, "autoEvents": {"false"},
		"listmode": {"false"}, "strict": {"false"}, "includeObsoleteMetrics": {"false"},
	}.Encode()
}

// chart is an answer.
type chart struct {
	Timeseries []struct {
		// Data has pairs of a time, in seconds since 1970, and a value.
		Data [][]*float64 `json:"data"`
	} `json:"timeseries"`
	Warnings     string `json:"warnings"`
	ErrorMessage string `json:"errorMessage"`
}

func valueOf(answer fetch.Answer, now time.Time) (provider.Value, error) {
	if !answer.OK() {
		return provider.Value{}, answer.Refusal()
	}
	var said chart
	if err := answer.Decode(&said); err != nil {
		return provider.Value{}, err
	}
	switch {
	case said.ErrorMessage != "":
		return provider.Value{}, fmt.Errorf("query Wavefront: %s", answer.Redact(said.ErrorMessage))
	case len(said.Timeseries) == 0:
		return provider.Value{}, errNoSeries
	}
	var points []point
	for _, series := range said.Timeseries {
		if nearest, found := closest(series.Data, now); found {
			points = append(points, nearest)
		}
	}
	if len(points) == 0 {
		return provider.Value{}, errNoPoints
	}
	value := listed(points, now, len(said.Timeseries) > 1)
	if said.Warnings != "" {
		value.Metadata[warningsKey] = answer.Redact(said.Warnings)
	}
	return value, nil
}

// point is a value at a time. Unit of at: seconds since 1970.
type point struct{ at, value float64 }

// closest is the point closest to now; false when there is none.
func closest(data [][]*float64, now time.Time) (best point, found bool) {
	for _, pair := range data {
		if len(pair) != 2 || pair[0] == nil || pair[1] == nil {
			continue
		}
		next := point{at: *pair[0], value: *pair[1]}
		if !found || next.drift(now) < best.drift(now) {
			best, found = next, true
		}
	}
	return best, found
}

// drift is how far from now it is. Unit: seconds.
func (p point) drift(now time.Time) float64 { return math.Abs(p.at - float64(now.Unix())) }

// listed is one number for one series, and a list for several, even if only one of
// them has points: conditions are written for the one or the other.
func listed(points []point, now time.Time, several bool) provider.Value {
	values := make([]float64, len(points))
	var texts, times, drifts []string
	for i, p := range points {
		values[i] = p.value
		texts = append(texts, fmt.Sprintf("%.2f", p.value))
		times = append(times, strconv.FormatFloat(p.at, 'f', -1, 64))
		drifts = append(drifts, strconv.FormatFloat(p.drift(now), 'f', -1, 64))
	}
	value := provider.Value{Result: values[0], Text: texts[0], Metadata: map[string]string{timestampsKey: times[0], driftKey: drifts[0]}}
	if several {
		value = provider.Value{Result: values, Text: inBrackets(texts), Metadata: map[string]string{
			timestampsKey: inBrackets(times), driftKey: inBrackets(drifts),
		}}
	}
	return value
}

func inBrackets(texts []string) string { return "[" + strings.Join(texts, ",") + "]" }
