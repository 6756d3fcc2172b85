package rollout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/rollout"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// roles gives pods a label by their role.
func roles() build.Option {
	return canary(func(c *v1alpha1.CanaryStrategy) {
		c.CanaryMetadata = &v1alpha1.PodTemplateMetadata{Labels: map[string]string{"role": "canary", "trial": "yes"}}
		c.StableMetadata = &v1alpha1.PodTemplateMetadata{Labels: map[string]string{"role": "stable"}}
	})
}

// wears says what was injected into a ReplicaSet.
func wears(memory string, labels map[string]string) func(*plan.ReplicaSet) {
	return func(rs *plan.ReplicaSet) {
		rs.Annotations[v1alpha1.EphemeralMetadataAnnotation] = memory
		for key, value := range labels {
			rs.Template.Labels[key] = value
		}
	}
}

const (
	asCanary = `{"labels":{"role":"canary","trial":"yes"}}`
	asStable = `{"labels":{"role":"stable"}}`
)

// pod is one pod of a version with labels besides those of its template.
func pod(version string, labels map[string]string) build.Fact {
	return func(s *build.Scene) {
		build.Pods(version, 1, 0)(s)
		p := &s.Pods[len(s.Pods)-1]
		for key, value := range labels {
			p.Labels[key] = value
		}
	}
}

// Live pods change roles in place: what was injected goes, what users or sidecars
// put there stays.
func TestPodsChangeRoles(t *testing.T) {
	steps := []v1alpha1.CanaryStep{build.Weight(50), build.Wait()}
	cases := map[string]struct {
		given plan.Snapshot
		want  map[string]map[string]string // label changes by pod
	}{
		"promoted pods go from canary to stable": {
			given: build.Snapshot(update(build.Canary("demo", 1, steps...), "v2", roles()), build.Stable("v2"), build.AtStep(2),
				build.Has("v2", 1, wears(asCanary, map[string]string{"role": "canary", "trial": "yes"})),
				pod("v2", map[string]string{"role": "canary", "trial": "yes", "sidecar": "mesh"})),
			want: map[string]map[string]string{"v2-0": {"role": "stable", "trial": ""}},
		},
		"a superseded revision's pods lose what was injected": {
			given: build.Snapshot(update(build.Canary("demo", 1, steps...), "v2", roles()), build.Stable("v2"), build.AtStep(2),
				build.Has("v2", 1, wears(asStable, map[string]string{"role": "stable"})), pod("v2", map[string]string{"role": "stable"}),
				build.Has("v1", 1, wears(asStable, map[string]string{"role": "stable"})), pod("v1", map[string]string{"role": "stable", "sidecar": "mesh"})),
			want: map[string]map[string]string{"v1-0": {"role": ""}},
		},
		"pods that a crash left behind are put right": {
			given: build.Snapshot(update(build.Canary("demo", 2, steps...), "v2", roles()), build.Stable("v1"), build.AtStep(1), build.Paused(v1alpha1.PauseReasonCanaryPauseStep, 0),
				build.Has("v1", 1, wears(asStable, map[string]string{"role": "stable"})), pod("v1", map[string]string{"role": "stable"}),
				build.Has("v2", 1, wears(asCanary, map[string]string{"role": "canary", "trial": "yes"})), pod("v2", nil)),
			want: map[string]map[string]string{"v2-0": {"role": "canary", "trial": "yes"}},
		},
		"pods that are right are left alone": {
			given: build.Snapshot(build.With(build.Canary("demo", 1, steps...), roles()), build.Stable("v1"), build.AtStep(2),
				build.Has("v1", 1, wears(asStable, map[string]string{"role": "stable"})), pod("v1", map[string]string{"role": "stable"})),
			want: map[string]map[string]string{},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := map[string]map[string]string{}
			for _, a := range rollout.Decide(tc.given, build.Now()).Actions {
				switch a := a.(type) {
				case plan.LabelPod:
					got[a.Name] = a.Labels
				case plan.RestartPod:
					t.Errorf("pod %s is restarted", a.Name)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("changes of labels (-want +got):\n%s", diff)
			}
		})
	}
}

