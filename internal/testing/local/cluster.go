package local

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// startPatience is how long a program may take to be ready.
const startPatience = 2 * time.Minute

// Cluster is a running local cluster.
type Cluster struct {
	// Root is the folder of the module, Dir that of the cluster's state and logs.
	Root, Dir string
	// Kubeconfig is the file for clients.
	Kubeconfig string
	// Gateway is where the ingress gateway listens, as host:port. Prometheus and
	// Dashboard likewise; "" when the cluster has none.
	Gateway, Prometheus, Dashboard string
	// Proxy resolves in-cluster names for programs outside.
	Proxy string

	programs   programs
	process    *process
	controller *Controller
	client     dynamic.Interface
}

// Run starts a cluster with a controller, runs the tests on it and returns the exit
// code, for TestMain. use is called before the first test.
func Run(m *testing.M, use func(*Cluster)) int {
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	c, err := Start(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer c.Stop()
	if err := c.Controller().Start(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	use(c)
	return m.Run()
}

// Start starts a cluster without a controller on a new directory and free ports,
// and waits until it is ready.
func Start(ctx context.Context) (*Cluster, error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	found, err := findPrograms(root)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "serin-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the cluster: %w", err)
	}
	c := &Cluster{Root: root, Dir: dir, Kubeconfig: filepath.Join(dir, "kubeconfig"), programs: found}
	c.controller = newController(c)
	for _, step := range []func(context.Context) error{c.up, c.linkPrograms, c.connect} {
		if err := step(ctx); err != nil {
			c.Stop()
			return nil, fmt.Errorf("start a cluster: %w", err)
		}
	}
	return c, nil
}

// up runs serin-local and returns when it says that it is ready.
func (c *Cluster) up(ctx context.Context) error {
	const anyPort = "127.0.0.1:0"
	command := exec.Command(c.programs.cluster, "up", "--dir", c.Dir, "--no-controller", "--manifests", filepath.Join(c.Root, "config", "crd"),
		"--gateway", anyPort, "--prometheus", anyPort, "--dashboard", anyPort)
	out, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	said := &strings.Builder{}
	command.Stderr = said
	command.Env = append([]string{"GOGC=100"}, os.Environ()...) // tests have memory, and no time
	if c.process, err = startProcess("serin-local", command); err != nil {
		return err
	}
	ready := make(chan struct{})
	go func() {
		defer func() { _, _ = io.Copy(io.Discard, out) }()
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if lines.Text() == "ready" {
				close(ready)
				return
			}
		}
	}()
	select {
	case <-ready:
		return c.readAddresses()
	case <-c.process.done:
		return fmt.Errorf("%w: %s", c.process.failure(), said)
	case <-ctx.Done():
		return fmt.Errorf("wait for serin-local: %w", context.Cause(ctx))
	}
}

func (c *Cluster) readAddresses() error {
	data, err := os.ReadFile(filepath.Join(c.Dir, "addresses.json"))
	if err != nil {
		return fmt.Errorf("read addresses: %w", err)
	}
	var at struct{ Gateway, Prometheus, Dashboard, Proxy string }
	if err := json.Unmarshal(data, &at); err != nil {
		return fmt.Errorf("read addresses: %w", err)
	}
	c.Gateway, c.Prometheus, c.Dashboard, c.Proxy = at.Gateway, at.Prometheus, at.Dashboard, at.Proxy
	return nil
}

// linkPrograms gives the programs the names that tutorials use, in a folder for PATH.
func (c *Cluster) linkPrograms(context.Context) error {
	if err := os.MkdirAll(c.path(), 0o755); err != nil {
		return fmt.Errorf("make a folder for programs: %w", err)
	}
	for name, program := range map[string]string{
		"kubectl": c.programs.cluster, "kubectl-argo-rollouts": c.programs.cli, "serin": c.programs.cli,
	} {
		if err := os.Symlink(program, filepath.Join(c.path(), name)); err != nil {
			return fmt.Errorf("link %s: %w", name, err)
		}
	}
	return nil
}

func (c *Cluster) path() string { return filepath.Join(c.Dir, "path") }

func (c *Cluster) connect(context.Context) error {
	config, err := c.Config()
	if err != nil {
		return err
	}
	c.client, err = dynamic.NewForConfig(config)
	return err
}

// Config returns a client configuration for the cluster's administrator.
func (c *Cluster) Config() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	// The server's own flow control is enough.
	config.QPS = -1
	return config, nil
}

// Client is a client for the cluster's administrator.
func (c *Cluster) Client() dynamic.Interface { return c.client }

// Controller is the cluster's controller, started or not.
func (c *Cluster) Controller() *Controller { return c.controller }

// Stop ends everything and removes the directory.
func (c *Cluster) Stop() {
	c.controller.Stop()
	if c.process != nil {
		c.process.stop()
	}
	if err := os.RemoveAll(c.Dir); err != nil {
		fmt.Fprintln(os.Stderr, "remove the cluster's directory:", err)
	}
}
