package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

const generated = `
properties:
  count: {type: integer, minimum: 1}
  template:
    properties:
      metadata:
        properties:
          annotations: {type: object}
          finalizers: {type: array}
          labels: {type: object}
          name: {type: string}
      spec:
        properties:
          containers:
            items:
              properties:
                resources:
                  properties:
                    limits: {additionalProperties: {pattern: x}, type: object}
                    requests: {additionalProperties: {pattern: x}, type: object}
            maxItems: 3
          initContainers: {type: array}
          restartPolicy: {type: string}
          volumes: {items: {type: object}, type: array}
`

const relaxed = `
properties:
  count: {type: integer, minimum: 1}
  template:
    properties:
      metadata:
        properties:
          annotations: {type: object}
          labels: {type: object}
      spec:
        properties:
          containers:
            items:
              properties:
                resources:
                  properties:
                    limits: {x-kubernetes-preserve-unknown-fields: true}
                    requests: {x-kubernetes-preserve-unknown-fields: true}
          initContainers: {type: array}
          restartPolicy: {type: string}
          volumes: {x-kubernetes-preserve-unknown-fields: true}
`

func TestTidyRelaxesPodsOnlyAndIsIdempotent(t *testing.T) {
	var want map[string]any
	if err := yaml.Unmarshal([]byte(relaxed), &want); err != nil {
		t.Fatal(err)
	}
	raw := []byte(generated)
	for _, pass := range []string{"first", "second"} {
		out, err := tidy(raw)
		if err != nil {
			t.Fatalf("%s tidy: %v", pass, err)
		}
		var got map[string]any
		if err := yaml.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s tidy (-want +got):\n%s", pass, diff)
		}
		raw = out
	}
}
