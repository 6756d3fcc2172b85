package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/serin-rollouts/serin/localcluster/gateway"
	"github.com/serin-rollouts/serin/localcluster/names"
	"github.com/serin-rollouts/serin/localcluster/node"
	"github.com/serin-rollouts/serin/localcluster/prometheus"
)

// nodeObjectName names the cluster's one Node.
const nodeObjectName = "serin-local"

func (c *cluster) startUpstream(ctx context.Context) error {
	return c.startPart(ctx, "controllers", func(ctx context.Context, ready func()) error {
		// They look for work themselves, so nobody needs to wait for them.
		ready()
		return c.plane.RunControllers(ctx)
	})
}

func (c *cluster) startNode(ctx context.Context) error {
	return c.startPart(ctx, "node", func(ctx context.Context, ready func()) error {
		return node.Run(ctx, node.Config{
			REST:        c.plane.REST,
			Name:        nodeObjectName,
			Dir:         filepath.Join(c.options.Dir, nodeName),
			Certificate: c.plane.Node,
			ClientCAs:   c.plane.Authority,
			Env:         proxyEnvironment(c.ports.Proxy.Addr().String()),
			Log:         c.log.With("part", "node"),
			Ready:       ready,
		})
	})
}

func (c *cluster) startGateway(ctx context.Context) error {
	return c.startPart(ctx, "gateway", func(ctx context.Context, ready func()) error {
		return gateway.Run(ctx, gateway.Config{
			REST:      c.plane.REST,
			Listeners: c.ports.gateway(),
			Metrics:   c.ports.GatewayMetrics,
			Log:       c.log.With("part", "gateway"),
			Ready:     ready,
		})
	})
}

func (c *cluster) startPrometheus(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(c.plane.REST)
	if err != nil {
		return fmt.Errorf("make client for Prometheus: %w", err)
	}
	return c.startPart(ctx, "Prometheus", func(ctx context.Context, ready func()) error {
		return prometheus.Run(ctx, prometheus.Config{
			Client:     client,
			Dir:        filepath.Join(c.options.Dir, prometheusName),
			Listener:   c.ports.Prometheus,
			Gateway:    c.ports.GatewayMetrics.Addr().String(),
			Controller: c.controllerMetrics,
			Log:        c.log.With("part", "prometheus"),
			Ready:      ready,
		})
	})
}

// prometheusNames are the Services that Prometheus has where people install it,
// by the usual charts and in their tutorials.
func prometheusNames(address string) names.BuiltIn {
	return names.BuiltIn{
		Services: []string{
			"prometheus", "prometheus-server", "prometheus-operated", "prometheus-k8s",
			"prometheus-kube-prometheus-prometheus", "kube-prometheus-stack-prometheus", "kps-prometheus",
		},
		Ports:   []string{"9090", "80", "http", "web", "http-web"},
		Address: address,
	}
}

func (c *cluster) startNames(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(c.plane.REST)
	if err != nil {
		return fmt.Errorf("make client for the names proxy: %w", err)
	}
	return c.startPart(ctx, "names proxy", func(ctx context.Context, ready func()) error {
		return names.Run(ctx, names.Config{
			Client: client, Listener: c.ports.Proxy, Ready: ready,
			BuiltIn: prometheusNames(c.ports.Prometheus.Addr().String()),
		})
	})
}

func (c *cluster) startController(ctx context.Context) error {
	controller, err := c.controllerChild()
	if err != nil {
		return err
	}
	log := filepath.Join(controller.LogDir, controller.Name+".log")
	controller.Ended = func(err error, restartIn time.Duration) {
		c.progress.note("the controller ended (%s); starting it again in %s; its output: %s", describeEnd(err), restartIn, log)
	}
	if err := c.startPart(ctx, "controller", controller.run); err != nil {
		return fmt.Errorf("%w; its output: %s", err, log)
	}
	return nil
}

func describeEnd(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// startPart starts a part and watches that it does not end on its own.
func (c *cluster) startPart(ctx context.Context, name string, run func(context.Context, func()) error) error {
	p, err := startPart(ctx, name, run)
	if err != nil {
		return err
	}
	c.parts = append(c.parts, p)
	go func() {
		<-p.done
		if err := p.failure(); err != nil {
			c.failed <- err
		}
	}()
	return nil
}

// close ends every part, the last started first, then the control plane, and gives
// ports and directory back.
func (c *cluster) close() {
	for i := len(c.parts) - 1; i >= 0; i-- {
		if !c.parts[i].stop() {
			c.progress.note("the %s did not end in %s", c.parts[i].name, partGrace)
		}
	}
	if c.plane != nil {
		c.plane.Stop()
	}
	if c.ports != nil {
		c.ports.close()
	}
	if c.lock != nil {
		c.lock.Close()
	}
}
