package experiment

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/engine"
)

func TestOwnerOf(t *testing.T) {
	yes := true
	by := func(version, kind string) []metav1.OwnerReference {
		return []metav1.OwnerReference{{APIVersion: version, Kind: kind, Name: "demo", Controller: &yes}}
	}
	cases := map[string]struct {
		owners []metav1.OwnerReference
		want   engine.Key
	}{
		"an Experiment":              {owners: by("argoproj.io/v1alpha1", "Experiment"), want: engine.Key{Namespace: "n", Name: "demo"}},
		"an Experiment of another":   {owners: by("example.com/v1", "Experiment")},
		"a Rollout":                  {owners: by("argoproj.io/v1alpha1", "Rollout")},
		"nobody":                     {},
		"one that does not controls": {owners: []metav1.OwnerReference{{APIVersion: "argoproj.io/v1alpha1", Kind: "Experiment", Name: "demo"}}},
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

func TestRunChanged(t *testing.T) {
	cases := map[string]struct {
		change func(*v1alpha1.AnalysisRun)
		want   bool
	}{
		"a measurement": {change: func(r *v1alpha1.AnalysisRun) { r.Status.MetricResults = []v1alpha1.MetricResult{{Count: 1}} }},
		"the version":   {change: func(r *v1alpha1.AnalysisRun) { r.ResourceVersion, r.Generation = "2", 2 }},
		"the phase":     {change: func(r *v1alpha1.AnalysisRun) { r.Status.Phase = v1alpha1.AnalysisPhaseRunning }, want: true},
		"the message":   {change: func(r *v1alpha1.AnalysisRun) { r.Status.Message = "why" }, want: true},
		"a wish to end": {change: func(r *v1alpha1.AnalysisRun) { r.Spec.Terminate = true }, want: true},
		"another one":   {change: func(r *v1alpha1.AnalysisRun) { r.UID = types.UID("new") }, want: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			before, after := &v1alpha1.AnalysisRun{}, &v1alpha1.AnalysisRun{}
			tc.change(after)
			if got := runChanged(before, after); got != tc.want {
				t.Errorf("runChanged() = %v, want %v", got, tc.want)
			}
		})
	}
}

func TestReplicaSetAndServiceChanged(t *testing.T) {
	rs := &appsv1.ReplicaSet{}
	available := rs.DeepCopy()
	available.Status.AvailableReplicas = 1
	if replicaSetChanged(rs, rs.DeepCopy()) || !replicaSetChanged(rs, available) {
		t.Error("replicaSetChanged() does not look at available pods, and at nothing else here")
	}
	service := &corev1.Service{}
	moved := service.DeepCopy()
	moved.Spec.Selector = map[string]string{"a": "b"}
	if serviceChanged(service, service.DeepCopy()) || !serviceChanged(service, moved) {
		t.Error("serviceChanged() does not look at the selector, and at nothing else here")
	}
}

func TestWaitsFor(t *testing.T) {
	yes := true
	e := &v1alpha1.Experiment{
		Spec: v1alpha1.ExperimentSpec{Analyses: []v1alpha1.ExperimentAnalysisTemplateRef{
			{Name: "begun", TemplateName: "old"}, {Name: "open", TemplateName: "own"}, {Name: "wide", TemplateName: "shared", ClusterScope: &yes},
		}},
		Status: v1alpha1.ExperimentStatus{AnalysisRuns: []v1alpha1.ExperimentAnalysisRunStatus{{Name: "begun"}}},
	}
	for template, want := range map[string]bool{"old": false, "own": true, "shared": false, "none": false} {
		if got := waitsFor(e, template); got != want {
			t.Errorf("waitsFor(%s) = %v, want %v", template, got, want)
		}
	}
}
