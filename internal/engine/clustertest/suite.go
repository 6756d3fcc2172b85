package clustertest

import (
	"context"
	"errors"
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

// patience is how many ticks the world may take for anything.
const patience = 1500

// Setting is what a world begins with, besides the node that runs pods.
type Setting struct {
	// Rollout is applied as it is, in a namespace of the world's choice.
	Rollout *v1alpha1.Rollout
	// Services by name, with their selectors.
	Services map[string]map[string]string
}

// World is a cluster under test.
type World struct {
	Cluster engine.Cluster[plan.Snapshot, plan.Action, plan.Outcome]
	// Key is the Rollout of the setting.
	Key engine.Key
	// Edit changes the Rollout as a user does, status included.
	Edit func(func(*v1alpha1.Rollout))
	// Delete deletes the Rollout.
	Delete func()
	// Take makes a ReplicaSet of that name that belongs to somebody else.
	Take func(name string)
	// Tick lets the world go on a little.
	Tick func()
}

// Run runs the suite. open makes a fresh world, and cleans it up with the test.
func Run(t *testing.T, open func(*testing.T, Setting) World) {
	t.Helper()
	topics := map[string]func(*testing.T, func(*testing.T, Setting) World){
		"looking":     testObserve,
		"ReplicaSets": testReplicaSets,
		"ownership":   testOwnership,
		"Services":    testServices,
		"status":      testRecord,
		"Rollout":     testAnnotateRollout,
		"pods":        testPods,
		"analyses":    testRuns,
	}
	for name, test := range topics {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

// scene is one test's world with what tests ask of it.
type scene struct {
	World
	t *testing.T
}

func enter(t *testing.T, open func(*testing.T, Setting) World) scene {
	t.Helper()
	return scene{World: open(t, setting()), t: t}
}

// look observes. A conflict means that the world is behind; it must catch up.
func (s scene) look() plan.Snapshot {
	s.t.Helper()
	for range patience {
		snapshot, err := s.Cluster.Observe(context.Background(), s.Key)
		if err == nil {
			return snapshot
		}
		if !errors.Is(err, plan.ErrConflict) {
			s.t.Fatalf("observe: %v", err)
		}
		s.Tick()
	}
	s.t.Fatal("observe: a conflict that does not end")
	return plan.Snapshot{}
}

// await looks until something holds.
func (s scene) await(what string, holds func(plan.Snapshot) bool) plan.Snapshot {
	s.t.Helper()
	for range patience {
		if snapshot := s.look(); holds(snapshot) {
			return snapshot
		}
		s.Tick()
	}
	s.t.Fatalf("never saw: %s", what)
	return plan.Snapshot{}
}

// do executes on what was just looked at.
func (s scene) do(a plan.Action) {
	s.t.Helper()
	if err := s.Cluster.Execute(context.Background(), s.Key, a); err != nil {
		s.t.Fatalf("%v: %v", a, err)
	}
}

// change does what act makes of the only ReplicaSet, again whenever the world touched
// the ReplicaSet in between, and returns what the next look sees.
func (s scene) change(act func(plan.ReplicaSet) plan.Action) plan.ReplicaSet {
	s.t.Helper()
	for range patience {
		a := act(s.set(s.look()))
		err := s.Cluster.Execute(context.Background(), s.Key, a)
		if err == nil {
			return s.set(s.look())
		}
		if !errors.Is(err, plan.ErrConflict) {
			s.t.Fatalf("%v: %v", a, err)
		}
		s.Tick()
	}
	s.t.Fatal("a conflict that does not end")
	return plan.ReplicaSet{}
}

// refused executes and wants that error.
func (s scene) refused(a plan.Action, want error) {
	s.t.Helper()
	if err := s.Cluster.Execute(context.Background(), s.Key, a); !errors.Is(err, want) {
		s.t.Fatalf("%v: error %v, want %v", a, err, want)
	}
}

// record records on what was just looked at.
func (s scene) record(o plan.Outcome) {
	s.t.Helper()
	if err := s.Cluster.Record(context.Background(), s.Key, o); err != nil {
		s.t.Fatalf("record: %v", err)
	}
}

// set returns the only ReplicaSet.
func (s scene) set(snapshot plan.Snapshot) plan.ReplicaSet {
	s.t.Helper()
	if len(snapshot.ReplicaSets) != 1 {
		s.t.Fatalf("%d ReplicaSets, want 1", len(snapshot.ReplicaSets))
	}
	return snapshot.ReplicaSets[0]
}
