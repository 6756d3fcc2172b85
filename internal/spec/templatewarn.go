package spec

import (
	"fmt"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Warning is something that is accepted and probably not meant.
type Warning struct {
	// Path is where it stands, in the Rollout or in the template that Template names.
	Path *field.Path
	// Template is "" when Path is one of the Rollout.
	Template TemplateKey
	Text     string
}

// String is, for example, "AnalysisTemplate 'x': spec.metrics[0].count: ...".
func (w Warning) String() string {
	if w.Template.Name == "" {
		return w.Path.String() + ": " + w.Text
	}
	return w.Template.String() + ": " + w.Path.String() + ": " + w.Text
}

// ConditionCheck returns what is doubtful about a condition. The core's expr.Lint is one.
type ConditionCheck func(condition string) []string

// WarnTemplates looks for what CheckTemplates accepts and what will make runs err or
// be judged in ways that nobody meant. Templates with errors are passed over.
func WarnTemplates(ro *v1alpha1.Rollout, t Templates, check ConditionCheck) []Warning {
	var warnings []Warning
	for _, use := range TemplateUses(ro) {
		keys, err := t.collect(use.Analysis.Templates)
		if err != nil {
			continue
		}
		args, guesses := foreseen(ro, use.Analysis.Args)
		warnings = append(warnings, warnArgs(t, keys, use)...)
		run, err := NewRun(t, RunRequest{
			Templates: use.Analysis.Templates, Args: args, DryRun: use.Analysis.DryRun, MeasurementRetention: use.Analysis.MeasurementRetention,
		})
		if err != nil {
			continue
		}
		guesses.fix(run.Args)
		warnings = append(warnings, warnRules(run, use.Path)...)
		for _, key := range keys {
			warnings = append(warnings, guesses.warnTemplate(key, *t[key], check)...)
		}
	}
	return warnings
}

// LintTemplate checks one template for itself, before any Rollout uses it. Arguments
// without a value are not known.
func LintTemplate(key TemplateKey, template v1alpha1.AnalysisTemplateSpec, check ConditionCheck) ([]string, []Warning) {
	g := guesses{values: map[string]string{}, open: map[string]bool{}}
	g.fix(template.Args)
	return g.checkTemplate(key, template.Metrics, true), g.warnTemplate(key, template, check)
}

// Emptied are the arguments whose defaults a request replaces by nothing: a Rollout
// that names an argument passes it, even without a value.
func Emptied(t Templates, r RunRequest) []string {
	keys, err := t.collect(r.Templates)
	if err != nil {
		return nil
	}
	var names []string
	for _, key := range keys {
		for _, declared := range t[key].Args {
			at := indexOfArg(r.Args, declared.Name)
			if at < 0 || declared.Value == nil || *declared.Value == "" {
				continue
			}
			if given := r.Args[at]; given.Value != nil && *given.Value == "" && !slices.Contains(names, declared.Name) {
				names = append(names, declared.Name)
			}
		}
	}
	return names
}

func warnArgs(t Templates, keys []TemplateKey, use TemplateUse) []Warning {
	var warnings []Warning
	for i, arg := range use.Analysis.Args {
		path := use.Path.Child("args").Index(i)
		declared := false
		for _, key := range keys {
			at := indexOfArg(t[key].Args, arg.Name)
			declared = declared || at >= 0
			if at >= 0 && arg.Value == "" && arg.ValueFrom == nil && t[key].Args[at].Value != nil {
				text := fmt.Sprintf("argument '%s' has no value, which replaces the default '%s' of %s", arg.Name, *t[key].Args[at].Value, key)
				warnings = append(warnings, Warning{Path: path, Text: text})
			}
		}
		if !declared {
			text := fmt.Sprintf("argument '%s' is not used: no template declares it", arg.Name)
			warnings = append(warnings, Warning{Path: path, Text: text})
		}
	}
	return warnings
}

// warnRules finds rules that end the run before it begins.
func warnRules(run v1alpha1.AnalysisRunSpec, path *field.Path) []Warning {
	metrics := make([]Metric, 0, len(run.Metrics))
	for _, m := range run.Metrics {
		metrics = append(metrics, Metric{Name: m.Name})
	}
	var warnings []Warning
	warn := func(list string, i int, rule string) {
		if forMatching(metrics, rule, func(*Metric) {}) {
			return
		}
		text := fmt.Sprintf("the run will end with an error: %v", noMatch(list, i))
		warnings = append(warnings, Warning{Path: path.Child(list).Index(i), Text: text})
	}
	for i, rule := range run.DryRun {
		warn("dryRun", i, rule.MetricName)
	}
	for i, rule := range run.MeasurementRetention {
		warn("measurementRetention", i, rule.MetricName)
	}
	return warnings
}

func (g guesses) warnTemplate(key TemplateKey, template v1alpha1.AnalysisTemplateSpec, check ConditionCheck) []Warning {
	var warnings []Warning
	for i, arg := range template.Args {
		if arg.ValueFrom != nil && arg.ValueFrom.FieldRef != nil && arg.Value == nil && g.open[arg.Name] {
			text := fmt.Sprintf("the run will end with an error: argument %q was not supplied, a template cannot look at fields", arg.Name)
			warnings = append(warnings, Warning{Template: key, Path: field.NewPath("spec", "args").Index(i), Text: text})
		}
	}
	for i, m := range template.Metrics {
		path := field.NewPath("spec", "metrics").Index(i)
		for _, w := range append(g.warnNumbers(m, path), g.warnConditions(m, path, check)...) {
			w.Template = key
			warnings = append(warnings, w)
		}
	}
	return warnings
}

// warnNumbers finds text that is taken for zero.
func (g guesses) warnNumbers(m v1alpha1.Metric, path *field.Path) []Warning {
	var warnings []Warning
	fields := []struct {
		name  string
		value *intstr.IntOrString
	}{
		{"count", m.Count}, {"failureLimit", m.FailureLimit}, {"inconclusiveLimit", m.InconclusiveLimit},
		{"consecutiveErrorLimit", m.ConsecutiveErrorLimit}, {"consecutiveSuccessLimit", m.ConsecutiveSuccessLimit},
	}
	for _, f := range fields {
		if f.value == nil || f.value.Type == intstr.Int {
			continue
		}
		text, known := g.known(f.value.StrVal)
		if _, err := strconv.Atoi(text); known && err != nil {
			warnings = append(warnings, Warning{Path: path.Child(f.name), Text: fmt.Sprintf("%q is no whole number and counts as 0", text)})
		}
	}
	return warnings
}

func (g guesses) warnConditions(m v1alpha1.Metric, path *field.Path, check ConditionCheck) []Warning {
	var warnings []Warning
	for _, f := range []struct{ name, condition string }{
		{"successCondition", m.SuccessCondition}, {"failureCondition", m.FailureCondition},
	} {
		condition, known := g.known(f.condition)
		if !known || condition == "" {
			continue
		}
		for _, text := range check(condition) {
			warnings = append(warnings, Warning{Path: path.Child(f.name), Text: text})
		}
	}
	return warnings
}

// known fills in a text; it is not known when it depends on a value that is not.
func (g guesses) known(text string) (filled string, known bool) {
	known = true
	filled, err := fillTags(text, g.value(func() { known = false }))
	return filled, known && err == nil
}
