package spec_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/spec"
)

func experimentWith(tweak func(*v1alpha1.Experiment)) *v1alpha1.Experiment {
	template := func(name string) v1alpha1.TemplateSpec {
		return v1alpha1.TemplateSpec{
			Name: name, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "x"}}},
		}
	}
	e := &v1alpha1.Experiment{
		ObjectMeta: metav1.ObjectMeta{Name: "demo"},
		Spec:       v1alpha1.ExperimentSpec{Templates: []v1alpha1.TemplateSpec{template("a"), template("b")}},
	}
	tweak(e)
	return e
}

func TestExperimentDefaults(t *testing.T) {
	e, errs := spec.ParseExperiment(experimentWith(func(*v1alpha1.Experiment) {}))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if e.Duration != nil || e.ProgressDeadline != 10*time.Minute || e.ScaleDownDelay != 30*time.Second || e.Templates[0].Replicas != 1 {
		t.Errorf("defaults are %+v", e)
	}
}

// Templates with the same pods are still told apart.
func TestExperimentHashesDiffer(t *testing.T) {
	e, errs := spec.ParseExperiment(experimentWith(func(*v1alpha1.Experiment) {}))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	plain, err := spec.TemplateHash(e.Templates[0].Template, nil)
	if err != nil {
		t.Fatal(err)
	}
	if e.Templates[0].Hash != plain || e.Templates[1].Hash == plain {
		t.Errorf("hashes are %s and %s, want %s and another", e.Templates[0].Hash, e.Templates[1].Hash, plain)
	}
}

func TestExperimentProblems(t *testing.T) {
	minus, ten := int32(-1), int32(10)
	cases := map[string]struct {
		tweak func(*v1alpha1.ExperimentSpec)
		want  string
	}{
		"no selector": {
			tweak: func(s *v1alpha1.ExperimentSpec) { s.Templates[1].Selector = nil },
			want:  "Rollout has missing field '.Spec.Templates[1].Selector'",
		},
		"an empty selector": {
			tweak: func(s *v1alpha1.ExperimentSpec) { s.Templates[1].Selector = &metav1.LabelSelector{} },
			want:  "This experiment is selecting all pods at index 1. A non-empty selector is required.",
		},
		"ready later than the deadline": {
			tweak: func(s *v1alpha1.ExperimentSpec) {
				s.Templates[0].MinReadySeconds, s.ProgressDeadlineSeconds = 11, &ten
			},
			want: "MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index 0",
		},
		"a template without a name": {
			tweak: func(s *v1alpha1.ExperimentSpec) { s.Templates[1].Name = "" },
			want:  "Experiment demo has empty template name at index 1",
		},
		"a name twice": {
			tweak: func(s *v1alpha1.ExperimentSpec) { s.Templates[1].Name = "a" },
			want:  "Experiment demo has repeated template name 'a' in templates",
		},
		"fewer than no pods": {
			tweak: func(s *v1alpha1.ExperimentSpec) { s.Templates[1].Replicas = &minus },
			want:  "Replicas cannot be negative. Check template index 1",
		},
		"an analysis without a name": {
			tweak: func(s *v1alpha1.ExperimentSpec) { s.Analyses = []v1alpha1.ExperimentAnalysisTemplateRef{{}} },
			want:  "Experiment demo has empty analysis name at index 0",
		},
		"an analysis twice": {
			tweak: func(s *v1alpha1.ExperimentSpec) {
				s.Analyses = []v1alpha1.ExperimentAnalysisTemplateRef{{Name: "x"}, {Name: "x"}}
			},
			want: "Experiment demo has repeated analysis name 'x' in analyses",
		},
		"a duration that is none": {
			tweak: func(s *v1alpha1.ExperimentSpec) { s.Duration = "1d" },
			want:  `Experiment demo has an invalid duration: parse duration: time: unknown unit "d" in duration "1d"`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, errs := spec.ParseExperiment(experimentWith(func(e *v1alpha1.Experiment) { tc.tweak(&e.Spec) }))
			if len(errs) == 0 {
				t.Fatal("no problem is found")
			}
			if diff := cmp.Diff(tc.want, errs[0].Detail); diff != "" {
				t.Errorf("problem (-want +got):\n%s", diff)
			}
		})
	}
}
