package kube

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// The schema of a CRD lets values through that the Go types refuse, such as the
// quantity "abc". One such manifest must not keep the controller from reading all the
// others, and must not be worked on with the value left out either. So it is read
// without the value and marked as invalid.

// unreadableMark is an annotation that only copies in memory have: what was left out.
const unreadableMark = "unreadable.serin-rollouts.invalid/field"

// omission is a value that the types refuse.
type omission struct{ Path, Value, Problem string }

// tolerant decodes Rollouts and lists of them even where the types refuse a value.
type tolerant struct{ runtime.Decoder }

// Decode implements runtime.Decoder.
func (d tolerant) Decode(data []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	decoded, kind, refusal := d.Decoder.Decode(data, defaults, into)
	if refusal == nil {
		return decoded, kind, nil
	}
	var content map[string]any
	if err := json.Unmarshal(data, &content); err != nil {
		return nil, nil, refusal
	}
	switch target := into.(type) {
	case *v1alpha1.RolloutList:
		return target, kind, readList(content, target)
	case *v1alpha1.Rollout:
		*target = *readRollout(content)
		return target, kind, nil
	default:
		if content["kind"] != v1alpha1.RolloutKind {
			return nil, nil, refusal
		}
		return readRollout(content), kind, nil
	}
}

func readList(content map[string]any, into *v1alpha1.RolloutList) error {
	items, _, err := unstructured.NestedSlice(content, "items")
	if err != nil {
		return fmt.Errorf("read list of Rollouts: %w", err)
	}
	content["items"] = []any{}
	if err := convert(content, into); err != nil {
		return fmt.Errorf("read list of Rollouts: %w", err)
	}
	for _, item := range items {
		if one, ok := item.(map[string]any); ok {
			into.Items = append(into.Items, *readRollout(one))
		}
	}
	return nil
}

// readRollout reads what can be read. A value of the status that cannot is only left
// out: the status is written anew anyway.
func readRollout(content map[string]any) *v1alpha1.Rollout {
	rollout := &v1alpha1.Rollout{}
	if convert(content, rollout) == nil {
		return rollout
	}
	var omitted []omission
	fits := func(candidate any) error { return convert(candidate, &v1alpha1.Rollout{}) }
	readable, _ := prune("", content, fits, &omitted)
	*rollout = v1alpha1.Rollout{}
	if convert(readable, rollout) != nil {
		// Values that fit one by one and not together: leave only who it is.
		*rollout = v1alpha1.Rollout{}
		omitted = append(omitted, omission{Path: "spec", Problem: "cannot be read"})
		_ = convert(map[string]any{"metadata": content["metadata"]}, rollout) // checked by the server
	}
	for _, o := range omitted {
		if !strings.HasPrefix(o.Path, "status") {
			mark(rollout, o)
			break
		}
	}
	return rollout
}

func convert(content, into any) error {
	data, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// prune returns node without the values that do not fit, and whether anything fits.
// fits judges a candidate in the place of node; path is where that is.
func prune(path string, node any, fits func(any) error, omitted *[]omission) (any, bool) {
	problem := fits(node)
	if problem == nil {
		return node, true
	}
	switch n := node.(type) {
	case map[string]any:
		kept := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(n)) {
			within := func(candidate any) error { return fits(map[string]any{name: candidate}) }
			if value, ok := prune(strings.TrimPrefix(path+"."+name, "."), n[name], within, omitted); ok {
				kept[name] = value
			}
		}
		return kept, fits(kept) == nil
	case []any:
		kept := []any{}
		for i := range n {
			within := func(candidate any) error { return fits([]any{candidate}) }
			if value, ok := prune(fmt.Sprintf("%s[%d]", path, i), n[i], within, omitted); ok {
				kept = append(kept, value)
			}
		}
		return kept, fits(kept) == nil
	default:
		*omitted = append(*omitted, omission{Path: path, Value: fmt.Sprint(n), Problem: problem.Error()})
		return nil, false
	}
}

func mark(rollout *v1alpha1.Rollout, o omission) {
	text, err := json.Marshal(o)
	if err != nil {
		text = []byte("{}")
	}
	annotations := maps.Clone(rollout.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[unreadableMark] = string(text)
	rollout.Annotations = annotations
}

// unreadable says what could not be read of a Rollout; nil for nothing.
func unreadable(rollout *v1alpha1.Rollout) field.ErrorList {
	text, marked := rollout.Annotations[unreadableMark]
	if !marked {
		return nil
	}
	o := omission{Path: "spec", Problem: "cannot be read"}
	_ = json.Unmarshal([]byte(text), &o) // we wrote it
	return field.ErrorList{field.Invalid(field.NewPath(o.Path), o.Value, o.Problem)}
}
