package spec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// manifest is one document of testdata: a spec, merged into base.yaml, below
// comments that give it a name and say which errors are wanted. A manifest
// without wanted errors is good.
type manifest struct {
	name string
	want []string
	spec v1alpha1.RolloutSpec
}

func corpus(t testing.TB) []manifest {
	t.Helper()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	base := decode(t, read(t, "testdata/base.yaml"))
	var manifests []manifest
	for _, file := range files {
		if file == "testdata/base.yaml" {
			continue
		}
		topic := strings.TrimSuffix(filepath.Base(file), ".yaml")
		for _, doc := range strings.Split(read(t, file), "\n---\n") {
			m := comments(doc)
			m.name = topic + ": " + m.name
			m.spec = typed(t, merge(base, decode(t, doc)))
			manifests = append(manifests, m)
		}
	}
	return manifests
}

func comments(doc string) manifest {
	var m manifest
	for _, line := range strings.Split(doc, "\n") {
		text, isComment := strings.CutPrefix(line, "# ")
		want, isWant := strings.CutPrefix(text, "want: ")
		switch {
		case !isComment:
			return m
		case isWant:
			m.want = append(m.want, want)
		default:
			m.name = strings.TrimSpace(m.name + " " + text)
		}
	}
	return m
}

func read(t testing.TB, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	var values map[string]any
	if err := yaml.UnmarshalStrict([]byte(text), &values); err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
	return values
}

// merge lays one object over another; null takes a key away, lists are replaced.
func merge(under, over map[string]any) map[string]any {
	merged := map[string]any{}
	for key, value := range under {
		merged[key] = value
	}
	for key, value := range over {
		below, isMapBelow := merged[key].(map[string]any)
		above, isMapAbove := value.(map[string]any)
		switch {
		case value == nil:
			delete(merged, key)
		case isMapBelow && isMapAbove:
			merged[key] = merge(below, above)
		default:
			merged[key] = value
		}
	}
	return merged
}

func typed(t testing.TB, values map[string]any) v1alpha1.RolloutSpec {
	t.Helper()
	raw, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	var s v1alpha1.RolloutSpec
	if err := yaml.UnmarshalStrict(raw, &s); err != nil {
		t.Fatalf("decode %s: %v", raw, err)
	}
	return s
}

func TestParseRolloutReportsErrorsInOrder(t *testing.T) {
	for _, m := range corpus(t) {
		t.Run(m.name, func(t *testing.T) {
			_, errs := ParseRollout(&v1alpha1.Rollout{Spec: m.spec})
			var got []string
			for _, err := range errs {
				got = append(got, err.Error())
			}
			if diff := cmp.Diff(m.want, got); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}
