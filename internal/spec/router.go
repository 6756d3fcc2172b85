package spec

import (
	"errors"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// checkRouters checks what each router's block says about the objects to edit.
func checkRouters(r *v1alpha1.RolloutTrafficRouting, path *field.Path) field.ErrorList {
	if r == nil {
		return nil
	}
	var errs field.ErrorList
	if r.Istio != nil {
		errs = append(errs, checkIstio(r.Istio, path.Child("istio"))...)
	}
	if r.Nginx != nil {
		errs = append(errs, checkOneOf(r.Nginx.StableIngress, r.Nginx.StableIngresses, "Either StableIngress or StableIngresses must be configured.", path.Child("nginx"))...)
	}
	if r.ALB != nil {
		errs = append(errs, checkOneOf(r.ALB.Ingress, r.ALB.Ingresses, "Either Ingress or Ingresses must be configured.", path.Child("alb"))...)
	}
	if r.Ambassador != nil && len(r.Ambassador.Mappings) == 0 {
		errs = append(errs, field.Invalid(path.Child("ambassador", "mappings"), r.Ambassador.Mappings, "must provide at least one mapping"))
	}
	if r.AppMesh != nil && r.AppMesh.VirtualService == nil {
		errs = append(errs, field.Invalid(path.Child("appMesh", "virtualService"), nil, "must provide virtual-service"))
	}
	if r.GatewayAPI != nil {
		errs = append(errs, checkGatewayAPI(r.GatewayAPI, path.Child("gatewayAPI"))...)
	}
	return errs
}

// checkOneOf wants a name or a list of names, not both and not neither.
func checkOneOf(one string, several []string, text string, path *field.Path) field.ErrorList {
	switch {
	case one != "" && len(several) > 0:
		return field.ErrorList{field.InternalError(path, errors.New(text+" Both are configured."))}
	case one == "" && len(several) == 0:
		return field.ErrorList{field.InternalError(path, errors.New(text+" Neither are configured."))}
	default:
		return nil
	}
}

func checkIstio(i *v1alpha1.IstioTrafficRouting, path *field.Path) field.ErrorList {
	if (i.VirtualService == nil) == (len(i.VirtualServices) == 0) {
		return field.ErrorList{field.InternalError(path, errors.New("either VirtualService or VirtualServices must be configured"))}
	}
	return nil
}

func checkGatewayAPI(g *v1alpha1.GatewayAPITrafficRouting, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	named := g.HTTPRoute != "" || g.GRPCRoute != "" || g.TCPRoute != "" || g.TLSRoute != ""
	if !named && len(g.HTTPRoutes)+len(g.GRPCRoutes)+len(g.TCPRoutes)+len(g.TLSRoutes)+len(g.Selectors) == 0 {
		errs = append(errs, field.Required(path, "at least one route or selector"))
	}
	known := []v1alpha1.GatewayVerification{v1alpha1.GatewayVerifyNone, v1alpha1.GatewayVerifyAccepted, v1alpha1.GatewayVerifyStrict}
	errs = append(errs, checkKnown(g.Verify, known, path.Child("verify"))...)
	matches := []v1alpha1.GatewayMatchCombination{v1alpha1.GatewayMatchAny, v1alpha1.GatewayMatchAll}
	return append(errs, checkKnown(g.MatchCombination, matches, path.Child("matchCombination"))...)
}
