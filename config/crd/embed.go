// Package crd holds the CustomResourceDefinitions of the five kinds, generated
// from api/v1alpha1, for whoever installs them: `kubectl apply -f` on this
// folder, the controller, and tests.
package crd

import "embed"

// Files are the CRDs, one YAML document a file.
//
//go:embed *.yaml
var Files embed.FS
