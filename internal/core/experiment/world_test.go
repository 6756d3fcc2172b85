package experiment_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/experiment"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/spec"
)

// world is an API server with one Experiment, kept in memory.
type world struct {
	now        time.Time
	experiment *v1alpha1.Experiment
	sets       map[string]*plan.ReplicaSet
	services   map[string]*experiment.Service
	runs       map[string]*experiment.Run
	specs      map[string]experiment.StartRun
	templates  spec.Templates
	version    int
	// retries counts how often a user cleared the status.
	retries int
	// unready are the ReplicaSets whose pods never get ready.
	unready map[string]bool
	// told are the events so far; lines are everything that happened, for people.
	told  []plan.Event
	lines []string
	begun time.Time
}

func newWorld(tweaks ...func(*v1alpha1.Experiment)) *world {
	now := time.Date(2026, 3, 1, 12, 0, 0, 300_000_000, time.UTC)
	e := &v1alpha1.Experiment{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "demo", UID: "uid", ResourceVersion: "0"}}
	for _, tweak := range tweaks {
		tweak(e)
	}
	return &world{
		now: now, begun: now, experiment: e,
		sets: map[string]*plan.ReplicaSet{}, services: map[string]*experiment.Service{},
		runs: map[string]*experiment.Run{}, specs: map[string]experiment.StartRun{},
		unready: map[string]bool{},
		templates: spec.Templates{
			{Name: "ok"}: {Metrics: []v1alpha1.Metric{{Name: "m"}}, Args: []v1alpha1.Argument{
				{Name: "hash", Value: text("none")}, {Name: "secret", Value: text("none")},
			}},
		},
	}
}

func text(s string) *string { return &s }

// template adds a template, with an image that tells it from the others.
func template(name string, replicas int32, tweaks ...func(*v1alpha1.TemplateSpec)) func(*v1alpha1.Experiment) {
	t := v1alpha1.TemplateSpec{
		Name: name, Replicas: &replicas,
		Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "demo"}},
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "demo"}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "demo:" + name}}},
		},
	}
	for _, tweak := range tweaks {
		tweak(&t)
	}
	return func(e *v1alpha1.Experiment) { e.Spec.Templates = append(e.Spec.Templates, t) }
}

func ports(numbers ...int32) func(*v1alpha1.TemplateSpec) {
	return func(t *v1alpha1.TemplateSpec) {
		for _, n := range numbers {
			c := &t.Template.Spec.Containers[0]
			c.Ports = append(c.Ports, corev1.ContainerPort{ContainerPort: n})
		}
	}
}

func service(name string) func(*v1alpha1.TemplateSpec) {
	return func(t *v1alpha1.TemplateSpec) { t.Service = &v1alpha1.TemplateService{Name: name} }
}

func lasts(d string) func(*v1alpha1.Experiment) {
	return func(e *v1alpha1.Experiment) { e.Spec.Duration = v1alpha1.DurationString(d) }
}

func analyses(names ...string) func(*v1alpha1.Experiment) {
	return func(e *v1alpha1.Experiment) {
		for _, name := range names {
			plain, required := strings.CutSuffix(name, "!")
			e.Spec.Analyses = append(e.Spec.Analyses, v1alpha1.ExperimentAnalysisTemplateRef{
				Name: plain, TemplateName: "ok", RequiredForCompletion: required,
			})
		}
	}
}

// snapshot is what an observer sees.
func (w *world) snapshot() experiment.Snapshot {
	s := experiment.Snapshot{Experiment: w.experiment.DeepCopy(), Templates: w.templates}
	s.Spec, s.Invalid = spec.ParseExperiment(s.Experiment)
	for _, name := range slices.Sorted(maps.Keys(w.sets)) {
		s.ReplicaSets = append(s.ReplicaSets, *w.sets[name])
	}
	for _, name := range slices.Sorted(maps.Keys(w.services)) {
		s.Services = append(s.Services, *w.services[name])
	}
	for _, name := range slices.Sorted(maps.Keys(w.runs)) {
		s.Runs = append(s.Runs, *w.runs[name])
	}
	return s
}

func (w *world) next() string {
	w.version++
	return strconv.Itoa(w.version)
}

// step is one pass; it reports whether anything changed, and when time alone will.
func (w *world) step() (changed bool, wake time.Time) {
	s := w.snapshot()
	p := experiment.Decide(s, w.now)
	for _, a := range p.Actions {
		w.logf("%s", a)
		if err := w.execute(a); err != nil {
			w.record(experiment.Failed(s, a, err, w.now))
			return true, time.Time{}
		}
	}
	recorded := w.record(p.Outcome(s))
	return recorded || len(p.Actions) > 0, p.WakeAt
}

// settle steps until nothing changes.
func (w *world) settle(t rapid.TB) time.Time {
	t.Helper()
	const most = 30
	for range most {
		if changed, wake := w.step(); !changed {
			return wake
		}
	}
	t.Fatalf("not at rest after %d passes:\n%s", most, strings.Join(w.lines, "\n"))
	return time.Time{}
}

