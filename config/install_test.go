package config_test

import (
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/serin-rollouts/serin/internal/testing/golden"
)

// install.yaml is what the kustomization makes; -update writes it.
func TestInstallIsUpToDate(t *testing.T) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), ".")
	if err != nil {
		t.Fatalf("build kustomization: %v", err)
	}
	got, err := resources.AsYaml()
	if err != nil {
		t.Fatalf("print kustomization: %v", err)
	}
	golden.Check(t, "install.yaml", string(got))
}
