package nginx_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/router/lens"
	"github.com/serin-rollouts/serin/internal/router/nginx"
	"github.com/serin-rollouts/serin/internal/router/routertest"
	"github.com/serin-rollouts/serin/internal/spec"
)

const (
	classKey   = "kubernetes.io/ingress.class"
	writtenKey = "rollouts.argoproj.io/managed-nginx-annotations"
)

func TestLaws(t *testing.T) {
	routertest.Laws(t, routertest.Suite{
		Renderer: nginx.Renderer{},
		World:    drawWorld,
		Split: func(t *rapid.T, target router.Target) traffic.Split {
			return traffic.NewSplit(rapid.Int32Range(0, target.Routing.MaxWeight).Draw(t, "weight"), target.Routing.MaxWeight)
		},
		Forget: forget,
	})
}

func drawWorld(t *rapid.T) (router.Target, []router.Object) {
	target := router.Target{
		Namespace: "prod", Rollout: "shop", UID: "uid-1", Canary: "shop-canary", Stable: "shop-stable",
		Routing: spec.Routing{MaxWeight: traffic.FullWeight},
	}
	target.Routing.Config.Nginx = drawConfig(t, "now")
	if limit := rapid.SampledFrom([]int32{0, 1, 50, 100, 1000, 100_000_000}).Draw(t, "max"); limit > 0 {
		target.Routing.MaxWeight, target.Routing.Config.MaxTrafficWeight = limit, &limit
	}
	before := target
	before.Routing.Config.Nginx = drawConfig(t, "before")
	before.Routing.Config.Nginx.StableIngresses = target.Routing.Config.Nginx.StableIngresses

	var objects []router.Object
	for _, ref := range (nginx.Renderer{}).Refs(target) {
		object := router.Object{Ref: ref}
		if !ref.Owned {
			object.Content = routertest.Ingress(t, target.Namespace, ref.Name, target.Stable)
		}
		objects = append(objects, object)
	}
	if rapid.Bool().Draw(t, "not the first time") {
		objects = rendered(t, before, objects)
	}
	return target, objects
}

// rendered is what an earlier manifest led to, and what others have done since.
func rendered(t *rapid.T, before router.Target, objects []router.Object) []router.Object {
	objects, err := nginx.Renderer{}.Render(before, objects, traffic.NewSplit(7, before.Routing.MaxWeight))
	if err != nil {
		t.Fatalf("render the earlier manifest: %v", err)
	}
	for i, object := range objects {
		if !object.Ref.Owned {
			objects[i].Content = routertest.Ingress(t, before.Namespace, object.Ref.Name, before.Stable)
			continue
		}
		for key, value := range routertest.Annotations(t) {
			lens.Set(object.Content.Object, value, "metadata", "annotations", key)
		}
		lens.Set(object.Content.Object, "web", "metadata", "labels", "team")
	}
	return objects
}

func drawConfig(t *rapid.T, when string) *v1alpha1.NginxTrafficRouting {
	key := rapid.SampledFrom([]string{
		"canary-by-header", "nginx.ingress.kubernetes.io/canary-by-header", "canary-weight", "canary-weight-total", "example.com/team",
	})
	value := rapid.StringMatching(`[a-z0-9]{0,3}`)
	return &v1alpha1.NginxTrafficRouting{
		StableIngresses:              []string{"web", "api"}[:rapid.IntRange(1, 2).Draw(t, when+" ingresses")],
		AnnotationPrefix:             rapid.SampledFrom([]string{"", "custom.example"}).Draw(t, when+" prefix"),
		AdditionalIngressAnnotations: rapid.MapOfN(key, value, 0, 2).Draw(t, when+" additional"),
		CanaryIngressAnnotations:     rapid.MapOfN(key, value, 0, 2).Draw(t, when+" canary"),
	}
}

// forget removes what the renderer may write: the spec of an Ingress of ours, the
// weight, what the manifest names, and what the object itself says was written.
func forget(target router.Target, object router.Object) {
	if !object.Ref.Owned {
		return
	}
	content := object.Content.Object
	annotated := lens.Map(content, "metadata", "annotations")
	config := target.Routing.Config.Nginx
	prefix := "nginx.ingress.kubernetes.io"
	if config.AnnotationPrefix != "" {
		prefix = config.AnnotationPrefix
	}
	for key := range strings.SplitSeq(lens.String(annotated, writtenKey), ",") {
		delete(annotated, key)
	}
	for _, key := range []string{classKey, writtenKey, prefix + "/canary", prefix + "/canary-weight", prefix + "/canary-weight-total"} {
		delete(annotated, key)
	}
	for key := range config.AdditionalIngressAnnotations {
		delete(annotated, key)
		delete(annotated, prefix+"/"+key)
	}
	for key := range config.CanaryIngressAnnotations {
		delete(annotated, key)
	}
	if len(annotated) == 0 {
		lens.Set(content, nil, "metadata", "annotations")
	}
	lens.Set(content, nil, "spec")
}
