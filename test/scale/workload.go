package main

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// workload is a kind of object to make many of.
type workload struct {
	title      string
	resource   schema.GroupVersionResource
	apiVersion string
	kind       string
	replicas   int
	strategy   map[string]any
	// settled reports whether an object has reached what its current spec asks for.
	settled func(*unstructured.Unstructured) bool
}

func deployments(replicas int) workload {
	return workload{
		title: "Deployments", replicas: replicas,
		resource:   schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"},
		apiVersion: "apps/v1", kind: "Deployment",
		settled: func(o *unstructured.Unstructured) bool {
			return number(o, "status", "observedGeneration") == o.GetGeneration() &&
				number(o, "status", "updatedReplicas") == int64(replicas) &&
				number(o, "status", "availableReplicas") == int64(replicas) &&
				number(o, "status", "replicas") == int64(replicas)
		},
	}
}

// rollouts are basic canaries with that many equal steps; none: a rolling update.
func rollouts(replicas, steps int) workload {
	canary := map[string]any{}
	if steps > 0 {
		var list []any
		for i := range steps {
			list = append(list, map[string]any{"setWeight": int64(100 * (i + 1) / (steps + 1))})
		}
		canary["steps"] = list
	}
	return workload{
		title: fmt.Sprintf("Rollouts, %d steps", steps), replicas: replicas,
		resource:   v1alpha1.RolloutGVR,
		apiVersion: v1alpha1.SchemeGroupVersion.String(), kind: v1alpha1.RolloutKind,
		strategy: map[string]any{"canary": canary},
		settled: func(o *unstructured.Unstructured) bool {
			observed, _, _ := unstructured.NestedString(o.Object, "status", "observedGeneration")
			phase, _, _ := unstructured.NestedString(o.Object, "status", "phase")
			return observed == fmt.Sprint(o.GetGeneration()) && phase == string(v1alpha1.RolloutPhaseHealthy) &&
				number(o, "status", "replicas") == int64(replicas)
		},
	}
}

func number(o *unstructured.Unstructured, path ...string) int64 {
	n, _, _ := unstructured.NestedInt64(o.Object, path...)
	return n
}

// object is the i-th of its kind, at a version of its image.
func (w workload) object(i int, image string) *unstructured.Unstructured {
	name := fmt.Sprintf("load-%04d", i)
	labels := map[string]any{"app": name}
	spec := map[string]any{
		"replicas": int64(w.replicas),
		"selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{
			"metadata": map[string]any{"labels": labels},
			"spec": map[string]any{
				"terminationGracePeriodSeconds": int64(1),
				"containers":                    []any{map[string]any{"name": container, "image": image}},
			},
		},
	}
	if w.strategy != nil {
		spec["strategy"] = w.strategy
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": w.apiVersion, "kind": w.kind, "metadata": map[string]any{"name": name}, "spec": spec,
	}}
}

const container = "demo"

// images are what objects start with and what they change to.
func images() (first, second string) { return "serin/demo:blue", "serin/demo:green" }
