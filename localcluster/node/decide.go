package node

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// role is the part a container plays in its pod.
type role int

const (
	// mainRole runs beside the other main containers.
	mainRole role = iota
	// initRole runs to its end before the next container starts.
	initRole
	// sidecarRole is an init container that keeps running.
	sidecarRole
)

// stage is how far one container has come.
type stage int

const (
	// waiting has not run yet.
	waiting stage = iota
	running
	// ended has run; whether it runs again is the restart policy's business.
	ended
)

// view is what the decision needs to know of one container.
type view struct {
	role  role
	stage stage
	// started is true once a running container has passed its startup probe.
	started  bool
	exitCode int32
	// retryAt is the earliest next start. Zero: now.
	retryAt time.Time
}

// order is what to do with a pod's containers now. Containers are named by index.
type order struct {
	start []int
	stop  []int
	// held are containers that will start again, but not yet.
	held []int
	// wake is when the decision must be taken again. Zero: not by time.
	wake time.Time
}

// decide tells which containers of a pod to start and stop. Views are in start
// order: init containers and sidecars first, then the main containers.
func decide(policy corev1.RestartPolicy, views []view, now time.Time) order {
	var o order
	if finished(policy, views) {
		o.stopSidecars(views)
		return o
	}
	for i, v := range views {
		if v.role == initRole && v.stage == ended && v.exitCode == 0 {
			continue
		}
		if v.stage != running && restarts(policy, v) {
			o.startWhenDue(i, v, now)
		}
		blocked := v.role == initRole || v.role == sidecarRole && !(v.stage == running && v.started)
		if blocked && !mainsBegan(views) {
			return o
		}
	}
	return o
}

// mainsBegan tells whether any main container has run; init containers are then
// behind us, and a sidecar that restarts holds nobody up.
func mainsBegan(views []view) bool {
	for _, v := range views {
		if v.role == mainRole && v.stage != waiting {
			return true
		}
	}
	return false
}

// restarts tells whether a container that is not running should be.
func restarts(policy corev1.RestartPolicy, v view) bool {
	if v.stage == waiting || v.role == sidecarRole {
		return true
	}
	switch policy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return v.exitCode != 0
	default:
		return v.role == mainRole || v.exitCode != 0
	}
}

// finished tells whether the pod has come to its end: an init container failed
// for good, or no main container runs or will run again.
func finished(policy corev1.RestartPolicy, views []view) bool {
	for _, v := range views {
		if v.role == initRole && v.stage == ended && v.exitCode != 0 && !restarts(policy, v) {
			return true
		}
	}
	for _, v := range views {
		if v.role == mainRole && (v.stage != ended || restarts(policy, v)) {
			return false
		}
	}
	return true
}

func (o *order) startWhenDue(i int, v view, now time.Time) {
	if !v.retryAt.After(now) {
		o.start = append(o.start, i)
		return
	}
	o.held = append(o.held, i)
	if o.wake.IsZero() || v.retryAt.Before(o.wake) {
		o.wake = v.retryAt
	}
}

func (o *order) stopSidecars(views []view) {
	for i, v := range views {
		if v.role == sidecarRole && v.stage == running {
			o.stop = append(o.stop, i)
		}
	}
}
