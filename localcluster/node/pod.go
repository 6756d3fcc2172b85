package node

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// leastStopTime is what a container gets after SIGTERM, even when its preStop
	// hook used up the grace period.
	leastStopTime = 2 * time.Second
	// defaultGrace is used where neither the deletion nor the pod says anything.
	defaultGrace = 30 * time.Second
)

// pod is one pod assigned to this node. Syncs of one pod never overlap.
type pod struct {
	node *node
	uid  types.UID

	mu         sync.Mutex
	object     *corev1.Pod // as last seen; never edited
	containers []*container
	ip         netip.Addr
	startTime  metav1.Time
	failure    *podFailure
	written    corev1.PodStatus // as last written by this node
	// removed is true when the object is gone from the API server.
	removed bool
	// over is true when a deleted pod has nothing running left.
	over bool
	// stopBy is when everything is killed; zero while the pod is not stopping.
	stopBy time.Time
}

// newPod takes a pod over as the API server knows it.
func newPod(n *node, object *corev1.Pod) *pod {
	now := metav1.Now()
	p := &pod{node: n, uid: object.UID, object: object, startTime: now, written: object.Status}
	if object.Status.StartTime != nil {
		p.startTime = *object.Status.StartTime
	}
	for i := range object.Spec.InitContainers {
		p.containers = append(p.containers, newContainer(p, initRoleOf(&object.Spec.InitContainers[i]), i))
	}
	for i := range object.Spec.Containers {
		p.containers = append(p.containers, newContainer(p, mainRole, i))
	}
	if ip, err := netip.ParseAddr(object.Status.PodIP); err == nil && ip.Is4() {
		p.ip = ip
		n.addresses.claim(ip)
	}
	p.adopt(now)
	return p
}

func newContainer(p *pod, r role, index int) *container {
	c := &container{pod: p, role: r, index: index}
	c.name, c.image = c.spec().Name, c.spec().Image
	reason := reasonCreating
	if len(p.object.Spec.InitContainers) > 0 && r == mainRole {
		reason = reasonInitializing
	}
	c.wait(reason, "", time.Time{})
	return c
}

func initRoleOf(c *corev1.Container) role {
	if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
		return sidecarRole
	}
	return initRole
}

// adopt takes over the container states that an earlier life of this node wrote.
func (p *pod) adopt(now metav1.Time) {
	known := map[string]corev1.ContainerStatus{}
	for _, s := range p.object.Status.InitContainerStatuses {
		known[s.Name] = s
	}
	for _, s := range p.object.Status.ContainerStatuses {
		known[s.Name] = s
	}
	for _, c := range p.containers {
		if s, ok := known[c.name]; ok {
			c.adopt(s, now)
		}
	}
	if isTerminal(p.object.Status.Phase) && p.object.Status.Reason != "" {
		p.failure = &podFailure{p.object.Status.Reason, p.object.Status.Message}
	}
}

// poke has the pod looked at again soon.
func (p *pod) poke() { p.node.syncs.Add(p.uid) }

func (p *pod) warn(reason, message string) {
	p.node.events.Event(p.object, corev1.EventTypeWarning, reason, message)
}

// sync does what is due now and returns when to look again; zero: when something happens.
func (p *pod) sync(ctx context.Context) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	switch {
	case p.removed:
		p.killAll()
		return time.Time{}
	case p.object.DeletionTimestamp != nil:
		return p.terminate(now)
	case p.failure != nil || isTerminal(p.written.Phase):
		p.stopAll(p.grace())
		return time.Time{}
	}
	if deadline, set := p.deadline(); set && !now.Before(deadline) {
		p.failure = &podFailure{"DeadlineExceeded", "Pod was active on the node longer than the specified deadline"}
		p.stopAll(p.grace())
		return time.Time{}
	}
	return p.advance(ctx, now)
}

// deadline is when the pod has been active for too long.
func (p *pod) deadline() (at time.Time, set bool) {
	limit := p.object.Spec.ActiveDeadlineSeconds
	if limit == nil {
		return time.Time{}, false
	}
	return p.startTime.Add(time.Duration(*limit) * time.Second), true
}

// advance starts and stops what the pod's specification asks for.
func (p *pod) advance(ctx context.Context, now time.Time) time.Time {
	if err := p.address(); err != nil {
		p.warn("FailedCreatePodSandBox", err.Error())
		return now.Add(time.Second)
	}
	p.replaceChanged()
	views := make([]view, len(p.containers))
	for i, c := range p.containers {
		views[i] = c.view()
	}
	o := decide(p.object.Spec.RestartPolicy, views, now)
	for _, i := range o.stop {
		p.stop(p.containers[i], p.grace())
	}
	wake := o.wake
	for _, i := range o.held {
		wake = sooner(wake, p.containers[i].hold(now))
	}
	for _, i := range o.start {
		p.start(ctx, p.containers[i])
	}
	if deadline, set := p.deadline(); set {
		wake = sooner(wake, deadline)
	}
	return wake
}

