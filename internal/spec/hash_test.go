package spec

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

const demoTemplate = `{"metadata":{"labels":{"app":"demo"}},"spec":{"containers":[{"name":"demo","image":"nginx:1.25","resources":{}}]}}`

func parseTemplate(t testing.TB, manifest string) corev1.PodTemplateSpec {
	t.Helper()
	var template corev1.PodTemplateSpec
	if err := yaml.UnmarshalStrict([]byte(manifest), &template); err != nil {
		t.Fatalf("parse template: %v", err)
	}
	return template
}

func TestTemplateHash(t *testing.T) {
	cases := map[string]struct {
		collisions *int32
		want       string
	}{
		"no collision was ever counted": {nil, "56459f669d"},
		"a count of zero is a count":    {new(int32), "5c89bbfb78"},
		"one collision":                 {ptr(1), "77567764bc"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := TemplateHash(parseTemplate(t, demoTemplate), tc.collisions)
			if err != nil {
				t.Fatal(err)
			}
			if got != tc.want {
				t.Errorf("TemplateHash() = %s, want %s", got, tc.want)
			}
		})
	}
}

func ptr(n int32) *int32 { return &n }
