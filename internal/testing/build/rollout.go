package build

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Option changes a manifest.
type Option func(*v1alpha1.Rollout)

// Rollout is a manifest without a strategy, changed by options.
func Rollout(name string, replicas int32, options ...Option) *v1alpha1.Rollout {
	labels := map[string]string{"app": name}
	ro := &v1alpha1.Rollout{
		TypeMeta:   metav1.TypeMeta{APIVersion: "argoproj.io/v1alpha1", Kind: "Rollout"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec: v1alpha1.RolloutSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: name, Image: name + ":v1"}}},
			},
		},
	}
	for _, change := range options {
		change(ro)
	}
	return ro
}

// Canary is a canary without traffic routing.
func Canary(name string, replicas int32, steps ...v1alpha1.CanaryStep) *v1alpha1.Rollout {
	return Rollout(name, replicas, func(ro *v1alpha1.Rollout) {
		ro.Spec.Strategy.Canary = &v1alpha1.CanaryStrategy{Steps: steps}
	})
}

// RoutedCanary is a canary whose traffic ingress-nginx splits between the Services
// "canary" and "stable", on the Ingress that is named like the Rollout.
func RoutedCanary(name string, replicas int32, steps ...v1alpha1.CanaryStep) *v1alpha1.Rollout {
	return Rollout(name, replicas, func(ro *v1alpha1.Rollout) {
		ro.Spec.Strategy.Canary = &v1alpha1.CanaryStrategy{
			Steps: steps, CanaryService: "canary", StableService: "stable",
			TrafficRouting: &v1alpha1.RolloutTrafficRouting{Nginx: &v1alpha1.NginxTrafficRouting{StableIngress: name}},
		}
	})
}

// BlueGreen is a blue-green Rollout with the Services "active" and "preview".
func BlueGreen(name string, replicas int32) *v1alpha1.Rollout {
	return Rollout(name, replicas, func(ro *v1alpha1.Rollout) {
		ro.Spec.Strategy.BlueGreen = &v1alpha1.BlueGreenStrategy{ActiveService: "active", PreviewService: "preview"}
	})
}

// With applies options to a finished manifest and returns it.
func With(ro *v1alpha1.Rollout, options ...Option) *v1alpha1.Rollout {
	for _, change := range options {
		change(ro)
	}
	return ro
}

// Image sets the first container's image.
func Image(image string) Option {
	return func(ro *v1alpha1.Rollout) { ro.Spec.Template.Spec.Containers[0].Image = image }
}

// Surge bounds a canary: how many pods may be extra, and how many may be missing.
func Surge(surge, unavailable int) Option {
	return func(ro *v1alpha1.Rollout) {
		extra, missing := intstr.FromInt(surge), intstr.FromInt(unavailable)
		ro.Spec.Strategy.Canary.MaxSurge = &extra
		ro.Spec.Strategy.Canary.MaxUnavailable = &missing
	}
}

// Weight is a setWeight step.
func Weight(weight int32) v1alpha1.CanaryStep { return v1alpha1.CanaryStep{SetWeight: &weight} }

// Wait is a pause that lasts until a user resumes.
func Wait() v1alpha1.CanaryStep { return v1alpha1.CanaryStep{Pause: &v1alpha1.RolloutPause{}} }

// WaitFor is a pause of a duration as in manifests, such as 30s.
func WaitFor(duration string) v1alpha1.CanaryStep {
	d := intstr.FromString(duration)
	return v1alpha1.CanaryStep{Pause: &v1alpha1.RolloutPause{Duration: &d}}
}

// ScaleTo is a setCanaryScale step for a number of pods.
func ScaleTo(pods int32) v1alpha1.CanaryStep {
	return v1alpha1.CanaryStep{SetCanaryScale: &v1alpha1.SetCanaryScale{Replicas: &pods}}
}

// ScaleLike is a setCanaryScale step for the pods of a weight.
func ScaleLike(weight int32) v1alpha1.CanaryStep {
	return v1alpha1.CanaryStep{SetCanaryScale: &v1alpha1.SetCanaryScale{Weight: &weight}}
}

// ScaleWithTraffic is a setCanaryScale step that follows the weight again.
func ScaleWithTraffic() v1alpha1.CanaryStep {
	return v1alpha1.CanaryStep{SetCanaryScale: &v1alpha1.SetCanaryScale{MatchTrafficWeight: true}}
}
