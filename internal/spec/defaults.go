package spec

import (
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"
)

// Every default of a Rollout. They are those of Argo Rollouts, from its
// specification of the field that is named; none is written back to the object.
const (
	// spec.replicas. Unit: pods.
	defaultReplicas int32 = 1
	// spec.revisionHistoryLimit. Unit: ReplicaSets.
	defaultHistoryLimit int32 = 10
	// spec.progressDeadlineSeconds.
	defaultProgressDeadline = 600 * time.Second
	// spec.analysis.successfulRunHistoryLimit and .unsuccessfulRunHistoryLimit. Unit: runs.
	defaultRunHistoryLimit int32 = 5
	// spec.strategy.*.scaleDownDelaySeconds.
	defaultScaleDownDelay = 30 * time.Second
	// spec.strategy.*.abortScaleDownDelaySeconds.
	defaultAbortDelay = 30 * time.Second
	// spec.strategy.blueGreen.autoPromotionEnabled.
	defaultAutoPromote = true
	// spec.strategy.canary.trafficRouting.maxTrafficWeight. Unit: parts of all traffic.
	defaultMaxWeight int32 = 100
)

// defaultBound is spec.strategy.*.maxSurge and .maxUnavailable.
func defaultBound() intstr.IntOrString { return intstr.FromString("25%") }

// Every default of an AnalysisRun.
const (
	// spec.metrics[].interval, for a metric that has none and errs.
	defaultInterval = 10 * time.Second
	// spec.metrics[].consecutiveErrorLimit. Unit: measurements.
	defaultConsecutiveErrors int32 = 4
	// spec.measurementRetention[].limit. Unit: measurements.
	defaultKeep = 10
)
