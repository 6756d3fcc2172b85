package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

func TestCostOfThisProcess(t *testing.T) {
	before, err := cpuOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for after := before; after < before+2*tick; {
		if after, err = cpuOf(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	if memory, err := peakMemoryOf(os.Getpid()); err != nil || memory < 1<<20 {
		t.Errorf("peakMemoryOf() = %d, %v, want some MiB", memory, err)
	}
}

func TestWritesOf(t *testing.T) {
	cases := map[string]struct {
		metrics string
		want    float64
		wantErr string
	}{
		"reads are left out": {metrics: `# HELP rest_client_requests_total Number of HTTP requests
rest_client_requests_total{code="200",host="127.0.0.1:1",method="GET"} 70
rest_client_requests_total{code="200",host="127.0.0.1:1",method="PATCH"} 12
rest_client_requests_total{code="409",host="127.0.0.1:1",method="PATCH"} 1
rest_client_requests_total{code="201",host="127.0.0.1:1",method="POST"} 2e+01
`, want: 33},
		"a controller that does not count is an error": {metrics: "other 1\n", wantErr: "has no rest_client_requests_total"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(tc.metrics)) }))
			defer server.Close()
			got, err := writesOf(t.Context(), server.URL)
			if got != tc.want || (err != nil) != (tc.wantErr != "") || (err != nil && !strings.Contains(err.Error(), tc.wantErr)) {
				t.Errorf("writesOf() = %v, %v, want %v, %q", got, err, tc.want, tc.wantErr)
			}
		})
	}
}

func TestBounds(t *testing.T) {
	limit, err := readBounds("bounds.json")
	if err != nil {
		t.Fatal(err)
	}
	measured := options{n: limit.N, replicas: limit.Replicas, steps: limit.Steps, idle: 30 * time.Second}
	base, good := result{burst: 10 * time.Second}, result{burst: 10 * time.Second, burstCPU: time.Second, writes: 10, peakMemory: 50 << 20}
	cases := map[string]struct {
		options options
		spoil   func(*result)
		want    string
	}{
		"all is well":                    {options: measured, spoil: func(*result) {}},
		"slower than Deployments":        {options: measured, spoil: func(r *result) { r.burst = time.Minute }, want: "burst with steps"},
		"too much CPU":                   {options: measured, spoil: func(r *result) { r.burstCPU = time.Minute }, want: "CPU seconds of a burst"},
		"too many writes":                {options: measured, spoil: func(r *result) { r.writes = 1000 }, want: "writes for one Rollout"},
		"too much memory":                {options: measured, spoil: func(r *result) { r.peakMemory = 1 << 40 }, want: "peak memory"},
		"busy when idle":                 {options: measured, spoil: func(r *result) { r.idleCPU = time.Second }, want: "idle minute"},
		"a single write when idle":       {options: measured, spoil: func(r *result) { r.idleWrites = 1 }, want: "writes while idle"},
		"other numbers than were agreed": {options: options{n: 1}, spoil: func(*result) {}, want: "the bounds are for"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			stepped := good
			tc.spoil(&stepped)
			problems := limit.check(tc.options, base, good, stepped)
			if (len(problems) > 0) != (tc.want != "") || len(problems) > 1 || (len(problems) == 1 && !strings.Contains(problems[0].Error(), tc.want)) {
				t.Errorf("check() = %v, want %q", problems, tc.want)
			}
		})
	}
}
