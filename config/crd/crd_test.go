package crd

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// annotationLimit is what the API server lets all annotations of an object
// weigh. `kubectl apply` stores the whole object in one of them. Unit: bytes.
const annotationLimit = 262144

func file(plural string) string { return "argoproj.io_" + plural + ".yaml" }

func load(t *testing.T, plural string) map[string]any {
	t.Helper()
	raw, err := Files.ReadFile(file(plural))
	if err != nil {
		t.Fatalf("read CRD: %v", err)
	}
	var obj map[string]any
	if err := yaml.UnmarshalStrict(raw, &obj); err != nil {
		t.Fatalf("parse CRD of %s: %v", plural, err)
	}
	return obj
}

// version is the only version of a CRD.
func version(t *testing.T, plural string) map[string]any {
	t.Helper()
	versions, _, err := unstructured.NestedSlice(load(t, plural), "spec", "versions")
	if err != nil || len(versions) != 1 {
		t.Fatalf("CRD of %s has versions %v (%v), want one", plural, versions, err)
	}
	return versions[0].(map[string]any)
}

// at follows a path such as spec.metrics[].provider through a schema; [] goes
// into the items of a list.
func at(t *testing.T, plural, path string) map[string]any {
	t.Helper()
	schema := version(t, plural)["schema"].(map[string]any)["openAPIV3Schema"].(map[string]any)
	for _, name := range strings.Split(path, ".") {
		name, isList := strings.CutSuffix(name, "[]")
		props, _ := schema["properties"].(map[string]any)
		next, ok := props[name].(map[string]any)
		if !ok {
			t.Fatalf("schema of %s has no %s in %s", plural, name, path)
		}
		if isList {
			next = next["items"].(map[string]any)
		}
		schema = next
	}
	return schema
}

func TestFilesFitIntoClientSideApply(t *testing.T) {
	entries, err := Files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 5 {
		t.Errorf("found %d CRDs, want 5", len(entries))
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() >= annotationLimit {
			t.Errorf("%s has %d bytes, want fewer than %d", e.Name(), info.Size(), annotationLimit)
		}
	}
}

