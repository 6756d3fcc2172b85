package cloudwatch_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/cloudwatch"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// stub speaks the service's protocol: one page after the other, each CBOR.
type stub struct {
	mu    sync.Mutex
	pages []cbor.Map
	asked []cbor.Map
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	asked, err := cbor.Decode(body)
	wrong := r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/operation/GetMetricData") ||
		!strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") ||
		!strings.Contains(r.Header.Get("Authorization"), "/eu-west-1/monitoring/aws4_request")
	w.Header().Set("Content-Type", "application/cbor")
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	if err != nil || wrong || len(s.pages) == 0 {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write(cbor.Encode(cbor.Map{"__type": cbor.String("InvalidParameterValue"), "message": cbor.String("not this way")}))
		return
	}
	s.asked = append(s.asked, asked.(cbor.Map))
	_, _ = w.Write(cbor.Encode(s.pages[0]))
	s.pages = s.pages[1:]
}

// serve starts a stub and has the SDK find it, with credentials of its own.
func serve(t *testing.T, pages ...cbor.Map) *stub {
	t.Helper()
	s := &stub{pages: pages}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_CLOUDWATCH": server.URL, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_MAX_ATTEMPTS": "1",
	} {
		t.Setenv(name, value)
	}
	return s
}

// series is one result of an answer, its samples a minute apart.
func series(id, label, status string, values ...float64) cbor.Value {
	times, numbers := cbor.List{}, cbor.List{}
	for i, v := range values {
		times = append(times, &cbor.Tag{ID: 1, Value: cbor.Uint(noon.Unix() - int64(i)*60)})
		numbers = append(numbers, cbor.Float64(v))
	}
	return cbor.Map{"Id": cbor.String(id), "Label": cbor.String(label), "StatusCode": cbor.String(status), "Timestamps": times, "Values": numbers}
}

func page(next string, results ...cbor.Value) cbor.Map {
	p := cbor.Map{"MetricDataResults": cbor.List(results), "Messages": cbor.List{}}
	if next != "" {
		p["NextToken"] = cbor.String(next)
	}
	return p
}

// query is one written as a manifest.
func query(t *testing.T, manifest string) provider.Query {
	t.Helper()
	var m v1alpha1.CloudWatchMetric
	if err := json.Unmarshal([]byte(manifest), &m); err != nil {
		t.Fatal(err)
	}
	return provider.Query{Run: &v1alpha1.AnalysisRun{}, Now: noon, Metric: v1alpha1.Metric{Name: "m", Provider: v1alpha1.MetricProvider{CloudWatch: &m}}}
}

const errorRate = `{"interval": "30m", "metricDataQueries": [
	{"id": "rate", "expression": "errors / requests"},
	{"id": "errors", "metricStat": {"metric": {"namespace": "app", "metricName": "errors", "dimensions": [{"name": "app", "value": "web"}]},
		"period": "300", "stat": "Sum", "unit": "Count"}, "returnData": false}]}`

