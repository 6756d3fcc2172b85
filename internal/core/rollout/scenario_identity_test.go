package rollout_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/rollout"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// with changes a finished snapshot.
func with(s plan.Snapshot, change func(*plan.Snapshot)) plan.Snapshot {
	change(&s)
	return s
}

func problem(text string) field.ErrorList {
	return field.ErrorList{field.Invalid(field.NewPath("spec", "strategy"), text, text)}
}

func TestManifestsThatAreWrong(t *testing.T) {
	promoted := func(facts ...build.Fact) plan.Snapshot {
		return build.Snapshot(build.Canary("demo", 5), append([]build.Fact{build.Stable("v1"), build.Has("v1", 3)}, facts...)...)
	}
	known := build.Status(func(st *v1alpha1.RolloutStatus) {
		st.Conditions = append(st.Conditions, v1alpha1.RolloutCondition{
			Type: v1alpha1.InvalidSpec, Status: corev1.ConditionTrue, Reason: v1alpha1.InvalidSpecReason, Message: "an older problem",
		})
	})
	play(t, map[string]scenario{
		"a manifest that is wrong is degraded, and nothing is touched": {
			given: with(promoted(), func(s *plan.Snapshot) { s.Invalid = problem("no") }),
			want: build.Words{
				"InvalidSpec": "True/InvalidSpec", "writes": "0", "v1": "3",
				"phase": `Degraded: InvalidSpec: The Rollout "demo" is invalid: spec.strategy: Invalid value: "no": no`,
			},
		},
		"another problem replaces the text of the condition": {
			given: with(promoted(known), func(s *plan.Snapshot) { s.Invalid = problem("new") }),
			want:  build.Words{"InvalidSpec message": `The Rollout "demo" is invalid: spec.strategy: Invalid value: "new": new`},
		},
		"the condition goes when the manifest is right again": {
			given: promoted(known),
			want:  build.Words{"InvalidSpec": "", "v1": "5"},
		},
		"a missing Service is degraded, and replicas are followed all the same": {
			given: with(promoted(), func(s *plan.Snapshot) { s.References = problem(`service "x" not found`) }),
			want:  build.Words{"InvalidSpec": "True/InvalidSpec", "v1": "5"},
		},
		"replicas that are not given become one, for autoscalers to find": {
			given: build.Snapshot(build.With(build.Canary("demo", 1), spec(func(s *v1alpha1.RolloutSpec) { s.Replicas = nil }))),
			want:  build.Words{"replicas": "1", "v1": "1"},
		},
	})
}

