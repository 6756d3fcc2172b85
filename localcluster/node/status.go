package node

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// hostIP is the address of this node.
const hostIP = "127.0.0.1"

// sight is what is seen of one container at one moment.
type sight struct {
	role   role
	status corev1.ContainerStatus
}

// scene is everything a pod's status is made of.
type scene struct {
	pod *corev1.Pod
	// previous is the status as last written; condition times come from it.
	previous   corev1.PodStatus
	ip         string
	containers []sight
	startTime  metav1.Time
	now        metav1.Time
	// failure is set when the node ends the pod, for example past its deadline.
	failure *podFailure
	// over is true when the pod was deleted and nothing of it runs any more.
	over bool
}

// podFailure says why the node ended a pod.
type podFailure struct{ reason, message string }

// statusOf computes a pod's status from what is seen of its containers.
func statusOf(s scene) corev1.PodStatus {
	status := corev1.PodStatus{
		ObservedGeneration: s.pod.Generation,
		Phase:              phaseOf(s),
		HostIP:             hostIP,
		HostIPs:            []corev1.HostIP{{IP: hostIP}},
		StartTime:          &s.startTime,
		QOSClass:           s.pod.Status.QOSClass,
	}
	if s.ip != "" {
		status.PodIP = s.ip
		status.PodIPs = []corev1.PodIP{{IP: s.ip}}
	}
	if s.failure != nil && isTerminal(status.Phase) {
		status.Reason, status.Message = s.failure.reason, s.failure.message
	}
	for _, c := range s.containers {
		if c.role == mainRole {
			status.ContainerStatuses = append(status.ContainerStatuses, c.status)
			continue
		}
		status.InitContainerStatuses = append(status.InitContainerStatuses, c.status)
	}
	status.Conditions = conditionsOf(s, status.Phase)
	return status
}

// tallies counts main containers by what became of them; running counts
// sidecars too, since a pod is not over while one runs.
type tallies struct{ waiting, running, failed int }

// phaseOf follows the kubelet: Pending until every main container has begun,
// then Running until none is left that runs or will run again.
func phaseOf(s scene) corev1.PodPhase {
	policy := s.pod.Spec.RestartPolicy
	t := count(s.containers)
	if s.over || s.failure != nil && t.running == 0 {
		return lastPhase(s, t)
	}
	if done, failed := initState(s); failed && policy == corev1.RestartPolicyNever {
		return corev1.PodFailed
	} else if !done {
		return corev1.PodPending
	}
	switch {
	case t.waiting > 0:
		return corev1.PodPending
	case t.running > 0 || policy == corev1.RestartPolicyAlways:
		return corev1.PodRunning
	case t.failed == 0:
		return corev1.PodSucceeded
	case policy == corev1.RestartPolicyNever:
		return corev1.PodFailed
	default:
		return corev1.PodRunning
	}
}

// lastPhase is the phase of a pod that the node has ended.
func lastPhase(s scene, t tallies) corev1.PodPhase {
	if s.failure == nil && t.failed+t.waiting == 0 {
		return corev1.PodSucceeded
	}
	return corev1.PodFailed
}

// initState tells whether the init containers are behind us, and whether one
// has failed. They are once any main container has begun.
func initState(s scene) (done, failed bool) {
	done = true
	for _, c := range s.containers {
		switch {
		case c.role == mainRole && hasRun(c.status):
			return true, false
		case c.role == initRole && c.status.State.Terminated != nil:
			failed = failed || c.status.State.Terminated.ExitCode != 0
			done = done && c.status.State.Terminated.ExitCode == 0
		case c.role == initRole:
			done = false
		case c.role == sidecarRole && (c.status.Started == nil || !*c.status.Started):
			done = false
		}
	}
	return done, failed
}

func hasRun(c corev1.ContainerStatus) bool {
	return c.State.Waiting == nil || c.LastTerminationState.Terminated != nil
}

