package local

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Resources that tests look at.
var (
	namespaces  = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	ingresses   = schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"}
	replicaSets = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
)

// cleanupPatience is how long a namespace may take to lose its traffic.
const cleanupPatience = 30 * time.Second

// Namespace belongs to one test. Its methods fail that test.
type Namespace struct {
	*Cluster
	Name string
	t    testing.TB
}

// Namespace makes a namespace for a test. It is deleted when the test ends; when the
// test failed, what happened in it is logged first.
func (c *Cluster) Namespace(t testing.TB) *Namespace {
	t.Helper()
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"generateName": "story-"},
	}}
	made, err := c.client.Resource(namespaces).Create(t.Context(), object, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("make a namespace: %v", err)
	}
	n := &Namespace{Cluster: c, Name: made.GetName(), t: t}
	t.Cleanup(n.remove)
	return n
}

// remove deletes the namespace. It waits for the Ingresses only, so that the next
// test may use the same hosts.
func (n *Namespace) remove() {
	if n.t.Failed() {
		n.t.Log(n.story())
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanupPatience)
	defer cancel()
	all := n.client.Resource(ingresses).Namespace(n.Name)
	if err := n.client.Resource(namespaces).Delete(ctx, n.Name, metav1.DeleteOptions{}); err != nil {
		n.t.Errorf("delete namespace %s: %v", n.Name, err)
	}
	if err := all.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		n.t.Errorf("delete the ingresses of %s: %v", n.Name, err)
	}
	if err := until(ctx, all, "", func(objects []*unstructured.Unstructured) bool { return len(objects) == 0 }); err != nil {
		n.t.Errorf("wait until the ingresses of %s are gone: %v", n.Name, err)
	}
}

// story tells what is and what happened in the namespace.
func (n *Namespace) story() string {
	var told strings.Builder
	for _, arguments := range [][]string{
		{"get", "rollouts,replicasets,pods,services,ingresses", "-o", "wide", "--show-labels"},
		{"get", "rollouts", "-o", "jsonpath={range .items[*]}{.metadata.name}: {.status}{\"\\n\"}{end}"},
		{"get", "ingresses", "-o", "jsonpath={range .items[*]}{.metadata.name}: {.metadata.annotations}{\"\\n\"}{end}"},
		{"get", "pods", "-o", "jsonpath={range .items[*]}{.metadata.name}: {.status.containerStatuses}{\"\\n\"}{end}"},
		{"logs", "--selector=rollouts-pod-template-hash", "--prefix", "--tail=5", "--ignore-errors"},
		{"get", "experiments,analysisruns,jobs", "-o", "jsonpath={range .items[*]}{.kind} {.metadata.name}: {.status}{\"\\n\"}{end}"},
		{"get", "events", "--sort-by=.metadata.creationTimestamp"},
	} {
		out, _ := n.command("kubectl", arguments...).CombinedOutput()
		fmt.Fprintf(&told, "$ kubectl %s\n%s\n", strings.Join(arguments, " "), out)
	}
	fmt.Fprintf(&told, "controller log:\n%s", n.controller.Log())
	return told.String()
}

// command prepares a program as a user of this namespace would run it.
func (n *Namespace) command(name string, arguments ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(n.path(), name), append(arguments, "--namespace", n.Name)...)
	command.Dir = n.Root
	command.Env = append(os.Environ(), "KUBECONFIG="+n.Kubeconfig, "PATH="+n.path()+":"+os.Getenv("PATH"))
	return command
}

// Kubectl runs kubectl in the namespace and returns what it printed. The working
// folder is the root of the module.
func (n *Namespace) Kubectl(arguments ...string) string {
	n.t.Helper()
	return n.run(n.command("kubectl", arguments...))
}

// Rollouts runs `kubectl argo rollouts` with these arguments.
func (n *Namespace) Rollouts(arguments ...string) string {
	n.t.Helper()
	return n.run(n.command("kubectl", append([]string{"argo", "rollouts"}, arguments...)...))
}

// Serin runs the command line and returns what it printed, and whether it ended well.
func (n *Namespace) Serin(arguments ...string) (string, bool) {
	n.t.Helper()
	out, err := n.command("serin", arguments...).CombinedOutput()
	return string(out), err == nil
}

// Apply applies manifests.
func (n *Namespace) Apply(manifests string) string {
	n.t.Helper()
	command := n.command("kubectl", "apply", "-f", "-")
	command.Stdin = strings.NewReader(manifests)
	return n.run(command)
}

// TryApply applies manifests and returns what was printed, and whether all of them
// were taken.
func (n *Namespace) TryApply(manifests string) (string, bool) {
	n.t.Helper()
	command := n.command("kubectl", "apply", "-f", "-")
	command.Stdin = strings.NewReader(manifests)
	out, err := command.CombinedOutput()
	return string(out), err == nil
}

// ApplyAnyway applies manifests without the check for unknown fields.
func (n *Namespace) ApplyAnyway(manifests string) string {
	n.t.Helper()
	command := n.command("kubectl", "apply", "--validate=false", "-f", "-")
	command.Stdin = strings.NewReader(manifests)
	return n.run(command)
}

// ReadFile reads a file of the module.
func (n *Namespace) ReadFile(name string) string {
	n.t.Helper()
	content, err := os.ReadFile(filepath.Join(n.Root, name))
	if err != nil {
		n.t.Fatal(err)
	}
	return string(content)
}

func (n *Namespace) run(command *exec.Cmd) string {
	n.t.Helper()
	var failed bytes.Buffer
	command.Stderr = &failed
	out, err := command.Output()
	if err != nil {
		n.t.Fatalf("%s: %v\n%s%s", strings.Join(command.Args, " "), err, out, failed.String())
	}
	return string(out)
}

// Example reads the manifests of a folder of examples, in the order of file names.
func (n *Namespace) Example(folder string) string {
	n.t.Helper()
	files, err := filepath.Glob(filepath.Join(n.Root, "examples", folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		n.t.Fatalf("read example %s: %d files, %v", folder, len(files), err)
	}
	var manifests []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			n.t.Fatalf("read example: %v", err)
		}
		manifests = append(manifests, string(content))
	}
	return strings.Join(manifests, "\n---\n")
}
