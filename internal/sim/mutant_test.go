package sim_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/rollout"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/sim"
	"github.com/serin-rollouts/serin/internal/spec"
)

// mutant is a controller that breaks one law.
type mutant struct {
	law string
	// mutate spoils every plan, failed every outcome of a failed action.
	mutate func(plan.Snapshot, time.Time, *plan.Plan)
	failed func(plan.Snapshot, plan.Action, error, time.Time) plan.Outcome
}

// Every law catches the controller that breaks it.
func TestLawsCatchMutants(t *testing.T) {
	cases := restMutants()
	maps.Copy(cases, trafficMutants())
	maps.Copy(cases, stepMutants())
	maps.Copy(cases, runMutants())
	untested := map[string]bool{}
	for _, law := range sim.Laws() {
		untested[law.Name] = true
	}
	for name, tc := range cases {
		delete(untested, tc.law)
		t.Run(name, func(t *testing.T) {
			spoiled := core()
			if tc.failed != nil {
				spoiled.Failed = tc.failed
			}
			if tc.mutate != nil {
				spoiled.Decide = func(s plan.Snapshot, now time.Time) plan.Plan {
					p := rollout.Decide(s, now)
					p.Actions = slices.Clone(p.Actions)
					tc.mutate(s, now, &p)
					return p
				}
			}
			if !caught(spoiled, tc.law) {
				t.Errorf("the law %q did not notice", tc.law)
			}
		})
	}
	for law := range untested {
		t.Errorf("no mutant breaks the law %q", law)
	}
}

// restMutants break what holds for any controller: rest, quiet, faithful writes.
func restMutants() map[string]mutant {
	return map[string]mutant{
		"one that answers differently when lists are permuted": {
			law: "determinism",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				if len(s.ReplicaSets) > 0 {
					p.Notes = append(p.Notes, plan.Note{Topic: "first", Text: s.ReplicaSets[0].Name})
				}
			},
		},
		"one that writes the time into its status": {
			law: "quiet",
			mutate: func(_ plan.Snapshot, now time.Time, p *plan.Plan) {
				p.Status.Message = now.Format(time.DateTime)
			},
		},
		"one that asks to be woken at once, for nothing": {
			law:    "quiet",
			mutate: func(_ plan.Snapshot, now time.Time, p *plan.Plan) { p.WakeAt = now },
		},
		"one that wakes a second late": {
			law: "exact wake",
			mutate: func(_ plan.Snapshot, _ time.Time, p *plan.Plan) {
				if !p.WakeAt.IsZero() {
					p.WakeAt = p.WakeAt.Add(time.Second)
				}
			},
		},
		"one that tells the same event for ever": {
			law: "no event without change",
			mutate: func(_ plan.Snapshot, _ time.Time, p *plan.Plan) {
				p.Events = append(p.Events, plan.Event{Reason: "StillHere"})
			},
		},
		"one that makes a conflict an event": {
			law: "conflicts stay quiet",
			failed: func(s plan.Snapshot, a plan.Action, err error, now time.Time) plan.Outcome {
				o := rollout.Failed(s, a, err, now)
				o.Events = append(o.Events, plan.Event{Reason: "ReconciliationError", Message: err.Error()})
				return o
			},
		},
		"one that forgets that it was told to abort": {
			law: "commands are kept",
			mutate: func(_ plan.Snapshot, _ time.Time, p *plan.Plan) {
				p.Status.Abort = false
			},
		},
		"one that names a second ReplicaSet for the same template": {
			law: "one ReplicaSet per template",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				if len(s.ReplicaSets) == 1 && len(p.Actions) == 0 {
					rs := s.ReplicaSets[0]
					p.Actions = append(p.Actions, plan.CreateReplicaSet{Name: rs.Name + "-2", Labels: rs.Labels, Template: rs.Template})
				}
			},
		},
		"one that points a Service on every pass": {
			law: "one write per Service",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				for name, service := range s.Services {
					if service.Hash != "" {
						point(s, p, name, service.Hash)
					}
				}
			},
		},
		"one that does not tell which generation it saw": {
			law:    "generation observed",
			mutate: func(_ plan.Snapshot, _ time.Time, p *plan.Plan) { p.Status.ObservedGeneration = "1" },
		},
		"one that forgets for how many replicas it sized": {
			law: "sizes are current",
			mutate: func(_ plan.Snapshot, _ time.Time, p *plan.Plan) {
				p.Actions = slices.DeleteFunc(p.Actions, func(a plan.Action) bool {
					_, is := a.(plan.AnnotateReplicaSet)
					return is
				})
				for i, a := range p.Actions {
					if scale, is := a.(plan.ScaleReplicaSet); is {
						scale.Annotate = nil
						p.Actions[i] = scale
					}
				}
			},
		},
	}
}

