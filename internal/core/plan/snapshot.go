package plan

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Snapshot is everything a decision may know.
type Snapshot struct {
	Rollout Rollout
	// Spec is the parsed manifest. Meaningless when Invalid is not empty.
	Spec spec.Rollout
	// Invalid is what is wrong with the manifest itself.
	Invalid field.ErrorList
	// References is what is wrong with the objects that the manifest names: missing,
	// owned by another Rollout, not selecting our pods. Spec is good all the same.
	References field.ErrorList
	// ReplicaSets are all that the Rollout owns or could adopt, in any order.
	ReplicaSets []ReplicaSet
	// Services by name: those that Spec names, those that we pointed before (see
	// Service.ManagedBy), found or not.
	Services map[string]Service
	// Traffic has one observation for each of Spec's routers, in their order.
	Traffic []traffic.Observation
	// Pods is filled when Reads asked for pods, and PodsListed says that it was.
	Pods       []Pod
	PodsListed bool
	// Workload is the referenced workload; nil without a reference.
	Workload *Workload
	// Runs and Experiments are all that the Rollout owns, in any order.
	Runs        []Run
	Experiments []Experiment
	// Templates are those that Reads asked for, with those that they refer to.
	Templates spec.Templates
}

// Rollout is the object itself, without its spec.
type Rollout struct {
	Namespace, Name, UID string
	// Version is the resourceVersion that was read; writes of the status carry it.
	Version     string
	Generation  int64
	Created     time.Time
	Labels      map[string]string
	Annotations map[string]string
	// Status as it was read, never edited.
	Status v1alpha1.RolloutStatus
	// Object is the whole of it, never edited: arguments of analyses may name any field.
	// Nothing else is read from it.
	Object *v1alpha1.Rollout
}

// ReplicaSet is what matters about one ReplicaSet.
type ReplicaSet struct {
	Name, UID, Version string
	Created            time.Time
	// Owned: the Rollout is its controller. Otherwise it is an orphan that matches
	// the selector and could be adopted.
	Owned bool
	// Matches: the Rollout's selector still selects its pods.
	Matches bool
	// Hash is the pod-template-hash label, never "".
	Hash string
	// Revision is 0 when the annotation is missing or malformed.
	Revision    int64
	Labels      map[string]string
	Annotations map[string]string
	// Template as it stands in the object, injections and defaults included.
	Template corev1.PodTemplateSpec
	MinReady time.Duration

	// Want is spec.replicas. Pods, Ready, Available are counts from the status.
	Want, Pods, Ready, Available int32
	// Observed: the counts belong to the current Want.
	Observed bool
	// SizedFor is the spec.replicas of the Rollout that it was last sized for; -1
	// when it does not say.
	SizedFor int32
	// Deadline is when its scale-down delay ends; zero: no delay runs.
	Deadline time.Time
	// Failure is its ReplicaFailure condition; nil when it has none.
	Failure *Failure
	// OfExperiment: it belongs to an experiment.
	OfExperiment bool
}

// Failure is why a ReplicaSet cannot make pods.
type Failure struct{ Reason, Message string }

// Service is what matters about one Service.
type Service struct {
	Name, Version string
	Found         bool
	// Hash is the revision its selector pins, "" when it selects any.
	Hash string
	// Selector without the hash.
	Selector map[string]string
	// ManagedBy is the Rollout that it is annotated with; "" when none.
	ManagedBy string
}

// Pod is what matters about one pod.
type Pod struct {
	Name, UID, Version string
	// ReplicaSet is the owner's name.
	ReplicaSet  string
	Created     time.Time
	Labels      map[string]string
	Annotations map[string]string
	// Available: ready for the ReplicaSet's minReadySeconds. Terminating pods are
	// never available.
	Available, Terminating bool
}

// Workload is the Deployment, ReplicaSet or PodTemplate that owns the template.
type Workload struct {
	APIVersion, Kind, Name, Version string
	Generation                      int64
	// Want is its spec.replicas; 0 for a PodTemplate.
	Want int32
}

// Run is what matters about one AnalysisRun.
type Run struct {
	Name, UID, Version string
	Created            time.Time
	Labels             map[string]string
	Spec               v1alpha1.AnalysisRunSpec
	Phase              v1alpha1.AnalysisPhase
	Message            string
}

// Experiment is what matters about one Experiment.
type Experiment struct {
	Name, UID, Version string
	Created            time.Time
	Labels             map[string]string
	Spec               v1alpha1.ExperimentSpec
	Phase              v1alpha1.AnalysisPhase
	Message            string
	// Templates say which Service and which hash each template has.
	Templates []v1alpha1.TemplateStatus
}