func TestNames(t *testing.T) {
	cases := map[string]struct{ plural, kind, short, scope string }{
		"rollouts are called ro":                   {"rollouts", "Rollout", "ro", "Namespaced"},
		"experiments are called exp":               {"experiments", "Experiment", "exp", "Namespaced"},
		"runs are called ar":                       {"analysisruns", "AnalysisRun", "ar", "Namespaced"},
		"templates are called at":                  {"analysistemplates", "AnalysisTemplate", "at", "Namespaced"},
		"cluster templates are called cat, global": {"clusteranalysistemplates", "ClusterAnalysisTemplate", "cat", "Cluster"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			obj := load(t, tc.plural)
			kind, _, _ := unstructured.NestedString(obj, "spec", "names", "kind")
			short, _, _ := unstructured.NestedStringSlice(obj, "spec", "names", "shortNames")
			scope, _, _ := unstructured.NestedString(obj, "spec", "scope")
			got := []string{kind, strings.Join(short, " "), scope}
			if diff := cmp.Diff([]string{tc.kind, tc.short, tc.scope}, got); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSubresourcesAndColumns(t *testing.T) {
	scale := map[string]any{
		"specReplicasPath":   ".spec.replicas",
		"statusReplicasPath": ".status.HPAReplicas",
		"labelSelectorPath":  ".status.selector",
	}
	cases := map[string]struct {
		plural, wantColumns string
		wantSubresources    map[string]any
	}{
		"a rollout has status and scale": {
			plural:           "rollouts",
			wantColumns:      "Desired .spec.replicas, Current .status.replicas, Up-to-date .status.updatedReplicas, Available .status.availableReplicas, Age .metadata.creationTimestamp",
			wantSubresources: map[string]any{"status": map[string]any{}, "scale": scale},
		},
		"a run's status is written through the object": {
			plural: "analysisruns", wantColumns: "Status .status.phase, Age .metadata.creationTimestamp", wantSubresources: map[string]any{},
		},
		"an experiment's status is written through the object": {
			plural: "experiments", wantColumns: "Status .status.phase, Age .metadata.creationTimestamp", wantSubresources: map[string]any{},
		},
		"a template has neither": {
			plural: "analysistemplates", wantColumns: "Age .metadata.creationTimestamp", wantSubresources: map[string]any{},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			v := version(t, tc.plural)
			subresources, _ := v["subresources"].(map[string]any)
			if subresources == nil {
				subresources = map[string]any{}
			}
			if diff := cmp.Diff(tc.wantSubresources, subresources); diff != "" {
				t.Errorf("subresources (-want +got):\n%s", diff)
			}
			var columns []string
			for _, c := range v["additionalPrinterColumns"].([]any) {
				column := c.(map[string]any)
				columns = append(columns, fmt.Sprint(column["name"], " ", column["jsonPath"]))
			}
			if diff := cmp.Diff(tc.wantColumns, strings.Join(columns, ", ")); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSelectorIsImmutable(t *testing.T) {
	want := []any{map[string]any{"rule": "self == oldSelf", "message": ".spec.selector is immutable"}}
	got := at(t, "rollouts", "spec.selector")["x-kubernetes-validations"]
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules of spec.selector (-want +got):\n%s", diff)
	}
}

func TestIslandsKeepUnknownFields(t *testing.T) {
	cases := map[string]struct{ plural, path string }{
		"settings of a step plugin":          {"rollouts", "spec.strategy.canary.steps[].plugin.config"},
		"settings of router plugins":         {"rollouts", "spec.strategy.canary.trafficRouting.plugins"},
		"memory of a step plugin":            {"rollouts", "status.canary.stepPluginStatuses[].status"},
		"settings of a provider plugin":      {"analysisruns", "spec.metrics[].provider.plugin"},
		"settings of it in a template":       {"analysistemplates", "spec.metrics[].provider.plugin"},
		"the body of a web request":          {"analysisruns", "spec.metrics[].provider.web.jsonBody"},
		"resources, which may be 0.5":        {"rollouts", "spec.template.spec.containers[].resources.limits"},
		"volumes of a pod":                   {"rollouts", "spec.template.spec.volumes"},
		"volumes of an experiment's pod":     {"experiments", "spec.templates[].template.spec.volumes"},
		"volumes of an analysis Job's pod":   {"analysisruns", "spec.metrics[].provider.job.spec.template.spec.volumes"},
		"requests of an init container":      {"rollouts", "spec.template.spec.initContainers[].resources.requests"},
		"requests of an ephemeral container": {"rollouts", "spec.template.spec.ephemeralContainers[].resources.requests"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if at(t, tc.plural, tc.path)["x-kubernetes-preserve-unknown-fields"] != true {
				t.Errorf("%s of %s is pruned", tc.path, tc.plural)
			}
		})
	}
}

func TestRequiredFields(t *testing.T) {
	cases := map[string]struct{ plural, path, want string }{
		"a blue-green strategy names its active service": {"rollouts", "spec.strategy.blueGreen", "activeService"},
		"a ping-pong names both services":                {"rollouts", "spec.strategy.canary.pingPong", "pingService pongService"},
		"an ALB names the port":                          {"rollouts", "spec.strategy.canary.trafficRouting.alb", "servicePort"},
		"the spec of a rollout requires nothing":         {"rollouts", "spec", ""},
		"an experiment step has templates":               {"rollouts", "spec.strategy.canary.steps[].experiment", "templates"},
		"a run has metrics":                              {"analysisruns", "spec", "metrics"},
		"a template may do without metrics":              {"analysistemplates", "spec", ""},
		"a metric has a name and a provider":             {"analysisruns", "spec.metrics[]", "name provider"},
		"a web metric has a URL":                         {"analysisruns", "spec.metrics[].provider.web", "url"},
		"an experiment's template is complete":           {"experiments", "spec.templates[]", "name selector template"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got []string
			required, _ := at(t, tc.plural, tc.path)["required"].([]any)
			for _, r := range required {
				got = append(got, r.(string))
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("required fields of %s (-want +got):\n%s", tc.path, diff)
			}
		})
	}
}

func TestObservedGenerationIsText(t *testing.T) {
	for _, path := range []string{"status.observedGeneration", "status.workloadObservedGeneration"} {
		if got := at(t, "rollouts", path)["type"]; got != "string" {
			t.Errorf("%s has type %v, want string", path, got)
		}
	}
}
