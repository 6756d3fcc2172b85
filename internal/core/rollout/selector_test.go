package rollout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/rollout"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// The selector in the status reads as Kubernetes itself writes selectors.
func TestSelectorReadsAsKubernetesWritesIt(t *testing.T) {
	label := rapid.StringMatching(`[a-z]([-a-z0-9./]{0,10}[a-z])?`)
	rapid.Check(t, func(t *rapid.T) {
		selector := &metav1.LabelSelector{MatchLabels: rapid.MapOfN(rapid.SampledFrom([]string{"a", "a-b", "a.b", "a0", "b", "example.com/a"}), label, 1, 5).Draw(t, "labels")}
		if rapid.Bool().Draw(t, "expressions") {
			selector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "tier", Operator: metav1.LabelSelectorOpIn, Values: []string{"b", "a"}}}
		}
		if _, err := metav1.LabelSelectorAsSelector(selector); err != nil {
			t.Skip("no selector")
		}
		s := build.Snapshot(build.Canary("demo", 1))
		s.Spec.Selector = selector
		if got, want := rollout.Decide(s, build.Now()).Status.Selector, metav1.FormatLabelSelector(selector); got != want {
			t.Fatalf("selector = %q, want %q", got, want)
		}
	})
}

// A blue-green Rollout's selector is narrowed to the active revision, whose pods
// alone an autoscaler is to count.
func TestSelectorFollowsActiveRevision(t *testing.T) {
	s := build.Snapshot(build.BlueGreen("demo", 2), build.Stable("v1"), build.Has("v1", 2))
	want := "app=demo," + v1alpha1.DefaultRolloutUniqueLabelKey + "=" + s.Spec.TemplateHash
	if got := rollout.Decide(s, build.Now()).Status.Selector; got != want {
		t.Errorf("selector = %q, want %q", got, want)
	}
}

// A new ReplicaSet selects by everything that the Rollout selects by, and its hash.
func TestReplicaSetKeepsSelectorExpressions(t *testing.T) {
	expressions := []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpIn, Values: []string{"demo", "shop"}}}
	s := build.Snapshot(build.With(build.Canary("demo", 1), spec(func(r *v1alpha1.RolloutSpec) {
		r.Selector = &metav1.LabelSelector{MatchExpressions: expressions}
	})))
	want := &metav1.LabelSelector{
		MatchLabels:      map[string]string{v1alpha1.DefaultRolloutUniqueLabelKey: s.Spec.TemplateHash},
		MatchExpressions: expressions,
	}
	if diff := cmp.Diff(want, actionOf[plan.CreateReplicaSet](t, s).Selector); diff != "" {
		t.Errorf("selector (-want +got):\n%s", diff)
	}
}
