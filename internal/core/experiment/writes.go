package experiment

import (
	"fmt"
	"slices"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
)

// sizes are the writes to ReplicaSets: those that need more pods, and the others.
type sizes struct{ up, down []Action }

// resizes gives every template that goes on its pods, and lets go of all others.
// The time is when the next scale-down delay ends; zero: none runs.
func resizes(s Snapshot, parts []part, next v1alpha1.ExperimentStatus, now time.Time) (sizes, time.Time) {
	var all sizes
	var wake time.Time
	for i, p := range parts {
		switch goesOn := !final(next.TemplateStatuses[i].Status); {
		case goesOn && p.rs == nil:
			all.up = append(all.up, p.create(s))
		case goesOn:
			all.add(p.resize())
		}
	}
	for _, rs := range byName(s.ReplicaSets, func(rs plan.ReplicaSet) string { return rs.Name }) {
		if !rs.Owned || rs.Want == 0 || inUse(parts, rs.Name) {
			continue
		}
		action, until := letGo(rs, s.Spec.ScaleDownDelay, now)
		all.add(action)
		wake = plan.Sooner(wake, until)
	}
	return all, wake
}

// inUse reports whether a ReplicaSet belongs to a template that was not recorded as
// through.
func inUse(parts []part, replicaSet string) bool {
	return slices.ContainsFunc(parts, func(p part) bool {
		return p.rs != nil && p.rs.Name == replicaSet && !final(p.before.Status)
	})
}

func (s *sizes) add(a Action) {
	scale, ok := a.(ScaleReplicaSet)
	switch {
	case a == nil:
	case ok && scale.To > scale.From:
		s.up = append(s.up, a)
	default:
		s.down = append(s.down, a)
	}
}

// resize is the write that the ReplicaSet of a template that goes on needs; nil when it
// is right. A delay that still runs, from before a retry, ends.
func (p part) resize() Action {
	rs := p.rs
	var annotate map[string]string
	if !rs.Deadline.IsZero() {
		annotate = map[string]string{v1alpha1.DefaultReplicaSetScaleDownDeadlineAnnotationKey: ""}
	}
	if rs.Want != p.Replicas {
		return ScaleReplicaSet{Name: rs.Name, Version: rs.Version, From: rs.Want, To: p.Replicas, Annotate: annotate}
	}
	if annotate == nil && rs.MinReady == p.MinReady {
		return nil
	}
	action := AnnotateReplicaSet{Name: rs.Name, Version: rs.Version, Annotate: annotate}
	if rs.MinReady != p.MinReady {
		action.MinReady = &p.MinReady
	}
	return action
}

// letGo takes the pods of a ReplicaSet when its delay is over, after beginning one.
// The time is when that will be; zero: it is now.
func letGo(rs plan.ReplicaSet, delay time.Duration, now time.Time) (Action, time.Time) {
	switch {
	case delay > 0 && rs.Deadline.IsZero():
		until := strategy.WholeSecond(now.Add(delay))
		text := until.UTC().Format(time.RFC3339)
		annotate := map[string]string{v1alpha1.DefaultReplicaSetScaleDownDeadlineAnnotationKey: text}
		return AnnotateReplicaSet{Name: rs.Name, Version: rs.Version, Annotate: annotate}, until
	case delay > 0 && now.Before(rs.Deadline):
		return nil, rs.Deadline
	default:
		return ScaleReplicaSet{Name: rs.Name, Version: rs.Version, From: rs.Want}, time.Time{}
	}
}

// createServices makes the Services that templates which go on still lack.
func createServices(parts []part, next v1alpha1.ExperimentStatus) []Action {
	var actions []Action
	for i, p := range parts {
		if p.serviceName() != "" && p.service == nil && !final(next.TemplateStatuses[i].Status) {
			actions = append(actions, p.createService())
		}
	}
	return actions
}

// deleteServices removes the Services that no template needs, once no pod is behind
// them any more.
func deleteServices(s Snapshot, parts []part) []Action {
	var actions []Action
	for _, service := range byName(s.Services, func(service Service) string { return service.Name }) {
		needed := slices.ContainsFunc(parts, func(p part) bool { return p.serviceName() == service.Name && !final(p.before.Status) })
		if service.Owned && !needed && drained(behind(s, service)) {
			actions = append(actions, DeleteService{Name: service.Name, UID: service.UID, Version: service.Version})
		}
	}
	return actions
}

// behind is the ReplicaSet whose pods a Service selects; nil when there is none.
func behind(s Snapshot, service Service) *plan.ReplicaSet {
	for i := range s.ReplicaSets {
		if s.ReplicaSets[i].Owned && s.ReplicaSets[i].Hash == service.Hash {
			return &s.ReplicaSets[i]
		}
	}
	return nil
}

func starts(analyses []analysis) []Action {
	var actions []Action
	for _, a := range analyses {
		if a.start != nil {
			actions = append(actions, *a.start)
		}
	}
	return actions
}

// stops ends the runs that nobody waits for: all of them once the end was recorded, and
// always those that the status does not know.
func stops(s Snapshot, next v1alpha1.ExperimentStatus) ([]Action, []plan.Event) {
	var actions []Action
	var events []plan.Event
	for _, run := range byName(s.Runs, func(r Run) string { return r.Name }) {
		known := slices.ContainsFunc(next.AnalysisRuns, func(r v1alpha1.ExperimentAnalysisRunStatus) bool { return r.AnalysisRun == run.Name })
		over := completed(s.Experiment.Status.Phase)
		if !run.Owned || run.Terminating || completed(run.Phase) || known && !over {
			continue
		}
		actions = append(actions, StopRun{Name: run.Name, Version: run.Version})
		events = append(events, plan.Event{Reason: v1alpha1.AnalysisRunTerminatingReason, Message: fmt.Sprintf("Terminating AnalysisRun '%s'", run.Name)})
	}
	return actions, events
}

// tellSizes tells of pods that are made and taken.
func tellSizes(actions []Action) []plan.Event {
	var events []plan.Event
	tell := func(direction, name string, from, to int32) {
		events = append(events, plan.Event{
			Reason:  v1alpha1.ScalingReplicaSetReason,
			Message: fmt.Sprintf("Scaled %s ReplicaSet %s from %d to %d", direction, name, from, to),
		})
	}
	for _, action := range actions {
		switch a := action.(type) {
		case CreateReplicaSet:
			if a.Replicas > 0 {
				tell("up", a.Name, 0, a.Replicas)
			}
		case ScaleReplicaSet:
			if a.To > a.From {
				tell("up", a.Name, a.From, a.To)
			} else {
				tell("down", a.Name, a.From, a.To)
			}
		case AnnotateReplicaSet, CreateService, DeleteService, StartRun, StopRun:
		}
	}
	return events
}