func TestRequest(t *testing.T) {
	s := serve(t, page("", series("rate", "rate", "Complete", 0.5)))
	if _, err := cloudwatch.New().Measure(t.Context(), query(t, errorRate)); err != nil {
		t.Fatal(err)
	}
	at := func(when time.Time) cbor.Value { return &cbor.Tag{ID: 1, Value: cbor.Float64(when.Unix())} }
	want := cbor.Map{
		"StartTime": at(noon.Add(-30 * time.Minute)), "EndTime": at(noon), "ScanBy": cbor.String("TimestampDescending"),
		"MetricDataQueries": cbor.List{
			cbor.Map{"Id": cbor.String("rate"), "Expression": cbor.String("errors / requests")},
			cbor.Map{"Id": cbor.String("errors"), "ReturnData": cbor.Bool(false), "MetricStat": cbor.Map{
				"Period": cbor.Uint(300), "Stat": cbor.String("Sum"), "Unit": cbor.String("Count"),
				"Metric": cbor.Map{
					"Namespace": cbor.String("app"), "MetricName": cbor.String("errors"),
					"Dimensions": cbor.List{cbor.Map{"Name": cbor.String("app"), "Value": cbor.String("web")}},
				},
			}},
		},
	}
	if diff := cmp.Diff(want, s.asked[0]); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestResults(t *testing.T) {
	cases := map[string]struct {
		pages    []cbor.Map
		want     [][]float64
		wantText string
	}{
		"values, newest first":     {[]cbor.Map{page("", series("a", "a", "Complete", 0.1, 0.2), series("b", "b", "Complete", 3))}, [][]float64{{0.1, 0.2}, {3}}, "[[0.1 0.2] [3]]"},
		"a series without samples": {[]cbor.Map{page("", series("a", "a", "Complete"))}, [][]float64{nil}, "[[]]"},
		"nothing returned":         {[]cbor.Map{page("")}, [][]float64{}, "[]"},
		"two pages":                {[]cbor.Map{page("more", series("a", "a", "PartialData", 1)), page("", series("a", "a", "Complete", 2), series("b", "b", "Complete", 3))}, [][]float64{{1, 2}, {3}}, "[[1 2] [3]]"},
		"one query, several series, two pages": {
			[]cbor.Map{page("more", series("q", "x", "PartialData", 1), series("q", "y", "PartialData", 2)), page("", series("q", "y", "Complete", 3))},
			[][]float64{{1}, {2, 3}}, "[[1] [2 3]]",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.pages...)
			got, err := cloudwatch.New().Measure(t.Context(), query(t, errorRate))
			if err != nil {
				t.Fatal(err)
			}
			// Conditions read result[0].Values[0], so the fields must be the SDK's.
			values := [][]float64{}
			for _, each := range got.Result.([]types.MetricDataResult) {
				if len(each.Timestamps) != len(each.Values) {
					t.Errorf("%d times for %d values", len(each.Timestamps), len(each.Values))
				}
				values = append(values, append([]float64(nil), each.Values...))
			}
			if diff := cmp.Diff(tc.want, values); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			if got.Text != tc.wantText || got.Metadata != nil {
				t.Errorf("Text %q, Metadata %v, want %q and none", got.Text, got.Metadata, tc.wantText)
			}
			if len(tc.pages) == 2 && s.asked[1]["NextToken"] != cbor.String("more") {
				t.Errorf("second request is %v", s.asked[1])
			}
		})
	}
}

func TestMessages(t *testing.T) {
	p := page("", series("a", "a", "Complete", 1))
	p["Messages"] = cbor.List{cbor.Map{"Code": cbor.String("MaxMetricsExceeded"), "Value": cbor.String("some are missing")}}
	serve(t, p)
	got, err := cloudwatch.New().Measure(t.Context(), query(t, errorRate))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"messages": "MaxMetricsExceeded: some are missing"}, got.Metadata); diff != "" {
		t.Errorf("Metadata (-want +got):\n%s", diff)
	}
}

func TestNothingToJudge(t *testing.T) {
	cases := map[string]struct {
		manifest string
		pages    []cbor.Map
		want     string // part of the error
	}{
		"the service refuses":        {errorRate, nil, "not this way"},
		"a series it cannot compute": {errorRate, []cbor.Map{page("", series("rate", "rate", "InternalError"))}, "CloudWatch query rate: InternalError"},
		"a second page that fails":   {errorRate, []cbor.Map{page("more", series("a", "a", "PartialData", 1))}, "not this way"},
		"no duration":                {`{"interval": "soon"}`, nil, `read interval: time: invalid duration "soon"`},
		"no number":                  {`{"metricDataQueries": [{"id": "a", "period": "five"}]}`, nil, "query a: read period"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			serve(t, tc.pages...)
			got, err := cloudwatch.New().Measure(t.Context(), query(t, tc.manifest))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Measure() = %+v, %v, want %q", got, err, tc.want)
			}
		})
	}
}
