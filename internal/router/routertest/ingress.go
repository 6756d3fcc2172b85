package routertest

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"
)

// Ingress draws an Ingress of a user in which at least one path leads to service.
// It may hold anything that the API server accepts: rules without paths, backends
// that are no Services, other applications, either way of naming a class.
func Ingress(t *rapid.T, namespace, name, service string) *unstructured.Unstructured {
	spec := map[string]any{"rules": rules(t, service)}
	metadata := map[string]any{
		"name": name, "namespace": namespace,
		"resourceVersion": fmt.Sprint(rapid.IntRange(1, 99999).Draw(t, "version")),
	}
	annotations := Annotations(t)
	class := rapid.SampledFrom([]string{"none", "legacy", "field", "both"}).Draw(t, "class")
	if class == "legacy" || class == "both" {
		annotations["kubernetes.io/ingress.class"] = "nginx"
	}
	if class == "field" || class == "both" {
		spec["ingressClassName"] = "nginx"
	}
	if len(annotations) > 0 {
		metadata["annotations"] = annotations
	}
	if rapid.Bool().Draw(t, "tls") {
		spec["tls"] = []any{map[string]any{"hosts": []any{"shop.example"}, "secretName": "cert"}}
	}
	if rapid.Bool().Draw(t, "default backend") {
		spec["defaultBackend"] = backend("fallback")
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec,
		"status": map[string]any{"loadBalancer": map[string]any{}},
	}}
}

// Annotations draws annotations of others, as unstructured content.
func Annotations(t *rapid.T) map[string]any {
	keys := []string{"example.com/team", "nginx.ingress.kubernetes.io/ssl-redirect", "field.cattle.io/state"}
	annotations := map[string]any{}
	for _, key := range rapid.SliceOfDistinct(rapid.SampledFrom(keys), rapid.ID[string]).Draw(t, "annotations") {
		annotations[key] = rapid.StringMatching(`[a-z]{0,4}`).Draw(t, key)
	}
	return annotations
}

func rules(t *rapid.T, service string) []any {
	drawn := []any{map[string]any{"host": "shop.example", "http": map[string]any{
		"paths": append(paths(t, service), path("/", backend(service))),
	}}}
	for range rapid.IntRange(0, 3).Draw(t, "more rules") {
		drawn = append(drawn, rule(t, service))
	}
	return rapid.Permutation(drawn).Draw(t, "rules")
}

func rule(t *rapid.T, service string) any {
	host := rapid.SampledFrom([]string{"", "*.example", "other.example"}).Draw(t, "host")
	drawn := map[string]any{}
	if host != "" {
		drawn["host"] = host
	}
	if rapid.Bool().Draw(t, "has paths") {
		drawn["http"] = map[string]any{"paths": append(paths(t, service), path("/", backend("other")))}
	}
	return drawn
}

func paths(t *rapid.T, service string) []any {
	backends := map[string]any{
		"ours": backend(service), "other": backend("other"),
		"resource": map[string]any{"resource": map[string]any{"kind": "Bucket", "name": "b", "apiGroup": "example.com"}},
	}
	var drawn []any
	for i := range rapid.IntRange(0, 3).Draw(t, "paths") {
		kind := rapid.SampledFrom([]string{"ours", "other", "resource"}).Draw(t, "backend")
		drawn = append(drawn, path(fmt.Sprintf("/p%d", i), backends[kind]))
	}
	return drawn
}

func path(at string, backend any) any {
	return map[string]any{"path": at, "pathType": "Prefix", "backend": backend}
}

func backend(service string) any {
	return map[string]any{"service": map[string]any{"name": service, "port": map[string]any{"number": int64(80)}}}
}
