package experiment_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/experiment"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/spec"
)

// template is one whose pods come up.
func template(name string, service *v1alpha1.TemplateService) v1alpha1.TemplateSpec {
	labels := map[string]string{"app": "demo"}
	return v1alpha1.TemplateSpec{
		Name: name, Service: service, Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{
				Name: "demo", Image: "serin/demo:blue", Ports: []corev1.ContainerPort{{ContainerPort: 8080}},
			}}},
		},
	}
}

// experimentOf has a short delay, so that a test sees its pods go.
func experimentOf(name string, templates ...v1alpha1.TemplateSpec) *v1alpha1.Experiment {
	delay := int32(1)
	return &v1alpha1.Experiment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       v1alpha1.ExperimentSpec{Templates: templates, ScaleDownDelaySeconds: &delay},
	}
}

// withAnalyses adds a required analysis, called check, and one that is not, called extra.
func (f fixture) withAnalyses(t *testing.T, e *v1alpha1.Experiment) *v1alpha1.Experiment {
	t.Helper()
	f.create(t, &v1alpha1.AnalysisTemplate{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: v1alpha1.AnalysisTemplateSpec{
			Metrics: []v1alpha1.Metric{{Name: "m", Provider: v1alpha1.MetricProvider{Web: &v1alpha1.WebMetric{URL: "http://x"}}}},
			Args:    []v1alpha1.Argument{{Name: "token"}},
		},
	})
	args := []v1alpha1.Argument{{Name: "token", ValueFrom: &v1alpha1.ValueFrom{SecretKeyRef: &v1alpha1.SecretKeyRef{Name: "s", Key: "k"}}}}
	e.Labels = map[string]string{v1alpha1.LabelKeyControllerInstanceID: instance}
	e.Spec.Analyses = []v1alpha1.ExperimentAnalysisTemplateRef{
		{Name: "check", TemplateName: "web", RequiredForCompletion: true, Args: args},
		{Name: "extra", TemplateName: "web", Args: args},
	}
	return e
}

// checkGone waits until nothing of the Experiments in a namespace has pods or Services.
func (f fixture) checkGone(t *testing.T) {
	t.Helper()
	eventually(t, "pods and Services are gone", func() (bool, string) {
		var sets appsv1.ReplicaSetList
		var services corev1.ServiceList
		must(t, f.client.List(t.Context(), &sets, client.InNamespace(f.namespace)))
		must(t, f.client.List(t.Context(), &services, client.InNamespace(f.namespace)))
		pods := int32(0)
		for _, rs := range sets.Items {
			pods += rs.Status.Replicas + *rs.Spec.Replicas
		}
		return pods == 0 && len(services.Items) == 0, fmt.Sprintf("%d pods, %d Services", pods, len(services.Items))
	})
}

// checkRuns wants exactly these runs, and says whether each was asked to stop.
func (f fixture) checkRuns(t *testing.T, want map[string]bool) {
	t.Helper()
	eventually(t, "the runs are as wanted", func() (bool, string) {
		var runs v1alpha1.AnalysisRunList
		must(t, f.client.List(t.Context(), &runs, client.InNamespace(f.namespace)))
		got := map[string]bool{}
		for _, run := range runs.Items {
			got[run.Name] = run.Spec.Terminate
		}
		diff := cmp.Diff(want, got)
		return diff == "", diff
	})
}

func TestExperimentIsSeenThrough(t *testing.T) {
	f := newFixture(t)
	f.work(t, asItIs)
	e := f.withAnalyses(t, experimentOf("demo", template("a", &v1alpha1.TemplateService{}), template("b", &v1alpha1.TemplateService{Name: "web"})))
	f.create(t, e)
	e = f.await(t, "demo", v1alpha1.AnalysisPhaseRunning)
	services := []string{e.Status.TemplateStatuses[0].ServiceName, e.Status.TemplateStatuses[1].ServiceName}
	if diff := cmp.Diff([]string{"demo-a", "web"}, services); diff != "" {
		t.Errorf("Services (-want +got):\n%s", diff)
	}
	f.judge(t, "demo-extra", v1alpha1.AnalysisPhaseRunning)
	f.judge(t, "demo-check", v1alpha1.AnalysisPhaseRunning)
	var run v1alpha1.AnalysisRun
	must(t, f.get(t, "demo-check", &run))
	if len(run.Spec.Args) != 1 || run.Spec.Args[0].ValueFrom == nil || run.Spec.Args[0].ValueFrom.SecretKeyRef.Name != "s" {
		t.Errorf("arguments of the run are %+v", run.Spec.Args)
	}
	f.judge(t, "demo-check", v1alpha1.AnalysisPhaseSuccessful)
	e = f.await(t, "demo", v1alpha1.AnalysisPhaseSuccessful)
	if want := "Required AnalysisRuns completed"; e.Status.Message != want {
		t.Errorf("message is %q, want %q", e.Status.Message, want)
	}
	f.checkRuns(t, map[string]bool{"demo-check": false, "demo-extra": true})
	f.checkGone(t)
}

