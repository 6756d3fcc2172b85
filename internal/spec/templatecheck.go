package spec

import (
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// CheckTemplates checks the templates that a Rollout names against those that there
// are: each must exist, they must go together, every argument must have a value,
// metrics must be valid, and only a background analysis may go on for ever. A message
// has the words that users know, and the path of the Rollout that it is about; or
// spec.templates, when it is about a template that refers to a template.
//
// Arguments whose value is not known before the run is made are no error, and neither
// are conditions that do not compile: see WarnTemplates.
func CheckTemplates(ro *v1alpha1.Rollout, t Templates) field.ErrorList {
	var errs field.ErrorList
	for _, use := range TemplateUses(ro) {
		errs = append(errs, checkUse(ro, t, use)...)
	}
	return errs
}

func checkUse(ro *v1alpha1.Rollout, t Templates, use TemplateUse) field.ErrorList {
	path := use.Path.Child("templates")
	if errs := checkExist(t, use.Analysis.Templates, path); len(errs) > 0 {
		return errs
	}
	args, guesses := foreseen(ro, use.Analysis.Args)
	run, err := NewRun(t, RunRequest{Templates: use.Analysis.Templates, Args: args})
	if err != nil {
		return field.ErrorList{field.Invalid(path, namesOf(use.Analysis.Templates), missingArgs(t, use, err))}
	}
	guesses.fix(run.Args)
	var errs field.ErrorList
	keys, _ := t.collect(use.Analysis.Templates) // NewRun would have said that it cannot
	for _, key := range keys {
		for _, text := range guesses.checkTemplate(key, t[key].Metrics, use.Background) {
			errs = append(errs, field.Invalid(path, key.Name, text))
		}
	}
	return errs
}

func checkExist(t Templates, refs []v1alpha1.AnalysisTemplateRef, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, missing := range t.walk(refs).missing {
		at := path
		if missing.Nested {
			at = field.NewPath("spec", "templates")
		}
		errs = append(errs, field.Invalid(at, missing.Key.Name, missing.Error()))
	}
	return errs
}

func namesOf(refs []v1alpha1.AnalysisTemplateRef) string {
	names := make([]string, 0, len(refs))
	for _, ref := range refs {
		names = append(names, ref.TemplateName)
	}
	return fmt.Sprintf("templateNames: %s", names)
}

// missingArgs is the text of a run that cannot be made. It has words of its own for a
// background analysis that hands over nothing at all.
func missingArgs(t Templates, use TemplateUse, err error) string {
	if !use.Background || len(use.Analysis.Args) > 0 {
		return err.Error()
	}
	keys, collectErr := t.collect(use.Analysis.Templates)
	if collectErr != nil {
		return err.Error()
	}
	for _, key := range keys {
		for _, arg := range t[key].Args {
			if arg.Value == nil && arg.ValueFrom == nil && err.Error() == notResolved(arg.Name).Error() {
				return "missing analysis arguments in rollout spec"
			}
		}
	}
	return err.Error()
}

// guesses is what is known of arguments before there is a run.
type guesses struct {
	values map[string]string
	// open are the arguments whose values are not known yet.
	open map[string]bool
}

// foreseen resolves the arguments of a Rollout as far as that is possible now.
func foreseen(ro *v1alpha1.Rollout, args []v1alpha1.AnalysisRunArgument) ([]v1alpha1.Argument, guesses) {
	g := guesses{values: map[string]string{}, open: map[string]bool{}}
	resolved := make([]v1alpha1.Argument, 0, len(args))
	for _, arg := range args {
		value, err := argumentValue(arg, ArgumentSource{Rollout: ro})
		isHash := arg.ValueFrom != nil && arg.ValueFrom.PodTemplateHashValue != nil
		g.open[arg.Name] = isHash || err != nil
		resolved = append(resolved, v1alpha1.Argument{Name: arg.Name, Value: &value})
	}
	return resolved, g
}

// fix takes the values of the run that would be made now. A field that a template
// refers to by itself is not known.
func (g guesses) fix(args []v1alpha1.Argument) {
	for _, arg := range args {
		switch {
		case isSecret(arg):
			g.values[arg.Name] = secretStandIn
		case arg.Value != nil:
			g.values[arg.Name] = *arg.Value
		default:
			g.open[arg.Name] = true
		}
	}
}

// value is what stands for a tag, and calls met for every one that is not known yet.
func (g guesses) value(met func()) func(tag string) (string, error) {
	known := argValues(g.values)
	return func(tag string) (string, error) {
		for name, open := range g.open {
			if open && tag == "args."+name {
				met()
				return "", nil
			}
		}
		return known(tag)
	}
}

// fill fills in a metric's placeholders as far as they are known. judged is false when
// a part of the metric that is checked depends on one that is not.
func (g guesses) fill(m v1alpha1.Metric) (filled v1alpha1.Metric, judged bool, err error) {
	filled = *m.DeepCopy()
	if err := fillIn(reflect.ValueOf(&filled), g.value(func() {})); err != nil {
		return v1alpha1.Metric{}, false, err
	}
	judged = true
	checked := *m.DeepCopy()
	checked.Provider, checked.SuccessCondition, checked.FailureCondition = v1alpha1.MetricProvider{}, "", ""
	err = fillIn(reflect.ValueOf(&checked), g.value(func() { judged = false }))
	return filled, judged, err
}

// checkTemplate returns what is wrong with a template's own metrics.
func (g guesses) checkTemplate(key TemplateKey, metrics []v1alpha1.Metric, background bool) []string {
	var texts []string
	for i, m := range metrics {
		filled, judged, err := g.fill(m)
		if err == nil && judged {
			err = checkMetric(filled)
		}
		if err != nil {
			texts = append(texts, fmt.Sprintf("AnalysisTemplate %s: metrics[%d]: %v", key.Name, i, err))
			continue
		}
		if judged && !background && effectiveCount(filled) == 0 {
			const endless = "AnalysisTemplate %s has metric %s which runs indefinitely. Invalid value for count: %s"
			texts = append(texts, fmt.Sprintf(endless, key.Name, filled.Name, writtenCount(filled)))
		}
	}
	return texts
}

func writtenCount(m v1alpha1.Metric) string {
	if m.Count == nil {
		return "<nil>"
	}
	return m.Count.String()
}
