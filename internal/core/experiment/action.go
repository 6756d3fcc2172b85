package experiment

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// Action is one write. The set is closed. Versions are the resourceVersions decided
// on; a write on anything newer is a conflict, and means a new look.
type Action interface {
	isAction()
	// String says what the action does, for logs, notes and golden traces.
	String() string
}

// CreateReplicaSet makes a template's ReplicaSet, owned by the Experiment. A repeat
// finds the first one.
type CreateReplicaSet plan.CreateReplicaSet

// ScaleReplicaSet sets spec.replicas and, in the same write, annotations.
type ScaleReplicaSet plan.ScaleReplicaSet

// AnnotateReplicaSet changes what is not the size.
type AnnotateReplicaSet plan.AnnotateReplicaSet

// CreateService puts a Service in front of a template's pods, owned by the
// Experiment. A repeat finds the first one.
type CreateService struct {
	Name string
	// Template is whose pods it selects, for whoever reads about it.
	Template string
	Selector map[string]string
	Ports    []corev1.ServicePort
}

// DeleteService removes a Service of the Experiment's.
type DeleteService struct{ Name, UID, Version string }

// StartRun makes an AnalysisRun, owned by the Experiment. A repeat finds the first one
// by Attempt.
type StartRun struct {
	Name, Analysis, Attempt string
	Labels, Annotations     map[string]string
	Spec                    v1alpha1.AnalysisRunSpec
}

// StopRun asks an AnalysisRun to stop.
type StopRun struct{ Name, Version string }

func (CreateReplicaSet) isAction()   {}
func (ScaleReplicaSet) isAction()    {}
func (AnnotateReplicaSet) isAction() {}
func (CreateService) isAction()      {}
func (DeleteService) isAction()      {}
func (StartRun) isAction()           {}
func (StopRun) isAction()            {}

func (a CreateReplicaSet) String() string { return plan.CreateReplicaSet(a).String() }

func (a ScaleReplicaSet) String() string { return plan.ScaleReplicaSet(a).String() }

func (a AnnotateReplicaSet) String() string { return plan.AnnotateReplicaSet(a).String() }

func (a CreateService) String() string {
	return fmt.Sprintf("create Service %s for template %s", a.Name, a.Template)
}

func (a DeleteService) String() string { return "delete Service " + a.Name }

func (a StartRun) String() string { return "start AnalysisRun " + a.Name }

func (a StopRun) String() string { return "stop AnalysisRun " + a.Name }
