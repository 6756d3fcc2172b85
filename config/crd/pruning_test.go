package crd

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/randfill"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Whatever the types can say, the API server must keep.
func TestNothingThatTheTypesSayIsPruned(t *testing.T) {
	cases := map[string]struct {
		plural string
		object any
	}{
		"a rollout":          {"rollouts", &v1alpha1.Rollout{}},
		"a run":              {"analysisruns", &v1alpha1.AnalysisRun{}},
		"a template":         {"analysistemplates", &v1alpha1.AnalysisTemplate{}},
		"a template for all": {"clusteranalysistemplates", &v1alpha1.ClusterAnalysisTemplate{}},
		"an experiment":      {"experiments", &v1alpha1.Experiment{}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			values := filled(t, tc.object)
			for _, part := range []string{"spec", "status"} {
				if values[part] == nil {
					continue
				}
				for _, path := range pruned(values[part], at(t, tc.plural, part), part) {
					t.Errorf("%s is pruned", path)
				}
			}
		})
	}
}

// filled is the JSON of an object with every field set. Embedded metadata keeps labels and annotations only,
// which is what the schemas keep on purpose.
func filled(t *testing.T, object any) map[string]any {
	t.Helper()
	randfill.NewWithSeed(1).NilChance(0).NumElements(1, 1).MaxDepth(25).Funcs(
		func(q *resource.Quantity, _ randfill.Continue) { *q = resource.MustParse("1") },
		func(t *metav1.Time, _ randfill.Continue) { *t = metav1.Unix(1, 0) },
		func(m *json.RawMessage, _ randfill.Continue) { *m = json.RawMessage(`{"deep":{}}`) },
		func(m *metav1.ObjectMeta, _ randfill.Continue) {
			*m = metav1.ObjectMeta{Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"a": "b"}}
		},
	).Fill(object)
	raw, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := json.Unmarshal(raw, &values); err != nil {
		t.Fatal(err)
	}
	return values
}

// pruned lists the paths in value that schema has no place for.
func pruned(value any, schema map[string]any, path string) []string {
	if schema["x-kubernetes-preserve-unknown-fields"] == true {
		return nil
	}
	switch v := value.(type) {
	case map[string]any:
		return prunedKeys(v, schema, path)
	case []any:
		items, _ := schema["items"].(map[string]any)
		var paths []string
		for i, item := range v {
			paths = append(paths, pruned(item, items, fmt.Sprintf("%s[%d]", path, i))...)
		}
		return paths
	default:
		return nil
	}
}

func prunedKeys(value, schema map[string]any, path string) []string {
	props, _ := schema["properties"].(map[string]any)
	others, open := schema["additionalProperties"].(map[string]any)
	var paths []string
	for key, child := range value {
		below := path + "." + key
		known, ok := props[key].(map[string]any)
		switch {
		case ok:
			paths = append(paths, pruned(child, known, below)...)
		case open:
			paths = append(paths, pruned(child, others, below)...)
		default:
			paths = append(paths, below)
		}
	}
	slices.Sort(paths)
	return paths
}
