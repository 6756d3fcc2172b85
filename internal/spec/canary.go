package spec

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

func parseCanary(obj *v1alpha1.Rollout, path *field.Path) (Strategy, field.ErrorList) {
	c := obj.Spec.Strategy.Canary
	errs := checkCanary(c, path)
	steps, stepErrs := parseSteps(c, path.Child("steps"))
	errs = append(errs, stepErrs...)
	errs = append(errs, checkAntiAffinity(c.AntiAffinity, path)...)
	errs = append(errs, checkRouters(c.TrafficRouting, path.Child("canary", "trafficRouting"))...)
	errs = append(errs, checkCanaryArgs(c, path.Child("canary"))...)
	if len(errs) > 0 {
		return nil, errs
	}
	canary := canaryScaling(c, replicas(obj.Spec))
	canary.CanaryService, canary.StableService = c.CanaryService, c.StableService
	canary.PingPong = parsePingPong(c.PingPong)
	canary.Steps = steps
	hash, err := StepsHash(c.Steps)
	if err != nil {
		return nil, field.ErrorList{field.InternalError(path.Child("steps"), err)}
	}
	canary.StepsHash = hash
	canary.Routing = parseRouting(c.TrafficRouting)
	canary.CanaryMetadata = parseMetadata(c.CanaryMetadata)
	canary.StableMetadata = parseMetadata(c.StableMetadata)
	canary.AntiAffinity = parseAntiAffinity(c.AntiAffinity)
	canary.Background = parseBackground(c.Analysis)
	return canary, nil
}

// canaryScaling reads what has to do with numbers of pods and how long they stay.
func canaryScaling(c *v1alpha1.CanaryStrategy, replicas int32) Canary {
	surge, unavailable := bounds(c.MaxSurge, c.MaxUnavailable, replicas)
	return Canary{
		Surge:              surge,
		Unavailable:        unavailable,
		ScaleDownDelay:     delay(c.ScaleDownDelaySeconds, defaultScaleDownDelay),
		ScaleDownRevisions: notNegativeLimit(c.ScaleDownDelayRevisionLimit),
		AbortDelay:         abortDelay(c.AbortScaleDownDelaySeconds),
		DynamicStableScale: c.DynamicStableScale,
		MinPods:            min(max(0, orInt(c.MinPodsPerReplicaSet, 0)), replicas),
		Threshold:          parseThreshold(c.ReplicaProgressThreshold),
	}
}

// parseThreshold reads the threshold. Any type but Percent counts pods, and a
// negative value means all pods, as if there were no threshold.
func parseThreshold(t *v1alpha1.ReplicaProgressThreshold) *Threshold {
	if t == nil || t.Value < 0 {
		return nil
	}
	return &Threshold{Percent: t.Type == v1alpha1.ProgressThresholdTypePercentage, Value: t.Value}
}

func parsePingPong(p *v1alpha1.PingPongSpec) *PingPong {
	if p == nil {
		return nil
	}
	return &PingPong{PingService: p.PingService, PongService: p.PongService}
}

// checkCanary checks everything but the steps and the routers' own blocks.
func checkCanary(c *v1alpha1.CanaryStrategy, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	surge, unavailable := orDefault(c.MaxSurge), orDefault(c.MaxUnavailable)
	if literal(surge) == 0 && literal(unavailable) == 0 {
		errs = append(errs, field.Invalid(path.Child("maxSurge"), written(surge), "MaxSurge and MaxUnavailable both can not be zero"))
	}
	errs = append(errs, checkCanaryServices(c, path)...)
	errs = append(errs, checkRoutedOnly(c, path)...)
	return append(errs, checkMaxWeight(c.TrafficRouting, path.Child("trafficRouting", "maxTrafficWeight"))...)
}

// checkRoutedOnly refuses settings that need a router, or that exclude each other.
func checkRoutedOnly(c *v1alpha1.CanaryStrategy, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	routed := c.TrafficRouting != nil
	if c.ScaleDownDelaySeconds != nil && !routed {
		errs = append(errs, field.Invalid(path.Child("scaleDownDelaySeconds"), *c.ScaleDownDelaySeconds,
			"Canary scaleDownDelaySeconds can only be used with traffic routing"))
	}
	if c.DynamicStableScale && !routed {
		errs = append(errs, field.Invalid(path.Child("dynamicStableScale"), true,
			"Canary dynamicStableScale can only be used with traffic routing"))
	}
	if c.DynamicStableScale && routed && c.ScaleDownDelaySeconds != nil {
		errs = append(errs, field.Invalid(path.Child("dynamicStableScale"), true,
			"Canary dynamicStableScale cannot be used with scaleDownDelaySeconds"))
	}
	return errs
}
