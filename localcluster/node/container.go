package node

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Waiting reasons and termination reasons of the kubelet.
const (
	reasonCreating     = "ContainerCreating"
	reasonInitializing = "PodInitializing"
	reasonPull         = "ErrImagePull"
	reasonPullBackOff  = "ImagePullBackOff"
	reasonConfig       = "CreateContainerConfigError"
	reasonRunError     = "RunContainerError"
	reasonCrashLoop    = "CrashLoopBackOff"
	reasonStartError   = "StartError"
	reasonLost         = "Unknown"
	exitCodeStartError = 128
	exitCodeLost       = 255
)

// refusalShownFor is how long RunContainerError is shown before CrashLoopBackOff.
const refusalShownFor = 2 * time.Second

// container is one container of a pod over all its runs. Its pod's lock guards it.
type container struct {
	pod   *pod
	role  role
	index int // in the pod's init containers or main containers
	name  string
	image string // of the present or last run

	stage    stage
	state    corev1.ContainerState
	last     corev1.ContainerState
	restarts int32
	// began is true once any run was tried; the next one is a restart.
	began bool
	// ends counts the runs that ended in a row without a long one between.
	ends    int
	retryAt time.Time

	run      int // number of the present or last run of this process
	instance instance
	stopping bool
	started  bool
	passing  bool // the readiness probe's word; true without one
	warm     bool // the application's own word
	probes   []*prober
	target   target

	log, previousLog *logBuffer
}

func (c *container) spec() *corev1.Container {
	if c.role == mainRole {
		return &c.pod.object.Spec.Containers[c.index]
	}
	return &c.pod.object.Spec.InitContainers[c.index]
}

func (c *container) view() view {
	v := view{role: c.role, stage: c.stage, started: c.started, retryAt: c.retryAt}
	if end := c.end(); end != nil {
		v.exitCode = end.ExitCode
	}
	return v
}

// end is how the last run ended; nil when none has, or when one is on.
func (c *container) end() *corev1.ContainerStateTerminated {
	if c.state.Terminated != nil {
		return c.state.Terminated
	}
	if c.stage == ended {
		return c.last.Terminated
	}
	return nil
}

func (c *container) ready() bool {
	switch c.role {
	case initRole:
		return c.stage == ended && c.end() != nil && c.end().ExitCode == 0
	default:
		return c.stage == running && c.started && c.passing && c.warm
	}
}

func (c *container) sight() sight {
	started := c.stage == running && c.started
	status := corev1.ContainerStatus{
		Name:                 c.name,
		Image:                c.image,
		State:                c.state,
		LastTerminationState: c.last,
		RestartCount:         c.restarts,
		Ready:                c.ready(),
		Started:              &started,
	}
	if c.began {
		status.ContainerID = c.id()
		status.ImageID = "serin://" + c.image
	}
	return sight{role: c.role, status: status}
}

// id names the present or last run.
func (c *container) id() string {
	return fmt.Sprintf("serin://%s/%s/%d", c.pod.uid, c.name, c.restarts)
}

// wait puts the container in a waiting state, to be tried again at retryAt.
func (c *container) wait(reason, message string, retryAt time.Time) {
	c.state = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	c.retryAt = retryAt
}

// begin counts a new run and keeps what is known of the one before.
func (c *container) begin() {
	if end := c.end(); end != nil {
		c.last = corev1.ContainerState{Terminated: end}
	}
	if c.began {
		c.restarts++
	}
	c.began = true
	c.run++
	c.warm = true
	c.previousLog = c.log
	c.log = newLogBuffer(logLimit)
	c.image = c.spec().Image
}

// runs marks the container as running.
func (c *container) runs(i instance, now time.Time) {
	c.instance = i
	c.stage = running
	c.retryAt = time.Time{}
	c.state = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(now)}}
	c.started = c.spec().StartupProbe == nil
	c.passing = c.spec().ReadinessProbe == nil
}

// ends records the end of the present run.
func (c *container) finish(e ending, now time.Time) {
	began := metav1.NewTime(now)
	if c.state.Running != nil {
		began = c.state.Running.StartedAt
	}
	terminated := &corev1.ContainerStateTerminated{
		ExitCode: e.code, Signal: e.signal, Reason: e.reason, Message: e.message,
		StartedAt: began, FinishedAt: metav1.NewTime(now), ContainerID: c.id(),
	}
	c.stopProbes()
	policy := c.pod.node.backoff
	if policy.resets(now.Sub(began.Time)) {
		c.ends = 0
	}
	c.ends++
	c.retryAt = now.Add(policy.delay(c.ends))
	c.stage, c.instance, c.stopping = ended, nil, false
	c.started, c.passing, c.warm = false, false, false
	c.state = corev1.ContainerState{Terminated: terminated}
	c.log.Close()
}

