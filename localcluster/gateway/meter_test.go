package gateway

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestMeterNamesThePrimary(t *testing.T) {
	w := newWorld(t, middle,
		ingress("web", serving("a", "/", prefix, "stable"), serving("", "/any", prefix, "stable")),
		ingress("web-canary", serving("a", "/", prefix, "canary"), annotated("canary", "true", "canary-by-header", "X-C")))
	w.endpoints("stable", startPod(t, saying("stable")).endpoint)
	w.endpoints("canary", startPod(t, saying("canary")).endpoint)
	w.ask("GET", "/", "", nil)
	w.ask("GET", "/", "", nil)
	w.ask("POST", "/deep/er", "x", headers("X-C", "always"))
	w.endpoints("stable")
	w.ask("GET", "/", "", nil)

	const constant = `controller_class="k8s.io/ingress-nginx",controller_namespace="ingress-nginx",controller_pod="serin-local-gateway",`
	want := `
		# HELP nginx_ingress_controller_requests Requests of clients.
		# TYPE nginx_ingress_controller_requests counter
		nginx_ingress_controller_requests{canary="",` + constant + `host="a",ingress="web",method="GET",namespace="default",path="/",service="stable",status="200"} 2
		nginx_ingress_controller_requests{canary="",` + constant + `host="a",ingress="web",method="GET",namespace="default",path="/",service="stable",status="503"} 1
		nginx_ingress_controller_requests{canary="default-canary-http",` + constant + `host="a",ingress="web",method="POST",namespace="default",path="/",service="stable",status="200"} 1
	`
	// A request is counted after its answer was sent.
	waitFor(t, func() bool { return counted(t, w) == 4 })
	if err := testutil.GatherAndCompare(w.registry, strings.NewReader(want), "nginx_ingress_controller_requests"); err != nil {
		t.Error(err)
	}
}

// counted is how many requests the metrics show.
func counted(t *testing.T, w *world) int {
	families, err := w.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, family := range families {
		if family.GetName() == "nginx_ingress_controller_requests" {
			for _, metric := range family.GetMetric() {
				total += int(metric.GetCounter().GetValue())
			}
		}
	}
	return total
}

func TestMeterHasTheFamiliesOfIngressNginx(t *testing.T) {
	w := newWorld(t, middle, ingress("web", serving("a", "/", prefix, "web")))
	w.endpoints("web", startPod(t, saying("ok")).endpoint)
	w.ask("GET", "/", "", nil)
	waitFor(t, func() bool { return counted(t, w) == 1 })
	families, err := w.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, family := range families {
		got[family.GetName()] = family.GetType().String()
		if histogram := family.GetMetric()[0].GetHistogram(); histogram != nil && histogram.GetSampleCount() != 1 {
			t.Errorf("%s has %d samples, want 1", family.GetName(), histogram.GetSampleCount())
		}
	}
	want := map[string]string{
		"nginx_ingress_controller_requests":                  "COUNTER",
		"nginx_ingress_controller_request_duration_seconds":  "HISTOGRAM",
		"nginx_ingress_controller_response_duration_seconds": "HISTOGRAM",
		"nginx_ingress_controller_header_duration_seconds":   "HISTOGRAM",
		"nginx_ingress_controller_connect_duration_seconds":  "HISTOGRAM",
		"nginx_ingress_controller_request_size":              "HISTOGRAM",
		"nginx_ingress_controller_response_size":             "HISTOGRAM",
		"nginx_ingress_controller_bytes_sent":                "HISTOGRAM",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("families (-want +got):\n%s", diff)
	}
}

func TestMeterForgetsIngressesThatAreGone(t *testing.T) {
	m := newMeter(prometheus.NewRegistry())
	for _, name := range []string{"kept", "gone"} {
		m.instruments(series{status: 200, namespace: "default", ingress: name}).requests.Inc()
	}
	m.forget(map[Owner]bool{{Namespace: "default", Name: "kept"}: true})
	if got := testutil.CollectAndCount(m.requests); got != 1 {
		t.Errorf("%d request series are left, want 1", got)
	}
}
