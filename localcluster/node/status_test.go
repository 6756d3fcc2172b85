package node

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var (
	then = metav1.NewTime(time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC))
	now  = metav1.NewTime(time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC))
)

func isWaiting(r role) sight {
	return sight{r, corev1.ContainerStatus{Name: "c", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}}}
}

func isRunning(r role, ready bool) sight {
	yes := true
	return sight{r, corev1.ContainerStatus{Name: "c", Ready: ready, Started: &yes, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
}

func hasEnded(r role, code int32) sight {
	return sight{r, corev1.ContainerStatus{Name: "c", Ready: r == initRole && code == 0, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code}}}}
}

func isLooping(r role) sight {
	s := isWaiting(r)
	s.status.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1}
	return s
}

func TestPhase(t *testing.T) {
	const always, onFailure, never = corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever
	tooLong := &podFailure{reason: "DeadlineExceeded"}
	cases := map[string]struct {
		policy     corev1.RestartPolicy
		containers []sight
		failure    *podFailure
		over       bool
		want       corev1.PodPhase
	}{
		"waiting is pending":                      {policy: always, containers: []sight{isWaiting(mainRole)}, want: corev1.PodPending},
		"one waiting is pending":                  {policy: always, containers: []sight{isRunning(mainRole, true), isWaiting(mainRole)}, want: corev1.PodPending},
		"running is running":                      {policy: always, containers: []sight{isRunning(mainRole, true)}, want: corev1.PodRunning},
		"unready is running":                      {policy: always, containers: []sight{isRunning(mainRole, false)}, want: corev1.PodRunning},
		"crash looping is running":                {policy: always, containers: []sight{isLooping(mainRole)}, want: corev1.PodRunning},
		"an init container at work is pending":    {policy: always, containers: []sight{isRunning(initRole, false), isWaiting(mainRole)}, want: corev1.PodPending},
		"a failed one is pending":                 {policy: always, containers: []sight{hasEnded(initRole, 1), isWaiting(mainRole)}, want: corev1.PodPending},
		"a failed one ends a Never pod":           {policy: never, containers: []sight{hasEnded(initRole, 1), isWaiting(mainRole)}, want: corev1.PodFailed},
		"success is success":                      {policy: never, containers: []sight{hasEnded(mainRole, 0)}, want: corev1.PodSucceeded},
		"failure is failure":                      {policy: never, containers: []sight{hasEnded(mainRole, 0), hasEnded(mainRole, 1)}, want: corev1.PodFailed},
		"one still running is running":            {policy: never, containers: []sight{hasEnded(mainRole, 1), isRunning(mainRole, true)}, want: corev1.PodRunning},
		"OnFailure succeeds":                      {policy: onFailure, containers: []sight{hasEnded(mainRole, 0)}, want: corev1.PodSucceeded},
		"OnFailure goes on after failure":         {policy: onFailure, containers: []sight{hasEnded(mainRole, 1)}, want: corev1.PodRunning},
		"Always goes on after success":            {policy: always, containers: []sight{hasEnded(mainRole, 0)}, want: corev1.PodRunning},
		"a sidecar still running is running":      {policy: never, containers: []sight{isRunning(sidecarRole, true), hasEnded(mainRole, 0)}, want: corev1.PodRunning},
		"a pod past its deadline ends its run":    {policy: never, containers: []sight{isRunning(mainRole, true)}, failure: tooLong, want: corev1.PodRunning},
		"and then has failed":                     {policy: never, containers: []sight{hasEnded(mainRole, 0)}, failure: tooLong, want: corev1.PodFailed},
		"a deleted pod that ended well":           {policy: always, containers: []sight{hasEnded(mainRole, 0)}, over: true, want: corev1.PodSucceeded},
		"a deleted pod that was killed":           {policy: onFailure, containers: []sight{hasEnded(mainRole, 137)}, over: true, want: corev1.PodFailed},
		"a deleted pod that never ran has failed": {policy: always, containers: []sight{isWaiting(mainRole)}, over: true, want: corev1.PodFailed},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := phaseOf(scene{
				pod:        &corev1.Pod{Spec: corev1.PodSpec{RestartPolicy: tc.policy}},
				containers: tc.containers, failure: tc.failure, over: tc.over,
			})
			if got != tc.want {
				t.Errorf("phaseOf() = %s, want %s", got, tc.want)
			}
		})
	}
}

