package sim

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/experiment"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// experimenter is the controller of one Experiment: the decisions are the real ones,
// its pods are modelled by their counts.
type experimenter struct {
	w        *World
	object   v1alpha1.Experiment
	sets     []plan.ReplicaSet
	services []experiment.Service
	runs     []*plan.Run
	starts   map[string]experiment.StartRun
	// kept is how the rest of the world sees the Experiment.
	kept  *kept[plan.Experiment]
	timer int
}

// experimentOn lets an experiment be worked on.
func (w *World) experimentOn(k *kept[plan.Experiment]) *experimenter {
	now := k.live.value
	e := &experimenter{w: w, kept: k, starts: map[string]experiment.StartRun{}}
	e.object = v1alpha1.Experiment{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.key.Namespace, Name: now.Name, UID: types.UID(now.UID), CreationTimestamp: metav1.NewTime(now.Created), Labels: now.Labels,
		},
		Spec: now.Spec,
	}
	e.soon()
	return e
}

func (e *experimenter) soon() { e.w.after(e.w.dice.within(e.w.env.Analysis), e.look) }

// look is one pass over the experiment.
func (e *experimenter) look() {
	if !e.kept.live.found {
		return
	}
	e.object.Spec.Terminate = e.kept.live.value.Spec.Terminate
	s := experiment.Snapshot{
		Experiment: &e.object, ReplicaSets: slices.Clone(e.sets), Services: slices.Clone(e.services), Templates: e.w.cfg.Templates,
	}
	s.Spec, s.Invalid = spec.ParseExperiment(&e.object)
	for _, r := range e.runs {
		s.Runs = append(s.Runs, experiment.Run{
			Name: r.Name, Version: r.Version, Owned: true, Attempt: e.starts[r.Name].Attempt,
			Terminating: r.Spec.Terminate, Phase: r.Phase, Message: r.Message,
		})
	}
	p := experiment.Decide(s, e.w.Now())
	for _, action := range p.Actions {
		e.execute(action)
		e.w.trace.did(e.w, "experiment", action)
	}
	e.record(p)
	e.timer++
	if timer := e.timer; !p.WakeAt.IsZero() {
		e.w.after(max(0, p.WakeAt.Sub(e.w.Now())), func() {
			if timer == e.timer {
				e.look()
			}
		})
	}
	if len(p.Actions) > 0 {
		e.soon()
	}
}

func (e *experimenter) record(p experiment.Plan) {
	e.object.Status = p.Status
	now := e.kept.live.value
	if now.Phase != p.Status.Phase || now.Message != p.Status.Message {
		now.Phase, now.Message, now.Templates = p.Status.Phase, p.Status.Message, p.Status.TemplateStatuses
		e.w.putTrial(e.kept, now, byOthers)
		e.soon() // what follows from a status is done once it is there
	}
	for _, event := range p.Events {
		e.w.tell(v1alpha1.ExperimentKind, event)
	}
	for _, event := range p.Forwarded {
		e.w.tell(v1alpha1.RolloutKind, event)
	}
}

func (e *experimenter) execute(action experiment.Action) {
	switch a := action.(type) {
	case experiment.CreateReplicaSet:
		rs := plan.ReplicaSet{
			Name: a.Name, Version: "1", Created: e.w.second(), Owned: true, Matches: true,
			Hash: a.Labels[v1alpha1.DefaultRolloutUniqueLabelKey], Labels: a.Labels, Annotations: a.Annotations,
			Template: a.Template, MinReady: a.MinReady, OfExperiment: true, SizedFor: -1,
		}
		e.sets = append(e.sets, rs)
		e.resize(a.Name, a.Replicas, nil)
	case experiment.ScaleReplicaSet:
		e.resize(a.Name, a.To, a.Annotate)
	case experiment.AnnotateReplicaSet:
		e.resize(a.Name, e.set(a.Name).Want, a.Annotate)
	case experiment.CreateService:
		e.services = append(e.services, experiment.Service{
			Name: a.Name, UID: a.Name, Version: "1", Owned: true, Hash: a.Selector[v1alpha1.DefaultRolloutUniqueLabelKey],
		})
	case experiment.DeleteService:
		e.services = slices.DeleteFunc(e.services, func(s experiment.Service) bool { return s.Name == a.Name })
	case experiment.StartRun:
		e.start(a)
	case experiment.StopRun:
		e.stop(a.Name)
	default:
		panic(fmt.Sprintf("unknown action %T", a))
	}
}

func (e *experimenter) set(name string) *plan.ReplicaSet {
	for i := range e.sets {
		if e.sets[i].Name == name {
			return &e.sets[i]
		}
	}
	panic("an experiment writes to its own ReplicaSets only")
}

// resize changes the size of a ReplicaSet. Pods come and go as the environment has it.
func (e *experimenter) resize(name string, to int32, annotate map[string]string) {
	rs := e.set(name)
	rs.Want, rs.Annotations = to, annotated(rs.Annotations, annotate)
	readAnnotations(rs)
	e.w.touched++
	e.w.after(e.w.dice.within(e.w.env.Workload), func() {
		rs := e.set(name)
		rs.Observed, rs.Pods = true, rs.Want
		rs.Available, rs.Ready = min(rs.Available, rs.Want), min(rs.Ready, rs.Want)
		e.w.touched++
		e.soon()
	})
	if e.w.behaviour(rs.Template) != Good {
		return
	}
	e.w.after(e.w.dice.within(e.w.env.Ready)+rs.MinReady+10*time.Millisecond, func() {
		rs := e.set(name)
		rs.Available, rs.Ready = rs.Pods, rs.Pods
		e.w.touched++
		e.soon()
	})
}

// start makes a run of the experiment's own.
func (e *experimenter) start(a experiment.StartRun) {
	r := &plan.Run{Name: a.Name, UID: e.w.name("run-"), Version: "1", Created: e.w.second(), Labels: a.Labels, Spec: a.Spec}
	e.runs, e.starts[a.Name] = append(e.runs, r), a
	e.w.analysts = append(e.w.analysts, e.w.analyse(
		func() (plan.Run, bool) { return *r, true },
		func(phase v1alpha1.AnalysisPhase, message string) {
			r.Phase, r.Message = phase, message
			e.soon()
		}))
}

func (e *experimenter) stop(name string) {
	for _, r := range e.runs {
		if r.Name == name && !strategy.Over(r.Phase) {
			r.Spec.Terminate = true
		}
	}
	for _, a := range e.w.analysts {
		a.soon()
	}
}

// TrialSets lists the ReplicaSets of experiments, oldest first.
func (w *World) TrialSets() []plan.ReplicaSet {
	var list []plan.ReplicaSet
	for _, e := range w.experimenters {
		list = append(list, e.sets...)
	}
	return list
}
