package clustertest

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

const (
	app     = "suite"
	stable  = "suite-stable"
	canary  = "suite-canary"
	hash    = "first"
	image   = "argoproj/rollouts-demo:blue"
	size    = 2
	hashKey = v1alpha1.DefaultRolloutUniqueLabelKey
)

func selector() map[string]string { return map[string]string{"app": app} }

// setting is a canary with two Services and two pods.
func setting() Setting {
	replicas := int32(size)
	return Setting{
		Rollout: &v1alpha1.Rollout{
			ObjectMeta: metav1.ObjectMeta{Name: app},
			Spec: v1alpha1.RolloutSpec{
				Replicas: &replicas,
				Selector: &metav1.LabelSelector{MatchLabels: selector()},
				Template: template(),
				Strategy: v1alpha1.RolloutStrategy{Canary: &v1alpha1.CanaryStrategy{
					StableService: stable,
					CanaryService: canary,
				}},
			},
		},
		Services: map[string]map[string]string{stable: selector(), canary: selector()},
	}
}

func template() corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: selector()},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: app, Image: image}}},
	}
}

// creation is the ReplicaSet of one revision, empty.
func creation() plan.CreateReplicaSet {
	labels := selector()
	labels[hashKey] = hash
	content := template()
	content.Labels = maps.Clone(labels)
	return plan.CreateReplicaSet{
		Name:        app + "-" + hash,
		Labels:      maps.Clone(labels),
		Annotations: map[string]string{v1alpha1.RevisionAnnotation: "7", "keep": "yes"},
		Selector:    &metav1.LabelSelector{MatchLabels: labels},
		Template:    content,
	}
}
