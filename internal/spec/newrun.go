package spec

import (
	"errors"
	"fmt"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// RunRequest is what whoever makes an AnalysisRun says about it.
type RunRequest struct {
	Templates            []v1alpha1.AnalysisTemplateRef
	Args                 []v1alpha1.Argument
	DryRun               []v1alpha1.DryRun
	MeasurementRetention []v1alpha1.MeasurementRetention
}

// NewRun is the spec of the AnalysisRun that a request asks for: templates taken
// together with those that they refer to, arguments merged. Placeholders stay as they
// are. It shares nothing with its arguments.
//
// Errors name what the user must change: a NotFoundError for each template that does
// not exist, templates that refer to each other, metrics, rules or arguments that
// clash, and arguments without a value.
func NewRun(t Templates, r RunRequest) (v1alpha1.AnalysisRunSpec, error) {
	keys, err := t.collect(r.Templates)
	if err != nil {
		return v1alpha1.AnalysisRunSpec{}, err
	}
	var run v1alpha1.AnalysisRunSpec
	run.DryRun = append(run.DryRun, r.DryRun...)
	run.MeasurementRetention = append(run.MeasurementRetention, r.MeasurementRetention...)
	var declared []v1alpha1.Argument
	for _, key := range keys {
		template := t[key].DeepCopy()
		run.Metrics = append(run.Metrics, template.Metrics...)
		run.DryRun = append(run.DryRun, template.DryRun...)
		run.MeasurementRetention = append(run.MeasurementRetention, template.MeasurementRetention...)
		if declared, err = joinArgs(declared, template.Args); err != nil {
			return v1alpha1.AnalysisRunSpec{}, err
		}
	}
	if err := checkUnique(run); err != nil {
		return v1alpha1.AnalysisRunSpec{}, err
	}
	run.Args, err = mergeArgs(declared, r.Args)
	return run, err
}

// checkUnique refuses two metrics, or two rules, with one name.
func checkUnique(run v1alpha1.AnalysisRunSpec) error {
	if len(run.Metrics) == 0 {
		return errNoMetrics
	}
	if name, twice := repeated(run.Metrics, func(m v1alpha1.Metric) string { return m.Name }); twice {
		return fmt.Errorf("two metrics have the same name '%s'", name)
	}
	if name, twice := repeated(run.DryRun, func(d v1alpha1.DryRun) string { return d.MetricName }); twice {
		return fmt.Errorf("two Dry-Run metric rules have the same name '%s'", name)
	}
	if name, twice := repeated(run.MeasurementRetention, func(r v1alpha1.MeasurementRetention) string { return r.MetricName }); twice {
		return fmt.Errorf("two Measurement Retention metric rules have the same name '%s'", name)
	}
	return nil
}

var errNoMetrics = errors.New("no metrics specified")

// repeated returns the first name that was there before.
func repeated[T any](items []T, name func(T) string) (string, bool) {
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		if seen[name(item)] {
			return name(item), true
		}
		seen[name(item)] = true
	}
	return "", false
}

// joinArgs adds the arguments that one more template declares. An earlier entry
// without a value takes the later one's.
func joinArgs(args, more []v1alpha1.Argument) ([]v1alpha1.Argument, error) {
	joined := append([]v1alpha1.Argument(nil), args...)
	for _, arg := range more {
		at := indexOfArg(joined, arg.Name)
		if at < 0 {
			joined = append(joined, arg)
			continue
		}
		earlier := joined[at]
		switch {
		case earlier.Value == nil && earlier.ValueFrom == nil:
			joined[at] = arg
		case earlier.Value != nil && arg.Value != nil && *earlier.Value != *arg.Value:
			const text = "Argument `%s` specified multiple times with different values: '%s', '%s'"
			return nil, fmt.Errorf(text, arg.Name, *earlier.Value, *arg.Value) //nolint:staticcheck // the text that users know
		}
	}
	return joined, nil
}

// mergeArgs gives declared arguments the values that the caller has for them. What
// the caller says about others is dropped.
//
// A caller's value takes the place of a declared source: Argo Rollouts keeps both and
// then lets a Secret win, so that the override has no effect. An empty value leaves the
// Secret in place, since a Rollout passes one for every argument that it only names.
func mergeArgs(declared, given []v1alpha1.Argument) ([]v1alpha1.Argument, error) {
	merged := make([]v1alpha1.Argument, 0, len(declared))
	for _, arg := range declared {
		if at := indexOfArg(given, arg.Name); at >= 0 {
			arg = override(arg, *given[at].DeepCopy())
		}
		if arg.Value == nil && arg.ValueFrom == nil {
			return nil, notResolved(arg.Name)
		}
		merged = append(merged, arg)
	}
	return merged, nil
}

func notResolved(name string) error { return fmt.Errorf("args.%s was not resolved", name) }

func override(declared, given v1alpha1.Argument) v1alpha1.Argument {
	switch {
	case given.Value != nil && *given.Value == "" && isSecret(declared):
		return declared
	case given.Value != nil:
		return v1alpha1.Argument{Name: declared.Name, Value: given.Value}
	case given.ValueFrom != nil:
		return v1alpha1.Argument{Name: declared.Name, ValueFrom: given.ValueFrom}
	default:
		return declared
	}
}

func isSecret(arg v1alpha1.Argument) bool {
	return arg.ValueFrom != nil && arg.ValueFrom.SecretKeyRef != nil
}

func indexOfArg(args []v1alpha1.Argument, name string) int {
	for i := range args {
		if args[i].Name == name {
			return i
		}
	}
	return -1
}
