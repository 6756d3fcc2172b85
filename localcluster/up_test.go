package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// startLimit is the processor time that a cluster may use from nothing to ready.
// The time on the clock depends on what else the machine does; on two idle cores
// it is about as long.
const startLimit = 15 * time.Second

const widgets = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: example.org/v1
kind: Widget
metadata: {name: first}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

const shop = `apiVersion: apps/v1
kind: Deployment
metadata: {name: demo, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: demo}}
  template:
    metadata: {labels: {app: demo}}
    spec:
      containers: [{name: demo, image: "argoproj/rollouts-demo:blue", ports: [{name: http, containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: demo, namespace: shop}
spec: {selector: {app: demo}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: demo, namespace: shop}
spec:
  ingressClassName: nginx
  rules:
  - host: demo.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: demo, port: {number: 80}}}}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: speak, namespace: shop}
spec: {backoffLimit: 0, template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [sh, -c, "echo spoken"]}]}}}
`

// place is a cluster's directory with the programs and manifests that the tests
// use.
type place struct {
	dir, manifests, controller, controllerPID string
}

func newPlace(t *testing.T) place {
	t.Helper()
	root := t.TempDir()
	p := place{
		dir:           filepath.Join(root, "cluster"),
		manifests:     filepath.Join(root, "widgets.yaml"),
		controllerPID: filepath.Join(root, "pid"),
	}
	p.controller = writeController(t, p.controllerPID)
	if err := os.WriteFile(p.manifests, []byte(widgets), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p place) up(t *testing.T, more ...string) *running {
	t.Helper()
	args := []string{"--dir", p.dir, "--gateway", "127.0.0.1:0", "--manifests", p.manifests, "--controller", p.controller}
	return begin(t, append(args, more...)...)
}

func (p place) kubectl(t *testing.T, args ...string) (string, bool) {
	t.Helper()
	return output(t, append([]string{"kubectl", "--kubeconfig", filepath.Join(p.dir, kubeconfigName)}, args...)...)
}

// mustKubectl returns what kubectl prints and fails the test when it fails.
func (p place) mustKubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, ok := p.kubectl(t, args...)
	if !ok {
		t.Fatalf("kubectl %s: %s", strings.Join(args, " "), out)
	}
	return out
}

func (p place) addresses(t *testing.T) addresses {
	t.Helper()
	at, err := readAddresses(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestCluster plays the life of one cluster; its parts go on from each other.
func TestCluster(t *testing.T) {
	p := newPlace(t)
	r := p.up(t)
	r.waitReady(t)
	if used := r.cpu(t); used > startLimit {
		t.Errorf("processor time until ready: got %s, want at most %s", used, startLimit)
	}

	t.Run("manifests are applied, kinds and namespaces first", func(t *testing.T) {
		got := strings.Fields(p.mustKubectl(t, "get", "widget/first", "--output=name") + p.mustKubectl(t, "get", "configmap/settings", "--namespace=shop", "--output=name"))
		if diff := cmp.Diff([]string{"widget.example.org/first", "configmap/settings"}, got); diff != "" {
			t.Errorf("objects (-want +got):\n%s", diff)
		}
	})
	t.Run("the node is registered", func(t *testing.T) {
		if out, ok := p.kubectl(t, "get", "nodes", "--output=jsonpath={.items[*].metadata.name}"); !ok || out != nodeObjectName {
			t.Errorf("kubectl get nodes: got %q, want %s", out, nodeObjectName)
		}
	})
	t.Run("a second up on the same directory is refused", func(t *testing.T) {
		out, ok := output(t, "up", "--dir", p.dir)
		want := fmt.Sprintf("serin-local: a cluster is already running on %s (process %d); stop it with: serin-local stop --dir %[1]s\n", p.dir, r.command.Process.Pid)
		if ok || out != want {
			t.Errorf("got %q, want %q", out, want)
		}
	})
	t.Run("workloads run", func(t *testing.T) { testWorkloads(t, p) })
	t.Run("a plugin on PATH is found", func(t *testing.T) { testPlugin(t, p) })
	t.Run("the controller is watched over", func(t *testing.T) { testController(t, p, r) })
	before := p.addresses(t)
	t.Run("stop ends everything in order", func(t *testing.T) { testStop(t, p, r) })
	t.Run("started again it goes on", func(t *testing.T) { testAgain(t, p, before) })
	t.Run("fresh begins anew", func(t *testing.T) { testFresh(t, p) })
}

func testWorkloads(t *testing.T, p place) {
	p.runDemo(t)
	if got := p.mustKubectl(t, "get", "replicasets", "--namespace=shop", "--output=jsonpath={.items[*].status.readyReplicas}"); got != "2" {
		t.Errorf("ready replicas of the Deployment's ReplicaSet: got %q, want 2", got)
	}

	proxy := &url.URL{Scheme: "http", Host: p.addresses(t).Proxy}
	wantBlue(t, &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}, "http://demo.shop/color", "demo.shop")

	p.mustKubectl(t, "wait", "--for=condition=complete", "job/speak", "--namespace=shop", "--timeout=30s")
	if got := p.mustKubectl(t, "logs", "job/speak", "--namespace=shop"); got != "spoken\n" {
		t.Errorf("logs of the Job: got %q, want %q", got, "spoken\n")
	}
	p.mustKubectl(t, "delete", "namespace", "shop", "--timeout=60s")
	if out, ok := p.kubectl(t, "get", "namespace", "shop"); ok {
		t.Errorf("the deleted namespace is still there: %s", out)
	}
}

// wantBlue waits until the demo application answers there.
func wantBlue(t *testing.T, client *http.Client, url, host string) {
	t.Helper()
	eventually(t, func() string {
		request, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			return err.Error()
		}
		request.Host = host
		response, err := client.Do(request)
		if err != nil {
			return err.Error()
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		if string(body) != `"blue"` {
			return fmt.Sprintf("the colour blue at %s; got %s %s", url, response.Status, body)
		}
		return ""
	})
}

func testPlugin(t *testing.T, p place) {
	bin := t.TempDir()
	writeProgram(t, bin, "kubectl-argo-rollouts", "#!/bin/sh\necho plugin \"$@\" with $KUBECONFIG\n")
	command := program(t, "kubectl", "argo", "rollouts", "list", "--flag")
	command.Dir = t.TempDir()
	if err := os.Symlink(p.dir, filepath.Join(command.Dir, defaultDir)); err != nil {
		t.Fatal(err)
	}
	command.Env = append(command.Env, "PATH="+bin+":"+os.Getenv("PATH"))
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl argo rollouts: %v: %s", err, out)
	}
	want := "plugin list --flag with " + filepath.Join(command.Dir, defaultDir, kubeconfigName) + "\n"
	if string(out) != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

func testController(t *testing.T, p place, r *running) {
	first := readText(t, p.controllerPID)
	if log := readText(t, filepath.Join(p.dir, logsName, "controller.log")); !strings.Contains(log, "HTTP_PROXY is http://"+p.addresses(t).Proxy) {
		t.Errorf("the controller's log does not show the names proxy: %s", log)
	}
	var pid int
	if _, err := fmt.Sscan(first, &pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() string {
		if second := readText(t, p.controllerPID); second == first || !alive(second) {
			return "a new controller process"
		}
		return ""
	})
	if want := "the controller ended (signal: killed); starting it again in 1s"; !strings.Contains(r.printed(), want) {
		t.Errorf("printed %s\nwant a line with %q", r.printed(), want)
	}
}

func testStop(t *testing.T, p place, r *running) {
	controller := readText(t, p.controllerPID)
	if out, ok := output(t, "status", "--dir", p.dir); !ok || !strings.Contains(out, "https://"+p.addresses(t).API) {
		t.Errorf("status: got %q, want the API server's address", out)
	}
	if out, ok := output(t, "stop", "--dir", p.dir); !ok {
		t.Fatalf("stop: %s", out)
	}
	<-r.ended
	if code := r.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code of up: got %d, want 0; printed\n%s", code, r.printed())
	}
	if alive(controller) {
		t.Error("the controller outlived the cluster")
	}
	if out, ok := output(t, "status", "--dir", p.dir); ok {
		t.Errorf("status of the stopped cluster: got success with %q", out)
	}
}

