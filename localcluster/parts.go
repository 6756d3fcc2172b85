package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/serin-rollouts/serin/localcluster/names"
)

// nodeObjectName names the cluster's one Node.
const nodeObjectName = "serin-local"

func (c *cluster) startUpstream(ctx context.Context) error {
	return c.plane.StartControllers(ctx)
}

func (c *cluster) startNames(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(c.plane.REST)
	if err != nil {
		return fmt.Errorf("make client for the names proxy: %w", err)
	}
	return c.startPart(ctx, "names proxy", func(ctx context.Context, ready func()) error {
		return names.Run(ctx, names.Config{Client: client, Listener: c.ports.Proxy, Ready: ready})
	})
}

func (c *cluster) startController(ctx context.Context) error {
	controller, err := controllerChild(c.options.Controller, c.options.Dir, c.plane.Kubeconfig, c.ports.Proxy.Addr().String())
	if err != nil {
		return err
	}
	log := filepath.Join(controller.LogDir, controller.Name+".log")
	controller.Ended = func(err error, restartIn time.Duration) {
		c.progress.note("the controller ended (%s); starting it again in %s; its output: %s", describeEnd(err), restartIn, log)
	}
	return c.startPart(ctx, "controller", controller.run)
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

// stop ends every part, the last started first, and the control plane at the end.
func (c *cluster) stop() {
	for i := len(c.parts) - 1; i >= 0; i-- {
		c.parts[i].stop()
	}
	if c.plane != nil {
		c.plane.Stop()
	}
}
