package spec

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Secrets are values of Secrets of a run's namespace. An absent key was looked for and
// not found in its Secret.
type Secrets map[v1alpha1.SecretKeyRef]string

// SecretRefs are the Secrets' keys that a run's arguments take, each once.
func SecretRefs(args []v1alpha1.Argument) []v1alpha1.SecretKeyRef {
	var refs []v1alpha1.SecretKeyRef
	for _, arg := range args {
		if isSecret(arg) && !slices.Contains(refs, *arg.ValueFrom.SecretKeyRef) {
			refs = append(refs, *arg.ValueFrom.SecretKeyRef)
		}
	}
	return refs
}

// Resolved is a metric that is ready to be measured.
type Resolved struct {
	// Metric has every placeholder filled in, secrets included. It must not be printed.
	Metric v1alpha1.Metric
	// Hidden are the values of the run's secrets, longest first. No text that leaves
	// the process may show them.
	Hidden []string
}

// Redact replaces every hidden value in text by *****.
func (r Resolved) Redact(text string) string {
	for _, hidden := range r.Hidden {
		text = strings.ReplaceAll(text, hidden, "*****")
	}
	return text
}

// Resolve fills in a metric's placeholders for measuring: m is the metric as the run's
// spec has it, args are the run's arguments, secrets what SecretRefs(args) led to.
//
// It is called right before a measurement and its result is not kept, so that a Secret
// that changes is seen by the next one. Its errors are about the arguments as a whole:
// measuring again is no use, and the run ends (Reading.Unresolved). They name no secret.
func Resolve(m v1alpha1.Metric, args []v1alpha1.Argument, secrets Secrets) (Resolved, error) {
	values, err := values(args, func(ref v1alpha1.SecretKeyRef) (string, error) {
		value, found := secrets[ref]
		if !found {
			return "", fmt.Errorf("key '%s' does not exist in secret '%s'", ref.Key, ref.Name)
		}
		return value, nil
	})
	if err != nil {
		return Resolved{}, err
	}
	filled, err := fillMetric(m, values)
	return Resolved{Metric: filled, Hidden: hidden(args, secrets)}, err
}

func hidden(args []v1alpha1.Argument, secrets Secrets) []string {
	var values []string
	for _, ref := range SecretRefs(args) {
		if secrets[ref] != "" {
			values = append(values, secrets[ref])
		}
	}
	slices.SortFunc(values, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(values)
}

// secretStandIn takes the place of a secret wherever a spec is only checked.
const secretStandIn = "temp-for-secret"

// disguised are the values of arguments without any secret.
func disguised(args []v1alpha1.Argument) (map[string]string, error) {
	return values(args, func(v1alpha1.SecretKeyRef) (string, error) { return secretStandIn, nil })
}

// values are the values of all arguments. One that has both a Secret and a value takes
// the Secret; one that has neither is an error, even when no metric uses it.
func values(args []v1alpha1.Argument, secret func(v1alpha1.SecretKeyRef) (string, error)) (map[string]string, error) {
	out := make(map[string]string, len(args))
	for _, arg := range args {
		switch {
		case isSecret(arg):
			value, err := secret(*arg.ValueFrom.SecretKeyRef)
			if err != nil {
				return nil, err
			}
			out[arg.Name] = value
		case arg.Value != nil:
			out[arg.Name] = *arg.Value
		default:
			return nil, fmt.Errorf("argument %q was not supplied", arg.Name)
		}
	}
	return out, nil
}

// fillMetric returns a copy of m with its placeholders filled in.
func fillMetric(m v1alpha1.Metric, values map[string]string) (v1alpha1.Metric, error) {
	filled := *m.DeepCopy()
	if err := fillIn(reflect.ValueOf(&filled), argValues(values)); err != nil {
		return v1alpha1.Metric{}, err
	}
	return filled, nil
}