func testAgain(t *testing.T, p place, before addresses) {
	r := p.up(t)
	r.waitReady(t)
	if diff := cmp.Diff(before, p.addresses(t)); diff != "" {
		t.Errorf("addresses (-before +after):\n%s", diff)
	}
	p.mustKubectl(t, "get", "widget/first")
	p.mustKubectl(t, "create", "configmap", "mark")
	controller := readText(t, p.controllerPID)
	r.end(t, syscall.SIGKILL)
	eventually(t, func() string {
		if alive(controller) {
			return "the end of the controller after its parent was killed"
		}
		return ""
	})
}

func testFresh(t *testing.T, p place) {
	r := p.up(t)
	r.waitReady(t)
	p.mustKubectl(t, "get", "configmap", "mark")
	r.end(t, syscall.SIGINT)
	r = p.up(t, "--fresh")
	r.waitReady(t)
	if out, ok := p.kubectl(t, "get", "configmap", "mark"); ok {
		t.Errorf("state outlived --fresh: %s", out)
	}
	r.end(t, syscall.SIGTERM)
}

func readText(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

func TestUpRefuses(t *testing.T) {
	taken := takenPort(t)
	cases := map[string]struct {
		args []string
		want string
	}{
		"the API server's port is taken": {
			args: []string{"--api", taken}, want: "--api " + taken + ": another program listens there; choose a different address or port 0 for any free one"},
		"the gateway's port is taken": {
			args: []string{"--gateway", taken}, want: "--gateway " + taken + ": another program listens there; choose a different address or port 0 for any free one"},
		"Prometheus' port is taken": {
			args: []string{"--prometheus", taken}, want: "--prometheus " + taken + ": another program listens there; choose a different address or port 0 for any free one"},
		"an address without port": {
			args: []string{"--api", "127.0.0.1"}, want: "--api 127.0.0.1: address 127.0.0.1: missing port in address"},
		"manifests that do not exist": {
			args: []string{"--manifests", "nowhere"}, want: "--manifests nowhere: there is no such file or directory"},
		"a controller that does not exist": {
			args: []string{"--controller", "nowhere"}, want: "--controller nowhere: there is no such file"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "cluster")
			args := append([]string{"up", "--dir", dir, "--gateway", "127.0.0.1:0"}, tc.args...)
			out, ok := output(t, args...)
			if want := "serin-local: " + tc.want + "\n"; ok || out != want {
				t.Errorf("got %q, want %q", out, want)
			}
			if exists(filepath.Join(dir, "etcd")) {
				t.Error("etcd was started")
			}
		})
	}
}
