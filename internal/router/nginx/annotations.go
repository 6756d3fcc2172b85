package nginx

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/router/lens"
)

const (
	// classKey is how an Ingress named its class before spec.ingressClassName.
	classKey = "kubernetes.io/ingress.class"
	// writtenKey lists the annotations that we wrote, comma-separated, so that those
	// no longer wanted can be told from those that others put there.
	writtenKey = "rollouts.argoproj.io/managed-nginx-annotations"
)

func prefix(t router.Target) string {
	return cmp.Or(config(t).AnnotationPrefix, v1alpha1.DefaultNginxAnnotationPrefix)
}

func canaryKey(t router.Target) string { return prefix(t) + "/canary" }
func weightKey(t router.Target) string { return prefix(t) + "/canary-weight" }
func totalKey(t router.Target) string  { return prefix(t) + "/canary-weight-total" }

// annotations are all that we write on a canary Ingress; later sources win: the
// class, the two maps of the manifest, the weight.
func annotations(t router.Target, stable map[string]any, s traffic.Split) map[string]string {
	wanted := map[string]string{}
	// Some API servers refuse an Ingress that names its class in both ways.
	class := lens.String(stable, "metadata", "annotations", classKey)
	if class != "" && lens.String(stable, "spec", "ingressClassName") == "" {
		wanted[classKey] = class
	}
	maps.Copy(wanted, chosenByUser(t))
	wanted[canaryKey(t)] = "true"
	wanted[weightKey(t)] = strconv.Itoa(int(s.Canary))
	if totalConfigured(t) || s.Max != traffic.FullWeight {
		wanted[totalKey(t)] = strconv.Itoa(int(s.Max))
	}
	wanted[writtenKey] = strings.Join(slices.Sorted(maps.Keys(wanted)), ",")
	return wanted
}

// chosenByUser are the annotations that the manifest asks for.
func chosenByUser(t router.Target) map[string]string {
	c := config(t)
	chosen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(c.AdditionalIngressAnnotations)) {
		full := key
		if !strings.HasPrefix(key, prefix(t)) {
			full = prefix(t) + "/" + key
		}
		chosen[full] = c.AdditionalIngressAnnotations[key]
	}
	maps.Copy(chosen, c.CanaryIngressAnnotations)
	return chosen
}

// totalConfigured reports whether the manifest says what weights add up to. If it
// does not, the user may still annotate a total; then it is no business of ours.
func totalConfigured(t router.Target) bool {
	return t.Routing.Config.MaxTrafficWeight != nil
}

// setAnnotations puts wanted over the annotations of an object that we may edit.
// What we wrote before and want no longer goes, and so does a stray total, which
// would change the meaning of the weight. Everything else stays.
func setAnnotations(object map[string]any, wanted map[string]string, total string) {
	all := maps.Clone(lens.Map(object, "metadata", "annotations"))
	if all == nil {
		all = map[string]any{}
	}
	for key := range strings.SplitSeq(lens.String(all, writtenKey), ",") {
		delete(all, key)
	}
	delete(all, total)
	for key, value := range wanted {
		all[key] = value
	}
	lens.Set(object, all, "metadata", "annotations")
}
