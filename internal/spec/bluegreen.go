package spec

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

func parseBlueGreen(obj *v1alpha1.Rollout, path *field.Path) (Strategy, field.ErrorList) {
	b := obj.Spec.Strategy.BlueGreen
	if errs := checkBlueGreen(obj.Spec, path); len(errs) > 0 {
		return nil, errs
	}
	_, unavailable := bounds(nil, b.MaxUnavailable, replicas(obj.Spec))
	return BlueGreen{
		ActiveService:      b.ActiveService,
		PreviewService:     b.PreviewService,
		PreviewReplicas:    b.PreviewReplicaCount,
		AutoPromote:        autoPromote(b.AutoPromotionEnabled),
		PromoteAfter:       fromSeconds(int64(max(0, b.AutoPromotionSeconds))),
		Unavailable:        unavailable,
		ScaleDownDelay:     delay(b.ScaleDownDelaySeconds, defaultScaleDownDelay),
		ScaleDownDelaySet:  b.ScaleDownDelaySeconds != nil,
		ScaleDownRevisions: notNegativeLimit(b.ScaleDownDelayRevisionLimit),
		AbortDelay:         abortDelay(b.AbortScaleDownDelaySeconds),
		PreviewMetadata:    parseMetadata(b.PreviewMetadata),
		ActiveMetadata:     parseMetadata(b.ActiveMetadata),
		AntiAffinity:       parseAntiAffinity(b.AntiAffinity),
		PrePromotion:       parseAnalysis(b.PrePromotionAnalysis),
		PostPromotion:      parseAnalysis(b.PostPromotionAnalysis),
	}, nil
}

func autoPromote(enabled *bool) bool {
	if enabled == nil {
		return defaultAutoPromote
	}
	return *enabled
}

func checkBlueGreen(s v1alpha1.RolloutSpec, path *field.Path) field.ErrorList {
	b := s.Strategy.BlueGreen
	var errs field.ErrorList
	if b.ActiveService == b.PreviewService {
		const same = "This rollout uses the same service for the active and preview services, but two different services are required."
		errs = append(errs, field.Invalid(path.Child("activeService"), b.ActiveService, same))
	}
	limit := b.ScaleDownDelayRevisionLimit
	if limit != nil && *limit > orInt(s.RevisionHistoryLimit, defaultHistoryLimit) {
		const small = "This rollout's revision history limit can not be smaller than the rollout's scale down limit"
		errs = append(errs, field.Invalid(path.Child("scaleDownDelayRevisionLimit"), *limit, small))
	}
	errs = append(errs, checkAntiAffinity(b.AntiAffinity, path)...)
	if b.PreviewReplicaCount != nil {
		errs = append(errs, checkNotNegative(*b.PreviewReplicaCount, path.Child("previewReplicaCount"))...)
	}
	named := path.Child("blueGreen")
	errs = append(errs, checkAnalysis(b.PrePromotionAnalysis, named.Child("prePromotionAnalysis"))...)
	return append(errs, checkAnalysis(b.PostPromotionAnalysis, named.Child("postPromotionAnalysis"))...)
}

// notNegativeLimit copies a limit; a negative one lets nothing wait.
func notNegativeLimit(limit *int32) *int32 {
	if limit == nil {
		return nil
	}
	n := max(0, *limit)
	return &n
}