func count(containers []sight) tallies {
	var t tallies
	for _, c := range containers {
		if c.status.State.Running != nil {
			t.running++
		}
		if c.role != mainRole || c.status.State.Running != nil {
			continue
		}
		end := c.status.State.Terminated
		if c.status.State.Waiting != nil {
			end = c.status.LastTerminationState.Terminated
		}
		switch {
		case end == nil:
			t.waiting++
		case end.ExitCode != 0:
			t.failed++
		}
	}
	return t
}

// conditionsOf returns the conditions this node owns. Others, such as readiness
// gates, are left to who set them.
func conditionsOf(s scene, phase corev1.PodPhase) []corev1.PodCondition {
	ready := readiness(s, phase)
	list := []corev1.PodCondition{
		condition(corev1.PodReadyToStartContainers, verdict{yes: s.ip != "" && !isTerminal(phase)}),
		condition(corev1.PodInitialized, initialized(s, phase)),
		condition(corev1.PodReady, gated(s.pod, ready)),
		condition(corev1.ContainersReady, ready),
		condition(corev1.PodScheduled, verdict{yes: true}),
	}
	for i := range list {
		list[i].ObservedGeneration = s.pod.Generation
		list[i].LastTransitionTime = transition(s, list[i])
	}
	return list
}

// verdict is the outcome of one condition.
type verdict struct {
	yes             bool
	reason, message string
}

func condition(kind corev1.PodConditionType, v verdict) corev1.PodCondition {
	c := corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, Reason: v.reason, Message: v.message}
	if v.yes {
		c.Status = corev1.ConditionTrue
	}
	return c
}

// transition returns when the condition took its present value.
func transition(s scene, c corev1.PodCondition) metav1.Time {
	for _, list := range [][]corev1.PodCondition{s.previous.Conditions, s.pod.Status.Conditions} {
		i := slices.IndexFunc(list, func(old corev1.PodCondition) bool { return old.Type == c.Type })
		if i >= 0 && list[i].Status == c.Status && !list[i].LastTransitionTime.IsZero() {
			return list[i].LastTransitionTime
		}
		if i >= 0 {
			return s.now
		}
	}
	return s.now
}

func initialized(s scene, phase corev1.PodPhase) verdict {
	if done, _ := initState(s); done {
		return verdict{yes: true, reason: completedReason(phase)}
	}
	var names []string
	for _, c := range s.containers {
		end := c.status.State.Terminated
		if c.role == initRole && (end == nil || end.ExitCode != 0) {
			names = append(names, c.status.Name)
		}
	}
	return verdict{
		reason:  "ContainersNotInitialized",
		message: fmt.Sprintf("containers with incomplete status: [%s]", strings.Join(names, " ")),
	}
}

func completedReason(phase corev1.PodPhase) string {
	if phase == corev1.PodSucceeded {
		return "PodCompleted"
	}
	return ""
}

// readiness tells whether every container that should be ready is.
func readiness(s scene, phase corev1.PodPhase) verdict {
	switch phase {
	case corev1.PodSucceeded:
		return verdict{reason: "PodCompleted"}
	case corev1.PodFailed:
		return verdict{reason: "PodFailed"}
	}
	var unready []string
	for _, c := range s.containers {
		if c.role != initRole && !c.status.Ready {
			unready = append(unready, c.status.Name)
		}
	}
	if len(unready) == 0 && len(s.containers) > 0 {
		return verdict{yes: true}
	}
	return verdict{
		reason:  "ContainersNotReady",
		message: fmt.Sprintf("containers with unready status: [%s]", strings.Join(unready, " ")),
	}
}

// gated holds readiness back while a readiness gate is not true.
func gated(pod *corev1.Pod, ready verdict) verdict {
	if !ready.yes {
		return ready
	}
	var missing []string
	for _, gate := range pod.Spec.ReadinessGates {
		holds := slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == gate.ConditionType && c.Status == corev1.ConditionTrue
		})
		if !holds {
			missing = append(missing, fmt.Sprintf("condition %q is not true", gate.ConditionType))
		}
	}
	if len(missing) == 0 {
		return ready
	}
	return verdict{reason: "ReadinessGatesNotReady", message: strings.Join(missing, ", ")}
}

func isTerminal(phase corev1.PodPhase) bool {
	return phase == corev1.PodSucceeded || phase == corev1.PodFailed
}
