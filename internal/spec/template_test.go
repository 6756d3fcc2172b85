package spec

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// edit is a change to a template.
type edit func(*corev1.PodTemplateSpec)

func TestTemplatesEqual(t *testing.T) {
	memory := map[string]string{v1alpha1.EphemeralMetadataAnnotation: `{"labels":{"role":"canary"},"annotations":{"since":"now"}}`}
	cases := map[string]struct {
		live        edit
		annotations map[string]string
		want        bool
	}{
		"as the API server stored it": {live: func(*corev1.PodTemplateSpec) {}, want: true},
		"with the hash label": {live: func(t *corev1.PodTemplateSpec) {
			t.Labels[v1alpha1.DefaultRolloutUniqueLabelKey] = "abc"
		}, want: true},
		"with the anti-affinity against another revision": {live: injectAntiAffinity, want: true},
		"with metadata that is remembered": {live: func(t *corev1.PodTemplateSpec) {
			t.Labels["role"] = "canary"
			t.Annotations["since"] = "now"
		}, annotations: memory, want: true},
		"with metadata that nobody remembers": {live: func(t *corev1.PodTemplateSpec) { t.Labels["role"] = "canary" }, want: false},
		"with the old name of the service account": {live: func(t *corev1.PodTemplateSpec) {
			t.Spec.DeprecatedServiceAccount = "robot"
		}, want: true},
		"with another service account": {live: func(t *corev1.PodTemplateSpec) {
			t.Spec.ServiceAccountName, t.Spec.DeprecatedServiceAccount = "other", "other"
		}, want: false},
		"with another image":            {live: func(t *corev1.PodTemplateSpec) { t.Spec.Containers[0].Image = "nginx:2" }, want: false},
		"with another label":            {live: func(t *corev1.PodTemplateSpec) { t.Labels["app"] = "other" }, want: false},
		"without an annotation":         {live: func(t *corev1.PodTemplateSpec) { t.Annotations = nil }, want: false},
		"with another probe period":     {live: func(t *corev1.PodTemplateSpec) { t.Spec.Containers[0].LivenessProbe.PeriodSeconds = 11 }, want: false},
		"with another pull policy":      {live: func(t *corev1.PodTemplateSpec) { t.Spec.Containers[1].ImagePullPolicy = corev1.PullNever }, want: false},
		"with another mode of a volume": {live: func(t *corev1.PodTemplateSpec) { *t.Spec.Volumes[0].ConfigMap.DefaultMode = 0o600 }, want: false},
		"without the user's own affinity": {live: func(t *corev1.PodTemplateSpec) {
			t.Spec.Affinity = nil
		}, want: false},
	}
	desired := parseTemplate(t, read(t, "testdata/templates/desired.yaml"))
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			live := parseTemplate(t, read(t, "testdata/templates/live.yaml"))
			tc.live(&live)
			if got := TemplatesEqual(desired, live, tc.annotations); got != tc.want {
				t.Errorf("TemplatesEqual() = %t, want %t", got, tc.want)
			}
		})
	}
}

func injectAntiAffinity(t *corev1.PodTemplateSpec) {
	anti := t.Spec.Affinity.PodAntiAffinity
	anti.RequiredDuringSchedulingIgnoredDuringExecution = append(anti.RequiredDuringSchedulingIgnoredDuringExecution, corev1.PodAffinityTerm{
		LabelSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: v1alpha1.DefaultRolloutUniqueLabelKey, Operator: metav1.LabelSelectorOpIn, Values: []string{"abc"},
		}}},
		Namespaces:  []string{"demo"},
		TopologyKey: v1alpha1.AntiAffinityTopologyKey,
	})
}

func TestTemplatesEqualDoesNotEditItsArguments(t *testing.T) {
	desired := parseTemplate(t, read(t, "testdata/templates/desired.yaml"))
	live := parseTemplate(t, read(t, "testdata/templates/live.yaml"))
	injectAntiAffinity(&live)
	wantDesired, wantLive := desired.DeepCopy(), live.DeepCopy()
	TemplatesEqual(desired, live, nil)
	Pristine(live, nil)
	if diff := cmp.Diff(*wantDesired, desired); diff != "" {
		t.Errorf("desired was edited (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(*wantLive, live); diff != "" {
		t.Errorf("live was edited (-want +got):\n%s", diff)
	}
}

func TestPristineTakesOutWhatWePutIn(t *testing.T) {
	want := parseTemplate(t, demoTemplate)
	live := *want.DeepCopy()
	live.Labels[v1alpha1.DefaultRolloutUniqueLabelKey] = "abc"
	live.Labels["role"] = "stable"
	live.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{}}
	injectAntiAffinity(&live)
	got := Pristine(live, map[string]string{v1alpha1.EphemeralMetadataAnnotation: `{"labels":{"role":"stable"}}`})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Pristine() (-want +got):\n%s", diff)
	}
}

func TestPullPolicy(t *testing.T) {
	cases := map[string]struct {
		image string
		want  corev1.PullPolicy
	}{
		"no tag means the latest":             {"nginx", corev1.PullAlways},
		"the latest is always pulled":         {"nginx:latest", corev1.PullAlways},
		"a version is pulled once":            {"nginx:1.25", corev1.PullIfNotPresent},
		"a registry's port is no tag":         {"registry:5000/nginx", corev1.PullAlways},
		"a tag after a registry's port":       {"registry:5000/nginx:1", corev1.PullIfNotPresent},
		"a digest is a version":               {"nginx@sha256:0123", corev1.PullIfNotPresent},
		"the latest is that with a digest":    {"nginx:latest@sha256:0123", corev1.PullAlways},
		"a version with a digest, and a port": {"registry:5000/nginx:1@sha256:0123", corev1.PullIfNotPresent},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := pullPolicy(tc.image); got != tc.want {
				t.Errorf("pullPolicy(%s) = %s, want %s", tc.image, got, tc.want)
			}
		})
	}
}

// Filling in defaults twice changes nothing, or a stored template would differ
// from itself.
func TestDefaultsAreFilledInOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		image := rapid.SampledFrom([]string{"nginx", "nginx:1", "nginx@sha256:0123"}).Draw(t, "image")
		port := rapid.Int32Range(1, 65535).Draw(t, "port")
		s := corev1.PodSpec{
			HostNetwork: rapid.Bool().Draw(t, "host network"),
			Containers:  []corev1.Container{{Image: image, Ports: []corev1.ContainerPort{{ContainerPort: port}}}},
			Volumes:     []corev1.Volume{{Name: "scratch"}},
		}
		once := normal(s)
		if diff := cmp.Diff(once, normal(once)); diff != "" {
			t.Fatalf("a second time (-want +got):\n%s", diff)
		}
	})
}
