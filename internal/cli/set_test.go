package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const pods = `
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: multi, namespace: shop, uid: multi-uid}
spec:
  futureField: kept
  selector: {matchLabels: {app: multi}}
  template:
    metadata: {labels: {app: multi}}
    spec:
      initContainers: [{name: migrate, image: "old/migrate:1"}]
      containers: [{name: web, image: "old/web:1"}, {name: proxy, image: "old/proxy:1"}]
`

const byReference = `
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: byref, namespace: shop, uid: byref-uid}
spec:
  selector: {matchLabels: {app: byref}}
  workloadRef: {apiVersion: apps/v1, kind: %KIND%, name: base}
`

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: base, namespace: shop, uid: base-uid, generation: 3}
spec:
  selector: {matchLabels: {app: byref}}
  template:
    metadata: {labels: {app: byref}}
    spec: {containers: [{name: web, image: "old/web:1"}]}
`

const podTemplate = `
apiVersion: v1
kind: PodTemplate
metadata: {name: base, namespace: shop, uid: base-uid}
template:
  metadata: {labels: {app: byref}}
  spec: {containers: [{name: web, image: "old/web:1"}]}
`

// imagesOf lists the images in a pod template.
func imagesOf(obj *unstructured.Unstructured, path ...string) []string {
	var images []string
	for _, list := range []string{"initContainers", "containers"} {
		containers, _, _ := unstructured.NestedSlice(obj.Object, append(path, "spec", list)...)
		for _, c := range containers {
			images = append(images, c.(fields)["image"].(string))
		}
	}
	return images
}

func TestSetImage(t *testing.T) {
	cases := map[string]struct {
		line string
		want result
		now  []string
	}{
		"one container": {"set image multi web=host:5000/web:2", result{Out: "rollout \"multi\" image updated\n"},
			[]string{"old/migrate:1", "host:5000/web:2", "old/proxy:1"}},
		"an init container, by digest": {"set image multi migrate=m@sha256:0123", result{Out: "rollout \"multi\" image updated\n"},
			[]string{"m@sha256:0123", "old/web:1", "old/proxy:1"}},
		"two containers": {"set image multi web=w:2 proxy=p:2", result{Out: "rollout \"multi\" image updated\n"},
			[]string{"old/migrate:1", "w:2", "p:2"}},
		"all containers": {"set image multi *=all:2", result{Out: "rollout \"multi\" image updated\n"},
			[]string{"all:2", "all:2", "all:2"}},
		"an unknown container changes nothing": {"set image multi web=w:2 x=y", result{Code: 1,
			Err: "Error: unable to find container named \"x\"\nRollout multi has these containers: migrate, web, proxy\n"},
			[]string{"old/migrate:1", "old/web:1", "old/proxy:1"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.add(pods)
			if diff := cmp.Diff(tc.want, run(t, s, tc.line)); diff != "" {
				t.Errorf("run %q (-want +got):\n%s", tc.line, diff)
			}
			obj := s.objects[ours+"rollouts/multi"]
			if diff := cmp.Diff(tc.now, imagesOf(obj, "spec", "template")); diff != "" {
				t.Errorf("images (-want +got):\n%s", diff)
			}
			if kept, _, _ := unstructured.NestedString(obj.Object, "spec", "futureField"); kept != "kept" {
				t.Error("a field that this program does not know was lost")
			}
		})
	}
}

func TestSetImageByReference(t *testing.T) {
	cases := map[string]struct {
		kind, object, path string
		template           []string
		want               result
		now                string
	}{
		"a Deployment": {"Deployment", deployment, "/apis/apps/v1/namespaces/shop/deployments/base", []string{"spec", "template"},
			result{Out: "deployment \"base\" image updated\n"}, "w:2"},
		"a PodTemplate": {"PodTemplate", podTemplate, "/api/v1/namespaces/shop/podtemplates/base", []string{"template"},
			result{Out: "podtemplate \"base\" image updated\n"}, "w:2"},
		"anything else is refused": {"StatefulSet", deployment, "/apis/apps/v1/namespaces/shop/deployments/base", []string{"spec", "template"},
			result{Code: 1, Err: "Error: set image of rollout byref: workload of type StatefulSet is not supported\n"}, "old/web:1"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.add(withKind(byReference, tc.kind))
			s.add(tc.object)
			if diff := cmp.Diff(tc.want, run(t, s, "set image byref web=w:2")); diff != "" {
				t.Errorf("set image (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{tc.now}, imagesOf(s.objects[tc.path], tc.template...)); diff != "" {
				t.Errorf("images (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSetImageConflicts(t *testing.T) {
	touch := func(obj map[string]any) { obj["metadata"].(fields)["labels"] = fields{"touched": "yes"} }
	cases := map[string]struct {
		conflicts int
		want      result
	}{
		"a few are looked past": {4, result{Out: "rollout \"multi\" image updated\n"}},
		"too many are an error": {99, result{Code: 1,
			Err: "Error: set image of rollout multi: it changes faster than it can be written, try again: the object has been modified\n"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.add(pods)
			s.beforeWrite = func(n int) {
				if n <= tc.conflicts {
					s.edit(ours+"rollouts/multi", touch)
				}
			}
			if diff := cmp.Diff(tc.want, run(t, s, "set image multi web=w:2")); diff != "" {
				t.Errorf("set image (-want +got):\n%s", diff)
			}
		})
	}
}
