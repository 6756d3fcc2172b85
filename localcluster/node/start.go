package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/serin-rollouts/serin/localcluster/demo"
	"github.com/serin-rollouts/serin/localcluster/podnet"
)

const (
	// pullShownFor is how long ErrImagePull is shown before ImagePullBackOff.
	pullShownFor = 2 * time.Second
	// configRetry is when a container is tried again whose ConfigMap or Secret
	// does not exist, as often as the kubelet looks at a pod.
	configRetry = 10 * time.Second
)

// supported is the hint given for images that cannot be run.
const supported = "this cluster has no containers: it runs rollouts-demo, demo and nginx images, and any image whose container has a command"

// start begins a run of a container, or records why there can be none.
func (p *pod) start(ctx context.Context, c *container) {
	now := time.Now()
	spec := c.spec()
	kind := classify(spec.Image)
	if refusal := pullRefusal(kind, spec); refusal != "" {
		p.refusePull(c, refusal, now)
		return
	}
	env, err := p.environment(ctx, c)
	if err != nil {
		p.refuseConfig(c, err, now)
		return
	}
	c.begin()
	c.target = target{ip: p.ip, spec: spec, env: environ(env), dir: p.workDir(spec)}
	if len(spec.Command) == 0 {
		p.startWeb(c, kind, env)
		return
	}
	p.startCommand(c, env)
}

// pullRefusal says why an image cannot be had; empty when it can.
func pullRefusal(kind imageKind, spec *corev1.Container) string {
	switch {
	case kind == imageMissing:
		return fmt.Sprintf("failed to pull image %q: not found", spec.Image)
	case kind == imageUnknown && len(spec.Command) == 0:
		return fmt.Sprintf("failed to pull image %q: %s", spec.Image, supported)
	default:
		return ""
	}
}

func (p *pod) refusePull(c *container, refusal string, now time.Time) {
	if w := c.state.Waiting; w != nil && w.Reason == reasonPull {
		c.wait(reasonPullBackOff, fmt.Sprintf("Back-off pulling image %q: %s: %s", c.image, reasonPull, refusal), forever)
		p.warn("Failed", "Error: "+reasonPullBackOff)
		return
	}
	c.image = c.spec().Image
	c.wait(reasonPull, refusal, now.Add(pullShownFor))
	p.warn("Failed", refusal)
	p.warn("Failed", "Error: "+reasonPull)
}

// forever is a time that no cluster lives to see.
var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func (p *pod) refuseConfig(c *container, err error, now time.Time) {
	var config configError
	if errors.As(err, &config) {
		p.warn("Failed", "Error: "+err.Error())
	} else {
		p.node.log.Error("resolve environment", "pod", p.object.Name, "container", c.name, "err", err)
	}
	c.wait(reasonConfig, err.Error(), now.Add(configRetry))
}

// environment is what the container's processes see: what every container gets
// on this node, then the manifest's own variables.
func (p *pod) environment(ctx context.Context, c *container) (map[string]string, error) {
	pod := p.object
	if pod.Status.PodIP != p.ip.String() {
		pod = pod.DeepCopy()
		pod.Status.PodIP = p.ip.String()
	}
	values := map[string]string{
		"PATH":          os.Getenv("PATH"),
		"HOME":          p.workDir(c.spec()),
		"HOSTNAME":      pod.Name,
		"POD_NAME":      pod.Name,
		"POD_NAMESPACE": pod.Namespace,
		"POD_IP":        p.ip.String(),
		"LISTEN_IP":     podnet.Loopback(p.ip).String(),
	}
	for name, value := range p.node.env {
		values[name] = value
	}
	return resolveEnv(ctx, envResolver{client: p.node.client, pod: pod, values: values}, c.spec())
}

// workDir is where a container's processes run. A working directory in the
// manifest is taken below it, since there is no image to find it in.
func (p *pod) workDir(spec *corev1.Container) string {
	return filepath.Join(p.dir(), spec.Name, filepath.Clean("/"+spec.WorkingDir))
}

func (p *pod) startCommand(c *container, env map[string]string) {
	spec := c.spec()
	argv := slices.Concat(spec.Command, spec.Args)
	for i, word := range argv {
		argv[i] = expand(word, env)
	}
	if err := os.MkdirAll(c.target.dir, 0o755); err != nil {
		c.refuse(err.Error(), time.Now())
		return
	}
	process, err := p.node.launcher.start(command{argv: argv, env: c.target.env, dir: c.target.dir, out: c.log}, p.onEnd(c))
	if err != nil {
		message := startFailure(argv, err)
		c.refuse(message, time.Now())
		p.warn("Failed", "Error: "+message)
		p.poke()
		return
	}
	p.began(c, process)
}

// startWeb runs an application inside this process.
func (p *pod) startWeb(c *container, kind imageKind, env map[string]string) {
	w := web{ip: podnet.Loopback(p.ip), ports: webPorts(c.spec()), out: c.log}
	switch kind {
	case imageWelcome:
		w.handler = demo.Welcome(c.image)
	default:
		options, err := demo.ParseEnv(env)
		if err != nil {
			p.failStart(c, err)
			return
		}
		options.Image, options.Pod, options.Label = c.image, p.object.Name, p.label
		options.ReadyAt = time.Now().Add(options.ReadyAfter)
		w.handler, w.stopAfter = demo.New(options), options.StopAfter
		p.warmUp(c, options.ReadyAfter)
	}
	server, err := startWeb(w, p.onEnd(c))
	if err != nil {
		p.failStart(c, err)
		return
	}
	p.began(c, server)
}

// failStart ends a run as an application does that logs an error and exits.
func (p *pod) failStart(c *container, err error) {
	fmt.Fprintln(c.log, err)
	c.finish(ending{code: 1, reason: "Error"}, time.Now())
	p.poke()
}

// warmUp keeps the container unready until the application answers.
func (p *pod) warmUp(c *container, after time.Duration) {
	if after <= 0 {
		return
	}
	c.warm = false
	run := c.run
	time.AfterFunc(after, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if c.run == run && c.stage == running {
			c.warm = true
			p.poke()
		}
	})
}

// began records that a run is on.
func (p *pod) began(c *container, i instance) {
	c.runs(i, time.Now())
	c.startProbes()
	if hook := c.spec().Lifecycle; hook != nil && hook.PostStart != nil {
		go p.postStart(c, c.run, hook.PostStart)
	}
	// The next container may wait for this one.
	if c.role == sidecarRole {
		p.poke()
	}
}

// postStart runs a hook; when it fails, the container is stopped.
func (p *pod) postStart(c *container, run int, hook *corev1.LifecycleHandler) {
	p.mu.Lock()
	t := c.target
	p.mu.Unlock()
	o := p.node.runHook(context.Background(), hook, t)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !o.ok && c.run == run && c.stage == running {
		p.warn("FailedPostStartHook", "PostStartHook failed: "+o.message)
		p.stop(c, p.grace())
	}
}

// onEnd returns what the present run of c reports its end to.
func (p *pod) onEnd(c *container) func(ending) {
	run := c.run
	return func(e ending) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if c.run != run || c.stage != running {
			return
		}
		c.finish(e, time.Now())
		p.poke()
	}
}
