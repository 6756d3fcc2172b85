package spec

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// parse parses a manifest laid over testdata/base.yaml; it must be good.
func parse(t testing.TB, overlay string) Rollout {
	t.Helper()
	base := decode(t, read(t, "testdata/base.yaml"))
	r, errs := ParseRollout(&v1alpha1.Rollout{Spec: typed(t, merge(base, decode(t, overlay)))})
	if len(errs) > 0 {
		t.Fatalf("parse %s: %v", overlay, errs)
	}
	return r
}

func canary(t testing.TB, overlay string) Canary {
	t.Helper()
	c, ok := parse(t, overlay).Strategy.(Canary)
	if !ok {
		t.Fatalf("no canary in %s", overlay)
	}
	return c
}

func blueGreen(t testing.TB, overlay string) BlueGreen {
	t.Helper()
	b, ok := parse(t, overlay).Strategy.(BlueGreen)
	if !ok {
		t.Fatalf("no blue-green in %s", overlay)
	}
	return b
}

func TestDefaultsOfARollout(t *testing.T) {
	got := parse(t, `{replicas: null, strategy: {canary: {}}}`)
	want := Rollout{
		Replicas: 1, ReplicasUnset: true,
		Selector:         &metav1.LabelSelector{MatchLabels: map[string]string{"app": "demo"}},
		HistoryLimit:     10,
		ProgressDeadline: 10 * time.Minute,
		SuccessfulRuns:   5, UnsuccessfulRuns: 5,
		TemplateHash: "56459f669d",
		Strategy: Canary{
			Steps:     []Step{},
			StepsHash: "5ffbfbbd64",
			Surge:     1, Unavailable: 0,
			ScaleDownDelay: 30 * time.Second,
			AbortDelay:     AbortDelay{After: 30 * time.Second},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Rollout{}, "Template")); diff != "" {
		t.Errorf("ParseRollout() (-want +got):\n%s", diff)
	}
}

func TestDefaultsOfABlueGreen(t *testing.T) {
	want := BlueGreen{
		ActiveService: "active", AutoPromote: true, Unavailable: 2,
		ScaleDownDelay: 30 * time.Second, AbortDelay: AbortDelay{After: 30 * time.Second},
	}
	if diff := cmp.Diff(want, blueGreen(t, `{strategy: {blueGreen: {activeService: active}}}`)); diff != "" {
		t.Errorf("BlueGreen (-want +got):\n%s", diff)
	}
}

func TestTopLevelValues(t *testing.T) {
	r := parse(t, `{minReadySeconds: 7, revisionHistoryLimit: 0, progressDeadlineSeconds: 90, progressDeadlineAbort: true,
		paused: true, restartAt: "2026-01-02T03:04:05Z", rollbackWindow: {revisions: 3},
		analysis: {successfulRunHistoryLimit: 1, unsuccessfulRunHistoryLimit: 0}, strategy: {canary: {}}}`)
	want := Rollout{
		Replicas: 10, MinReady: 7 * time.Second, ProgressDeadline: 90 * time.Second, AbortOnDeadline: true, Paused: true,
		RestartAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), RollbackWindow: 3, SuccessfulRuns: 1,
	}
	ignored := cmpopts.IgnoreFields(Rollout{}, "Selector", "Template", "TemplateHash", "Strategy")
	if diff := cmp.Diff(want, r, ignored); diff != "" {
		t.Errorf("ParseRollout() (-want +got):\n%s", diff)
	}
}

