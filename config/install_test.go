package config_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// install.yaml is generated; this fails when its parts changed and it did not.
// Repair: kubectl kustomize config > config/install.yaml.
func TestInstallIsUpToDate(t *testing.T) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), ".")
	if err != nil {
		t.Fatalf("build kustomization: %v", err)
	}
	want, err := resources.AsYaml()
	if err != nil {
		t.Fatalf("print kustomization: %v", err)
	}
	got, err := os.ReadFile("install.yaml")
	if err != nil {
		t.Fatalf("read install.yaml: %v", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("install.yaml (-want +got):\n%s", diff)
	}
}
