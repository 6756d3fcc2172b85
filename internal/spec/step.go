package spec

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

func parseSteps(c *v1alpha1.CanaryStrategy, path *field.Path) ([]Step, field.ErrorList) {
	var errs field.ErrorList
	steps := make([]Step, 0, len(c.Steps))
	canary := int32(0)
	for i, s := range c.Steps {
		step, stepErrs := parseStep(s, c.TrafficRouting, path.Index(i))
		steps = append(steps, step)
		errs = append(errs, stepErrs...)
		if s.SetWeight != nil {
			canary = *s.SetWeight
		}
		if s.Experiment != nil {
			errs = append(errs, checkExperimentSum(s.Experiment.Templates, canary, maxWeight(c.TrafficRouting), path.Index(i).Child("experiment", "templates"))...)
		}
	}
	return steps, errs
}

// parseStep reads the one thing that a step says.
// Argo Rollouts takes some steps that say two things and looks at one of them
// when it asks whether the step is done. That hides mistakes, so they are refused.
func parseStep(s v1alpha1.CanaryStep, routing *v1alpha1.RolloutTrafficRouting, path *field.Path) (Step, field.ErrorList) {
	if said := said(s); len(said) != 1 {
		const one = "Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause"
		return nil, field.ErrorList{field.Invalid(path, strings.Join(said, ", "), one)}
	}
	switch {
	case s.SetWeight != nil:
		return parseSetWeight(*s.SetWeight, maxWeight(routing), path.Child("setWeight"))
	case s.Pause != nil:
		return parsePauseStep(*s.Pause, path.Child("pause", "duration"))
	case s.SetCanaryScale != nil:
		return parseCanaryScale(*s.SetCanaryScale, routing, path)
	case s.SetHeaderRoute != nil:
		return parseHeaderRoute(*s.SetHeaderRoute, routing, path)
	case s.SetMirrorRoute != nil:
		return parseMirrorRoute(*s.SetMirrorRoute, routing, path)
	case s.Analysis != nil:
		return AnalysisStep{Analysis: *parseAnalysis(s.Analysis)}, checkDownward(s, path)
	case s.Experiment != nil:
		errs := checkExperimentWeights(s.Experiment.Templates, routing, path.Child("experiment", "templates"))
		return ExperimentStep{Experiment: *s.Experiment.DeepCopy()}, append(errs, checkDownward(s, path)...)
	default:
		return PluginStep{Name: s.Plugin.Name, Config: s.Plugin.Config}, nil
	}
}

// said is what a step says, by the names of the manifest.
func said(s v1alpha1.CanaryStep) []string {
	kinds := [...]struct {
		name string
		set  bool
	}{
		{"setWeight", s.SetWeight != nil},
		{"pause", s.Pause != nil},
		{"experiment", s.Experiment != nil},
		{"analysis", s.Analysis != nil},
		{"setCanaryScale", s.SetCanaryScale != nil},
		{"setHeaderRoute", s.SetHeaderRoute != nil},
		{"setMirrorRoute", s.SetMirrorRoute != nil},
		{"plugin", s.Plugin != nil},
	}
	names := make([]string, 0, 1)
	for _, k := range kinds {
		if k.set {
			names = append(names, k.name)
		}
	}
	return names
}

func parseSetWeight(weight, most int32, path *field.Path) (Step, field.ErrorList) {
	if weight < 0 || weight > most {
		return nil, field.ErrorList{field.Invalid(path, weight, fmt.Sprintf("SetWeight needs to be between 0 and %d", most))}
	}
	return SetWeight{Weight: weight}, nil
}

func parsePauseStep(p v1alpha1.RolloutPause, path *field.Path) (Step, field.ErrorList) {
	if p.Duration == nil {
		return Pause{Indefinite: true}, nil
	}
	d, err := parsePause(*p.Duration)
	if err != nil || d < 0 {
		return nil, field.ErrorList{field.Invalid(path, written(*p.Duration), "Duration needs to be greater than 0")}
	}
	return Pause{Duration: d, Written: p.Duration.String()}, nil
}

// parseCanaryScale reads a setCanaryScale. A weight above the maximum means the
// maximum; one that says nothing goes back to following the traffic weight.
func parseCanaryScale(s v1alpha1.SetCanaryScale, routing *v1alpha1.RolloutTrafficRouting, path *field.Path) (Step, field.ErrorList) {
	var errs field.ErrorList
	if routing == nil {
		errs = append(errs, field.Required(routingPath(), "SetCanaryScale requires TrafficRouting to be set"))
	}
	at := path.Child("setCanaryScale")
	errs = append(errs, checkNotNegative(orInt(s.Replicas, 0), at.Child("replicas"))...)
	errs = append(errs, checkNotNegative(orInt(s.Weight, 0), at.Child("weight"))...)
	switch {
	case len(errs) > 0:
		return nil, errs
	case s.MatchTrafficWeight:
		return SetCanaryScale{MatchTraffic: true}, nil
	case s.Replicas != nil:
		n := *s.Replicas
		return SetCanaryScale{Replicas: &n}, nil
	case s.Weight != nil:
		n := min(*s.Weight, maxWeight(routing))
		return SetCanaryScale{Weight: &n}, nil
	default:
		return SetCanaryScale{MatchTraffic: true}, nil
	}
}

// checkExperimentWeights wants a router that can send traffic to more than two places.
func checkExperimentWeights(templates []v1alpha1.RolloutExperimentTemplate, routing *v1alpha1.RolloutTrafficRouting, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, t := range templates {
		if t.Weight == nil {
			continue
		}
		at := path.Index(i).Child("weight")
		switch {
		case routing == nil:
			errs = append(errs, field.Invalid(at, *t.Weight, "Experiment template weight cannot be set unless TrafficRouting is enabled"))
		case routing.SMI == nil && routing.ALB == nil && routing.Istio == nil && routing.Plugins == nil:
			errs = append(errs, field.Invalid(at, *t.Weight, "Experiment template weight is only available for TrafficRouting with SMI, ALB, Istio and Plugins at this time"))
		}
	}
	return errs
}

// checkExperimentSum wants the templates and the canary to leave nothing below zero for
// stable. Argo Rollouts does not ask, and gives stable a negative weight.
func checkExperimentSum(templates []v1alpha1.RolloutExperimentTemplate, canary, most int32, path *field.Path) field.ErrorList {
	sum := int64(canary)
	var errs field.ErrorList
	for i, t := range templates {
		weight := orInt(t.Weight, 0)
		errs = append(errs, checkNotNegative(weight, path.Index(i).Child("weight"))...)
		sum += int64(weight)
	}
	if len(errs) == 0 && sum > int64(most) {
		errs = append(errs, field.Invalid(path, sum, fmt.Sprintf("the weights of the canary and of the experiment's templates add up to more than %d", most)))
	}
	return errs
}
