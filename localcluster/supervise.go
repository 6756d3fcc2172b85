package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

const (
	// childGrace is how long a child may take to end after SIGTERM.
	childGrace = 10 * time.Second
	// firstBackoff and lastBackoff bound the wait before a child that ended is
	// started again. A child that ran longer than lastBackoff starts anew.
	firstBackoff = time.Second
	lastBackoff  = 30 * time.Second
)

// child is a program that belongs to the cluster.
type child struct {
	// Name is for people and names the log file.
	Name string
	Path string
	Args []string
	// Env is added to this process's environment.
	Env []string
	// LogDir gets the child's output, in a file of its name.
	LogDir string
	// Health is a URL that answers 200 when the child works.
	Health string
	// Ended is told each time the child ended on its own.
	Ended func(err error, restartIn time.Duration)
}

// run keeps the child running until ctx ends, and calls ready when it works for
// the first time.
func (c child) run(ctx context.Context, ready func()) error {
	log, err := os.Create(filepath.Join(c.LogDir, c.Name+".log"))
	if err != nil {
		return fmt.Errorf("create log of %s: %w", c.Name, err)
	}
	defer log.Close()
	go func() {
		if c.waitHealthy(ctx) {
			ready()
		}
	}()
	backoff := firstBackoff
	for {
		started := time.Now()
		err := c.runOnce(ctx, log)
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(started) > lastBackoff {
			backoff = firstBackoff
		}
		c.Ended(err, backoff)
		select {
		case <-time.After(backoff):
		case <-ctx.Done():
			return nil
		}
		backoff = min(2*backoff, lastBackoff)
	}
}

// runOnce runs the child to its end. When ctx ends it gets SIGTERM and, after a
// while, SIGKILL. The kernel kills it when this process dies without a word.
func (c child) runOnce(ctx context.Context, log io.Writer) error {
	command := exec.CommandContext(ctx, c.Path, c.Args...)
	command.Env = append(os.Environ(), c.Env...)
	command.Stdout, command.Stderr = log, log
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = childGrace
	// A process group of its own: Ctrl-C is for us, and we stop parts in order.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	// The death signal belongs to the thread that started the child, so that
	// thread must live as long.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return command.Run()
}

func (c child) waitHealthy(ctx context.Context) bool {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{}}
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		response, err := client.Get(c.Health)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return true
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return false
		}
	}
}

// controllerChild describes the Serin controller as a child of the cluster.
func (c *cluster) controllerChild() (child, error) {
	_, metrics, err := net.SplitHostPort(c.controllerMetrics)
	if err != nil {
		return child{}, fmt.Errorf("find the controller's port: %w", err)
	}
	health, err := freePort()
	if err != nil {
		return child{}, err
	}
	env := []string{"KUBECONFIG=" + c.plane.Kubeconfig}
	for name, value := range proxyEnvironment(c.ports.Proxy.Addr().String()) {
		env = append(env, name+"="+value)
	}
	return child{
		Name: "controller",
		Path: c.options.Controller,
		Args: []string{
			"--kubeconfig", c.plane.Kubeconfig,
			"--metricsPort", metrics,
			"--healthzPort", fmt.Sprint(health),
			// There is one; it need not wait for the lease of its predecessor.
			"--leader-elect=false",
		},
		Env:    env,
		LogDir: filepath.Join(c.options.Dir, logsName),
		Health: fmt.Sprintf("http://127.0.0.1:%d/healthz", health),
	}, nil
}

// proxyEnvironment makes programs use the names proxy. Some read only the upper
// case names and some only the lower case.
func proxyEnvironment(proxy string) map[string]string {
	const direct = "127.0.0.1,localhost,::1"
	return map[string]string{
		"HTTP_PROXY": "http://" + proxy, "http_proxy": "http://" + proxy,
		"NO_PROXY": direct, "no_proxy": direct,
	}
}