// The metadata of a role and the anti-affinity are in the template from the start,
// and are no part of its identity.
func TestInjectedTemplate(t *testing.T) {
	affinity := canary(func(c *v1alpha1.CanaryStrategy) {
		c.AntiAffinity = &v1alpha1.AntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &v1alpha1.RequiredDuringSchedulingIgnoredDuringExecution{}}
	})
	ro := update(build.Canary("demo", 2, build.Weight(50), build.Wait()), "v2", roles(), affinity)
	given := build.Snapshot(ro, build.Stable("v1"), build.Seen("v1"), build.AtStep(2), build.Has("v1", 2))
	create := actionOf[plan.CreateReplicaSet](t, given)
	if got := create.Template.Labels["role"]; got != "canary" {
		t.Errorf("label role = %q, want canary", got)
	}
	if _, injected := create.Selector.MatchLabels["role"]; injected {
		t.Error("the injected label is in the selector")
	}
	terms := create.Template.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if len(terms) != 1 || terms[0].LabelSelector.MatchExpressions[0].Values[0] != given.Rollout.Status.StableRS {
		t.Errorf("anti-affinity terms = %+v, want one that names stable", terms)
	}
	promoted := build.Snapshot(ro, build.Stable("v2"), build.AtStep(2), build.Has("v1", 0), build.Has("v2", 2, func(rs *plan.ReplicaSet) {
		rs.Template, rs.Hash = create.Template, "older5" // found by its template alone
		rs.Annotations[v1alpha1.EphemeralMetadataAnnotation] = create.Annotations[v1alpha1.EphemeralMetadataAnnotation]
	}), build.Status(func(st *v1alpha1.RolloutStatus) { st.StableRS, st.CurrentPodHash = "older5", "older5" }))
	got := build.Outcome(promoted, rollout.Decide(promoted, build.Now()))
	if diff := cmp.Diff(build.Words{"desired": "v2", "stable": "v2", "v2": "2"}, got.Only(build.Words{"desired": "", "stable": "", "v2": ""})); diff != "" {
		t.Errorf("after promotion (-want +got):\n%s", diff)
	}
}

// A user's own affinity stays beside the injected term.
func TestUsersAffinityStays(t *testing.T) {
	own := corev1.PodAffinityTerm{TopologyKey: "zone"}
	ro := update(build.Canary("demo", 2), "v2", canary(func(c *v1alpha1.CanaryStrategy) {
		c.AntiAffinity = &v1alpha1.AntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: &v1alpha1.PreferredDuringSchedulingIgnoredDuringExecution{Weight: 5}}
	}), spec(func(s *v1alpha1.RolloutSpec) {
		s.Template.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{own}}}
	}))
	create := actionOf[plan.CreateReplicaSet](t, build.Snapshot(ro, build.Stable("v1"), build.Seen("v1"), build.Has("v1", 2)))
	anti := create.Template.Spec.Affinity.PodAntiAffinity
	if diff := cmp.Diff([]corev1.PodAffinityTerm{own}, anti.RequiredDuringSchedulingIgnoredDuringExecution); diff != "" {
		t.Errorf("the user's term (-want +got):\n%s", diff)
	}
	if got := len(anti.PreferredDuringSchedulingIgnoredDuringExecution); got != 1 {
		t.Errorf("%d injected terms, want 1", got)
	}
}

// Metadata that the manifest asks for no more comes off the pods, too, and is
// remembered until the last pod has put it off.
func TestMetadataThatIsAskedForNoMore(t *testing.T) {
	role, none := map[string]string{"role": "stable"}, map[string]string(nil)
	cases := map[string]struct {
		template, pod  map[string]string
		wantTemplate   bool // the template is written
		wantForgotten  bool // what was injected is forgotten
		wantPodChanges map[string]string
	}{
		"first from the template and the pods":          {template: role, pod: role, wantTemplate: true, wantPodChanges: map[string]string{"role": ""}},
		"again from pods that a failure left as is":     {template: none, pod: role, wantPodChanges: map[string]string{"role": ""}},
		"and when no pod wears any more it's forgotten": {template: none, pod: none, wantForgotten: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			given := build.Snapshot(build.Canary("demo", 1), build.Stable("v1"), build.Has("v1", 1, wears(asStable, tc.template)), pod("v1", tc.pod))
			if !rollout.Reads(given, build.Now()).Pods {
				t.Error("pods are not looked at")
			}
			var template, forgotten bool
			var changes map[string]string
			for _, action := range rollout.Decide(given, build.Now()).Actions {
				switch a := action.(type) {
				case plan.AnnotateReplicaSet:
					text, written := a.Annotate[v1alpha1.EphemeralMetadataAnnotation]
					template, forgotten = a.Template != nil, written && text == ""
				case plan.LabelPod:
					changes = a.Labels
				}
			}
			if template != tc.wantTemplate || forgotten != tc.wantForgotten {
				t.Errorf("template written %v, memory forgotten %v, want %v and %v", template, forgotten, tc.wantTemplate, tc.wantForgotten)
			}
			if diff := cmp.Diff(tc.wantPodChanges, changes); diff != "" {
				t.Errorf("changes of labels (-want +got):\n%s", diff)
			}
		})
	}
	bare := build.Snapshot(build.Canary("demo", 1), build.Stable("v1"), build.Has("v1", 1))
	if rollout.Reads(bare, build.Now()).Pods {
		t.Error("pods are looked at although none ever wore anything")
	}
}
