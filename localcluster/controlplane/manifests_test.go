package controlplane

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadManifests(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"a.yaml":             "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n---\n\n---\n# nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\n",
		"deep/b.yml":         "apiVersion: v1\nkind: Namespace\nmetadata: {name: three}\n",
		"deep/c.json":        `{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "four"}}`,
		"kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n",
		"notes.md":           "no manifest",
		"plain":              "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: five}\n",
		"wrong/d.yaml":       "kind: ConfigMap\n",
	}
	for name, content := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string]struct {
		path      string
		want      []string
		wantError string
	}{
		"every document of a file":                  {path: "a.yaml", want: []string{"one", "two"}},
		"every manifest below a directory":          {path: "deep", want: []string{"three", "four"}},
		"a kustomization says nothing to apply":     {path: "kustomization.yaml"},
		"a file that is named counts without .yaml": {path: "plain", want: []string{"five"}},
		"an object without apiVersion is named": {path: "wrong",
			wantError: "read manifests: " + filepath.Join(dir, "wrong/d.yaml") + ": an object has no kind or apiVersion"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			objects, err := readManifests(filepath.Join(dir, tc.path))
			gotError := ""
			if err != nil {
				gotError = err.Error()
			}
			var got []string
			for _, object := range objects {
				got = append(got, object.GetName())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.wantError, gotError); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}