// refuse records a run that could not even start.
func (c *container) refuse(message string, now time.Time) {
	c.finish(ending{code: exitCodeStartError, reason: reasonStartError, message: message}, now)
	c.last = c.state
	c.wait(reasonRunError, message, c.retryAt)
}

// hold shows why a container that has ended does not start again yet. It
// returns when the word must change; zero when it need not.
func (c *container) hold(now time.Time) time.Time {
	end := c.end()
	if c.stage != ended || end == nil {
		return time.Time{}
	}
	delay := c.pod.node.backoff.delay(c.ends)
	shown := end.FinishedAt.Add(min(refusalShownFor, delay/2))
	if w := c.state.Waiting; w != nil && w.Reason == reasonRunError && now.Before(shown) {
		return shown
	}
	if w := c.state.Waiting; w != nil && w.Reason == reasonCrashLoop {
		return time.Time{}
	}
	c.last = corev1.ContainerState{Terminated: end}
	c.wait(reasonCrashLoop, fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)",
		delay, c.name, c.pod.object.Name, c.pod.object.Namespace, c.pod.uid), c.retryAt)
	c.pod.warn("BackOff", fmt.Sprintf("Back-off restarting failed container %s in pod %s_%s(%s)",
		c.name, c.pod.object.Name, c.pod.object.Namespace, c.pod.uid))
	return time.Time{}
}

// adopt takes over what an earlier life of this node wrote. What ran then does
// not run now.
func (c *container) adopt(s corev1.ContainerStatus, now metav1.Time) {
	c.restarts, c.state, c.last, c.image = s.RestartCount, s.State, s.LastTerminationState, s.Image
	c.log = newLogBuffer(logLimit)
	c.log.Close()
	switch {
	case s.State.Running != nil:
		c.stage, c.began = ended, true
		c.state = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: exitCodeLost, Reason: reasonLost, ContainerID: s.ContainerID,
			Message:   "The node was restarted while the container ran.",
			StartedAt: s.State.Running.StartedAt, FinishedAt: now,
		}}
	case s.State.Terminated != nil || s.LastTerminationState.Terminated != nil:
		c.stage, c.began = ended, true
	}
}

// startProbes begins with the startup probe when there is one, and with the
// others when there is none.
func (c *container) startProbes() {
	spec := c.spec()
	if !c.started {
		c.probe(spec.StartupProbe, c.onStartup)
		return
	}
	if spec.ReadinessProbe != nil {
		c.probe(spec.ReadinessProbe, c.onReadiness)
	}
	if spec.LivenessProbe != nil {
		c.probe(spec.LivenessProbe, c.onLiveness)
	}
}

func (c *container) stopProbes() {
	for _, p := range c.probes {
		p.stop()
	}
	c.probes = nil
}

// probeEvent is one check of one probe.
type probeEvent struct {
	outcome
	tally   probeTally
	changed bool
}

// probe starts one probe; on is called under the pod's lock, for this run only.
func (c *container) probe(spec *corev1.Probe, on func(probeEvent)) {
	run := c.run
	check := c.pod.node.probeCheck(spec, c.target)
	p := &prober{spec: spec, slots: c.pod.node.slots, check: func(ctx context.Context) outcome { return check(ctx) }}
	p.report = func(o outcome, t probeTally, changed bool) {
		c.pod.mu.Lock()
		defer c.pod.mu.Unlock()
		if c.run == run && c.stage == running {
			on(probeEvent{o, t, changed})
		}
	}
	c.probes = append(c.probes, p)
	p.start()
}

func (c *container) onStartup(e probeEvent) {
	if !e.ok {
		c.unhealthy("Startup", e)
	}
	switch {
	case !e.changed:
		return
	case e.tally.passing:
		c.started = true
		c.stopProbes()
		c.startProbes()
	default:
		c.stopProbes()
		c.pod.restart(c, "failed startup probe")
	}
	c.pod.poke()
}

func (c *container) onReadiness(e probeEvent) {
	if !e.ok {
		c.unhealthy("Readiness", e)
	}
	if e.changed {
		c.passing = e.tally.passing
		c.pod.poke()
	}
}

func (c *container) onLiveness(e probeEvent) {
	if e.ok {
		return
	}
	c.unhealthy("Liveness", e)
	if e.changed && !c.stopping {
		c.pod.restart(c, "failed liveness probe")
	}
}

func (c *container) unhealthy(kind string, e probeEvent) {
	c.pod.warn("Unhealthy", kind+" probe failed: "+e.message)
}
