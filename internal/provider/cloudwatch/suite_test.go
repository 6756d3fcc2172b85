package cloudwatch

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/providertest"
)

const short = 300 * time.Millisecond

// fresh is a Provider for each measurement, because the server's address comes from
// the environment and is read once.
type fresh struct{}

func (fresh) Measure(ctx context.Context, q provider.Query) (provider.Value, error) {
	p := New()
	p.timeout = short
	return p.Measure(ctx, q)
}

func TestSuite(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": providertest.Token,
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_MAX_ATTEMPTS": "1",
	} {
		t.Setenv(name, value)
	}
	expression := "SELECT " + providertest.Token
	providertest.Run(t, providertest.Subject{
		Source: provider.Source{Provider: fresh{}},
		Metric: func(address string) v1alpha1.MetricProvider {
			t.Setenv("AWS_ENDPOINT_URL_CLOUDWATCH", address)
			return v1alpha1.MetricProvider{CloudWatch: &v1alpha1.CloudWatchMetric{
				MetricDataQueries: []v1alpha1.CloudWatchMetricDataQuery{{Id: "a", Expression: &expression}},
			}}
		},
		Answer: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/cbor")
			w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
			_, _ = w.Write(cbor.Encode(cbor.Map{"MetricDataResults": cbor.List{cbor.Map{"Id": cbor.String("a"), "Values": cbor.List{cbor.Float64(1)}}}}))
		},
		Timeout: short,
	})
}
