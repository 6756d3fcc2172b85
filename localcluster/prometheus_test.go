package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// residentLimit is how much memory a cluster may need some time after its start.
// Unit: MiB.
const residentLimit = 450

// tutorialIngress names its class in both ways and a certificate that does not
// exist.
const tutorialIngress = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: tutorial, namespace: shop, annotations: {kubernetes.io/ingress.class: nginx}}
spec:
  rules:
  - host: tutorial.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: demo, port: {number: 80}}}}]}
  tls: [{hosts: [tutorial.example], secretName: not-there}]
  ingressClassName: "nginx"
`

// ownPrometheus is a Service of the name that programs expect Prometheus to have.
const ownPrometheus = `apiVersion: v1
kind: Service
metadata: {name: prometheus, namespace: shop}
spec: {selector: {app: demo}, ports: [{port: 9090, targetPort: http}]}
`

// TestPrometheus asks about requests that were made, as an analysis does.
func TestPrometheus(t *testing.T) {
	p := newPlace(t)
	r := p.up(t)
	r.waitReady(t)
	p.runDemo(t)
	p.apply(t, tutorialIngress)
	gateway := "http://" + p.addresses(t).Gateway + "/color"
	wantBlue(t, http.DefaultClient, gateway, "tutorial.example")
	before := p.failures(t)
	const asked = 25
	for range asked {
		request, err := http.NewRequest(http.MethodPost, gateway, strings.NewReader(`[{"color":"blue","return500":100}]`))
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "tutorial.example"
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	p.waitFailures(t, before+asked)
	t.Run("memory", func(t *testing.T) {
		if got := r.resident(t); got > residentLimit {
			t.Errorf("resident memory: got %d MiB, want at most %d", got, residentLimit)
		}
	})
	t.Run("a Service of the cluster wins", func(t *testing.T) {
		p.apply(t, ownPrometheus)
		wantBlue(t, p.proxied(t), "http://prometheus.shop:9090/color", "prometheus.shop:9090")
		if got := p.ask(t, "http://prometheus.monitoring:9090", "vector(3)"); got != 3 {
			t.Errorf("Prometheus in another namespace: got %g, want 3", got)
		}
	})

	r.end(t, syscall.SIGKILL)
	again := p.up(t)
	again.waitReady(t)
	if got := p.ask(t, "http://kps-prometheus:9090", `sum(last_over_time(`+failed+`[10m]))`); got != float64(before+asked) {
		t.Errorf("failures counted before the cluster was killed: got %g, want %d", got, before+asked)
	}
	again.end(t, syscall.SIGTERM)
}

// failed are the requests to tutorialIngress that failed.
const failed = `nginx_ingress_controller_requests{ingress="tutorial",namespace="shop",service="demo",status=~"5.."}`

func (p place) failures(t *testing.T) int {
	t.Helper()
	return int(p.ask(t, "http://kps-prometheus:9090", "sum("+failed+")"))
}

func (p place) waitFailures(t *testing.T, want int) {
	t.Helper()
	eventually(t, func() string {
		if got := p.failures(t); got != want {
			return fmt.Sprintf("%d failures counted; Prometheus counts %d", want, got)
		}
		return ""
	})
}

// proxied returns a client that uses names of the cluster.
func (p place) proxied(t *testing.T) *http.Client {
	t.Helper()
	proxy := &url.URL{Scheme: "http", Host: p.addresses(t).Proxy}
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
}

// ask returns what a query comes to at a name of the cluster; zero when nothing
// matches.
func (p place) ask(t *testing.T, at, query string) float64 {
	t.Helper()
	response, err := p.proxied(t).Get(at + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Data struct {
			Result []struct {
				Value [2]json.RawMessage `json:"value"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("query %s at %s: %s, %v", query, at, response.Status, err)
	}
	if len(answer.Data.Result) == 0 {
		return 0
	}
	var value float64
	if _, err := fmt.Sscan(strings.Trim(string(answer.Data.Result[0].Value[1]), `"`), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func (p place) apply(t *testing.T, manifest string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(file, []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	p.mustKubectl(t, "apply", "--filename="+file)
}

// resident is how much memory the cluster has now. Unit: MiB.
func (r *running) resident(t *testing.T) int {
	t.Helper()
	for line := range strings.Lines(readText(t, fmt.Sprintf("/proc/%d/status", r.command.Process.Pid))) {
		var kib int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kib); n == 1 {
			return kib >> 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}
