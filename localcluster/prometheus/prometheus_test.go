package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// patience is how long a test waits for a sample: some scrapes.
const patience = 20 * time.Second

// started is a Prometheus of a test.
type started struct {
	url  string
	stop func()
}

// start runs a Prometheus on dir until stop or the end of the test.
func start(t *testing.T, cfg Config) started {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ready, ended := make(chan struct{}), make(chan error, 1)
	cfg.Listener, cfg.Log, cfg.Ready = listener, slog.New(slog.DiscardHandler), func() { close(ready) }
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- Run(ctx, cfg) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("Run() = %v before it was ready", err)
	}
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run() = %v", err)
		}
	}
	t.Cleanup(stop)
	return started{url: "http://" + listener.Addr().String(), stop: stop}
}

// sample is one series of an answer.
type sample struct {
	Metric map[string]string `json:"metric"`
	Value  [2]any            `json:"value"`
}

// query asks for a vector and returns its values by the label.
func (s started) query(t *testing.T, expression, label string) map[string]any {
	t.Helper()
	response, err := http.Get(s.url + "/api/v1/query?query=" + url.QueryEscape(expression))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Data struct{ Result []sample } `json:"data"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("query %s: %s, %v", expression, response.Status, err)
	}
	values := map[string]any{}
	for _, series := range answer.Data.Result {
		values[series.Metric[label]] = series.Value[1]
	}
	return values
}

// wait waits until a query is answered so.
func (s started) wait(t *testing.T, expression, label string, want map[string]any) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		diff := cmp.Diff(want, s.query(t, expression, label))
		if diff == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s by %s after %s (-want +got):\n%s", expression, label, patience, diff)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// gateway shows one count in the labels of ingress-nginx.
func gateway(t *testing.T, count int) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE nginx_ingress_controller_requests counter\n")
		fmt.Fprintf(w, "nginx_ingress_controller_requests{namespace=\"shop\",ingress=\"web\",service=\"web\",status=\"200\"} %d\n", count)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// servedPod is a pod at 10.x.y.z whose metrics are served at 127.x.y.z.
func servedPod(t *testing.T) *corev1.Pod {
	t.Helper()
	listener, err := net.Listen("tcp", "127.213.7.9:0")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "orders_total{path=%q,pod=\"mine\"} 5\n", r.URL.Path)
	}))
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	pod := runningPod(map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": port, "prometheus.io/path": "/m"})
	pod.Status.PodIP = "10.213.7.9"
	return pod
}

func TestScrapesAndAnswers(t *testing.T) {
	client := fake.NewClientset(servedPod(t))
	s := start(t, Config{Client: client, Dir: t.TempDir(), Gateway: gateway(t, 12)})

	s.wait(t, `nginx_ingress_controller_requests{job="ingress-nginx",namespace="shop",service="web"}`, "ingress", map[string]any{"web": "12"})
	s.wait(t, `orders_total{path="/m",exported_pod="mine",app_kubernetes_io_name="web"}`, "pod", map[string]any{"web-1": "5"})
	s.wait(t, `up`, "job", map[string]any{gatewayJob: "1", podsJob: "1"})

	gone := client.CoreV1().Pods("shop").Delete(t.Context(), "web-1", metav1.DeleteOptions{})
	if gone != nil {
		t.Fatal(gone)
	}
	s.wait(t, `up`, "job", map[string]any{gatewayJob: "1"})
}

func TestSamplesSurvive(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Config{Client: fake.NewClientset(), Dir: dir, Gateway: gateway(t, 12)})
	counted := map[string]any{"web": "12"}
	s.wait(t, `nginx_ingress_controller_requests`, "ingress", counted)
	// What a process leaves that is killed now.
	killed := filepath.Join(t.TempDir(), "killed")
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	s.stop()
	const earlier = `last_over_time(nginx_ingress_controller_requests[5m])`
	for name, left := range map[string]string{"after a stop": dir, "after a kill": killed} {
		t.Run(name, func(t *testing.T) {
			again := start(t, Config{Client: fake.NewClientset(), Dir: left})
			again.wait(t, earlier, "ingress", counted)
			// What is left is written to as well.
			again.stop()
			third := start(t, Config{Client: fake.NewClientset(), Dir: left, Gateway: gateway(t, 40)})
			third.wait(t, `nginx_ingress_controller_requests`, "ingress", map[string]any{"web": "40"})
		})
	}
}

func TestServes(t *testing.T) {
	s := start(t, Config{Client: fake.NewClientset(), Dir: t.TempDir()})
	cases := map[string]struct {
		path string
		want string
	}{
		"the page":                       {path: "/", want: "<title>Prometheus"},
		"the page where links lead":      {path: "/graph?g0.expr=up", want: "<title>Prometheus"},
		"the targets":                    {path: "/targets", want: "Every 2 seconds:"},
		"health":                         {path: "/-/healthy", want: "Healthy"},
		"readiness":                      {path: "/-/ready", want: "Ready"},
		"its own metrics":                {path: "/metrics", want: "prometheus_tsdb_head_series"},
		"the configuration":              {path: "/api/v1/status/config", want: "job_name: ingress-nginx"},
		"how it runs":                    {path: "/api/v1/status/runtimeinfo", want: `"storageRetention":"1d"`},
		"rules, of which there are none": {path: "/api/v1/rules", want: `"groups":[]`},
		"what is in storage":             {path: "/api/v1/status/tsdb", want: `"numSeries"`},
		"notifications":                  {path: "/api/v1/notifications", want: `"success"`},
		"what goes where":                {path: "/api/v1/targets", want: `"activeTargets"`},
		"a wrong query is explained":     {path: "/api/v1/query?query=rate(", want: "parse error"},
		"Alertmanagers":                  {path: "/api/v1/alertmanagers", want: `"activeAlertmanagers":[]`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			response, err := http.Get(s.url + tc.path)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(body), tc.want) {
				t.Errorf("GET %s = %s %.300s, want %q in it", tc.path, response.Status, body, tc.want)
			}
		})
	}
}
