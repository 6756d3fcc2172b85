package rollout_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/rollout"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

// started returns the one action of a kind in a plan.
func started[T plan.Action](t *testing.T, p plan.Plan) T {
	t.Helper()
	for _, a := range p.Actions {
		if found, ok := a.(T); ok {
			return found
		}
	}
	t.Fatalf("no such action in %v", p.Actions)
	panic("unreachable")
}

func stepAt(ro *v1alpha1.Rollout, facts ...build.Fact) plan.Snapshot {
	return build.Snapshot(ro, append([]build.Fact{
		build.Has("v1", 3), build.Has("v2", 1), build.Stable("v1"), build.AtStep(1), build.Templates("ok"),
	}, facts...)...)
}

func TestRunLabels(t *testing.T) {
	step := build.Analyse("ok")
	step.Analysis.AnalysisRunMetadata = &v1alpha1.AnalysisRunMetadata{
		Labels:      map[string]string{"team": "a", v1alpha1.RolloutTypeLabel: "mine", v1alpha1.DefaultRolloutUniqueLabelKey: "mine"},
		Annotations: map[string]string{"note": "b"},
	}
	ro := update(build.Canary("demo", 4, build.Weight(25), step), "v2")
	ro.Labels = map[string]string{v1alpha1.LabelKeyControllerInstanceID: "one"}
	s := stepAt(ro, build.Refers("step", "demo-v2-2-1", ""))
	run := started[plan.StartRun](t, rollout.Decide(s, build.Now()))
	want := map[string]string{
		"team": "a", "app": "demo", v1alpha1.RolloutTypeLabel: "Step", v1alpha1.RolloutCanaryStepIndexLabel: "1",
		v1alpha1.DefaultRolloutUniqueLabelKey: s.Rollout.Status.CurrentPodHash, v1alpha1.LabelKeyControllerInstanceID: "one",
	}
	if diff := cmp.Diff(want, run.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"note": "b", v1alpha1.RevisionAnnotation: "2"}, run.Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
}

func TestExperimentTemplates(t *testing.T) {
	step := build.Experiment(func(e *v1alpha1.RolloutExperimentStep) {
		e.Templates[0].Metadata.Labels = map[string]string{"trial": "yes"}
		e.Templates = append(e.Templates, v1alpha1.RolloutExperimentTemplate{Name: "base", SpecRef: v1alpha1.StableSpecRef, Service: &v1alpha1.TemplateService{Name: "base"}})
	})
	s := stepAt(update(build.Canary("demo", 4, build.Weight(25), step), "v2"), build.Refers("experiment", "demo-v2-2-1", ""))
	made := started[plan.StartExperiment](t, rollout.Decide(s, build.Now())).Spec
	for i, want := range []struct {
		image  string
		labels map[string]string
	}{{"demo:v2", map[string]string{"app": "demo", "trial": "yes"}}, {"demo:v1", map[string]string{"app": "demo"}}} {
		got := made.Templates[i]
		if image := got.Template.Spec.Containers[0].Image; image != want.image {
			t.Errorf("template %d runs %s, want %s", i, image, want.image)
		}
		if diff := cmp.Diff(want.labels, got.Template.Labels); diff != "" {
			t.Errorf("labels of template %d (-want +got):\n%s", i, diff)
		}
		if diff := cmp.Diff(want.labels, got.Selector.MatchLabels); diff != "" {
			t.Errorf("selector of template %d (-want +got):\n%s", i, diff)
		}
	}
	if made.Templates[0].Service != nil || made.Templates[1].Service.Name != "base" {
		t.Errorf("Services are %v and %v", made.Templates[0].Service, made.Templates[1].Service)
	}
}