func TestPodsNeverGetReady(t *testing.T) {
	f := newFixture(t)
	f.work(t, asItIs)
	bad := template("bad", &v1alpha1.TemplateService{})
	bad.Template.Spec.Containers[0].Image = "nobody/has:this"
	e := experimentOf("demo", template("good", nil), bad)
	deadline := int32(3)
	e.Spec.ProgressDeadlineSeconds = &deadline
	f.create(t, e)
	e = f.await(t, "demo", v1alpha1.AnalysisPhaseFailed)
	if want := "Template 'bad' exceeded its progressDeadlineSeconds (3)"; e.Status.Message != want {
		t.Errorf("message is %q, want %q", e.Status.Message, want)
	}
	f.checkGone(t)
}

func TestForeignObjectsAreLeftAlone(t *testing.T) {
	f := newFixture(t)
	labels := map[string]string{"app": "other"}
	none := int32(0)
	f.create(t, &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Name: "one-a"},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: &none, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: template("x", nil).Template.Spec},
		},
	})
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: corev1.ServiceSpec{Selector: labels, Ports: []corev1.ServicePort{{Port: 80}}}}
	f.create(t, service)
	f.work(t, asItIs)
	f.create(t, experimentOf("one", template("a", nil)))
	f.create(t, experimentOf("two", template("a", &v1alpha1.TemplateService{Name: "web"})))
	for name, want := range map[string]string{
		"one": "ReplicaSet one-a already exists and is not owned by experiment template a",
		"two": "service web already exists and is not owned by experiment template a",
	} {
		if e := f.await(t, name, v1alpha1.AnalysisPhaseError); e.Status.Message != want || len(e.Status.TemplateStatuses) != 1 {
			t.Errorf("%s says %q, want %q; templates are %+v", name, e.Status.Message, want, e.Status.TemplateStatuses)
		}
	}
	var after corev1.Service
	must(t, f.get(t, "web", &after))
	if after.ResourceVersion != service.ResourceVersion {
		t.Error("the Service was written")
	}
}

// lossy performs every action and then says, the first time, that it failed; every
// status is lost the first time.
type lossy struct {
	cluster
	mu   sync.Mutex
	lost map[string]bool
}

var errLost = errors.New("the answer was lost")

func (l *lossy) once(what string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost[what] {
		return nil
	}
	l.lost[what] = true
	return errLost
}

func (l *lossy) Execute(ctx context.Context, key engine.Key, a experiment.Action) error {
	if err := l.cluster.Execute(ctx, key, a); err != nil {
		return err
	}
	return l.once(a.String())
}

func (l *lossy) Record(ctx context.Context, key engine.Key, o experiment.Outcome) error {
	if o.Status != nil {
		if err := l.once(fmt.Sprint("status ", o.Status.Phase, len(o.Status.AnalysisRuns))); err != nil {
			return err
		}
	}
	return l.cluster.Record(ctx, key, o)
}

// Answers and statuses get lost at every step: nothing is made twice, and the end is
// the same.
func TestLostAnswersMakeNothingTwice(t *testing.T) {
	f := newFixture(t)
	f.work(t, func(c cluster) cluster { return &lossy{cluster: c, lost: map[string]bool{}} })
	f.create(t, f.withAnalyses(t, experimentOf("demo", template("a", &v1alpha1.TemplateService{}), template("b", nil))))
	f.await(t, "demo", v1alpha1.AnalysisPhaseRunning)
	f.judge(t, "demo-extra", v1alpha1.AnalysisPhaseRunning)
	f.judge(t, "demo-check", v1alpha1.AnalysisPhaseSuccessful)
	f.await(t, "demo", v1alpha1.AnalysisPhaseSuccessful)
	f.checkRuns(t, map[string]bool{"demo-check": false, "demo-extra": true})
	f.checkGone(t)
	var sets appsv1.ReplicaSetList
	must(t, f.client.List(t.Context(), &sets, client.InNamespace(f.namespace)))
	if len(sets.Items) != 2 {
		t.Errorf("there are %d ReplicaSets, want 2", len(sets.Items))
	}
}

// A Service that another controller made for the Experiment is found and looked after.
func TestServiceOfAnotherControllerIsTakenOver(t *testing.T) {
	f := newFixture(t)
	e := experimentOf("demo", template("a", &v1alpha1.TemplateService{}))
	f.create(t, e)
	parsed, problems := spec.ParseExperiment(e)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	const label = v1alpha1.DefaultRolloutUniqueLabelKey
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: f.namespace, Name: "demo-a",
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(e, v1alpha1.ExperimentGVK)},
		},
		Spec: corev1.ServiceSpec{Selector: map[string]string{label: parsed.Templates[0].Hash}, Ports: []corev1.ServicePort{{Port: 8080}}},
	}
	must(t, f.client.Create(t.Context(), service))
	f.work(t, asItIs)
	f.await(t, "demo", v1alpha1.AnalysisPhaseRunning)
	eventually(t, "the Service has the label", func() (bool, string) {
		var s corev1.Service
		must(t, f.get(t, "demo-a", &s))
		return s.UID == service.UID && s.Labels[label] == parsed.Templates[0].Hash, fmt.Sprint(s.Labels)
	})
	must(t, f.client.Patch(t.Context(), e, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"terminate":true}}`))))
	eventually(t, "the Service is gone", func() (bool, string) {
		err := f.get(t, "demo-a", &corev1.Service{})
		return apierrors.IsNotFound(err), fmt.Sprint(err)
	})
}
