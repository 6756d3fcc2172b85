package nginx

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/router"
	"github.com/serin-rollouts/serin/internal/router/lens"
)

// Read implements router.Renderer. When the canary Ingresses disagree, the largest
// canary share is reported, out of sync.
func (Renderer) Read(t router.Target, objects []router.Object) traffic.Observation {
	observed := traffic.Observation{Router: Name, InSync: len(objects) > 0}
	var most traffic.Share
	for _, p := range pairs(objects) {
		if p.canary.Content == nil || !router.Owns(t, p.canary.Content) {
			continue
		}
		split := readSplit(t, p.canary.Content.Object)
		share := traffic.Share{Part: split.Canary, Of: split.Max}
		if !observed.Found || most.Less(share) {
			observed.Found, observed.Split, most = true, split, share
		}
	}
	var problems []string
	for _, p := range pairs(objects) {
		text := problem(t, objects, p)
		if text != "" {
			problems = append(problems, text)
		}
		observed.InSync = observed.InSync && text == "" && inSync(t, p, observed.Split)
	}
	observed.Problem = strings.Join(problems, "; ")
	return observed
}

// readSplit is what a canary Ingress asks ingress-nginx for. What is no number
// counts as ingress-nginx counts it: weight 0 of a total of 100.
func readSplit(t router.Target, canary map[string]any) traffic.Split {
	annotated := lens.Map(canary, "metadata", "annotations")
	total := number(lens.String(annotated, totalKey(t)))
	if _, theirs := chosenByUser(t)[totalKey(t)]; theirs && !totalConfigured(t) {
		total = traffic.FullWeight
	}
	return traffic.NewSplit(number(lens.String(annotated, weightKey(t))), total)
}

// number parses an annotation, and takes what is no number for 0.
func number(text string) int32 {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0
	}
	return int32(n)
}

// inSync reports whether the canary Ingress of a pair without a problem is as we
// would write it for s.
func inSync(t router.Target, p pair, s traffic.Split) bool {
	return p.canary.Content != nil && router.Same(p.canary.Content, renderCanary(t, p, s))
}

// problem says what the user must put right before p can be rendered, "" if nothing.
func problem(t router.Target, all []router.Object, p pair) string {
	stable, canary := p.stable, p.canary
	switch {
	case stable.Content == nil:
		return fmt.Sprintf("ingress %q not found: create it or correct trafficRouting.nginx", stable.Ref.Name)
	case !routes(t, stable.Content.Object):
		return fmt.Sprintf("ingress `%s` has no rules using service %s backend: point a rule at it or correct stableService",
			stable.Ref.Name, t.Stable)
	case canary.Content != nil && !router.Owns(t, canary.Content):
		return fmt.Sprintf("ingress %q exists and is not controlled by Rollout %q: rename or delete it",
			canary.Ref.Name, t.Rollout)
	case shared(all, canary.Ref):
		return fmt.Sprintf("ingress %q would be the canary of several ingresses: their names are too long to tell apart",
			canary.Ref.Name)
	default:
		return ""
	}
}

// routes reports whether any rule of the Ingress sends to the stable Service.
func routes(t router.Target, ingress map[string]any) bool {
	rules := lens.Items(lens.List(ingress, "spec", "rules"))
	return slices.ContainsFunc(rules, func(rule map[string]any) bool { return sendsTo(rule, t.Stable) })
}

// shared reports whether several canary Ingresses have come out with one name.
func shared(all []router.Object, canary router.Ref) bool {
	first := slices.IndexFunc(all, func(o router.Object) bool { return o.Ref == canary })
	return slices.ContainsFunc(all[first+1:], func(o router.Object) bool { return o.Ref == canary })
}