func TestIdentityOfRevisions(t *testing.T) {
	three := []build.Fact{build.Stable("v3"), build.Seen("v3"), build.Has("v1", 0), build.Has("v2", 0), build.Has("v3", 5)}
	labelled := func(s *plan.Snapshot) { // as a controller with another hash algorithm left it
		s.ReplicaSets[0].Hash, s.Rollout.Status.CurrentPodHash, s.Rollout.Status.StableRS = "older5", "older5", "older5"
	}
	play(t, map[string]scenario{
		"a ReplicaSet with another hash and an equal template is adopted as it is": {
			given: with(build.Snapshot(build.Canary("demo", 5), build.Stable("v1"), build.Has("v1", 5)), labelled),
			want:  build.Words{"desired": "v1", "stable": "v1", "v1": "5", "v1 revision": "1", "writes": "0"},
		},
		"a template that differs only by defaults and serviceAccount is no new revision": {
			given: with(build.Snapshot(build.Canary("demo", 5), build.Stable("v1"), build.Has("v1", 5)), func(s *plan.Snapshot) {
				labelled(s)
				pod := &s.ReplicaSets[0].Template.Spec
				pod.DeprecatedServiceAccount, pod.RestartPolicy = pod.ServiceAccountName, corev1.RestartPolicyAlways
				pod.Containers[0].TerminationMessagePath = "/dev/termination-log"
			}),
			want: build.Words{"desired": "v1", "writes": "0"},
		},
		"of two that mean the same the one in the status stays, whatever is computed": {
			given: with(build.Snapshot(build.Canary("demo", 5), build.Stable("v1"), build.Has("v1", 0), build.Has("v2", 5)), func(s *plan.Snapshot) {
				s.ReplicaSets[1].Template = s.ReplicaSets[0].Template
				s.ReplicaSets[1].Hash, s.Rollout.Status.CurrentPodHash, s.Rollout.Status.StableRS = "older5", "older5", "older5"
			}),
			want: build.Words{"writes": "0"},
		},
		"going back to the first of three revisions makes it the fourth": {
			given: build.Snapshot(build.Canary("demo", 5), three...),
			want: build.Words{
				"v1 revision": "4", "v1 history": "1", "rollout revision": "4", "event RolloutUpdated": "Rollout updated to revision 4",
			},
		},
		"an annotation of the Rollout is copied, and the history does not grow": {
			given: build.Snapshot(build.With(build.Canary("demo", 5), func(ro *v1alpha1.Rollout) {
				ro.Annotations = map[string]string{"team": "blue"}
			}), build.Stable("v1"), build.Has("v1", 5)),
			want: build.Words{"v1 history": "", "v1 revision": "1", "writes": "1"},
		},
		"an orphan that matches is adopted": {
			given: build.Snapshot(build.Canary("demo", 5), build.Stable("v1"), build.Has("v1", 5, func(rs *plan.ReplicaSet) { rs.Owned = false })),
			want:  build.Words{"v1 adopted": "true", "desired": "v1"},
		},
		"a ReplicaSet that matches no more is released": {
			given: build.Snapshot(build.Canary("demo", 5), build.Stable("v2"), build.Has("v2", 5),
				build.Has("v1", 0, func(rs *plan.ReplicaSet) { rs.Matches = false })),
			want: build.Words{"v1 adopted": "false"},
		},
		"minReadySeconds change the ReplicaSet, not the revision": {
			given: build.Snapshot(build.With(build.Canary("demo", 5), spec(func(s *v1alpha1.RolloutSpec) { s.MinReadySeconds = 7 })),
				build.Stable("v1"), build.Has("v1", 5, func(rs *plan.ReplicaSet) { rs.MinReady = 0 })),
			want: build.Words{"desired": "v1", "v1 revision": "1", "writes": "1"},
		},
	})
}

// What was copied and what was not is in the annotations themselves.
func TestAnnotationsOfReplicaSets(t *testing.T) {
	ro := build.With(build.Canary("demo", 5), func(ro *v1alpha1.Rollout) {
		ro.Annotations = map[string]string{
			"team": "blue", v1alpha1.LastAppliedAnnotation: "{}", v1alpha1.RevisionAnnotation: "9",
			v1alpha1.DesiredReplicasAnnotation: "9", v1alpha1.RevisionHistoryAnnotation: "9", v1alpha1.NotifiedAnnotation: "9",
		}
	})
	want := map[string]string{"team": "blue", v1alpha1.RevisionAnnotation: "1", v1alpha1.DesiredReplicasAnnotation: "5"}
	create := actionOf[plan.CreateReplicaSet](t, build.Snapshot(ro))
	if diff := cmp.Diff(want, create.Annotations); diff != "" {
		t.Errorf("annotations of a new ReplicaSet (-want +got):\n%s", diff)
	}
	existing := build.Snapshot(ro, build.Stable("v1"), build.Has("v1", 5))
	touch := actionOf[plan.AnnotateReplicaSet](t, existing)
	if diff := cmp.Diff(map[string]string{"team": "blue"}, touch.Annotate); diff != "" {
		t.Errorf("annotations added to an existing one (-want +got):\n%s", diff)
	}
}

// The ReplicaSet is named after the Rollout and the template's hash.
func TestNameOfReplicaSet(t *testing.T) {
	ro := build.With(build.Canary("demo", 1), build.Image("nginx:1.25"))
	create := actionOf[plan.CreateReplicaSet](t, build.Snapshot(ro))
	if want := "demo-56459f669d"; create.Name != want {
		t.Errorf("name = %q, want %q", create.Name, want)
	}
}

