package experiment_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/experiment"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

func TestForeignObjects(t *testing.T) {
	cases := map[string]struct {
		there func(*world)
		want  string
	}{
		"a ReplicaSet that is seen": {
			there: func(w *world) { w.sets["demo-a"] = &plan.ReplicaSet{Name: "demo-a", Hash: "x", Want: 3} },
			want:  "ReplicaSet demo-a already exists and is not owned by experiment template a",
		},
		"a Service that is seen": {
			there: func(w *world) { w.services["web"] = &experiment.Service{Name: "web"} },
			want:  "service web already exists and is not owned by experiment template a",
		},
		"a Service of another template": {
			there: func(w *world) {
				w.services["web"] = &experiment.Service{Name: "web", Owned: true, Hash: "x"}
				w.sets["demo-z"] = &plan.ReplicaSet{Name: "demo-z", Hash: "x", Owned: true, Want: 1}
			},
			want: "service web already exists and is not owned by experiment template a",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(template("a", 1, ports(80), service("web")))
			tc.there(w)
			w.settle(t)
			w.pass(31 * time.Second)
			w.settle(t)
			w.wants(t, erroneous, tc.want, nil)
			if len(w.experiment.Status.TemplateStatuses) != 1 {
				t.Errorf("statuses are %v", w.experiment.Status.TemplateStatuses)
			}
		})
	}
}

// A run's name that somebody else has is left to them.
func TestForeignRun(t *testing.T) {
	w := newWorld(template("a", 1), analyses("check!"))
	w.runs["demo-check"] = &experiment.Run{Name: "demo-check", Phase: running}
	w.work(t)
	if got := w.experiment.Status.AnalysisRuns; len(got) != 1 || got[0].AnalysisRun != "demo-check.1" || w.runs["demo-check"].Terminating {
		t.Errorf("runs are %v", got)
	}
}

func TestRunThatIsGone(t *testing.T) {
	w := newWorld(template("a", 1), analyses("check!"))
	w.work(t)
	delete(w.runs, "demo-check")
	w.settle(t)
	w.wants(t, erroneous, "AnalysisRun 'demo-check' does not exist any more", map[string]int32{"demo-a": 1})
}

func TestServices(t *testing.T) {
	cases := map[string]struct {
		tweaks []func(*v1alpha1.TemplateSpec)
		want   string // name; "" for none
	}{
		"one from container ports":  {tweaks: []func(*v1alpha1.TemplateSpec){ports(80), service("")}, want: "demo-a"},
		"one with a name":           {tweaks: []func(*v1alpha1.TemplateSpec){ports(80, 81), service("web")}, want: "web"},
		"none without ports":        {tweaks: []func(*v1alpha1.TemplateSpec){service("web")}},
		"none that nobody asks for": {tweaks: []func(*v1alpha1.TemplateSpec){ports(80)}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(template("a", 1, tc.tweaks...), lasts("1m"))
			w.work(t)
			if got := w.template(t, "a").ServiceName; got != tc.want || (w.services[tc.want] != nil) != (tc.want != "") {
				t.Errorf("Service %q, there are %v", got, w.services)
			}
			created := strings.Count(strings.Join(w.lines, "\n"), "create Service")
			if want := min(len(tc.want), 1); created != want {
				t.Errorf("a Service was created %d times, want %d", created, want)
			}
			w.pass(2 * time.Minute)
			w.settle(t)
			if (w.services[tc.want] != nil) != (tc.want != "") {
				t.Error("the Service goes before the pods")
			}
			w.pass(time.Minute)
			w.work(t)
			if len(w.services) > 0 || w.template(t, "a").ServiceName != "" {
				t.Errorf("Services are left: %v", w.services)
			}
		})
	}
}

func TestPortsOfServices(t *testing.T) {
	w := newWorld(template("a", 1, ports(80, 81), service("")))
	for _, action := range experiment.Decide(w.snapshot(), w.now).Actions {
		if create, ok := action.(experiment.CreateService); ok {
			if len(create.Ports) != 2 || create.Ports[0].Name != "port-80" || create.Selector["app"] != "demo" {
				t.Errorf("Service is %+v", create)
			}
			return
		}
	}
	t.Error("no Service is made")
}

