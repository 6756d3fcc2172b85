package kube

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/spec"
)

func TestCheckServices(t *testing.T) {
	found := func(name string, selector map[string]string, owner string) plan.Service {
		return plan.Service{Name: name, Found: true, Selector: selector, ManagedBy: owner}
	}
	web := map[string]string{"app": "web"}
	canary := spec.Canary{StableService: "s", CanaryService: "c"}
	cases := map[string]struct {
		strategy spec.Strategy
		services []plan.Service
		taken    map[string]bool
		want     []string
	}{
		"all is well": {
			strategy: canary,
			services: []plan.Service{found("s", web, ""), found("c", nil, "web")},
		},
		"one is missing": {
			strategy: canary,
			services: []plan.Service{found("s", web, ""), {Name: "c"}},
			want:     []string{`spec.strategy.canary.canaryService: Invalid value: "c": service "c" not found`},
		},
		"both are missing, stable is told first": {
			strategy: canary,
			want: []string{
				`spec.strategy.canary.stableService: Invalid value: "s": service "s" not found`,
				`spec.strategy.canary.canaryService: Invalid value: "c": service "c" not found`,
			},
		},
		"a label that the pods do not have": {
			strategy: spec.BlueGreen{ActiveService: "a"},
			services: []plan.Service{found("a", map[string]string{"app": "web", "tier": "front"}, "")},
			want:     []string{`spec.strategy.blueGreen.activeService: Invalid value: "a": Service "a" has unmatch label "tier" in rollout`},
		},
		"a label with another value": {
			strategy: spec.BlueGreen{PreviewService: "p"},
			services: []plan.Service{found("p", map[string]string{"app": "api"}, "")},
			want:     []string{`spec.strategy.blueGreen.previewService: Invalid value: "p": Service "p" has unmatch label "app" in rollout`},
		},
		"it belongs to another Rollout": {
			strategy: spec.BlueGreen{ActiveService: "a"},
			services: []plan.Service{found("a", web, "api")},
			taken:    map[string]bool{"a": true},
			want:     []string{`spec.strategy.blueGreen.activeService: Invalid value: "a": Service "a" is managed by another Rollout`},
		},
		"it belonged to a Rollout that let it go": {
			strategy: spec.BlueGreen{ActiveService: "a"},
			services: []plan.Service{found("a", web, "api")},
			taken:    map[string]bool{"a": false},
		},
		"a pair that takes turns": {
			strategy: spec.Canary{PingPong: &spec.PingPong{PingService: "ping", PongService: "pong"}},
			services: []plan.Service{found("ping", web, "")},
			want:     []string{`spec.strategy.canary.pingPong.pongService: Invalid value: "pong": service "pong" not found`},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			services := map[string]plan.Service{}
			for _, s := range tc.services {
				services[s.Name] = s
			}
			parsed := spec.Rollout{
				Strategy: tc.strategy,
				Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: web}},
			}
			var got []string
			for _, problem := range checkServices(parsed, services, tc.taken) {
				got = append(got, problem.Error())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("checkServices() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTargetOf(t *testing.T) {
	pair := &spec.PingPong{PingService: "ping", PongService: "pong"}
	cases := map[string]struct {
		canary     spec.Canary
		stableNow  v1alpha1.PingPongType
		wantStable string
		wantCanary string
	}{
		"two Services": {canary: spec.Canary{StableService: "s", CanaryService: "c"}, wantStable: "s", wantCanary: "c"},
		"a pair that never took turns: pong is stable": {canary: spec.Canary{PingPong: pair}, wantStable: "pong", wantCanary: "ping"},
		"a pair with ping stable":                      {canary: spec.Canary{PingPong: pair}, stableNow: v1alpha1.PPPing, wantStable: "ping", wantCanary: "pong"},
		"a pair with pong stable":                      {canary: spec.Canary{PingPong: pair}, stableNow: v1alpha1.PPPong, wantStable: "pong", wantCanary: "ping"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.canary.Routing = &spec.Routing{MaxWeight: 100}
			r := &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "web", UID: "u"}}
			r.Status.Canary.StablePingPong = tc.stableNow
			want := router.Target{
				Namespace: "n", Rollout: "web", UID: "u",
				Stable: tc.wantStable, Canary: tc.wantCanary, Routing: *tc.canary.Routing,
			}
			if diff := cmp.Diff(want, targetOf(r, tc.canary)); diff != "" {
				t.Errorf("targetOf() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRouterPath(t *testing.T) {
	cases := map[string]string{
		"nginx":            "spec.strategy.canary.trafficRouting.nginx",
		"plugin:acme/mesh": "spec.strategy.canary.trafficRouting.plugins[acme/mesh]",
	}
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			if got := routerPath(name).String(); got != want {
				t.Errorf("routerPath() = %s, want %s", got, want)
			}
		})
	}
}
