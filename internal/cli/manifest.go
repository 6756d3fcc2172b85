package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// standardInput is how users name it where a file is wanted.
const standardInput = "-"

// manifest is one document of a file.
type manifest struct {
	file string
	// data is the document as it was written, YAML or JSON.
	data   []byte
	object *unstructured.Unstructured
}

// String names it, for example "web.yaml: Rollout/web".
func (m manifest) String() string {
	return m.file + ": " + m.object.GetKind() + "/" + m.name()
}

func (m manifest) name() string {
	if name := m.object.GetName(); name != "" {
		return name
	}
	return m.object.GetGenerateName()
}

// strictly reads the document into a type; fields that the type does not have are an
// error.
func (m manifest) strictly(into any) error {
	if err := yaml.UnmarshalStrict(m.data, into); err != nil {
		return fmt.Errorf("%s: %w", m, err)
	}
	return nil
}

// readManifests reads all documents of a file, of the manifests of a folder, or of
// standard input.
func readManifests(path string, in io.Reader) ([]manifest, error) {
	if path == standardInput {
		return documents("standard input", in)
	}
	files, err := manifestFiles(path)
	if err != nil {
		return nil, err
	}
	var all []manifest
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read manifest: %w", err)
		}
		found, err := documents(file, bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// manifestFiles is path itself, or the manifests right below it when it is a folder.
func manifestFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	var files []string
	for _, entry := range entries {
		if slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(entry.Name())) {
			files = append(files, filepath.Join(path, entry.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no .yaml, .yml or .json file in %s", path)
	}
	return files, nil
}

// documents splits a file. Empty documents are passed over.
func documents(file string, in io.Reader) ([]manifest, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(in))
	var all []manifest
	for {
		data, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		object := map[string]any{}
		if err := yaml.Unmarshal(data, &object); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if len(object) == 0 {
			continue
		}
		m := manifest{file: file, data: data, object: &unstructured.Unstructured{Object: object}}
		if m.object.GetKind() == "" || !strings.Contains(m.object.GetAPIVersion(), "v") {
			return nil, fmt.Errorf("%s: a document has no apiVersion and kind", file)
		}
		all = append(all, m)
	}
}
