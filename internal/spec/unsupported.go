package spec

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

const notYet = "is not supported yet"

// Unsupported names everything in a parsed Rollout that this version cannot do,
// so that it is refused instead of left out in silence. Routers are the names of
// the routers that there are, as in Routing.Routers.
//
// To support something, remove its line here.
func Unsupported(r Rollout, routers []string) field.ErrorList {
	path := field.NewPath("spec", "strategy")
	switch s := r.Strategy.(type) {
	case Canary:
		return unsupportedCanary(s, routers, path.Child("canary"))
	case BlueGreen:
		return nil
	}
	return nil
}

func unsupportedCanary(c Canary, routers []string, path *field.Path) field.ErrorList {
	errs := refuse(c.PingPong != nil, path.Child("pingPong"), "ping-pong")
	if c.Routing != nil {
		errs = append(errs, unsupportedRouters(c.Routing.Routers, routers, path.Child("trafficRouting"))...)
	}
	for i, step := range c.Steps {
		errs = append(errs, unsupportedStep(step, path.Child("steps").Index(i))...)
	}
	return errs
}

func unsupportedStep(s Step, path *field.Path) field.ErrorList {
	switch s.(type) {
	case PluginStep:
		return refuse(true, path.Child("plugin"), "a plugin step")
	case SetHeaderRoute:
		return refuse(true, path.Child("setHeaderRoute"), "a header route")
	case SetMirrorRoute:
		return refuse(true, path.Child("setMirrorRoute"), "a mirror route")
	case SetWeight, Pause, SetCanaryScale, AnalysisStep, ExperimentStep:
		return nil
	default:
		return refuse(true, path, "this step")
	}
}

func unsupportedRouters(wanted, supported []string, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, router := range wanted {
		errs = append(errs, refuse(!slices.Contains(supported, router), routerPath(router, path), "this router")...)
	}
	return errs
}

func refuse(used bool, path *field.Path, what string) field.ErrorList {
	if !used {
		return nil
	}
	return field.ErrorList{field.Forbidden(path, what+" "+notYet)}
}
