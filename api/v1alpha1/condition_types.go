package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RolloutPhase is the one-word summary of a Rollout for people.
type RolloutPhase string

// Phases of a Rollout.
const (
	// RolloutPhaseHealthy: the desired version serves, with all its pods.
	RolloutPhaseHealthy RolloutPhase = "Healthy"
	// RolloutPhaseDegraded: the spec is invalid, the update was aborted or timed out.
	RolloutPhaseDegraded RolloutPhase = "Degraded"
	// RolloutPhaseProgressing: an update or a scaling is under way.
	RolloutPhaseProgressing RolloutPhase = "Progressing"
	// RolloutPhasePaused: waiting for a user or for a pause to end.
	RolloutPhasePaused RolloutPhase = "Paused"
)

// RolloutConditionType names a condition of a Rollout.
type RolloutConditionType string

// Condition types of a Rollout.
const (
	// InvalidSpec is present, and true, while the spec cannot be worked on.
	InvalidSpec RolloutConditionType = "InvalidSpec"
	// RolloutAvailable says whether the minimum of available pods is there.
	RolloutAvailable RolloutConditionType = "Available"
	// RolloutProgressing says whether the update gets on.
	RolloutProgressing RolloutConditionType = "Progressing"
	// RolloutReplicaFailure is copied from a ReplicaSet that cannot make pods.
	RolloutReplicaFailure RolloutConditionType = "ReplicaFailure"
	// RolloutPaused says whether the update waits.
	RolloutPaused RolloutConditionType = "Paused"
	// RolloutCompleted says whether the desired version is the stable one.
	RolloutCompleted RolloutConditionType = "Completed"
	// RolloutHealthy says whether the desired version serves with all its pods.
	RolloutHealthy RolloutConditionType = "Healthy"
)

// RolloutCondition is one machine-readable finding about a Rollout.
type RolloutCondition struct {
	// Type is what the finding is about.
	Type RolloutConditionType `json:"type"`
	// Status is True, False or Unknown.
	Status corev1.ConditionStatus `json:"status"`
	// LastUpdateTime is when the condition was last written.
	LastUpdateTime metav1.Time `json:"lastUpdateTime"`
	// LastTransitionTime is when Status last changed.
	LastTransitionTime metav1.Time `json:"lastTransitionTime"`
	// Reason is a CamelCase word for machines.
	Reason string `json:"reason"`
	// Message is a sentence for people.
	Message string `json:"message"`
}

// PauseReason says why the controller waits.
type PauseReason string

// Reasons to wait.
const (
	// PauseReasonInconclusiveAnalysis: an AnalysisRun could not tell good from bad.
	PauseReasonInconclusiveAnalysis PauseReason = "InconclusiveAnalysisRun"
	// PauseReasonInconclusiveExperiment: an Experiment could not tell good from bad.
	PauseReasonInconclusiveExperiment PauseReason = "InconclusiveExperiment"
	// PauseReasonCanaryPauseStep: the current step is a pause.
	PauseReasonCanaryPauseStep PauseReason = "CanaryPauseStep"
	// PauseReasonBlueGreenPause: the cutover waits for a user or a timer.
	PauseReasonBlueGreenPause PauseReason = "BlueGreenPause"
)

// PingPongType is one of the two services of a ping-pong canary.
type PingPongType string

// The two services of a ping-pong canary. The empty string means PPPong.
const (
	PPPing PingPongType = "ping"
	PPPong PingPongType = "pong"
)

// StepPluginPhase is the outcome of a step plugin's operation.
type StepPluginPhase string

// Outcomes of a step plugin's operation.
const (
	StepPluginPhaseRunning    StepPluginPhase = "Running"
	StepPluginPhaseSuccessful StepPluginPhase = "Successful"
	StepPluginPhaseFailed     StepPluginPhase = "Failed"
	StepPluginPhaseError      StepPluginPhase = "Error"
)

// StepPluginOperation is what a step plugin is asked to do.
type StepPluginOperation string

// Operations of a step plugin.
const (
	StepPluginOperationRun       StepPluginOperation = "Run"
	StepPluginOperationTerminate StepPluginOperation = "Terminate"
	StepPluginOperationAbort     StepPluginOperation = "Abort"
)

// RolloutCompletionStatus is how an attempt to reach a version ended.
type RolloutCompletionStatus string

// Ends of an attempt to reach a version.
const (
	RolloutCompletionStatusPromoted       RolloutCompletionStatus = "Promoted"
	RolloutCompletionStatusFastPromoted   RolloutCompletionStatus = "FastPromoted"
	RolloutCompletionStatusRolledBack     RolloutCompletionStatus = "RolledBack"
	RolloutCompletionStatusFastRolledBack RolloutCompletionStatus = "FastRolledBack"
	RolloutCompletionStatusAborted        RolloutCompletionStatus = "Aborted"
	RolloutCompletionStatusSuperseded     RolloutCompletionStatus = "Superseded"
)
