package influxdb_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
	"github.com/serin-rollouts/serin/internal/provider/influxdb"
)

// secrets are those of the controller's namespace.
type secrets map[string]map[string][]byte

var errMissing = errors.New(`secrets "x" not found`)

func (s secrets) Secret(_ context.Context, namespace, name string) (map[string][]byte, error) {
	if found, is := s[name]; is && namespace == "" {
		return found, nil
	}
	return nil, errMissing
}

func (secrets) Missing(err error) bool { return errors.Is(err, errMissing) }

func profile(address string) map[string][]byte {
	return map[string][]byte{"address": []byte(address), "authToken": []byte("t0ken"), "org": []byte("my org")}
}

func query(profile string, s secrets) provider.Query {
	return provider.Query{Run: &v1alpha1.AnalysisRun{}, Secrets: s, Metric: v1alpha1.Metric{
		Name: "m", Provider: v1alpha1.MetricProvider{Influxdb: &v1alpha1.InfluxdbMetric{Profile: profile, Query: `from(bucket: "b")`}},
	}}
}

// measure asks a server that answers that.
func measure(t *testing.T, answer http.HandlerFunc) (provider.Value, error) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return influxdb.New(fetch.New(fetch.Options{})).Measure(t.Context(), query("", secrets{"influxdb": profile(server.URL)}))
}

// says answers with lines, ended as InfluxDB ends them.
func says(lines ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Join(lines, "\r\n")) }
}

func TestRequest(t *testing.T) {
	var got []string
	_, err := measure(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = []string{r.Method + " " + r.URL.String(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(body)}
		says("#datatype,string,long,double", "#group,false,false,false", "#default,_result,,", ",result,table,_value", ",,0,1.5", "", "")(w, r)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"POST /api/v2/query?org=my+org", "Token t0ken", "application/json",
		`{"query":"from(bucket: \"b\")","type":"flux","dialect":{"annotations":["datatype","group","default"],"delimiter":",","header":true}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestResults(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 5e8, time.UTC)
	cases := map[string]struct {
		lines    []string
		want     []any
		wantText string
	}{
		"rows of one table": {
			[]string{"#datatype,string,long,double", "#default,_result,,", ",result,table,_value", ",,0,1", ",,0,2.5", "", ""},
			[]any{1.0, 2.5}, "[1 2.5]",
		},
		"a table for each type": {
			[]string{
				"#datatype,string,long,long", "#default,_result,,", ",result,table,_value", ",,0,-1", "",
				"#datatype,string,long,unsignedLong", "#default,_result,,", ",result,table,_value", ",,1,7", "",
				"#datatype,string,long,boolean", "#default,_result,,", ",result,table,_value", ",,2,true", "",
				"#datatype,string,long,string", "#default,_result,,", ",result,table,_value", `,,3,"a, b"`, "",
				"#datatype,string,long,dateTime:RFC3339", "#default,_result,,", ",result,table,_value", ",,4,2026-05-01T12:00:00.5Z", "", "",
			},
			[]any{int64(-1), uint64(7), true, "a, b", at}, "[-1 7 true a, b 2026-05-01 12:00:00.5 +0000 UTC]",
		},
		"a row without a value, and one with the default": {
			[]string{"#datatype,string,double", "#default,_result,", ",result,_value", ",,", "", "#datatype,string,double", "#default,_result,9", ",result,_value", ",,", "", ""},
			[]any{nil, 9.0}, "[<nil> 9]",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := measure(t, says(tc.lines...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(provider.Value{Result: tc.want, Text: tc.wantText}, got); diff != "" {
				t.Errorf("Measure() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingToJudge(t *testing.T) {
	head := []string{"#datatype,string,long,double", "#default,_result,,", ",result,table,_value", ",,0,1"}
	refuses := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	cases := map[string]struct {
		answer http.HandlerFunc
		want   string // part of the error
	}{
		"no rows":                     {says(head[:3]...), "breaks off"},
		"no tables":                   {says("", ""), "no results returned from flux query"},
		"nothing at all":              {says(), "no results returned from flux query"},
		"cut off in a number":         {says(append(head[:4:4], ",,0,12")...), "breaks off"},
		"cut off in a row":            {says(append(head[:4:4], ",,0", "")...), "breaks off"},
		"cut off in a quoted text":    {says(append(head[:4:4], `,,0,"1`, "")...), "read InfluxDB's answer"},
		"an error in the middle":      {says(append(head[:4:4], "", "#datatype,string,string", "#default,,", ",error,reference", ",query terminated: out of memory,897", "")...), "query terminated: out of memory"},
		"a number that is none":       {says(append(head[:4:4], ",,0,much", "")...), `parsing "much"`},
		"a type that is not known":    {says("#datatype,complex", ",_value", ",1", ""), "InfluxDB"},
		"a query that does not parse": {refuses(400, `{"code":"invalid","message":"compilation failed: undefined identifier"}`), "invalid: compilation failed: undefined identifier"},
		"a wrong token":               {refuses(401, `{"code":"unauthorized","message":"unauthorized access"}`), "unauthorized: unauthorized access"},
		"a proxy that is down":        {refuses(502, "<html>"), "InfluxDB answered 502 Bad Gateway"},
		"a connection that is cut": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			says(append(head[:4:4], "")...)(w, r)
		}, "unexpected EOF"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := measure(t, tc.answer)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Measure() = %+v, %v, want %q", got, err, tc.want)
			}
		})
	}
}

func TestProfiles(t *testing.T) {
	server := httptest.NewServer(says("#datatype,string,double", ",result,_value", ",,1", ""))
	t.Cleanup(server.Close)
	half := profile(server.URL)
	delete(half, "org")
	all := secrets{"mine": profile(server.URL + "/"), "half": half}
	cases := map[string]struct{ profile, want string }{
		"a profile of its own": {"mine", ""},
		"an incomplete Secret": {"half", "authToken, org, or address not found"},
		"no such Secret":       {"", `read Secret influxdb: secrets "x" not found`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := influxdb.New(fetch.New(fetch.Options{})).Measure(t.Context(), query(tc.profile, all))
			if (err == nil) != (tc.want == "") || err != nil && err.Error() != tc.want {
				t.Errorf("Measure() = %v, want %q", err, tc.want)
			}
		})
	}
}
