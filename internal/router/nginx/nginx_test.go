package nginx_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/router/lens"
	"github.com/serin-rollouts/serin/internal/router/nginx"
	"github.com/serin-rollouts/serin/internal/router/routertest"
	"github.com/serin-rollouts/serin/internal/spec"
)

func TestGolden(t *testing.T) {
	routertest.Golden(t, nginx.Renderer{}, "testdata/golden")
}

const weightKey = "nginx.ingress.kubernetes.io/canary-weight"

func target(stableIngresses ...string) router.Target {
	return router.Target{
		Namespace: "prod", Rollout: "shop", UID: "uid-1", Canary: "shop-canary", Stable: "shop-stable",
		Routing: spec.Routing{MaxWeight: traffic.FullWeight, Config: v1alpha1.RolloutTrafficRouting{
			Nginx: &v1alpha1.NginxTrafficRouting{StableIngresses: stableIngresses},
		}},
	}
}

func stable(name string) *unstructured.Unstructured {
	backend := map[string]any{"service": map[string]any{"name": "shop-stable", "port": map[string]any{"number": int64(80)}}}
	path := map[string]any{"path": "/", "pathType": "Prefix", "backend": backend}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
		"metadata": map[string]any{"name": name, "namespace": "prod"},
		"spec": map[string]any{"ingressClassName": "nginx", "rules": []any{
			map[string]any{"host": "shop.example", "http": map[string]any{"paths": []any{path}}},
		}},
	}}
}

// world is what a cluster holds for the target: its stable Ingresses, and the
// canary Ingresses at that weight.
func world(t testing.TB, target router.Target, weight int32) []router.Object {
	t.Helper()
	var objects []router.Object
	for _, ref := range (nginx.Renderer{}).Refs(target) {
		object := router.Object{Ref: ref}
		if !ref.Owned {
			object.Content = stable(ref.Name)
		}
		objects = append(objects, object)
	}
	objects, err := nginx.Renderer{}.Render(target, objects, traffic.NewSplit(weight, target.Routing.MaxWeight))
	if err != nil {
		t.Fatalf("render: %v", err)
	}
	return objects
}

func TestRead(t *testing.T) {
	annotate := func(value any, key string) func([]router.Object) {
		return func(objects []router.Object) {
			lens.Set(objects[1].Content.Object, value, "metadata", "annotations", key)
		}
	}
	canaryMissing := func(objects []router.Object) { objects[1].Content = nil }
	stableMissing := func(objects []router.Object) { objects[0].Content = nil }
	cases := map[string]struct {
		given func([]router.Object)
		want  traffic.Observation
	}{
		"nothing was written yet":           {given: canaryMissing},
		"the weight was edited":             {given: annotate("35", weightKey), want: traffic.Observation{Found: true, InSync: true, Split: split(35)}},
		"the weight is no number":           {given: annotate("many", weightKey), want: traffic.Observation{Found: true, Split: split(0)}},
		"the weight is above the total":     {given: annotate("250", weightKey), want: traffic.Observation{Found: true, Split: split(100)}},
		"the weight was removed":            {given: annotate(nil, weightKey), want: traffic.Observation{Found: true, Split: split(0)}},
		"a total was added":                 {given: annotate("1000", weightKey+"-total"), want: traffic.Observation{Found: true, Split: traffic.NewSplit(20, 1000)}},
		"the canary mark was removed":       {given: annotate(nil, "nginx.ingress.kubernetes.io/canary"), want: traffic.Observation{Found: true, Split: split(20)}},
		"somebody else's annotation stands": {given: annotate("x", "example.com/team"), want: traffic.Observation{Found: true, InSync: true, Split: split(20)}},
		"the stable Ingress was edited": {
			given: func(objects []router.Object) {
				lens.Set(objects[0].Content.Object, "other", "spec", "ingressClassName")
			},
			want: traffic.Observation{Found: true, Split: split(20)},
		},
		"the stable Ingress is gone, and traffic goes on": {given: stableMissing, want: traffic.Observation{
			Found: true, Split: split(20), Problem: `ingress "web" not found: create it or correct trafficRouting.nginx`,
		}},
		"no rule leads to the stable Service": {
			given: func(objects []router.Object) { lens.Set(objects[0].Content.Object, nil, "spec", "rules") },
			want: traffic.Observation{Found: true, Split: split(20), Problem: "ingress `web` has no rules using service " +
				"shop-stable backend: point a rule at it or correct stableService"},
		},
		"the canary Ingress belongs to another": {
			given: func(objects []router.Object) { objects[1].Content.SetOwnerReferences(nil) },
			want: traffic.Observation{Problem: `ingress "shop-web-canary" exists and is not controlled by Rollout "shop": ` +
				"rename or delete it"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			objects := world(t, target("web"), 20)
			tc.given(objects)
			got := nginx.Renderer{}.Read(target("web"), objects)
			if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreFields(traffic.Observation{}, "Router")); diff != "" {
				t.Errorf("Read() -want +got:\n%s", diff)
			}
		})
	}
}

