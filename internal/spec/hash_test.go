package spec

import (
	"encoding/json"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/serin-rollouts/serin/api/v1alpha1"
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

func TestTemplateHashOfABroadTemplate(t *testing.T) {
	const want = "6c84df7dbb" // as Argo Rollouts 1.10 computes it
	got, err := TemplateHash(parseTemplate(t, read(t, "testdata/templates/desired.yaml")), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("TemplateHash() = %s, want %s", got, want)
	}
}

// The wanted hashes are those that Argo Rollouts 1.10 computes.
func TestStepsHash(t *testing.T) {
	cases := map[string]struct{ steps, want string }{
		"steps that were not given": {`null`, "5ffbfbbd64"},
		"a list without steps":      {`[]`, "5f8cb5778f"},
		"a weight and a pause":      {`[{"setWeight": 20}, {"pause": {}}]`, "54649b9f5c"},
		"steps of many kinds": {`[{"setWeight": 20}, {"pause": {}}, {"setCanaryScale": {"weight": 25}}, {"pause": {"duration": "10m"}},
			{"setHeaderRoute": {"name": "beta", "match": [{"headerName": "x", "headerValue": {"exact": "<1>"}}]}},
			{"analysis": {"templates": [{"templateName": "smoke"}]}},
			{"experiment": {"templates": [{"name": "a", "specRef": "canary"}]}},
			{"plugin": {"name": "x/y", "config": {"b": 1, "a": [2]}}}]`, "796557bf5b"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var steps []v1alpha1.CanaryStep
			if err := json.Unmarshal([]byte(tc.steps), &steps); err != nil {
				t.Fatal(err)
			}
			got, err := StepsHash(steps)
			if err != nil {
				t.Fatal(err)
			}
			if got != tc.want {
				t.Errorf("StepsHash() = %s, want %s", got, tc.want)
			}
		})
	}
}