// record writes an outcome as the API server keeps it, times in whole seconds.
func (w *world) record(o experiment.Outcome) bool {
	for _, e := range o.Events {
		w.logf("event %s: %s", e.Reason, e.Message)
	}
	w.told = append(w.told, o.Events...)
	if o.Status == nil {
		return false
	}
	raw, err := json.Marshal(o.Status)
	if err != nil {
		panic(err)
	}
	var next v1alpha1.ExperimentStatus
	if err := json.Unmarshal(raw, &next); err != nil {
		panic(err)
	}
	if cmp.Equal(next, w.experiment.Status) {
		return false
	}
	w.experiment.Status, w.experiment.ResourceVersion = next, w.next()
	return true
}

func (w *world) logf(format string, args ...any) {
	line := fmt.Sprintf("%5.1fs ", w.now.Sub(w.begun).Seconds()) + fmt.Sprintf(format, args...)
	w.lines = append(w.lines, line)
}

// execute does what an API server would.
func (w *world) execute(action experiment.Action) error {
	switch a := action.(type) {
	case experiment.CreateReplicaSet:
		return w.createReplicaSet(a)
	case experiment.ScaleReplicaSet:
		return w.scale(a.Name, a.Version, &a.To, a.Annotate)
	case experiment.AnnotateReplicaSet:
		return w.scale(a.Name, a.Version, nil, a.Annotate)
	case experiment.CreateService:
		if have := w.services[a.Name]; have != nil {
			return fmt.Errorf("service %s: %w", a.Name, plan.ErrCollision)
		}
		w.services[a.Name] = &experiment.Service{Name: a.Name, UID: w.next(), Version: w.next(), Owned: true, Hash: a.Selector[v1alpha1.DefaultRolloutUniqueLabelKey]}
	case experiment.DeleteService:
		delete(w.services, a.Name)
	case experiment.StartRun:
		if w.runs[a.Name] != nil {
			return plan.ErrConflict
		}
		w.runs[a.Name] = &experiment.Run{Name: a.Name, Version: w.next(), Owned: true, Attempt: a.Attempt}
		w.specs[a.Name] = a
	case experiment.StopRun:
		run := w.runs[a.Name]
		if run.Version != a.Version {
			return plan.ErrConflict
		}
		run.Terminating, run.Version = true, w.next()
	default:
		panic(fmt.Sprintf("unknown action %T", a))
	}
	return nil
}

func (w *world) createReplicaSet(a experiment.CreateReplicaSet) error {
	if have := w.sets[a.Name]; have != nil {
		return fmt.Errorf("replicaSet %s: %w", a.Name, plan.ErrCollision)
	}
	w.sets[a.Name] = &plan.ReplicaSet{
		Name: a.Name, UID: w.next(), Version: w.next(), Owned: true, Hash: a.Labels[v1alpha1.DefaultRolloutUniqueLabelKey],
		Labels: a.Labels, Annotations: a.Annotations, Template: a.Template, MinReady: a.MinReady, Want: a.Replicas,
	}
	return nil
}

func (w *world) scale(name, version string, to *int32, annotate map[string]string) error {
	rs := w.sets[name]
	if rs.Version != version {
		return plan.ErrConflict
	}
	if to != nil {
		rs.Want, rs.Observed = *to, false
	}
	if deadline, set := annotate[v1alpha1.DefaultReplicaSetScaleDownDeadlineAnnotationKey]; set {
		rs.Deadline, _ = time.Parse(time.RFC3339, deadline) // none is the zero time
	}
	rs.Version = w.next()
	return nil
}

// kubelet makes and takes the pods that are wanted.
func (w *world) kubelet() {
	for _, rs := range w.sets {
		available := rs.Want
		if w.unready[rs.Name] {
			available = 0
		}
		if rs.Observed && rs.Pods == rs.Want && rs.Available == available {
			continue
		}
		rs.Observed, rs.Pods, rs.Ready, rs.Available, rs.Version = true, rs.Want, available, available, w.next()
	}
}

// work has pods come up and lets the controller have its way.
func (w *world) work(t rapid.TB) time.Time {
	t.Helper()
	w.settle(t)
	w.kubelet()
	return w.settle(t)
}

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// finish gives a run its verdict.
func (w *world) finish(name string, phase v1alpha1.AnalysisPhase, message string) {
	run := w.runs[name]
	run.Phase, run.Message, run.Version = phase, message, w.next()
	w.logf("run %s is %s", name, phase)
}

// wants checks the phase, the message and the pods of every ReplicaSet that has some.
func (w *world) wants(t rapid.TB, phase v1alpha1.AnalysisPhase, message string, pods map[string]int32) {
	t.Helper()
	status := w.experiment.Status
	if status.Phase != phase || status.Message != message {
		t.Errorf("phase %q %q, want %q %q", status.Phase, status.Message, phase, message)
	}
	got := map[string]int32{}
	for name, rs := range w.sets {
		if rs.Owned && rs.Want > 0 {
			got[name] = rs.Want
		}
	}
	if diff := cmp.Diff(pods, got); diff != "" && len(pods)+len(got) > 0 {
		t.Errorf("pods (-want +got):\n%s", diff)
	}
	if t.Failed() {
		t.Logf("%s", strings.Join(w.lines, "\n"))
	}
}