func TestNames(t *testing.T) {
	named := func(name string) (string, string) {
		called := func(ro *v1alpha1.Rollout) { ro.Name = name }
		ro := update(build.With(build.Canary("demo", 4, build.Weight(25), build.Analyse("ok")), called), "v2")
		s := stepAt(ro)
		ref := rollout.Decide(s, build.Now()).Status.Canary.CurrentStepAnalysisRunStatus
		if ref == nil {
			t.Fatalf("no run for %s", name)
		}
		return ref.Name, s.Rollout.Status.CurrentPodHash
	}
	long := strings.Repeat("a-long-name.", 20) // 240 characters
	first, hash := named(long + "x")
	if len(first) > 253 || !strings.HasSuffix(first, "-"+hash+"-2-1") {
		t.Errorf("run is called %s", first)
	}
	second, other := named(long + "y")
	if own := strings.TrimSuffix(first, hash+"-2-1"); own == strings.TrimSuffix(second, other+"-2-1") {
		t.Errorf("the runs of two Rollouts are called %s", own)
	}
	if short, hash := named("demo"); short != "demo-"+hash+"-2-1" {
		t.Errorf("run is called %s", short)
	}
}

func TestRunsThatAreNotMade(t *testing.T) {
	s := stepAt(update(build.Canary("demo", 4, build.Weight(25), build.Analyse("ok")), "v2"), build.Refers("step", "demo-v2-2-1", ""))
	start := started[plan.StartRun](t, rollout.Decide(s, build.Now()))

	taken := rollout.Failed(s, start, fmt.Errorf("create: %w", plan.ErrCollision), build.Now())
	if got := taken.Status.Canary.CurrentStepAnalysisRunStatus; got == nil || got.Name != start.Name+".1" || len(taken.Events) > 0 {
		t.Errorf("after a collision the status has %+v, events %v", got, taken.Events)
	}
	refused := rollout.Failed(s, start, errors.New("denied by policy"), build.Now())
	want := `Failed to create AnalysisRun "` + start.Name + `": denied by policy`
	if len(refused.Events) != 1 || refused.Events[0].Message != want || !refused.Events[0].Warning {
		t.Errorf("events are %+v", refused.Events)
	}
	again := s
	again.Rollout.Status = *refused.Status
	if events := rollout.Failed(again, start, errors.New("denied by policy"), build.Now()).Events; len(events) > 0 {
		t.Errorf("the same problem is told twice: %+v", events)
	}
	again.Runs = []plan.Run{{Name: start.Name, UID: "1", Version: "1", Phase: running, Spec: start.Spec}}
	for _, c := range rollout.Decide(again, build.Now()).Status.Conditions {
		if c.Type == v1alpha1.RolloutProgressing && c.Reason != v1alpha1.ReplicaSetUpdatedReason {
			t.Errorf("the condition stays %s", c.Reason)
		}
	}
}

// An argument that cannot be resolved yet makes no run, and says so once.
func TestArgumentsThatAreNotThere(t *testing.T) {
	step := build.Analyse("ok")
	step.Analysis.Args = []v1alpha1.AnalysisRunArgument{{Name: "x", ValueFrom: &v1alpha1.ArgumentValueFrom{FieldRef: &v1alpha1.FieldRef{FieldPath: "status.canary.weights.canary.weight"}}}}
	s := stepAt(update(build.Canary("demo", 4, build.Weight(25), step), "v2"), build.Refers("step", "demo-v2-2-1", ""))
	p := rollout.Decide(s, build.Now())
	words := build.Outcome(s, p)
	if words["starts"] != "" || words["Progressing"] != "False/AnalysisRunCreateError" || words["event AnalysisRunCreateError"] == "" {
		t.Errorf("starts %q, Progressing %q, event %q", words["starts"], words["Progressing"], words["event AnalysisRunCreateError"])
	}
	s.Rollout.Status = p.Status
	if next := rollout.Decide(s, build.Now()); len(next.Events) > 0 || !cmp.Equal(next.Status, p.Status) {
		t.Errorf("told again: %v\n%s", next.Events, cmp.Diff(p.Status, next.Status))
	}
}
