package gen

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// App is the label value that selectors and templates share.
const App = "demo"

// Rollout draws a Rollout with either strategy that needs nothing but pods,
// Services and, for some canaries, nginx.
func Rollout() *rapid.Generator[*v1alpha1.Rollout] {
	return rapid.Custom(func(t *rapid.T) *v1alpha1.Rollout {
		if rapid.Bool().Draw(t, "blue-green") {
			return withStrategy(t, v1alpha1.RolloutStrategy{BlueGreen: BlueGreen().Draw(t, "strategy")})
		}
		return withStrategy(t, v1alpha1.RolloutStrategy{Canary: Canary().Draw(t, "strategy")})
	})
}

// CanaryRollout draws a Rollout with a canary strategy.
func CanaryRollout() *rapid.Generator[*v1alpha1.Rollout] {
	return rapid.Custom(func(t *rapid.T) *v1alpha1.Rollout {
		return withStrategy(t, v1alpha1.RolloutStrategy{Canary: Canary().Draw(t, "strategy")})
	})
}

// BlueGreenRollout draws a Rollout with a blue-green strategy.
func BlueGreenRollout() *rapid.Generator[*v1alpha1.Rollout] {
	return rapid.Custom(func(t *rapid.T) *v1alpha1.Rollout {
		return withStrategy(t, v1alpha1.RolloutStrategy{BlueGreen: BlueGreen().Draw(t, "strategy")})
	})
}

func withStrategy(t *rapid.T, strategy v1alpha1.RolloutStrategy) *v1alpha1.Rollout {
	return &v1alpha1.Rollout{
		ObjectMeta: metav1.ObjectMeta{
			Name: "demo", Namespace: "demo", UID: "5e7f0000-0000-4000-8000-000000000001",
			Generation: rapid.Int64Range(1, 50).Draw(t, "generation"),
		},
		Spec: v1alpha1.RolloutSpec{
			Replicas:                count(t, "replicas", 0, 20),
			Selector:                &metav1.LabelSelector{MatchLabels: map[string]string{"app": App}},
			Template:                Template().Draw(t, "template"),
			MinReadySeconds:         rapid.SampledFrom([]int32{0, 0, 5}).Draw(t, "minReadySeconds"),
			RevisionHistoryLimit:    count(t, "revisionHistoryLimit", 2, 5),
			ProgressDeadlineSeconds: count(t, "progressDeadlineSeconds", 6, 700),
			ProgressDeadlineAbort:   rapid.Bool().Draw(t, "progressDeadlineAbort"),
			Paused:                  rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, "paused"),
			Strategy:                strategy,
		},
	}
}

// Template draws a pod template; different tags are different versions.
func Template() *rapid.Generator[corev1.PodTemplateSpec] {
	return rapid.Custom(func(t *rapid.T) corev1.PodTemplateSpec {
		return corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": App}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{
				Name:  "demo",
				Image: fmt.Sprintf("serin/demo:v%d", rapid.IntRange(1, 9).Draw(t, "version")),
			}}},
		}
	})
}

// BlueGreen draws a blue-green strategy without analysis.
func BlueGreen() *rapid.Generator[*v1alpha1.BlueGreenStrategy] {
	return rapid.Custom(func(t *rapid.T) *v1alpha1.BlueGreenStrategy {
		auto := rapid.Bool().Draw(t, "autoPromotionEnabled")
		return &v1alpha1.BlueGreenStrategy{
			ActiveService:               "active",
			PreviewService:              rapid.SampledFrom([]string{"", "preview"}).Draw(t, "previewService"),
			PreviewReplicaCount:         count(t, "previewReplicaCount", 0, 5),
			AutoPromotionEnabled:        &auto,
			AutoPromotionSeconds:        rapid.Int32Range(0, 60).Draw(t, "autoPromotionSeconds"),
			ScaleDownDelaySeconds:       count(t, "scaleDownDelaySeconds", 0, 60),
			ScaleDownDelayRevisionLimit: count(t, "scaleDownDelayRevisionLimit", 0, 2),
			AbortScaleDownDelaySeconds:  count(t, "abortScaleDownDelaySeconds", 0, 60),
		}
	})
}

