package spec

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Rollout is what a manifest asks for, in the vocabulary of the core.
type Rollout struct {
	// Replicas is how many pods are wanted. ReplicasUnset says that the manifest
	// did not say and 1 was assumed.
	Replicas      int32
	ReplicasUnset bool
	// Selector finds the pods. It is never nil after parsing.
	Selector *metav1.LabelSelector
	// Template is the wanted pod template. With WorkloadRef it is the referenced
	// workload's, filled in by whoever observed it, before parsing.
	Template corev1.PodTemplateSpec
	// TemplateHash is the identity of Template, the Rollout's collision count included.
	TemplateHash string
	// WorkloadRef names the workload that owns the template; nil: the Rollout does.
	WorkloadRef *WorkloadRef

	// MinReady is how long a pod must be ready to count as available. Zero: at once.
	MinReady time.Duration
	// HistoryLimit is how many superseded, empty ReplicaSets are kept. Default 10.
	HistoryLimit int32
	// ProgressDeadline is how long nothing may happen before the update counts as
	// stuck. Default 10m.
	ProgressDeadline time.Duration
	// AbortOnDeadline aborts an update when ProgressDeadline passes.
	AbortOnDeadline bool
	// Paused is the user's own pause (spec.paused).
	Paused bool
	// RestartAt asks that every pod be younger than this. Zero: no restart asked.
	RestartAt time.Time
	// RollbackWindow is how many revisions back an update may jump without steps.
	// Zero: none.
	RollbackWindow int32
	// SuccessfulRuns and UnsuccessfulRuns are how many finished AnalysisRuns and
	// Experiments of each kind are kept. Default 5 each.
	SuccessfulRuns, UnsuccessfulRuns int32

	// Strategy is a Canary or a BlueGreen.
	Strategy Strategy
}

// WorkloadRef names a Deployment, ReplicaSet or PodTemplate in the same namespace.
type WorkloadRef struct {
	APIVersion, Kind, Name string
	ScaleDown              WorkloadScaleDown
}

// WorkloadScaleDown says when a referenced Deployment is scaled to zero.
type WorkloadScaleDown string

// The modes of WorkloadScaleDown. The empty string parses to Never.
const (
	ScaleDownNever         WorkloadScaleDown = "never"
	ScaleDownOnSuccess     WorkloadScaleDown = "onsuccess"
	ScaleDownProgressively WorkloadScaleDown = "progressively"
)

// Strategy is a closed set: Canary or BlueGreen.
type Strategy interface{ isStrategy() }

func (Canary) isStrategy()    {}
func (BlueGreen) isStrategy() {}

// Canary moves to the desired revision in steps.
type Canary struct {
	// CanaryService and StableService follow the two revisions; "" when unused.
	CanaryService, StableService string
	// PingPong replaces the two by a pair that swaps roles; nil when unused.
	PingPong *PingPong
	// Steps are taken in order; empty: a rolling update.
	Steps []Step
	// StepsHash identifies Steps in status.currentStepHash.
	StepsHash string
	// Routing says how traffic is split; nil: by pod counts ("basic canary").
	Routing *Routing

	// Surge is how many pods above Replicas a basic canary may have.
	// Unavailable is how many of Replicas may be missing. Unit: pods, both already
	// resolved for Replicas (surge rounded up, unavailable down, never both zero,
	// Unavailable at most Replicas). Default 25 % each.
	Surge, Unavailable int32

	// ScaleDownDelay is how long pods stay after traffic left them. Routed only.
	// Zero means at once. Default 30s.
	ScaleDownDelay time.Duration
	// ScaleDownRevisions is how many ReplicaSets may wait in that delay; nil: any number.
	ScaleDownRevisions *int32
	// AbortDelay is the same for the canary of an aborted update. Routed only.
	AbortDelay AbortDelay
	// DynamicStableScale shrinks stable as traffic leaves it. Routed only.
	DynamicStableScale bool
	// MinPods is the least number of pods of a ReplicaSet that has any, at most
	// Replicas. Routed only. Zero: no floor.
	MinPods int32
	// Threshold is when enough pods are available to go on; nil: all.
	Threshold *Threshold

	// CanaryMetadata and StableMetadata are put on pods while they have the role.
	CanaryMetadata, StableMetadata Metadata
	AntiAffinity                   *AntiAffinity
	// Background is the analysis that runs along with the steps; nil: none.
	Background *BackgroundAnalysis
}

// BlueGreen starts the desired revision beside the active one, then switches.
type BlueGreen struct {
	// ActiveService carries production traffic. PreviewService follows the desired
	// revision; "" when unused.
	ActiveService, PreviewService string
	// PreviewReplicas is the size of the preview before promotion; nil: Replicas.
	PreviewReplicas *int32
	// AutoPromote is false when a person must promote. PromoteAfter delays an
	// automatic promotion; zero: at once.
	AutoPromote  bool
	PromoteAfter time.Duration
	// Unavailable is how many pods a restart may take at once. Unit: pods, resolved.
	Unavailable int32
	// ScaleDownDelay, ScaleDownRevisions, AbortDelay: as for Canary.
	// ScaleDownDelaySet says that the manifest named the delay itself.
	ScaleDownDelay     time.Duration
	ScaleDownDelaySet  bool
	ScaleDownRevisions *int32
	AbortDelay         AbortDelay

	PreviewMetadata, ActiveMetadata Metadata
	AntiAffinity                    *AntiAffinity
	PrePromotion, PostPromotion     *Analysis
}

// PingPong is a pair of Services that swap the stable role at every promotion.
type PingPong struct{ PingService, PongService string }

// AbortDelay is how long the pods of an aborted revision stay.
type AbortDelay struct {
	// After is the delay. Default 30s. Meaningless with Keep.
	After time.Duration
	// Keep leaves them up until the next update (the manifest says 0).
	Keep bool
	// Explicit says that the manifest named a delay, which changes how a canary
	// with DynamicStableScale is drained.
	Explicit bool
}

// Threshold is when a ReplicaSet counts as ready for the next step.
type Threshold struct {
	// Percent reads Value as a share of the wanted pods, otherwise as pods.
	Percent bool
	Value   int32
}

// Metadata is put on pods while they have a role and taken off afterwards.
type Metadata struct{ Labels, Annotations map[string]string }

// IsZero reports whether there is nothing to put on.
func (m Metadata) IsZero() bool { return len(m.Labels) == 0 && len(m.Annotations) == 0 }

// AntiAffinity keeps pods of the desired revision off nodes with stable pods.
type AntiAffinity struct {
	// Required forbids sharing a node; otherwise it is avoided with Weight (1-100).
	Required bool
	Weight   int32
}
