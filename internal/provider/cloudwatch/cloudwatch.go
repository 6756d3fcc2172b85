package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
)

const (
	timeout         = 30 * time.Second
	defaultInterval = 5 * time.Minute
	messagesKey     = "messages"
)

// Provider implements provider.Provider.
type Provider struct {
	connection *connection
	timeout    time.Duration
}

// New returns a Provider that finds region and credentials as AWS's tools do:
// environment, files, web identity, instance role.
func New() Provider { return Provider{connection: &connection{}, timeout: timeout} }

// Measure implements provider.Provider.
func (p Provider) Measure(ctx context.Context, q provider.Query) (provider.Value, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	asked, err := request(q.Metric.Provider.CloudWatch, q.Now)
	if err != nil {
		return provider.Value{}, err
	}
	client, err := p.connection.open(ctx)
	if err != nil {
		return provider.Value{}, err
	}
	var found answer
	for pages := cloudwatch.NewGetMetricDataPaginator(client, asked); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err == nil && page.MetricDataResults == nil {
			err = errors.New("an answer without results")
		}
		if err != nil {
			return provider.Value{}, errors.New(q.Redact(fmt.Sprintf("ask CloudWatch: %v", err)))
		}
		found.add(page)
	}
	return found.value()
}

// connection is the client that all measurements share, so that credentials are
// fetched once and renewed when they must be.
type connection struct {
	mu   sync.Mutex
	made *cloudwatch.Client
}

func (c *connection) open(ctx context.Context) (*cloudwatch.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made != nil {
		return c.made, nil
	}
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS settings: %w", err)
	}
	// The SDK's own client knows its environment, such as AWS_CA_BUNDLE.
	settings.HTTPClient = &http.Client{Transport: fetch.Limit(roundTrip(settings.HTTPClient.Do))}
	c.made = cloudwatch.NewFromConfig(settings)
	return c.made, nil
}

// roundTrip is a function as a RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer is what all pages together say.
type answer struct {
	results  []types.MetricDataResult
	messages []types.MessageData
}

// add takes in one page. A later page goes on with the series of an earlier one.
func (a *answer) add(page *cloudwatch.GetMetricDataOutput) {
	a.messages = append(a.messages, page.Messages...)
	for _, next := range page.MetricDataResults {
		if begun := a.find(next); begun != nil {
			begun.StatusCode = next.StatusCode
			begun.Timestamps = append(begun.Timestamps, next.Timestamps...)
			begun.Values = append(begun.Values, next.Values...)
			begun.Messages = append(begun.Messages, next.Messages...)
			continue
		}
		a.results = append(a.results, next)
	}
}

func (a *answer) find(wanted types.MetricDataResult) *types.MetricDataResult {
	for i := range a.results {
		each := &a.results[i]
		if aws.ToString(each.Id) == aws.ToString(wanted.Id) && aws.ToString(each.Label) == aws.ToString(wanted.Label) {
			return each
		}
	}
	return nil
}

// value is the SDK's own list, which conditions read by its field names. A series that
// CloudWatch could not compute is no empty one: a condition over all of none holds.
func (a *answer) value() (provider.Value, error) {
	numbers := make([][]float64, len(a.results))
	for i, each := range a.results {
		if each.StatusCode == types.StatusCodeInternalError || each.StatusCode == types.StatusCodeForbidden {
			return provider.Value{}, fmt.Errorf("CloudWatch query %s: %s%s", aws.ToString(each.Id), each.StatusCode, told(each.Messages, ": "))
		}
		numbers[i] = each.Values
	}
	value := provider.Value{Result: a.results, Text: fmt.Sprint(numbers)}
	if len(a.messages) > 0 {
		value.Metadata = map[string]string{messagesKey: told(a.messages, "")}
	}
	return value, nil
}

// told is messages as one text, after a prefix; "" for none.
func told(messages []types.MessageData, prefix string) string {
	if len(messages) == 0 {
		return ""
	}
	texts := make([]string, len(messages))
	for i, m := range messages {
		texts[i] = aws.ToString(m.Code) + ": " + aws.ToString(m.Value)
	}
	return prefix + strings.Join(texts, "; ")
}

// lookBack is how far a metric looks back.
func lookBack(metric *v1alpha1.CloudWatchMetric) (time.Duration, error) {
	if metric.Interval == "" {
		return defaultInterval, nil
	}
	span, err := time.ParseDuration(string(metric.Interval))
	if err != nil {
		return 0, fmt.Errorf("read interval: %w", err)
	}
	return span, nil
}