// A name that somebody else's ReplicaSet has is counted, and the next try gets
// another one.
func TestCollisionGetsAnotherName(t *testing.T) {
	ro := build.Canary("demo", 1)
	first := build.Snapshot(ro)
	create := actionOf[plan.CreateReplicaSet](t, first)
	out := rollout.Failed(first, create, fmt.Errorf("create: %w", plan.ErrCollision), build.Now())
	if out.Status == nil || out.Status.CollisionCount == nil || *out.Status.CollisionCount != 1 {
		t.Fatalf("Failed() = %+v, want a collision count of 1", out.Status)
	}
	ro.Status = *out.Status
	again := build.Snapshot(ro)
	again.Rollout.Status.CollisionCount = out.Status.CollisionCount
	second := actionOf[plan.CreateReplicaSet](t, again)
	if second.Name == create.Name || !strings.HasPrefix(second.Name, "demo-") {
		t.Errorf("the second name is %q, after %q", second.Name, create.Name)
	}
}

// A failed write leaves traces: an event, and nothing at all for a conflict.
func TestFailedWrites(t *testing.T) {
	s := build.Snapshot(build.Canary("demo", 1))
	refused := errors.New("no quota")
	cases := map[string]struct {
		action     plan.Action
		failure    error
		wantEvent  string
		wantStatus bool
	}{
		"a conflict says nothing":            {plan.ScaleReplicaSet{Name: "x"}, fmt.Errorf("scale: %w", plan.ErrConflict), "", false},
		"a refused ReplicaSet is told":       {plan.CreateReplicaSet{Name: "x"}, refused, v1alpha1.FailedRSCreateReason, true},
		"a router that fails is told of":     {plan.SetTraffic{Router: "nginx"}, refused, v1alpha1.TrafficRoutingErrorReason, false},
		"anything else that fails is told":   {plan.PointService{Name: "x"}, refused, v1alpha1.ReconciliationErrorReason, false},
		"a conflict on traffic says nothing": {plan.SetTraffic{Router: "nginx"}, fmt.Errorf("x: %w", plan.ErrConflict), "", false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			out := rollout.Failed(s, tc.action, tc.failure, build.Now())
			var got string
			for _, e := range out.Events {
				got = e.Reason
				if !e.Warning {
					t.Errorf("event %s is no warning", e.Reason)
				}
			}
			if got != tc.wantEvent || (out.Status != nil) != tc.wantStatus {
				t.Errorf("Failed() = event %q, status %v; want event %q, status %v", got, out.Status != nil, tc.wantEvent, tc.wantStatus)
			}
		})
	}
}

func TestHistoryIsCleaned(t *testing.T) {
	limit := func(n int32) build.Option { return spec(func(s *v1alpha1.RolloutSpec) { s.RevisionHistoryLimit = &n }) }
	play(t, map[string]scenario{
		"of five empty revisions the three oldest go when two are kept": {
			given: build.Snapshot(update(build.Canary("demo", 2), "v6", limit(2)), build.Stable("v6"), build.Has("v6", 2),
				build.Has("v1", 0), build.Has("v2", 0), build.Has("v3", 0), build.Has("v4", 0), build.Has("v5", 0)),
			want: build.Words{"v1": "", "v2": "", "v3": "", "v4": "0", "v5": "0", "v6": "2"},
		},
		"one that still has pods is passed over, not replaced by a newer one": {
			given: build.Snapshot(update(build.RoutedCanary("demo", 2), "v4", limit(1)), build.Stable("v4"), build.Has("v4", 2), build.CanaryWeight(0),
				build.Has("v1", 2, build.Until(10*time.Second)), build.Has("v2", 0), build.Has("v3", 0)),
			want: build.Words{"v1": "2 for 10s", "v2": "", "v3": "0"},
		},
		"none is kept when the limit is zero": {
			given: build.Snapshot(update(build.Canary("demo", 2), "v2", limit(0)), build.Stable("v2"), build.Has("v2", 2), build.Has("v1", 0)),
			want:  build.Words{"v1": "", "v2": "2"},
		},
	})
}

// actionOf finds the one action of a type in the decision about a snapshot.
func actionOf[A plan.Action](t *testing.T, s plan.Snapshot) A {
	t.Helper()
	var found []A
	p := rollout.Decide(s, build.Now())
	for _, a := range p.Actions {
		if one, ok := a.(A); ok {
			found = append(found, one)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d actions of type %T in %v, want one", len(found), *new(A), p.Actions)
	}
	return found[0]
}
