package node

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

func TestDecide(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	later := now.Add(10 * time.Second)
	const always, onFailure, never = corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever
	up := view{stage: running, started: true}
	ok, failed := view{stage: ended}, view{stage: ended, exitCode: 1}
	initOK := view{role: initRole, stage: ended}
	sidecar := view{role: sidecarRole}
	sidecarUp := view{role: sidecarRole, stage: running, started: true}
	cases := map[string]struct {
		policy corev1.RestartPolicy
		views  []view
		want   order
	}{
		"main containers start together":              {policy: always, views: []view{{}, {}}, want: order{start: []int{0, 1}}},
		"running containers are left alone":           {policy: always, views: []view{up, up}},
		"init containers start one by one":            {policy: always, views: []view{{role: initRole}, {role: initRole}, {}}, want: order{start: []int{0}}},
		"the next waits while one runs":               {policy: always, views: []view{{role: initRole, stage: running}, {role: initRole}, {}}},
		"the next starts after success":               {policy: always, views: []view{initOK, {role: initRole}, {}}, want: order{start: []int{1}}},
		"main containers follow the last":             {policy: always, views: []view{initOK, initOK, {}}, want: order{start: []int{2}}},
		"a failed init container is tried again":      {policy: always, views: []view{{role: initRole, stage: ended, exitCode: 1}, {}}, want: order{start: []int{0}}},
		"a failed init container ends a Never pod":    {policy: never, views: []view{{role: initRole, stage: ended, exitCode: 1}, {}}},
		"and stops the sidecars of one":               {policy: never, views: []view{sidecarUp, {role: initRole, stage: ended, exitCode: 1}, {}}, want: order{stop: []int{0}}},
		"Always restarts after success":               {policy: always, views: []view{ok}, want: order{start: []int{0}}},
		"OnFailure does not":                          {policy: onFailure, views: []view{ok}},
		"OnFailure restarts after failure":            {policy: onFailure, views: []view{failed}, want: order{start: []int{0}}},
		"Never does not":                              {policy: never, views: []view{failed}},
		"Never leaves the other containers running":   {policy: never, views: []view{failed, up}},
		"a restart waits for its time":                {policy: always, views: []view{{stage: ended, retryAt: later}}, want: order{held: []int{0}, wake: later}},
		"a restart is due at its time":                {policy: always, views: []view{{stage: ended, retryAt: now}}, want: order{start: []int{0}}},
		"the earliest restart says when to wake":      {policy: always, views: []view{{stage: ended, retryAt: later.Add(time.Second)}, {stage: ended, retryAt: later}}, want: order{held: []int{0, 1}, wake: later}},
		"a sidecar starts before the rest":            {policy: always, views: []view{sidecar, {}}, want: order{start: []int{0}}},
		"the rest waits until the sidecar has begun":  {policy: always, views: []view{{role: sidecarRole, stage: running}, {}}},
		"the rest starts beside the sidecar":          {policy: always, views: []view{sidecarUp, {}}, want: order{start: []int{1}}},
		"a sidecar restarts under any policy":         {policy: never, views: []view{{role: sidecarRole, stage: ended}, up}, want: order{start: []int{0}}},
		"a restarting sidecar holds up no main":       {policy: always, views: []view{sidecar, ok}, want: order{start: []int{0, 1}}},
		"sidecars stop when the main containers end":  {policy: never, views: []view{sidecarUp, ok}, want: order{stop: []int{0}}},
		"a finished pod does not restart its sidecar": {policy: never, views: []view{{role: sidecarRole, stage: ended}, ok}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := decide(tc.policy, tc.views, now)
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(order{})); diff != "" {
				t.Errorf("decide() (-want +got):\n%s", diff)
			}
		})
	}
}
