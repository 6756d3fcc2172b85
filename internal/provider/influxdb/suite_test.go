package influxdb

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
	"github.com/serin-rollouts/serin/internal/provider/providertest"
)

func TestSuite(t *testing.T) {
	const short = 300 * time.Millisecond
	providertest.Run(t, providertest.Subject{
		Source: provider.Source{Provider: Provider{client: fetch.New(fetch.Options{}), timeout: short}},
		Metric: func(string) v1alpha1.MetricProvider {
			return v1alpha1.MetricProvider{Influxdb: &v1alpha1.InfluxdbMetric{Query: `from(bucket: "` + providertest.Token + `")`}}
		},
		Secrets: func(address string) map[string]map[string][]byte {
			return map[string]map[string][]byte{"influxdb": {"address": []byte(address), "authToken": []byte(providertest.Token), "org": []byte("o")}}
		},
		MissingSecret: `read Secret influxdb: secrets "influxdb": secret not found`,
		Answer: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Join([]string{"#datatype,string,double", "#default,_result,", ",result,_value", ",,1", ",,2", "", ""}, "\r\n"))
		},
		Timeout: short,
	})
}