// Canary draws a canary strategy, half of them with nginx.
func Canary() *rapid.Generator[*v1alpha1.CanaryStrategy] {
	return rapid.Custom(func(t *rapid.T) *v1alpha1.CanaryStrategy {
		c := &v1alpha1.CanaryStrategy{
			MaxSurge:       &intstr.IntOrString{IntVal: rapid.Int32Range(0, 3).Draw(t, "maxSurge")},
			MaxUnavailable: &intstr.IntOrString{Type: intstr.String, StrVal: fmt.Sprintf("%d%%", rapid.IntRange(1, 100).Draw(t, "maxUnavailable"))},
		}
		most := int32(100)
		if rapid.Bool().Draw(t, "routed") {
			most = rapid.SampledFrom([]int32{100, 1000}).Draw(t, "maxTrafficWeight")
			route(t, c, most)
		}
		c.Steps = rapid.SliceOfN(step(c.TrafficRouting != nil, most), 0, 6).Draw(t, "steps")
		return c
	})
}

// route gives a strategy that is still being drawn a router, and what only
// routed canaries may have.
func route(t *rapid.T, c *v1alpha1.CanaryStrategy, most int32) {
	c.CanaryService, c.StableService = "canary", "stable"
	c.TrafficRouting = &v1alpha1.RolloutTrafficRouting{
		Nginx:            &v1alpha1.NginxTrafficRouting{StableIngress: "demo"},
		MaxTrafficWeight: &most,
	}
	c.MinPodsPerReplicaSet = count(t, "minPodsPerReplicaSet", 1, 3)
	c.AbortScaleDownDelaySeconds = count(t, "abortScaleDownDelaySeconds", 0, 60)
	c.ScaleDownDelayRevisionLimit = count(t, "scaleDownDelayRevisionLimit", 0, 2)
	c.DynamicStableScale = rapid.Bool().Draw(t, "dynamicStableScale")
	if !c.DynamicStableScale {
		c.ScaleDownDelaySeconds = count(t, "scaleDownDelaySeconds", 0, 60)
	}
}

// Step draws one step that needs no router: a weight out of most, or a pause.
func Step(most int32) *rapid.Generator[v1alpha1.CanaryStep] { return step(false, most) }

func step(routed bool, most int32) *rapid.Generator[v1alpha1.CanaryStep] {
	return rapid.Custom(func(t *rapid.T) v1alpha1.CanaryStep {
		kinds := []string{"setWeight", "setWeight", "pause"}
		if routed {
			kinds = append(kinds, "setCanaryScale")
		}
		switch rapid.SampledFrom(kinds).Draw(t, "kind") {
		case "setWeight":
			weight := rapid.Int32Range(0, most).Draw(t, "weight")
			return v1alpha1.CanaryStep{SetWeight: &weight}
		case "setCanaryScale":
			return v1alpha1.CanaryStep{SetCanaryScale: canaryScale(t)}
		default:
			return v1alpha1.CanaryStep{Pause: pause(t)}
		}
	})
}

func canaryScale(t *rapid.T) *v1alpha1.SetCanaryScale {
	if rapid.Bool().Draw(t, "matchTrafficWeight") {
		return &v1alpha1.SetCanaryScale{MatchTrafficWeight: true}
	}
	return &v1alpha1.SetCanaryScale{Replicas: count(t, "canary replicas", 0, 10), Weight: count(t, "canary weight", 0, 100)}
}

func pause(t *rapid.T) *v1alpha1.RolloutPause {
	switch rapid.SampledFrom([]string{"for ever", "number", "text"}).Draw(t, "pause") {
	case "number":
		d := intstr.FromInt32(rapid.Int32Range(0, 600).Draw(t, "seconds"))
		return &v1alpha1.RolloutPause{Duration: &d}
	case "text":
		d := intstr.FromString(fmt.Sprintf("%dm", rapid.IntRange(0, 10).Draw(t, "minutes")))
		return &v1alpha1.RolloutPause{Duration: &d}
	default:
		return &v1alpha1.RolloutPause{}
	}
}

// count draws a number that may be left out.
func count(t *rapid.T, label string, least, most int32) *int32 {
	if rapid.Bool().Draw(t, label+" unset") {
		return nil
	}
	n := rapid.Int32Range(least, most).Draw(t, label)
	return &n
}
