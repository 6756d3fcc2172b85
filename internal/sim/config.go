package sim

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Core is the decider and the parser under test. All are pure.
type Core struct {
	Parse  func(*v1alpha1.Rollout) (spec.Rollout, field.ErrorList)
	Reads  func(plan.Snapshot, time.Time) plan.Reads
	Decide func(plan.Snapshot, time.Time) plan.Plan
	Failed func(plan.Snapshot, plan.Action, error, time.Time) plan.Outcome
	// References says what is wrong with the observed objects that a manifest
	// names; nil: nothing ever is.
	References func(plan.Snapshot) field.ErrorList
}

// Config is everything a World is made from.
type Config struct {
	// Seed decides everything that is left to chance.
	Seed uint64
	// Rollout is the manifest that the user applies at the beginning.
	Rollout *v1alpha1.Rollout
	// Services exist from the beginning, by name, with their selectors.
	Services map[string]map[string]string
	// Objects are the user's objects that routers read or edit.
	Objects []*unstructured.Unstructured
	// Routers by name render the objects of data planes.
	Routers map[string]router.Renderer
	Core    Core
	// Templates are the analysis templates that there are.
	Templates spec.Templates
	// Measure answers for metric sources; nil: runs come to Verdicts instead.
	Measure func(Ask) Sample
	// Verdict says what becomes of the AnalysisRun or Experiment of a name, with a
	// revision in place of a hash; nil: all are successful after three seconds.
	Verdict func(name string) Verdict
	// Environment is how the cluster behaves.
	Environment Environment
	// Faults are what goes wrong on purpose.
	Faults []Fault
	// Laws are checked at every moment; nil: none.
	Laws []Law
	// Trace keeps the narrated log. It costs time.
	Trace bool
	// Onlooker is told of everything that happens; nil: nobody is.
	Onlooker Onlooker
}

// Onlooker watches a world.
type Onlooker interface {
	// Changed is called after every change.
	Changed(w *World)
	// Event is called for every event, with the kind of object that it is about.
	Event(w *World, kind string, e plan.Event)
}

// Environment is how a cluster behaves around the controller.
type Environment struct {
	// Ready is how long a good pod takes until it is ready.
	Ready Span
	// Terminate is how long a pod takes to go.
	Terminate Span
	// Workload is how far the ReplicaSet controller lags behind.
	Workload Span
	// Watch is how far the controller's caches lag behind.
	Watch Span
	// Call is how long each of the controller's calls takes. Other things go on
	// meanwhile.
	Call Span
	// Queue is how long the controller takes from a wake-up to its pass.
	Queue Span
	// DataPlane is how far routers lag behind their objects.
	DataPlane Span
	// Endpoints is how far Services lag behind their selectors.
	Endpoints Span
	// Analysis is how far the controllers of AnalysisRuns and Experiments lag behind.
	Analysis Span
	// Restart is how long a crashed controller is away.
	Restart Span
	// Verifies: the data plane tells what it serves.
	Verifies bool
	// ForgetsOwnWrites: caches may be older than the controller's own last write.
	ForgetsOwnWrites bool
	// Shuffle: things of the same moment happen in any order.
	Shuffle bool
	// Behaviour of the pods of an image; nil: BehaviourOf.
	Behaviour func(image string) Behaviour
}

// Calm is an environment without chance: pods are ready after a second and
// everything else follows at once.
func Calm() Environment {
	return Environment{
		Ready:     Exactly(time.Second),
		Terminate: Exactly(time.Second),
		Workload:  Exactly(10 * time.Millisecond),
		Analysis:  Exactly(10 * time.Millisecond),
	}
}

// Behaviour is what becomes of a pod.
type Behaviour int

// The behaviours of pods.
const (
	// Good pods get ready and stay so.
	Good Behaviour = iota
	// Slow pods take ten times as long.
	Slow
	// NeverReady pods never get ready.
	NeverReady
	// Crashing pods get ready and fail, a few times, and then for good.
	Crashing
)

// BehaviourOf tells the behaviour from an image's tag: never-*, slow-* and crash-*
// do what they say, every other tag is good.
func BehaviourOf(image string) Behaviour {
	_, tag, _ := strings.Cut(image, ":")
	switch {
	case strings.HasPrefix(tag, "never"), strings.HasPrefix(tag, "does-not-exist"):
		return NeverReady
	case strings.HasPrefix(tag, "slow"):
		return Slow
	case strings.HasPrefix(tag, "crash"):
		return Crashing
	default:
		return Good
	}
}
