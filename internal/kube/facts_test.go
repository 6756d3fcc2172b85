package kube

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

const hashKey = v1alpha1.DefaultRolloutUniqueLabelKey

func pointer[T any](value T) *T { return &value }

func TestReplicaSetFacts(t *testing.T) {
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	cases := map[string]struct {
		annotations map[string]string
		spec        appsv1.ReplicaSetSpec
		status      appsv1.ReplicaSetStatus
		want        plan.ReplicaSet
	}{
		"nothing said: one pod wanted, sized for nobody": {
			want: plan.ReplicaSet{Want: 1, SizedFor: -1},
		},
		"annotations are read": {
			annotations: map[string]string{
				v1alpha1.RevisionAnnotation:                              "12",
				v1alpha1.DesiredReplicasAnnotation:                       "5",
				v1alpha1.DefaultReplicaSetScaleDownDeadlineAnnotationKey: "2026-01-02T03:04:05Z",
				v1alpha1.ExperimentNameAnnotationKey:                     "try",
			},
			spec: appsv1.ReplicaSetSpec{Replicas: pointer(int32(3)), MinReadySeconds: 7},
			want: plan.ReplicaSet{Revision: 12, SizedFor: 5, Deadline: created, OfExperiment: true, Want: 3, MinReady: 7 * time.Second},
		},
		"malformed annotations count as missing": {
			annotations: map[string]string{
				v1alpha1.RevisionAnnotation:                              "twelve",
				v1alpha1.DesiredReplicasAnnotation:                       "99999999999",
				v1alpha1.DefaultReplicaSetScaleDownDeadlineAnnotationKey: "tomorrow",
			},
			want: plan.ReplicaSet{Want: 1, SizedFor: -1},
		},
		"counts of an older size are not observed": {
			status: appsv1.ReplicaSetStatus{ObservedGeneration: 3, Replicas: 4, ReadyReplicas: 3, AvailableReplicas: 2},
			want:   plan.ReplicaSet{Want: 1, SizedFor: -1, Pods: 4, Ready: 3, Available: 2},
		},
		"counts of this size are": {
			status: appsv1.ReplicaSetStatus{ObservedGeneration: 4},
			want:   plan.ReplicaSet{Want: 1, SizedFor: -1, Observed: true},
		},
		"a failure is told while it lasts": {
			status: appsv1.ReplicaSetStatus{Conditions: []appsv1.ReplicaSetCondition{
				{Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate", Message: "exceeded quota"},
			}},
			want: plan.ReplicaSet{Want: 1, SizedFor: -1, Failure: &plan.Failure{Reason: "FailedCreate", Message: "exceeded quota"}},
		},
		"a failure that is over is not": {
			status: appsv1.ReplicaSetStatus{Conditions: []appsv1.ReplicaSetCondition{
				{Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionFalse, Reason: "FailedCreate"},
			}},
			want: plan.ReplicaSet{Want: 1, SizedFor: -1},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			rs := &appsv1.ReplicaSet{
				ObjectMeta: metav1.ObjectMeta{
					Name: "web-abc", UID: "u", ResourceVersion: "9", Generation: 4, CreationTimestamp: metav1.NewTime(created),
					Labels: map[string]string{"app": "web", hashKey: "abc"}, Annotations: tc.annotations,
				},
				Spec:   tc.spec,
				Status: tc.status,
			}
			want := tc.want
			want.Name, want.UID, want.Version, want.Created = "web-abc", "u", "9", created
			want.Owned, want.Matches, want.Hash = true, true, "abc"
			want.Labels, want.Annotations = rs.Labels, rs.Annotations
			got := replicaSetFacts(rs, true, labels.SelectorFromSet(labels.Set{"app": "web"}))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("replicaSetFacts() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAdoptable(t *testing.T) {
	web := labels.SelectorFromSet(labels.Set{"app": "web"})
	now := metav1.Now()
	cases := map[string]struct {
		change   func(*appsv1.ReplicaSet)
		selector labels.Selector
		want     bool
	}{
		"an orphan that matches":           {selector: web, want: true},
		"another application's":            {selector: labels.SelectorFromSet(labels.Set{"app": "api"})},
		"a selector that selects anything": {selector: labels.Everything()},
		"an invalid selector":              {selector: labels.Nothing()},
		"one without a hash":               {change: func(rs *appsv1.ReplicaSet) { delete(rs.Labels, hashKey) }, selector: web},
		"one that is being deleted":        {change: func(rs *appsv1.ReplicaSet) { rs.DeletionTimestamp = &now }, selector: web},
		"one that has a controller": {change: func(rs *appsv1.ReplicaSet) {
			rs.OwnerReferences = []metav1.OwnerReference{{UID: "d", Controller: pointer(true)}}
		}, selector: web},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "web", hashKey: "abc"}}}
			if tc.change != nil {
				tc.change(rs)
			}
			if got := adoptable(rs, tc.selector); got != tc.want {
				t.Errorf("adoptable() = %v, want %v", got, tc.want)
			}
		})
	}
}

func TestServiceFacts(t *testing.T) {
	pinned := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "s", ResourceVersion: "4", Annotations: map[string]string{v1alpha1.ManagedByRolloutsKey: "web"}},
		Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "web", hashKey: "abc"}},
	}
	want := plan.Service{Name: "s", Version: "4", Found: true, Hash: "abc", ManagedBy: "web", Selector: map[string]string{"app": "web"}}
	if diff := cmp.Diff(want, serviceFacts(pinned)); diff != "" {
		t.Errorf("serviceFacts() (-want +got):\n%s", diff)
	}
	if pinned.Spec.Selector[hashKey] == "" {
		t.Error("the observed Service was edited")
	}
}

func TestPodFacts(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	ready := func(since time.Duration) []corev1.PodCondition {
		return []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(now.Add(-since))}}
	}
	deleted := metav1.NewTime(now)
	cases := map[string]struct {
		pod  corev1.Pod
		want plan.Pod
	}{
		"ready for long enough is available": {
			pod:  corev1.Pod{Status: corev1.PodStatus{Conditions: ready(10 * time.Second)}},
			want: plan.Pod{Available: true},
		},
		"ready for too short is not": {
			pod: corev1.Pod{Status: corev1.PodStatus{Conditions: ready(9 * time.Second)}},
		},
		"without a condition it is not": {},
		"terminating is never available": {
			pod:  corev1.Pod{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &deleted}, Status: corev1.PodStatus{Conditions: ready(time.Hour)}},
			want: plan.Pod{Terminating: true},
		},
		"its ReplicaSet is its controller": {
			pod: corev1.Pod{ObjectMeta: metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{
				{Name: "other"}, {Name: "web-abc", Controller: pointer(true)},
			}}},
			want: plan.Pod{ReplicaSet: "web-abc"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, podFacts(&tc.pod, 10*time.Second, now)); diff != "" {
				t.Errorf("podFacts() (-want +got):\n%s", diff)
			}
		})
	}
}
