package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func withKind(text, kind string) string { return strings.ReplaceAll(text, "%KIND%", kind) }

// patched is the template that a JSON patch writes, and where.
func patched(t *testing.T, r request) (path string, template map[string]any) {
	t.Helper()
	var ops []struct {
		Op, Path string
		Value    map[string]any
	}
	if err := json.Unmarshal([]byte(r.Body), &ops); err != nil || len(ops) != 1 || ops[0].Op != "replace" {
		t.Fatalf("patch %s: %v, want one replace", r.Body, err)
	}
	return r.Path + "#" + ops[0].Path, ops[0].Value
}

func imageTemplate(app, image string) map[string]any {
	return fields{
		"metadata": fields{"labels": fields{"app": app}},
		"spec": fields{"containers": []any{fields{"name": app, "image": image,
			"ports": []any{fields{"containerPort": 8080.0}}}}},
	}
}

func TestUndo(t *testing.T) {
	cases := map[string]struct {
		line string
		want result
		// wantImage is empty when nothing may be written.
		wantImage string
	}{
		"the previous revision":  {"undo checkout", result{Out: "rollout 'checkout' undo\n"}, "registry.local/checkout:v3.1.4"},
		"a revision by number":   {"undo checkout --to-revision=10", result{Out: "rollout 'checkout' undo\n"}, "registry.local/checkout:v3.1.3"},
		"the present revision":   {"undo checkout --to-revision 12", result{Out: "skipped rollback (current template already matches revision 12)\n"}, ""},
		"a stranger's revision":  {"undo checkout --to-revision 3", result{Code: 1, Err: "Error: unable to find specified revision 3 in history\nRollout checkout has these revisions: [12 11 10]\n"}, ""},
		"without a past":         {"undo quota", result{Code: 1, Err: "Error: no revision found for rollout \"quota\"\nRollout quota has these revisions: [1]; going back needs an earlier one\n"}, ""},
		"of a rollout not there": {"undo nobody", result{Code: 1, Err: "Error: rollouts.argoproj.io \"nobody\" not found\n" + missingHint}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, examples+"canary-routed-paused.yaml", examples+"bluegreen-replica-failure.yaml")
			if diff := cmp.Diff(tc.want, run(t, s, tc.line)); diff != "" {
				t.Errorf("run %q (-want +got):\n%s", tc.line, diff)
			}
			if tc.wantImage == "" {
				if len(s.requests) > 0 {
					t.Errorf("sent %v, want nothing", s.requests)
				}
				return
			}
			path, template := patched(t, s.requests[0])
			if want := checkout + "#/spec/template"; path != want {
				t.Errorf("patched %s, want %s", path, want)
			}
			if diff := cmp.Diff(imageTemplate("checkout", tc.wantImage), template); diff != "" {
				t.Errorf("template (-want +got):\n%s", diff)
			}
		})
	}
}

const earlierRevision = `
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  {name: byref-%N%, namespace: shop, uid: byref-%N%-uid, labels: {app: byref, rollouts-pod-template-hash: h%N%},
   annotations: {rollout.argoproj.io/revision: "%N%"},
   ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: byref, uid: byref-uid, controller: true}]}
spec:
  template:
    metadata: {labels: {app: byref, rollouts-pod-template-hash: h%N%}}
    spec: {containers: [{name: web, image: "old/web:%N%"}]}
`

func TestUndoByReference(t *testing.T) {
	for kind, want := range map[string]struct{ object, path string }{
		"Deployment":  {deployment, "/apis/apps/v1/namespaces/shop/deployments/base#/spec/template"},
		"PodTemplate": {podTemplate, "/api/v1/namespaces/shop/podtemplates/base#/template"},
	} {
		t.Run(kind, func(t *testing.T) {
			s := newServer(t)
			s.add(withKind(byReference, kind))
			s.add(want.object)
			s.add(strings.ReplaceAll(earlierRevision, "%N%", "1"))
			s.add(strings.ReplaceAll(earlierRevision, "%N%", "2"))
			already := result{Out: "skipped rollback (current template already matches revision 1)\n"}
			if diff := cmp.Diff(already, run(t, s, "undo byref --to-revision 1")); diff != "" {
				t.Errorf("undo to what the workload holds (-want +got):\n%s", diff)
			}
			run(t, s, "undo byref --to-revision 2")
			path, template := patched(t, s.requests[0])
			image := template["spec"].(fields)["containers"].([]any)[0].(fields)["image"]
			if path != want.path || image != "old/web:2" {
				t.Errorf("patched %s with %s, want %s with old/web:2", path, image, want.path)
			}
		})
	}
}

func TestOriginalTemplate(t *testing.T) {
	cases := map[string]struct{ injected, template, want string }{
		"the hash label goes": {"",
			`{metadata: {creationTimestamp: null, labels: {app: web, rollouts-pod-template-hash: abc}}, spec: {}}`,
			`{metadata: {labels: {app: web}}, spec: {}}`},
		"recorded metadata goes, the user's stays": {`{"labels":{"role":"stable"},"annotations":{"tier":"gold"}}`,
			`{metadata: {labels: {app: web, role: stable}, annotations: {tier: gold, mine: "1"}}, spec: {}}`,
			`{metadata: {labels: {app: web}, annotations: {mine: "1"}}, spec: {}}`},
		"maps that are empty then go too": {`{"annotations":{"tier":"gold"}}`,
			`{metadata: {labels: {app: web}, annotations: {tier: gold}}, spec: {}}`,
			`{metadata: {labels: {app: web}}, spec: {}}`},
		"required anti-affinity against a revision goes": {"",
			`{metadata: {}, spec: {affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [
			  {labelSelector: {matchExpressions: [{key: rollouts-pod-template-hash, operator: In, values: [abc]}]}, topologyKey: kubernetes.io/hostname}]}}}}`,
			`{metadata: {}, spec: {}}`},
		"preferred anti-affinity against a revision goes, the user's stays": {"",
			`{metadata: {}, spec: {affinity: {nodeAffinity: {}, podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [
			  {weight: 1, podAffinityTerm: {labelSelector: {matchLabels: {app: db}}, topologyKey: zone}},
			  {weight: 5, podAffinityTerm: {labelSelector: {matchExpressions: [{key: rollouts-pod-template-hash, operator: In, values: [abc]}]}, topologyKey: kubernetes.io/hostname}}]}}}}`,
			`{metadata: {}, spec: {affinity: {nodeAffinity: {}, podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [
			  {weight: 1, podAffinityTerm: {labelSelector: {matchLabels: {app: db}}, topologyKey: zone}}]}}}}`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			rs := &unstructured.Unstructured{Object: fields{"spec": fields{"template": object(t, tc.template)}}}
			if tc.injected != "" {
				rs.SetAnnotations(map[string]string{"rollout.argoproj.io/ephemeral-metadata": tc.injected})
			}
			got, err := originalTemplate(rs)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(object(t, tc.want), got); diff != "" {
				t.Errorf("originalTemplate() (-want +got):\n%s", diff)
			}
		})
	}
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	obj := map[string]any{}
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(text, "\t", " ")), &obj); err != nil {
		t.Fatal(err)
	}
	return obj
}
