package plan

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/traffic"
)

// Action is one write. The set is closed: an executor switches over every type.
// Versions are the resourceVersions decided on; a write on anything newer is a
// conflict, and means a new look.
type Action interface {
	isAction()
	// String says what the action does, for logs, notes and golden traces.
	String() string
}

// CreateReplicaSet makes the desired revision's ReplicaSet, owned by the Rollout.
// The name is deterministic, so that a repeat finds the first one.
type CreateReplicaSet struct {
	Name                string
	Replicas            int32
	MinReady            time.Duration
	Labels, Annotations map[string]string
	// Selector is the Rollout's, narrowed to the revision.
	Selector *metav1.LabelSelector
	Template corev1.PodTemplateSpec
}

// AdoptReplicaSet makes the Rollout the owner of an orphan; Release undoes it.
type AdoptReplicaSet struct {
	Name, Version string
	Release       bool
}

// ScaleReplicaSet sets spec.replicas and, in the same write, annotations.
type ScaleReplicaSet struct {
	Name, Version string
	From, To      int32
	// Annotate sets annotations; an empty value removes the key.
	Annotate map[string]string
}

// AnnotateReplicaSet changes what is not the size. Nil fields are left alone.
type AnnotateReplicaSet struct {
	Name, Version string
	// Annotate sets annotations; an empty value removes the key.
	Annotate map[string]string
	MinReady *time.Duration
	// Template replaces the pod template (injected labels, annotations, affinity).
	Template *corev1.PodTemplateSpec
}

// DeleteReplicaSet removes a superseded, empty ReplicaSet.
type DeleteReplicaSet struct{ Name, UID, Version string }

// PointService pins a Service to a revision. Hash "" takes the pin and our mark off.
type PointService struct {
	Name, Version string
	From, Hash    string
}

// SetTraffic makes one router's data plane serve a split.
type SetTraffic struct {
	Router string
	Split  traffic.Split
}

// LabelPod sets and removes labels and annotations of a live pod.
// An empty value removes the key.
type LabelPod struct {
	Name, Version       string
	Labels, Annotations map[string]string
}

// RestartPod evicts a pod. A refusal by a disruption budget is no error.
type RestartPod struct{ Name, UID string }

// ScaleWorkload sets the referenced Deployment's replicas.
type ScaleWorkload struct {
	Kind, Name, Version string
	From, To            int32
}

// AnnotateRollout sets annotations of the Rollout; an empty value removes the key.
// With Replicas it also writes spec.replicas, so that an autoscaler finds it.
// The write changes the Rollout's version; an executor records the outcome of the
// same decision on the version that this write returned, not on the one read.
type AnnotateRollout struct {
	Version  string
	Annotate map[string]string
	Replicas *int32
}

// StartRun makes an AnalysisRun, owned by the Rollout. The status has its name since
// before, so that a run of that name, ours and with the same spec, is this one.
type StartRun struct {
	Name                string
	Labels, Annotations map[string]string
	Spec                v1alpha1.AnalysisRunSpec
}

// StopRun asks an AnalysisRun to end. One that is gone has ended.
type StopRun struct{ Name, UID, Version string }

// DeleteRun removes a finished AnalysisRun.
type DeleteRun struct{ Name, UID, Version string }

// StartExperiment makes an Experiment, in the way of StartRun.
type StartExperiment struct {
	Name                string
	Labels, Annotations map[string]string
	Spec                v1alpha1.ExperimentSpec
}

// StopExperiment asks an Experiment to end. One that is gone has ended.
type StopExperiment struct{ Name, UID, Version string }

// DeleteExperiment removes a finished Experiment.
type DeleteExperiment struct{ Name, UID, Version string }

func (CreateReplicaSet) isAction()   {}
func (AdoptReplicaSet) isAction()    {}
func (ScaleReplicaSet) isAction()    {}
func (AnnotateReplicaSet) isAction() {}
func (DeleteReplicaSet) isAction()   {}
func (PointService) isAction()       {}
func (SetTraffic) isAction()         {}
func (LabelPod) isAction()           {}
func (RestartPod) isAction()         {}
func (ScaleWorkload) isAction()      {}
func (AnnotateRollout) isAction()    {}
func (StartRun) isAction()           {}
func (StopRun) isAction()            {}
func (DeleteRun) isAction()          {}
func (StartExperiment) isAction()    {}
func (StopExperiment) isAction()     {}
func (DeleteExperiment) isAction()   {}

func (a CreateReplicaSet) String() string {
	return fmt.Sprintf("create ReplicaSet %s with %d pods", a.Name, a.Replicas)
}

func (a AdoptReplicaSet) String() string {
	if a.Release {
		return "release ReplicaSet " + a.Name
	}
	return "adopt ReplicaSet " + a.Name
}

func (a ScaleReplicaSet) String() string {
	return fmt.Sprintf("scale ReplicaSet %s from %d to %d", a.Name, a.From, a.To)
}

func (a AnnotateReplicaSet) String() string { return "annotate ReplicaSet " + a.Name }

func (a DeleteReplicaSet) String() string { return "delete ReplicaSet " + a.Name }

func (a PointService) String() string {
	if a.Hash == "" {
		return fmt.Sprintf("release Service %s from %s", a.Name, a.From)
	}
	return fmt.Sprintf("point Service %s at %s", a.Name, a.Hash)
}

func (a SetTraffic) String() string {
	return fmt.Sprintf("set canary weight to %d of %d (%s)", a.Split.Canary, a.Split.Max, a.Router)
}

func (a LabelPod) String() string { return "label pod " + a.Name }

func (a RestartPod) String() string { return "restart pod " + a.Name }

func (a ScaleWorkload) String() string {
	return fmt.Sprintf("scale %s %s from %d to %d", a.Kind, a.Name, a.From, a.To)
}

func (a AnnotateRollout) String() string {
	if a.Replicas != nil {
		return fmt.Sprintf("default replicas to %d", *a.Replicas)
	}
	return "annotate the Rollout"
}

func (a StartRun) String() string { return "start AnalysisRun " + a.Name }

func (a StopRun) String() string { return "stop AnalysisRun " + a.Name }

func (a DeleteRun) String() string { return "delete AnalysisRun " + a.Name }

func (a StartExperiment) String() string { return "start Experiment " + a.Name }

func (a StopExperiment) String() string { return "stop Experiment " + a.Name }

func (a DeleteExperiment) String() string { return "delete Experiment " + a.Name }