// sooner returns the earlier of two times, where zero stands for never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// address gives the pod an address, unless it has one that it may keep.
func (p *pod) address() error {
	if p.ip.IsValid() && p.node.addresses.owns(p.ip) {
		return nil
	}
	ip, err := p.node.addresses.take()
	p.ip = ip
	return err
}

// replaceChanged ends the runs whose image was changed in the specification.
func (p *pod) replaceChanged() {
	for _, c := range p.containers {
		if c.image == c.spec().Image || c.stage == ended {
			continue
		}
		if c.stage == waiting {
			c.image = c.spec().Image
			c.wait(reasonCreating, "", time.Time{})
			continue
		}
		p.restart(c, "definition changed")
	}
}

// restart ends a run that the restart policy may begin anew.
func (p *pod) restart(c *container, why string) {
	if c.stopping {
		return
	}
	p.node.events.Eventf(p.object, corev1.EventTypeNormal, "Killing", "Container %s %s, will be restarted", c.name, why)
	p.stop(c, p.grace())
}

// grace is how long containers have to end when the pod is not being deleted.
func (p *pod) grace() time.Duration {
	if s := p.object.Spec.TerminationGracePeriodSeconds; s != nil {
		return time.Duration(*s) * time.Second
	}
	return defaultGrace
}

// terminate ends a deleted pod; once nothing runs, the object may go.
func (p *pod) terminate(now time.Time) time.Time {
	grace := p.grace()
	if s := p.object.DeletionGracePeriodSeconds; s != nil {
		grace = time.Duration(*s) * time.Second
	}
	switch {
	case p.stopBy.IsZero():
		p.stopBy = now.Add(grace)
	case now.Add(grace).Before(p.stopBy):
		// Deleted again with less patience.
		p.stopBy = now.Add(grace)
	case !now.Before(p.stopBy.Add(leastStopTime)):
		p.killAll()
	}
	p.stopAll(p.stopBy.Sub(now))
	p.over = !p.anyRunning()
	return p.stopBy.Add(leastStopTime)
}

// stopAll stops the main containers, and the sidecars once those have ended.
func (p *pod) stopAll(grace time.Duration) {
	mains := false
	for _, c := range p.containers {
		if c.role != sidecarRole && c.stage == running {
			mains = true
			p.stop(c, grace)
		}
	}
	for _, c := range p.containers {
		if !mains && c.stage == running {
			p.stop(c, grace)
		}
	}
}

func (p *pod) killAll() {
	for _, c := range p.containers {
		if c.instance != nil {
			c.instance.kill()
		}
	}
}

func (p *pod) anyRunning() bool {
	for _, c := range p.containers {
		if c.stage == running {
			return true
		}
	}
	return false
}

// stop runs the preStop hook, then asks the container to end, then kills it.
func (p *pod) stop(c *container, grace time.Duration) {
	if c.stopping || c.instance == nil {
		return
	}
	c.stopping = true
	instance, hook, target := c.instance, c.spec().Lifecycle, c.target
	if grace <= 0 {
		instance.kill()
		return
	}
	deadline := time.Now().Add(grace)
	if hook == nil || hook.PreStop == nil {
		instance.stop()
		time.AfterFunc(grace, instance.kill)
		return
	}
	go func() {
		ctx, cancel := context.WithDeadline(context.Background(), deadline)
		defer cancel()
		if o := p.node.runHook(ctx, hook.PreStop, target); !o.ok {
			p.node.events.Event(p.objectNow(), corev1.EventTypeWarning, "FailedPreStopHook", "PreStopHook failed: "+o.message)
		}
		instance.stop()
		time.AfterFunc(max(time.Until(deadline), leastStopTime), instance.kill)
	}()
}

// objectNow returns the pod as last seen.
func (p *pod) objectNow() *corev1.Pod {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.object
}

// label returns the live value of a label of the pod.
func (p *pod) label(key string) string { return p.objectNow().Labels[key] }

// dir is where the pod's processes work.
func (p *pod) dir() string { return filepath.Join(p.node.dir, "pods", string(p.uid)) }

// discard gives back what the pod held outside the API server.
func (p *pod) discard() error {
	if p.ip.IsValid() {
		p.node.addresses.give(p.ip)
	}
	return os.RemoveAll(p.dir())
}

// scene is what the pod's status is made of now.
func (p *pod) scene() scene {
	s := scene{
		pod: p.object, previous: p.written, startTime: p.startTime,
		now: metav1.Now(), failure: p.failure, over: p.over,
	}
	if p.ip.IsValid() {
		s.ip = p.ip.String()
	}
	for _, c := range p.containers {
		s.containers = append(s.containers, c.sight())
	}
	return s
}

func (p *pod) idleAndRemoved() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.removed && !p.anyRunning()
}

func (p *pod) running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.anyRunning()
}

// each calls f on every run that is on.
func (p *pod) each(f func(instance)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.containers {
		if c.instance != nil {
			f(c.instance)
		}
	}
}