func split(weight int32) traffic.Split { return traffic.NewSplit(weight, traffic.FullWeight) }

func TestReadSeveral(t *testing.T) {
	objects := world(t, target("web", "api"), 20)
	lens.Set(objects[3].Content.Object, "60", "metadata", "annotations", weightKey)
	got := nginx.Renderer{}.Read(target("web", "api"), objects)
	want := traffic.Observation{Router: "nginx", Found: true, Split: split(60)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Read of Ingresses that disagree -want +got:\n%s", diff)
	}
}

func TestReadLeavesTheUsersOwnTotalAlone(t *testing.T) {
	goal := target("web")
	goal.Routing.Config.Nginx.AdditionalIngressAnnotations = map[string]string{"canary-weight-total": "1000"}
	objects := world(t, goal, 20)
	if got := lens.String(objects[1].Content.Object, "metadata", "annotations", weightKey+"-total"); got != "1000" {
		t.Errorf("total = %q, want the user's 1000", got)
	}
	got := nginx.Renderer{}.Read(goal, objects)
	want := traffic.Observation{Router: "nginx", Found: true, InSync: true, Split: split(20)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Read() -want +got:\n%s", diff)
	}
}

func TestRefsNamesEachIngressOnce(t *testing.T) {
	goal := target("web", "web")
	goal.Routing.Config.Nginx.StableIngress = "web"
	if got := (nginx.Renderer{}).Refs(goal); len(got) != 2 {
		t.Errorf("Refs() = %v, want web and its canary", got)
	}
	if got := (nginx.Renderer{}).Refs(router.Target{}); len(got) != 0 {
		t.Errorf("Refs() without configuration = %v, want none", got)
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("n", 240)
	cases := map[string]struct {
		stable      []string
		want        string
		wantProblem string
	}{
		"a short name stands whole":       {stable: []string{"web"}, want: "shop-web-canary"},
		"a long name is cut to 253":       {stable: []string{long + "abc"}, want: "shop-" + long + "a-canary"},
		"a name as long as may be stands": {stable: []string{long + "a"}, want: "shop-" + long + "a-canary"},
		"names equal after the cut are refused": {
			stable: []string{long + "ab", long + "ac"}, want: "shop-" + long + "a-canary", wantProblem: "too long to tell apart",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			goal := target(tc.stable...)
			refs := nginx.Renderer{}.Refs(goal)
			if got := refs[1].Name; got != tc.want || len(got) > 253 {
				t.Errorf("canary name = %q (%d characters), want %q", got, len(got), tc.want)
			}
			var objects []router.Object
			for _, ref := range refs {
				objects = append(objects, router.Object{Ref: ref})
				if !ref.Owned {
					objects[len(objects)-1].Content = stable(ref.Name)
				}
			}
			_, err := nginx.Renderer{}.Render(goal, objects, split(20))
			if (err != nil) != (tc.wantProblem != "") || (err != nil && !strings.Contains(err.Error(), tc.wantProblem)) {
				t.Errorf("Render() error = %v, want %q", err, tc.wantProblem)
			}
		})
	}
}

func BenchmarkRender(b *testing.B) {
	goal := target("web")
	objects := world(b, goal, 20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (nginx.Renderer{}).Render(goal, objects, split(50)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	goal := target("web")
	objects := world(b, goal, 20)
	b.ReportAllocs()
	for b.Loop() {
		nginx.Renderer{}.Read(goal, objects)
	}
}