func TestDelays(t *testing.T) {
	cases := map[string]struct {
		canary     string
		wantDelay  time.Duration
		wantAbort  AbortDelay
		wantStayed *int32
	}{
		"unset": {`{}`, 30 * time.Second, AbortDelay{After: 30 * time.Second}, nil},
		"zero lets an aborted canary stay": {
			`{abortScaleDownDelaySeconds: 0, trafficRouting: {}, scaleDownDelaySeconds: 0, scaleDownDelayRevisionLimit: 0}`,
			0, AbortDelay{Keep: true, Explicit: true}, ptr(0),
		},
		"numbers": {
			`{abortScaleDownDelaySeconds: 5, trafficRouting: {}, scaleDownDelaySeconds: 6, scaleDownDelayRevisionLimit: 7}`,
			6 * time.Second, AbortDelay{After: 5 * time.Second, Explicit: true}, ptr(7),
		},
		"negative is at once": {
			`{abortScaleDownDelaySeconds: -5, trafficRouting: {}, scaleDownDelaySeconds: -6, scaleDownDelayRevisionLimit: -7}`,
			0, AbortDelay{Explicit: true}, ptr(0),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := canary(t, `{strategy: {canary: `+tc.canary+`}}`)
			got := []any{c.ScaleDownDelay, c.AbortDelay, c.ScaleDownRevisions}
			if diff := cmp.Diff([]any{tc.wantDelay, tc.wantAbort, tc.wantStayed}, got); diff != "" {
				t.Errorf("delays (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRolesOfPods(t *testing.T) {
	c := canary(t, `{strategy: {canary: {canaryMetadata: {labels: {role: canary}}, stableMetadata: {annotations: {role: stable}},
		antiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: {weight: 7}}, minPodsPerReplicaSet: 99,
		replicaProgressThreshold: {type: Percent, value: 80}}}}`)
	want := Canary{
		CanaryMetadata: Metadata{Labels: map[string]string{"role": "canary"}},
		StableMetadata: Metadata{Annotations: map[string]string{"role": "stable"}},
		AntiAffinity:   &AntiAffinity{Weight: 7},
		MinPods:        10,
		Threshold:      &Threshold{Percent: true, Value: 80},
	}
	got := Canary{CanaryMetadata: c.CanaryMetadata, StableMetadata: c.StableMetadata, AntiAffinity: c.AntiAffinity, MinPods: c.MinPods, Threshold: c.Threshold}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Canary (-want +got):\n%s", diff)
	}
}

func TestThresholds(t *testing.T) {
	cases := map[string]struct {
		threshold string
		want      *Threshold
	}{
		"percent":               {`{type: Percent, value: 0}`, &Threshold{Percent: true}},
		"pods":                  {`{type: Pods, value: 3}`, &Threshold{Value: 3}},
		"any other word":        {`{type: Pod, value: 3}`, &Threshold{Value: 3}},
		"a negative one is all": {`{type: Pods, value: -1}`, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := canary(t, `{strategy: {canary: {replicaProgressThreshold: `+tc.threshold+`}}}`).Threshold
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Threshold (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWorkloadRefIsParsedBeforeAndAfterItIsResolved(t *testing.T) {
	const overlay = `{workloadRef: {apiVersion: apps/v1, kind: Deployment, name: demo, scaleDown: sometimes},
		template: null, selector: null, strategy: {canary: {}}}`
	r := parse(t, overlay)
	if diff := cmp.Diff(&WorkloadRef{APIVersion: "apps/v1", Kind: "Deployment", Name: "demo", ScaleDown: ScaleDownNever}, r.WorkloadRef); diff != "" {
		t.Errorf("WorkloadRef (-want +got):\n%s", diff)
	}
	if r.TemplateHash != "" {
		t.Errorf("TemplateHash = %s before the template is known", r.TemplateHash)
	}

	base := decode(t, read(t, "testdata/base.yaml"))
	resolved := typed(t, merge(base, decode(t, `{workloadRef: {kind: Deployment, name: demo}, strategy: {canary: {}}}`)))
	resolved.TemplateResolvedFromRef, resolved.SelectorResolvedFromRef = true, true
	r, errs := ParseRollout(&v1alpha1.Rollout{Spec: resolved})
	if len(errs) > 0 || r.TemplateHash != "56459f669d" {
		t.Errorf("resolved: hash %q, errors %v", r.TemplateHash, errs)
	}
}

func TestCollisionsChangeTheHash(t *testing.T) {
	base := typed(t, merge(decode(t, read(t, "testdata/base.yaml")), decode(t, `{strategy: {canary: {}}}`)))
	r, errs := ParseRollout(&v1alpha1.Rollout{Spec: base, Status: v1alpha1.RolloutStatus{CollisionCount: ptr(1)}})
	if len(errs) > 0 || r.TemplateHash != "77567764bc" {
		t.Errorf("hash = %s (errors %v), want 77567764bc", r.TemplateHash, errs)
	}
}

func TestRoutersAreOrdered(t *testing.T) {
	c := canary(t, `{strategy: {canary: {canaryService: c, stableService: s, trafficRouting: {
		managedRoutes: [{name: b}, {name: a}], plugins: {z/last: {}, a/first: {}}, gatewayAPI: {httpRoute: demo},
		apisix: {}, traefik: {weightedTraefikServiceName: x}, ambassador: {mappings: [x]}, smi: {},
		alb: {ingress: x, servicePort: 80}, nginx: {stableIngress: x}, istio: {virtualService: {name: x}},
		appMesh: {virtualService: {name: x}}}}}}`)
	want := "istio nginx alb smi ambassador appMesh traefik apisix gatewayAPI plugin:a/first plugin:z/last"
	if got := strings.Join(c.Routing.Routers, " "); got != want {
		t.Errorf("Routers = %s, want %s", got, want)
	}
	if got := strings.Join(c.Routing.ManagedRoutes, " "); got != "b a" {
		t.Errorf("ManagedRoutes = %s, want b a", got)
	}
	if c.Routing.MaxWeight != 100 {
		t.Errorf("MaxWeight = %d, want 100", c.Routing.MaxWeight)
	}
}

func BenchmarkParseRollout(b *testing.B) {
	for name, file := range map[string]string{"canary": "testdata/bench/canary.yaml", "blueGreen": "testdata/bench/bluegreen.yaml"} {
		b.Run(name, func(b *testing.B) {
			var obj v1alpha1.Rollout
			if err := yaml.UnmarshalStrict([]byte(read(b, file)), &obj); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, errs := ParseRollout(&obj); len(errs) > 0 {
					b.Fatal(errs)
				}
			}
		})
	}
}
