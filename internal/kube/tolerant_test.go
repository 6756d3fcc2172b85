package kube

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

func decoder(t *testing.T) tolerant {
	t.Helper()
	scheme, err := NewScheme()
	if err != nil {
		t.Fatal(err)
	}
	codecs := serializer.NewCodecFactory(scheme)
	return tolerant{Decoder: serializer.WithoutConversionCodecFactory{CodecFactory: codecs}.DecoderToVersion(codecs.UniversalDeserializer(), nil)}
}

func TestTolerantReadsOneRollout(t *testing.T) {
	cases := map[string]struct {
		spec, status string
		want         string // the problem; "" for none
		check        func(*v1alpha1.Rollout) bool
	}{
		"all is well": {
			spec:  `{"replicas": 3}`,
			check: func(r *v1alpha1.Rollout) bool { return *r.Spec.Replicas == 3 },
		},
		"a time that is none": {
			spec:  `{"replicas": 3, "restartAt": "2026-01-01t00:00:00z"}`,
			want:  `spec.restartAt: Invalid value: "2026-01-01t00:00:00z": parsing time "2026-01-01t00:00:00z" as "2006-01-02T15:04:05Z07:00": cannot parse "t00:00:00z" as "T"`,
			check: func(r *v1alpha1.Rollout) bool { return *r.Spec.Replicas == 3 && r.Spec.RestartAt == nil },
		},
		"a quantity that is none, deep in a list": {
			spec:  `{"template": {"spec": {"containers": [{"name": "a"}, {"name": "b", "resources": {"limits": {"cpu": "abc", "memory": "1Gi"}}}]}}}`,
			want:  `spec.template.spec.containers[1].resources.limits.cpu: Invalid value: "abc": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
			check: func(r *v1alpha1.Rollout) bool { return len(r.Spec.Template.Spec.Containers) == 2 },
		},
		"a value of the status is only left out": {
			spec: `{"replicas": 3}`, status: `{"abortedAt": "yesterday", "abort": true}`,
			check: func(r *v1alpha1.Rollout) bool { return r.Status.Abort && r.Status.AbortedAt == nil },
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			status := tc.status
			if status == "" {
				status = "{}"
			}
			data := `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web", "uid": "u"}, "spec": ` + tc.spec + `, "status": ` + status + `}`
			decoded, _, err := decoder(t).Decode([]byte(data), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			r, ok := decoded.(*v1alpha1.Rollout)
			if !ok || r.Name != "web" || r.UID != "u" || !tc.check(r) {
				t.Fatalf("Decode() = %+v", decoded)
			}
			got := ""
			if problems := unreadable(r); len(problems) > 0 {
				got = problems[0].Error()
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("unreadable() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTolerantReadsTheOthersOfAList(t *testing.T) {
	data := `{"apiVersion": "argoproj.io/v1alpha1", "kind": "RolloutList", "metadata": {"resourceVersion": "7"}, "items": [
		{"metadata": {"name": "good"}, "spec": {"replicas": 2}},
		{"metadata": {"name": "bad"}, "spec": {"restartAt": "soon"}}]}`
	var list v1alpha1.RolloutList
	if _, _, err := decoder(t).Decode([]byte(data), nil, &list); err != nil {
		t.Fatal(err)
	}
	if list.ResourceVersion != "7" || len(list.Items) != 2 {
		t.Fatalf("list is %+v", list)
	}
	if len(unreadable(&list.Items[0])) != 0 || len(unreadable(&list.Items[1])) != 1 {
		t.Errorf("problems of the good one: %v, of the bad one: %v", unreadable(&list.Items[0]), unreadable(&list.Items[1]))
	}
}

// One manifest of each of our kinds that the types refuse keeps nobody from reading it
// and the others.
func TestTolerantReadsAllOurKinds(t *testing.T) {
	const pods = `{"template": {"spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "{{args.cpu}}"}}}]}}}`
	const metrics = `{"metrics": [{"name": "m", "provider": {"job": {"spec": ` + pods + `}}}]}`
	const at = "spec.metrics[0].provider.job.spec.template.spec.containers[0].resources.limits.cpu"
	cases := map[string]struct{ spec, want string }{
		"Rollout":                 {spec: pods, want: "spec.template.spec.containers[0].resources.limits.cpu"},
		"AnalysisRun":             {spec: metrics, want: at},
		"AnalysisTemplate":        {spec: metrics, want: at},
		"ClusterAnalysisTemplate": {spec: metrics, want: at},
		"Experiment": {
			spec: `{"templates": [{"name": "t", "selector": {}, "template": {"spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "x"}}}]}}}]}`,
			want: "spec.templates[0].template.spec.containers[0].resources.limits.cpu",
		},
	}
	for kind, tc := range cases {
		t.Run(kind, func(t *testing.T) {
			one := `{"apiVersion": "argoproj.io/v1alpha1", "kind": "` + kind + `", "metadata": {"name": "bad"}, "spec": ` + tc.spec + `}`
			decoded, _, err := decoder(t).Decode([]byte(one), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			checkUnreadable(t, decoded, tc.want)
			into := tolerated()[kind].list()
			list := `{"apiVersion": "argoproj.io/v1alpha1", "kind": "` + kind + `List", "metadata": {"resourceVersion": "7"}, "items": [` + one + `]}`
			if _, _, err := decoder(t).Decode([]byte(list), nil, into); err != nil {
				t.Fatal(err)
			}
			items, err := meta.ExtractList(into)
			if err != nil || len(items) != 1 || into.GetResourceVersion() != "7" {
				t.Fatalf("list is %+v, %v", into, err)
			}
			checkUnreadable(t, items[0], tc.want)
		})
	}
}

func checkUnreadable(t *testing.T, decoded runtime.Object, want string) {
	t.Helper()
	object, ok := decoded.(client.Object)
	if !ok || object.GetName() != "bad" {
		t.Fatalf("Decode() = %+v", decoded)
	}
	if problems := unreadable(object); len(problems) != 1 || problems[0].Field != want {
		t.Errorf("unreadable() = %v, want %s", problems, want)
	}
}

func TestTolerantKeepsOtherRefusals(t *testing.T) {
	cases := map[string]string{
		"no JSON":      `{`,
		"another kind": `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Other", "spec": 3}`,
	}
	for name, data := range cases {
		t.Run(name, func(t *testing.T) {
			if decoded, _, err := decoder(t).Decode([]byte(data), nil, nil); err == nil {
				t.Errorf("Decode() = %+v, want an error", decoded)
			}
		})
	}
}
