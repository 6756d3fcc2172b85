package local

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// healthInterval is how often a starting controller is asked for its health.
const healthInterval = 50 * time.Millisecond

// Controller is the serin-controller of a cluster. Not for concurrent use.
type Controller struct {
	cluster *Cluster
	log     string
	process *process
	metrics string
}

func newController(c *Cluster) *Controller {
	return &Controller{cluster: c, log: filepath.Join(c.Dir, "logs", "controller.log")}
}

// Start starts the controller and waits until it is healthy. Its output goes on in
// the same log.
func (c *Controller) Start(ctx context.Context) error {
	health, metrics, err := twoFreePorts()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("open the controller's log: %w", err)
	}
	defer log.Close()
	command := exec.Command(c.cluster.programs.controller, "--kubeconfig", c.cluster.Kubeconfig,
		"--healthzPort", fmt.Sprint(health), "--metricsPort", fmt.Sprint(metrics), "--leader-elect=false")
	command.Env = append(os.Environ(), "HTTP_PROXY=http://"+c.cluster.Proxy, "NO_PROXY=127.0.0.1,localhost")
	command.Stdout, command.Stderr = log, log
	if c.process, err = startProcess("serin-controller", command); err != nil {
		return err
	}
	c.metrics = fmt.Sprintf("http://127.0.0.1:%d/metrics", metrics)
	return c.waitHealthy(ctx, fmt.Sprintf("http://127.0.0.1:%d/healthz", health))
}

func (c *Controller) waitHealthy(ctx context.Context, url string) error {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{}}
	tick := time.NewTicker(healthInterval)
	defer tick.Stop()
	for {
		response, err := client.Get(url)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-c.process.done:
			return fmt.Errorf("%w:\n%s", c.process.failure(), c.Log())
		case <-ctx.Done():
			return fmt.Errorf("wait for the controller's health: %w:\n%s", context.Cause(ctx), c.Log())
		}
	}
}

// Kill ends the controller at once, as a crash would.
func (c *Controller) Kill() { c.process.kill() }

// Stop ends the controller in order, if it runs.
func (c *Controller) Stop() {
	if c.process != nil && !c.process.ended() {
		c.process.stop()
	}
}

// PID is the controller's process id.
func (c *Controller) PID() int { return c.process.command.Process.Pid }

// Metrics is the URL of the running controller's metrics.
func (c *Controller) Metrics() string { return c.metrics }

// lastLines is how much of a log is worth printing. Unit: bytes.
const lastLines = 6000

// Log is the end of the controller's log.
func (c *Controller) Log() string {
	data, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-lastLines):])
}

// twoFreePorts finds ports that nobody listens on now.
func twoFreePorts() (int, int, error) {
	var ports [2]int
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, 0, fmt.Errorf("find a free port: %w", err)
		}
		defer listener.Close()
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports[0], ports[1], nil
}
