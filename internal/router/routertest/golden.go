package routertest

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	yamlutil "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/spec"
)

// UpdateVariable is the environment variable that makes Golden rewrite its files.
const UpdateVariable = "UPDATE_GOLDEN"

// goldenCase is a split.yaml.
type goldenCase struct {
	Namespace, Rollout, UID string
	Canary, Stable          string
	TrafficRouting          v1alpha1.RolloutTrafficRouting
	// Weight is the canary's.
	Weight int32
	// Error is what rendering must complain about.
	Error string
}

func (c goldenCase) target() router.Target {
	limit := traffic.FullWeight
	if c.TrafficRouting.MaxTrafficWeight != nil {
		limit = *c.TrafficRouting.MaxTrafficWeight
	}
	return router.Target{
		Namespace: cmp.Or(c.Namespace, "prod"), Rollout: c.Rollout, UID: c.UID, Canary: c.Canary, Stable: c.Stable,
		Routing: spec.Routing{MaxWeight: limit, Config: c.TrafficRouting},
	}
}

// Golden renders every folder in dir: before.yaml holds the objects that are there,
// split.yaml what is asked for, after.yaml what must come out.
func Golden(t *testing.T, r router.Renderer, dir string) {
	folders, err := os.ReadDir(dir)
	if err != nil {
		t.Fatalf("read golden cases: %v", err)
	}
	for _, folder := range folders {
		t.Run(folder.Name(), func(t *testing.T) { golden(t, r, filepath.Join(dir, folder.Name())) })
	}
}

func golden(t *testing.T, r router.Renderer, dir string) {
	var c goldenCase
	if err := yaml.UnmarshalStrict(read(t, dir, "split.yaml"), &c); err != nil {
		t.Fatalf("parse split.yaml: %v", err)
	}
	target := c.target()
	objects := find(r.Refs(target), parse(t, read(t, dir, "before.yaml")))
	rendered, err := r.Render(target, objects, traffic.NewSplit(c.Weight, target.Routing.MaxWeight))
	if diff := gocmp.Diff(c.Error, text(err)); diff != "" {
		t.Errorf("error of Render -want +got:\n%s", diff)
	}
	got := printed(t, rendered)
	if os.Getenv(UpdateVariable) != "" {
		if err := os.WriteFile(filepath.Join(dir, "after.yaml"), got, 0o644); err != nil {
			t.Fatalf("update: %v", err)
		}
	}
	if diff := gocmp.Diff(string(read(t, dir, "after.yaml")), string(got)); diff != "" {
		t.Errorf("after.yaml -want +got:\n%s", diff)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if name == "after.yaml" && errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatalf("read golden file: %v", err)
	}
	return content
}

func parse(t *testing.T, documents []byte) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	decoder := yamlutil.NewYAMLOrJSONDecoder(bytes.NewReader(documents), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatalf("parse before.yaml: %v", err)
		}
		objects = append(objects, object)
	}
}

func find(refs []router.Ref, objects []*unstructured.Unstructured) []router.Object {
	found := make([]router.Object, len(refs))
	for i, ref := range refs {
		found[i].Ref = ref
		for _, object := range objects {
			if object.GetKind() == ref.Kind && object.GetName() == ref.Name {
				found[i].Content = object
			}
		}
	}
	return found
}

func printed(t *testing.T, objects []router.Object) []byte {
	t.Helper()
	var documents [][]byte
	for _, object := range objects {
		if object.Content == nil {
			continue
		}
		document, err := yaml.Marshal(object.Content.Object)
		if err != nil {
			t.Fatalf("print %s: %v", object.Ref, err)
		}
		documents = append(documents, document)
	}
	return bytes.Join(documents, []byte("---\n"))
}
