package rollout

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/engine"
)

func TestRolloutChanged(t *testing.T) {
	now := metav1.Now()
	cases := map[string]struct {
		change func(*v1alpha1.Rollout)
		want   bool
	}{
		"only the version":           {change: func(r *v1alpha1.Rollout) { r.ResourceVersion = "2" }},
		"who wrote it":               {change: func(r *v1alpha1.Rollout) { r.ManagedFields = []metav1.ManagedFieldsEntry{{}} }},
		"the spec":                   {change: func(r *v1alpha1.Rollout) { r.Generation++ }, want: true},
		"an annotation":              {change: func(r *v1alpha1.Rollout) { r.Annotations = map[string]string{"a": "1"} }, want: true},
		"a label":                    {change: func(r *v1alpha1.Rollout) { r.Labels = map[string]string{"a": "1"} }, want: true},
		"a command in the status":    {change: func(r *v1alpha1.Rollout) { r.Status.Abort = true }, want: true},
		"it is being deleted":        {change: func(r *v1alpha1.Rollout) { r.DeletionTimestamp = &now }, want: true},
		"it was deleted and remade":  {change: func(r *v1alpha1.Rollout) { r.UID = "another" }, want: true},
		"a list that is empty or no": {change: func(r *v1alpha1.Rollout) { r.Status.PauseConditions = []v1alpha1.PauseCondition{} }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			before := &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Name: "web", ResourceVersion: "1", Generation: 1}}
			after := before.DeepCopy()
			tc.change(after)
			if got := rolloutChanged(before, after); got != tc.want {
				t.Errorf("rolloutChanged() = %v, want %v", got, tc.want)
			}
		})
	}
}

func TestReplicaSetChanged(t *testing.T) {
	cases := map[string]struct {
		change func(*appsv1.ReplicaSet)
		want   bool
	}{
		"only the version":           {change: func(rs *appsv1.ReplicaSet) { rs.ResourceVersion = "2" }},
		"pods labelled in full":      {change: func(rs *appsv1.ReplicaSet) { rs.Status.FullyLabeledReplicas = 1 }},
		"pods that terminate":        {change: func(rs *appsv1.ReplicaSet) { one := int32(1); rs.Status.TerminatingReplicas = &one }},
		"the size":                   {change: func(rs *appsv1.ReplicaSet) { rs.Generation++ }, want: true},
		"pods":                       {change: func(rs *appsv1.ReplicaSet) { rs.Status.Replicas = 1 }, want: true},
		"ready pods":                 {change: func(rs *appsv1.ReplicaSet) { rs.Status.ReadyReplicas = 1 }, want: true},
		"available pods":             {change: func(rs *appsv1.ReplicaSet) { rs.Status.AvailableReplicas = 1 }, want: true},
		"the counts are of now":      {change: func(rs *appsv1.ReplicaSet) { rs.Status.ObservedGeneration = 1 }, want: true},
		"a failure":                  {change: func(rs *appsv1.ReplicaSet) { rs.Status.Conditions = []appsv1.ReplicaSetCondition{{}} }, want: true},
		"the scale-down deadline":    {change: func(rs *appsv1.ReplicaSet) { rs.Annotations = map[string]string{"scale-down-deadline": "x"} }, want: true},
		"somebody made it an orphan": {change: func(rs *appsv1.ReplicaSet) { rs.OwnerReferences = nil }, want: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			before := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
				Namespace: "n", ResourceVersion: "1", Generation: 1, OwnerReferences: []metav1.OwnerReference{owner("Rollout", "web")},
			}}
			after := before.DeepCopy()
			tc.change(after)
			if got := replicaSetChanged(before, after); got != tc.want {
				t.Errorf("replicaSetChanged() = %v, want %v", got, tc.want)
			}
		})
	}
}

func owner(kind, name string) metav1.OwnerReference {
	yes := true
	return metav1.OwnerReference{APIVersion: "argoproj.io/v1alpha1", Kind: kind, Name: name, Controller: &yes}
}

func TestOwnerOf(t *testing.T) {
	deployment := owner("Deployment", "web")
	deployment.APIVersion = "apps/v1"
	cases := map[string]struct {
		owners []metav1.OwnerReference
		want   engine.Key
	}{
		"a Rollout":             {owners: []metav1.OwnerReference{owner("Rollout", "web")}, want: engine.Key{Namespace: "n", Name: "web"}},
		"an Experiment":         {owners: []metav1.OwnerReference{owner("Experiment", "web")}},
		"a Deployment":          {owners: []metav1.OwnerReference{deployment}},
		"nobody":                {},
		"one that controls not": {owners: []metav1.OwnerReference{{APIVersion: "argoproj.io/v1alpha1", Kind: "Rollout", Name: "web"}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			rs := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "n", OwnerReferences: tc.owners}}
			if got := ownerOf(rs); got != tc.want {
				t.Errorf("ownerOf() = %v, want %v", got, tc.want)
			}
		})
	}
}
