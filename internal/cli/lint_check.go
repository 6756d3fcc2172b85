package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/expr"
	"github.com/serin-rollouts/serin/internal/router"
	rules "github.com/serin-rollouts/serin/internal/spec"
)

// linter checks manifests against each other.
type linter struct {
	renderers map[string]router.Renderer
	manifests []manifest
	templates rules.Templates
	// origin is where each template is written.
	origin   map[rules.TemplateKey]manifest
	findings []finding
}

func newLinter(manifests []manifest, renderers map[string]router.Renderer) (*linter, error) {
	l := &linter{renderers: renderers, manifests: manifests, templates: rules.Templates{}, origin: map[rules.TemplateKey]manifest{}}
	for _, m := range manifests {
		key, template, err := templateOf(m)
		if err != nil {
			return nil, err
		}
		if template != nil {
			l.templates[key], l.origin[key] = template, m
		}
	}
	return l, nil
}

// check looks at one document. An error is one that cannot be read.
func (l *linter) check(m manifest) error {
	gvk := m.object.GroupVersionKind()
	if gvk.Group == v1alpha1.SchemeGroupVersion.Group {
		return l.checkOurs(m, gvk.Kind)
	}
	switch gvk.Group + "/" + gvk.Kind {
	case "/Service":
		return m.strictly(&corev1.Service{})
	case "networking.k8s.io/Ingress":
		return m.strictly(&networkingv1.Ingress{})
	default:
		return nil
	}
}

func (l *linter) checkOurs(m manifest, kind string) error {
	switch kind {
	case v1alpha1.RolloutKind:
		var ro v1alpha1.Rollout
		if err := m.strictly(&ro); err != nil {
			return err
		}
		l.checkRollout(m, &ro)
	case v1alpha1.ExperimentKind:
		var e v1alpha1.Experiment
		if err := m.strictly(&e); err != nil {
			return err
		}
		_, problems := rules.ParseExperiment(&e)
		l.problems(m, problems)
	case v1alpha1.AnalysisRunKind:
		var run v1alpha1.AnalysisRun
		if err := m.strictly(&run); err != nil {
			return err
		}
		l.checkRun(m, run.Spec)
	case v1alpha1.AnalysisTemplateKind, v1alpha1.ClusterAnalysisTemplateKind:
		key, template, err := templateOf(m)
		if err != nil {
			return err
		}
		problems, warnings := rules.LintTemplate(key, *template, expr.Lint)
		for _, text := range problems {
			l.problem(m, text)
		}
		l.warnings(m, warnings)
	default:
		l.problem(m, fmt.Sprintf("there is no kind %s in %s", kind, v1alpha1.SchemeGroupVersion.Group))
	}
	return nil
}

func (l *linter) problems(m manifest, problems field.ErrorList) {
	for _, problem := range problems {
		l.problem(m, problem.Error())
	}
}

// warnings tells each where it is written.
func (l *linter) warnings(m manifest, warnings []rules.Warning) {
	for _, w := range warnings {
		about := m
		if origin, found := l.origin[w.Template]; found {
			about = origin
		}
		l.warn(about, w.Path.String()+": "+w.Text)
	}
}

// checkRun checks a run as the controller will when it sees it.
func (l *linter) checkRun(m manifest, s v1alpha1.AnalysisRunSpec) {
	run, err := rules.ParseRun(s)
	if err != nil {
		l.problem(m, err.Error())
		return
	}
	for i, metric := range run.Metrics {
		path := field.NewPath("spec", "metrics").Index(i)
		for _, c := range []struct{ name, condition string }{
			{"successCondition", metric.SuccessCondition}, {"failureCondition", metric.FailureCondition},
		} {
			if c.condition == "" {
				continue
			}
			for _, text := range expr.Lint(c.condition) {
				l.warn(m, path.Child(c.name).String()+": "+text)
			}
		}
	}
}

func (l *linter) checkRollout(m manifest, ro *v1alpha1.Rollout) {
	parsed, problems := rules.ParseRollout(ro)
	l.problems(m, problems)
	for _, problem := range rules.CheckTemplates(ro, l.templates) {
		if !strings.HasSuffix(problem.Detail, " not found") { // it need not be in the files
			l.problem(m, problem.Error())
		}
	}
	l.warnings(m, rules.WarnTemplates(ro, l.templates, expr.Lint))
	if len(problems) > 0 {
		return
	}
	l.checkServices(m, ro, parsed)
	l.checkRoutes(m, ro, parsed)
}

// checkServices compares the Rollout's Services, as far as they are in the files, with
// the labels of its pods.
func (l *linter) checkServices(m manifest, ro *v1alpha1.Rollout, parsed rules.Rollout) {
	if ro.Spec.WorkloadRef != nil {
		return // the labels are elsewhere
	}
	for _, reference := range rules.ServiceReferences(parsed) {
		found := l.find(m, "v1", "Service", reference.Name)
		if found == nil {
			continue
		}
		var service corev1.Service
		if err := found.strictly(&service); err != nil {
			continue // it is told where the Service is looked at
		}
		for _, key := range slices.Sorted(maps.Keys(service.Spec.Selector)) {
			if parsed.Template.Labels[key] != service.Spec.Selector[key] {
				text := fmt.Sprintf("Service %q has unmatch label %q in rollout", reference.Name, key)
				l.problem(m, field.Invalid(reference.Path, reference.Name, text).Error())
			}
		}
	}
}

// checkRoutes has the routers look at the objects that they need, when all of those
// that are not theirs are in the files.
func (l *linter) checkRoutes(m manifest, ro *v1alpha1.Rollout, parsed rules.Rollout) {
	canary, ok := parsed.Strategy.(rules.Canary)
	if !ok || canary.Routing == nil {
		return
	}
	target := router.Target{
		Namespace: ro.Namespace, Rollout: ro.Name, UID: string(ro.UID),
		Canary: canary.CanaryService, Stable: canary.StableService, Routing: *canary.Routing,
	}
	for _, name := range canary.Routing.Routers {
		renderer := l.renderers[name]
		if renderer == nil {
			continue
		}
		if objects, complete := l.objects(m, renderer.Refs(target)); complete {
			if problem := renderer.Read(target, objects).Problem; problem != "" {
				l.problem(m, "spec.strategy.canary.trafficRouting."+name+": "+problem)
			}
		}
	}
}

func (l *linter) objects(m manifest, refs []router.Ref) (objects []router.Object, complete bool) {
	for _, ref := range refs {
		o := router.Object{Ref: ref}
		found := l.find(m, ref.Resource.GroupVersion().String(), ref.Kind, ref.Name)
		if found != nil {
			o.Content = found.object.DeepCopy()
		}
		if found == nil && !ref.Owned {
			return nil, false
		}
		objects = append(objects, o)
	}
	return objects, true
}

// find is the document with an object of the namespace of m; nil when there is none.
func (l *linter) find(m manifest, apiVersion, kind, name string) *manifest {
	for i := range l.manifests {
		o := l.manifests[i].object
		if o.GetAPIVersion() == apiVersion && o.GetKind() == kind && o.GetName() == name && o.GetNamespace() == m.object.GetNamespace() {
			return &l.manifests[i]
		}
	}
	return nil
}