// fact is one condition in short.
type fact struct {
	Status          corev1.ConditionStatus
	Reason, Message string
	Since           metav1.Time
}

func TestConditions(t *testing.T) {
	gates := []corev1.PodReadinessGate{{ConditionType: "example.com/gate"}}
	was := func(kind corev1.PodConditionType, status corev1.ConditionStatus) []corev1.PodCondition {
		return []corev1.PodCondition{{Type: kind, Status: status, LastTransitionTime: then}}
	}
	ready := []sight{isRunning(mainRole, true)}
	cases := map[string]struct {
		containers []sight
		gates      []corev1.PodReadinessGate
		previous   []corev1.PodCondition
		others     []corev1.PodCondition
		kind       corev1.PodConditionType
		want       fact
	}{
		"every container ready makes a pod ready": {
			containers: ready, kind: corev1.PodReady, want: fact{Status: "True", Since: now},
		},
		"ready already, so the time stays": {
			containers: ready, previous: was(corev1.PodReady, "True"), kind: corev1.PodReady, want: fact{Status: "True", Since: then},
		},
		"ready at last, so the time moves": {
			containers: ready, previous: was(corev1.PodReady, "False"), kind: corev1.PodReady, want: fact{Status: "True", Since: now},
		},
		"what the API server knows counts where nothing was written": {
			containers: ready, others: was(corev1.PodScheduled, "True"), kind: corev1.PodScheduled, want: fact{Status: "True", Since: then},
		},
		"one unready container makes a pod unready": {
			containers: []sight{isRunning(mainRole, true), isRunning(mainRole, false)}, kind: corev1.PodReady,
			want: fact{"False", "ContainersNotReady", "containers with unready status: [c]", now},
		},
		"a sidecar counts": {
			containers: []sight{isRunning(sidecarRole, false), isRunning(mainRole, true)}, kind: corev1.ContainersReady,
			want: fact{"False", "ContainersNotReady", "containers with unready status: [c]", now},
		},
		"a missing readiness gate holds the pod back": {
			containers: ready, gates: gates, kind: corev1.PodReady,
			want: fact{"False", "ReadinessGatesNotReady", `condition "example.com/gate" is not true`, now},
		},
		"but not its containers": {
			containers: ready, gates: gates, kind: corev1.ContainersReady, want: fact{Status: "True", Since: now},
		},
		"an open readiness gate lets it through": {
			containers: ready, gates: gates, others: was("example.com/gate", "True"), kind: corev1.PodReady, want: fact{Status: "True", Since: now},
		},
		"init containers at work": {
			containers: []sight{hasEnded(initRole, 0), isRunning(initRole, false), isWaiting(mainRole)}, kind: corev1.PodInitialized,
			want: fact{"False", "ContainersNotInitialized", "containers with incomplete status: [c]", now},
		},
		"init containers done": {
			containers: []sight{hasEnded(initRole, 0), isWaiting(mainRole)}, kind: corev1.PodInitialized, want: fact{Status: "True", Since: now},
		},
		"a pod that succeeded is not ready": {
			containers: []sight{hasEnded(mainRole, 0)}, kind: corev1.PodReady, want: fact{"False", "PodCompleted", "", now},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			status := statusOf(scene{
				pod: &corev1.Pod{
					Spec:   corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, ReadinessGates: tc.gates},
					Status: corev1.PodStatus{Conditions: tc.others},
				},
				previous: corev1.PodStatus{Conditions: tc.previous}, containers: tc.containers, ip: "10.1.0.1", now: now,
			})
			for _, c := range status.Conditions {
				if c.Type != tc.kind {
					continue
				}
				got := fact{c.Status, c.Reason, c.Message, c.LastTransitionTime}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", tc.kind, diff)
				}
			}
		})
	}
}

// A merge patch keeps what it does not name, so an emptied reason must be null.
func TestStatusPatchClearsReasons(t *testing.T) {
	status := corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{{Type: "Ready", Status: "True", LastTransitionTime: then}}}
	data, err := json.Marshal(newStatusPatch("u", status))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"metadata": map[string]any{"uid": "u"},
		"status": map[string]any{"phase": "Running", "conditions": []any{map[string]any{
			"type": "Ready", "status": "True", "lastProbeTime": nil, "lastTransitionTime": "2026-01-02T03:00:00Z",
			"reason": nil, "message": nil,
		}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("patch (-want +got):\n%s", diff)
	}
}