// What arguments say about the Experiment is filled in, and what is looked up elsewhere
// is carried over.
func TestArguments(t *testing.T) {
	secret := &v1alpha1.ValueFrom{SecretKeyRef: &v1alpha1.SecretKeyRef{Name: "s", Key: "k"}}
	cases := map[string]struct {
		args    []v1alpha1.Argument
		want    []v1alpha1.Argument
		problem string
	}{
		"hash and name": {
			args: []v1alpha1.Argument{{Name: "hash", Value: text("{{templates.a.podTemplateHash}}/{{ templates.a.replicaset.name }}")}},
			want: []v1alpha1.Argument{{Name: "hash", Value: text("HASH/demo-a")}, {Name: "secret", Value: text("none")}},
		},
		"times": {
			args: []v1alpha1.Argument{{Name: "hash", Value: text("{{experiment.availableAt}} {{experiment.finishedAt}}")}},
			want: []v1alpha1.Argument{{Name: "hash", Value: text("2026-03-01T12:00:01Z 2026-03-01T12:01:01Z")}, {Name: "secret", Value: text("none")}},
		},
		"a Secret": {
			args: []v1alpha1.Argument{{Name: "secret", ValueFrom: secret}},
			want: []v1alpha1.Argument{{Name: "hash", Value: text("none")}, {Name: "secret", ValueFrom: secret}},
		},
		"nothing there is": {
			args:    []v1alpha1.Argument{{Name: "hash", Value: text("{{templates.z.podTemplateHash}}")}},
			problem: "Failed to create AnalysisRun for analysis 'check': failed to resolve {{templates.z.podTemplateHash}}",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(template("a", 1), lasts("1m"), analyses("check!"))
			w.experiment.Spec.Analyses[0].Args = tc.args
			w.work(t)
			if tc.problem != "" {
				w.wants(t, erroneous, tc.problem, map[string]int32{"demo-a": 1})
				return
			}
			got := w.specs["demo-check"].Spec.Args
			for i := range got {
				if got[i].Value != nil {
					got[i].Value = text(strings.ReplaceAll(*got[i].Value, w.sets["demo-a"].Hash, "HASH"))
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("arguments (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMetadataOfRuns(t *testing.T) {
	w := newWorld(template("a", 1), analyses("check"), func(e *v1alpha1.Experiment) {
		e.Labels = map[string]string{v1alpha1.LabelKeyControllerInstanceID: "mine", "team": "x"}
		e.Spec.AnalysisRunMetadata.Labels = map[string]string{"l": "1"}
		e.Spec.AnalysisRunMetadata.Annotations = map[string]string{"a": "1"}
	})
	w.work(t)
	run := w.specs["demo-check"]
	want := []map[string]string{
		{"l": "1", v1alpha1.LabelKeyControllerInstanceID: "mine"},
		{"a": "1", v1alpha1.ExperimentAvailableAtAnnotation: "2026-03-01T12:00:01Z"},
	}
	if diff := cmp.Diff(want, []map[string]string{run.Labels, run.Annotations}); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

// A template that is missing is told before a pod is made for it.
func TestTemplateOfAnalysisIsMissing(t *testing.T) {
	w := newWorld(template("a", 1), analyses("check"))
	yes := true
	w.experiment.Spec.Analyses[0].TemplateName, w.experiment.Spec.Analyses[0].ClusterScope = "none", &yes
	w.settle(t)
	w.wants(t, erroneous, "ClusterAnalysisTemplate verification failed for analysis 'check': ClusterAnalysisTemplate 'none' not found", nil)
}

// Editing a template while it runs is refused, and what runs goes on.
func TestEditIsRefused(t *testing.T) {
	w := newWorld(template("a", 1), lasts("1h"))
	w.work(t)
	image := &w.experiment.Spec.Templates[0].Template.Spec.Containers[0].Image
	was := *image
	*image = "demo:other"
	w.settle(t)
	w.wants(t, running, "", map[string]int32{"demo-a": 1})
	want := "Template 'a' cannot change while it runs: ReplicaSet demo-a keeps the pods that it was created with"
	if got := w.invalid(); got != want {
		t.Errorf("InvalidSpec says %q, want %q", got, want)
	}
	*image = was
	w.settle(t)
	if got := w.invalid(); got != "" {
		t.Errorf("InvalidSpec still says %q", got)
	}
	w.experiment.Spec.Templates[0].Replicas = new(int32)
	w.work(t)
	w.wants(t, running, "", nil)
}

// invalid is the text of the InvalidSpec condition; "" when there is none.
func (w *world) invalid() string {
	for _, c := range w.experiment.Status.Conditions {
		if c.Type == v1alpha1.InvalidExperimentSpec {
			return c.Message
		}
	}
	return ""
}

func TestInvalidSpecTouchesNothing(t *testing.T) {
	w := newWorld(template("a", 1))
	w.experiment.Spec.Templates[0].Selector = &metav1.LabelSelector{}
	w.settle(t)
	if want := "This experiment is selecting all pods at index 0. A non-empty selector is required."; w.invalid() != want || len(w.sets) > 0 {
		t.Errorf("InvalidSpec says %q, want %q; there are %v", w.invalid(), want, w.sets)
	}
	w.experiment.Spec.Templates[0].Selector.MatchLabels = map[string]string{"app": "demo"}
	w.work(t)
	w.wants(t, running, "", map[string]int32{"demo-a": 1})
	if w.invalid() != "" {
		t.Error("InvalidSpec is still there")
	}
}

// A template that leaves the manifest gives its pods back.
func TestTemplateIsRemoved(t *testing.T) {
	w := newWorld(template("a", 1), template("b", 2))
	w.work(t)
	w.experiment.Spec.Templates = w.experiment.Spec.Templates[:1]
	w.settle(t)
	w.pass(31 * time.Second)
	w.settle(t)
	w.wants(t, running, "", map[string]int32{"demo-a": 1})
}
