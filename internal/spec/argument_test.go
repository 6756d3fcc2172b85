package spec

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

func source() ArgumentSource {
	replicas := int32(1000000)
	ro := &v1alpha1.Rollout{
		ObjectMeta: metav1.ObjectMeta{
			Name: "demo", Namespace: "shop", UID: "u-1",
			Labels:      map[string]string{"team": "red", "example.com/tier": "front", "b": `say "hi"`},
			Annotations: map[string]string{"note": "fine"},
		},
		Spec: v1alpha1.RolloutSpec{
			Replicas: &replicas,
			Paused:   true,
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app.kubernetes.io/name": "demo"}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "demo:v2"}}},
			},
		},
		Status: v1alpha1.RolloutStatus{Canary: v1alpha1.CanaryStatus{Weights: &v1alpha1.TrafficWeights{Canary: v1alpha1.WeightDestination{Weight: 20}}}},
	}
	return ArgumentSource{Rollout: ro, Desired: "new1", Stable: "old1"}
}

func fieldArg(path string) v1alpha1.AnalysisRunArgument {
	return v1alpha1.AnalysisRunArgument{Name: "x", ValueFrom: &v1alpha1.ArgumentValueFrom{FieldRef: &v1alpha1.FieldRef{FieldPath: path}}}
}

func hashArg(of v1alpha1.ValueFromPodTemplateHash) v1alpha1.AnalysisRunArgument {
	from := &v1alpha1.ArgumentValueFrom{PodTemplateHashValue: &of, FieldRef: &v1alpha1.FieldRef{FieldPath: "metadata.name"}}
	return v1alpha1.AnalysisRunArgument{Name: "x", ValueFrom: from}
}

func TestArguments(t *testing.T) {
	cases := map[string]struct {
		arg  v1alpha1.AnalysisRunArgument
		want string
	}{
		"scenario 7: Latest is the desired revision, and goes before a field": {hashArg(v1alpha1.Latest), "new1"},
		"scenario 7: Stable is the stable revision":                           {hashArg(v1alpha1.Stable), "old1"},
		"scenario 8: a label":                         {fieldArg("metadata.labels['team']"), "red"},
		"scenario 8: a label that is not there":       {fieldArg("metadata.labels['none']"), ""},
		"scenario 8: a label with a slash in its key": {fieldArg("metadata.labels['example.com/tier']"), "front"},
		"scenario 8: deep in the template":            {fieldArg("spec.template.spec.containers[0].image"), "demo:v2"},
		"an annotation":                               {fieldArg("metadata.annotations['note']"), "fine"},
		"all labels":                                  {fieldArg("metadata.labels"), "b=\"say \\\"hi\\\"\"\nexample.com/tier=\"front\"\nteam=\"red\""},
		"name":                                        {fieldArg("metadata.name"), "demo"},
		"namespace":                                   {fieldArg("metadata.namespace"), "shop"},
		"UID":                                         {fieldArg("metadata.uid"), "u-1"},
		"a number keeps its digits":                   {fieldArg("spec.replicas"), "1000000"},
		"a truth value":                               {fieldArg("spec.paused"), "true"},
		"status":                                      {fieldArg("status.canary.weights.canary.weight"), "20"},
		"a key with dots":                             {fieldArg("spec.template.metadata.labels['app.kubernetes.io/name']"), "demo"},
		"a key with dots, other quotes":               {fieldArg(`spec.template.metadata.labels["app.kubernetes.io/name"]`), "demo"},
		"a value":                                     {v1alpha1.AnalysisRunArgument{Name: "x", Value: "plain"}, "plain"},
		"no value is passed all the same":             {v1alpha1.AnalysisRunArgument{Name: "x"}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Arguments([]v1alpha1.AnalysisRunArgument{tc.arg}, source())
			if err != nil {
				t.Fatalf("Arguments(): %v", err)
			}
			if diff := cmp.Diff([]v1alpha1.Argument{{Name: "x", Value: &tc.want}}, got); diff != "" {
				t.Errorf("Arguments() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestArgumentsThatCannotBeResolved(t *testing.T) {
	cases := map[string]struct{ path, want string }{
		"scenario 8: index too large": {"spec.template.spec.containers[1].image", "index 1 out of range"},
		"scenario 8: negative index":  {"spec.template.spec.containers[-1].image", "index -1 out of range"},
		"no index":                    {"spec.template.spec.containers.main.image", "invalid index 'main'"},
		"no such field":               {"spec.nothing.there", "invalid path spec.nothing.there in rollout"},
		"below a text":                {"spec.template.spec.containers[0].image.tag", "invalid path spec.template.spec.containers[0].image.tag in rollout"},
		"no primitive value":          {"spec.template", "path spec.template in rollout must terminate in a primitive value"},
		"nothing":                     {"", "path  in rollout must terminate in a primitive value"},
		"a bracket that stays open":   {"spec.template['x", "invalid path spec.template['x in rollout"},
		"metadata that is not there":  {"metadata.generation", "unsupported fieldPath: metadata.generation"},
		"metadata without keys":       {"metadata.name['x']", `fieldPath "metadata.name['x']" does not support subscript`},
		"a key that no label has":     {"metadata.labels['a b']", "invalid key subscript in metadata.labels['a b']"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			// A later argument that can be resolved does not make the error forgotten.
			args := []v1alpha1.AnalysisRunArgument{fieldArg(tc.path), fieldArg("metadata.name")}
			_, err := Arguments(args, source())
			if err == nil || err.Error() != tc.want {
				t.Errorf("Arguments() error = %v, want %s", err, tc.want)
			}
		})
	}
}

func TestArgumentsWhileValidating(t *testing.T) {
	from := source()
	from.Validating = true
	args := []v1alpha1.AnalysisRunArgument{fieldArg("status.nothing.yet")}
	before, _ := json.Marshal(args)
	got, err := Arguments(args, from)
	if err != nil || *got[0].Value != "" {
		t.Errorf("Arguments() = %v, %v, want an empty value", got, err)
	}
	if after, _ := json.Marshal(args); string(after) != string(before) {
		t.Errorf("Arguments() edited its arguments: %s, want %s", after, before)
	}
}