// trafficMutants break the bounds of pods and traffic.
func trafficMutants() map[string]mutant {
	return map[string]mutant{
		"one whose recorded weights are one short": {
			law: "weights add up",
			mutate: func(_ plan.Snapshot, _ time.Time, p *plan.Plan) {
				if p.Status.Canary.Weights != nil {
					weights := *p.Status.Canary.Weights
					weights.Stable.Weight--
					p.Status.Canary.Weights = &weights
				}
			},
		},
		"one that gives the canary traffic from the beginning": {
			law: "no traffic without pods",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				if updating(p) {
					point(s, p, "canary", p.Status.CurrentPodHash)
				}
				for _, o := range s.Traffic {
					if updating(p) {
						set(p, o.Router, traffic.NewSplit(10, o.Split.Max))
					}
				}
			},
		},
		"one that drops stable as soon as a canary is there": {
			law: "no pods removed under traffic",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				if updating(p) && s.Traffic != nil {
					scaleTo(s, p, p.Status.StableRS, 0)
				}
			},
		},
		"one that restarts every pod it sees": {
			law: "requests are served",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				for _, pod := range s.Pods {
					p.Actions = append(p.Actions, plan.RestartPod{Name: pod.Name, UID: pod.UID})
				}
			},
		},
		"one that halves stable before the canary is there": {
			law: "availability",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				if updating(p) && s.Traffic == nil {
					scaleTo(s, p, p.Status.StableRS, s.Spec.Replicas/2)
				}
			},
		},
		"one that starts twice the pods": {
			law: "surge",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				if updating(p) {
					scaleTo(s, p, p.Status.CurrentPodHash, 2*s.Spec.Replicas+10)
				}
			},
		},
		"one that scales everything away": {
			law: "last pods",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				for _, rs := range s.ReplicaSets {
					scaleTo(s, p, rs.Hash, 0)
				}
			},
		},
		"one that knows no scale-down delay": {
			law: "delay lasts",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				for _, rs := range s.ReplicaSets {
					if !rs.Deadline.IsZero() {
						scaleTo(s, p, rs.Hash, 0)
					}
				}
			},
		},
	}
}

// stepMutants break the course of an update.
func stepMutants() map[string]mutant {
	return map[string]mutant{
		"one that leaves out a step": {
			law: "step order",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				if before := s.Rollout.Status.CurrentStepIndex; stepped(s, p) {
					next := *before + 2
					p.Status.CurrentStepIndex = &next
				}
			},
		},
		"one that calls a weight done before it is set": {
			law: "steps are done",
			mutate: func(_ plan.Snapshot, _ time.Time, p *plan.Plan) {
				p.Actions = slices.DeleteFunc(p.Actions, func(a plan.Action) bool {
					_, is := a.(plan.SetTraffic)
					return is
				})
			},
		},
		"one that dates pauses a second back": {
			law: "pauses last",
			mutate: func(s plan.Snapshot, now time.Time, p *plan.Plan) {
				if len(s.Rollout.Status.PauseConditions) == 0 && len(p.Status.PauseConditions) > 0 {
					p.Status.PauseConditions = []v1alpha1.PauseCondition{{
						Reason: p.Status.PauseConditions[0].Reason, StartTime: metav1.Time{Time: now.Add(-time.Second)},
					}}
				}
			},
		},
		"one that promotes without being asked": {
			law: "cutover waits",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				if updating(p) {
					point(s, p, "active", p.Status.CurrentPodHash)
				}
			},
		},
		"one that calls any revision stable": {
			law: "stable changes by promotion",
			mutate: func(_ plan.Snapshot, _ time.Time, p *plan.Plan) {
				p.Status.StableRS = p.Status.CurrentPodHash
			},
		},
		"one that keeps the canary's weight after an abort": {
			law: "abort returns",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				if s.Rollout.Status.Abort {
					p.Actions = slices.DeleteFunc(p.Actions, func(a plan.Action) bool {
						_, is := a.(plan.SetTraffic)
						return is
					})
				}
			},
		},
		"one that never promotes": {
			law: "converge",
			mutate: func(s plan.Snapshot, _ time.Time, p *plan.Plan) {
				if s.Rollout.Status.StableRS != "" {
					p.Status.StableRS = s.Rollout.Status.StableRS
				}
			},
		},
	}
}

// caught plays histories of a mutant, with one law, until that law is broken.
func caught(spoiled sim.Core, law string) bool {
	for seed := range uint64(400) {
		h := sim.Generate(seed, spoiled)
		h.Config.Laws = slices.DeleteFunc(h.Config.Laws, func(l sim.Law) bool { return l.Name != law })
		if r := sim.Play(h); r.Broken != nil && r.Broken.Law == law {
			return true
		}
	}
	return false
}

// updating: the desired revision is not the stable one.
func updating(p *plan.Plan) bool {
	return p.Status.StableRS != "" && p.Status.StableRS != p.Status.CurrentPodHash
}

// stepped: the plan moves the cursor by one, with more than one step to go.
func stepped(s plan.Snapshot, p *plan.Plan) bool {
	before, after := s.Rollout.Status.CurrentStepIndex, p.Status.CurrentStepIndex
	c, ok := s.Spec.Strategy.(spec.Canary)
	return ok && before != nil && after != nil && *after == *before+1 && int(*before)+2 < len(c.Steps)
}

func scaleTo(s plan.Snapshot, p *plan.Plan, hash string, to int32) {
	for _, rs := range s.ReplicaSets {
		if rs.Hash == hash && rs.Want != to {
			p.Actions = append([]plan.Action{plan.ScaleReplicaSet{Name: rs.Name, Version: rs.Version, From: rs.Want, To: to}}, p.Actions...)
		}
	}
}

func point(s plan.Snapshot, p *plan.Plan, service, hash string) {
	if found, ok := s.Services[service]; ok && found.Found {
		p.Actions = append([]plan.Action{plan.PointService{Name: service, Version: found.Version, From: found.Hash, Hash: hash}}, p.Actions...)
	}
}

func set(p *plan.Plan, router string, split traffic.Split) {
	p.Actions = append(p.Actions, plan.SetTraffic{Router: router, Split: split})
}
