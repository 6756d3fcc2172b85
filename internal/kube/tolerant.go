package kube

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"

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

// kindReader is how objects of one kind are listed and read tolerantly.
type kindReader struct {
	plural     string
	namespaced bool
	list       func() client.ObjectList
	read       func(content map[string]any) client.Object
}

// tolerated are the kinds that are read tolerantly, by name: those that hold pod
// templates.
func tolerated() map[string]kindReader {
	return map[string]kindReader{
		v1alpha1.RolloutKind: {
			plural: v1alpha1.RolloutPlural, namespaced: true,
			list: func() client.ObjectList { return &v1alpha1.RolloutList{} },
			read: func(c map[string]any) client.Object { return readRollout(c) },
		},
		v1alpha1.AnalysisRunKind: {
			plural: v1alpha1.AnalysisRunPlural, namespaced: true,
			list: func() client.ObjectList { return &v1alpha1.AnalysisRunList{} },
			read: func(c map[string]any) client.Object { return readObject[v1alpha1.AnalysisRun](c) },
		},
		v1alpha1.AnalysisTemplateKind: {
			plural: v1alpha1.AnalysisTemplatePlural, namespaced: true,
			list: func() client.ObjectList { return &v1alpha1.AnalysisTemplateList{} },
			read: func(c map[string]any) client.Object { return readObject[v1alpha1.AnalysisTemplate](c) },
		},
		v1alpha1.ClusterAnalysisTemplateKind: {
			plural: v1alpha1.ClusterAnalysisTemplatePlural,
			list:   func() client.ObjectList { return &v1alpha1.ClusterAnalysisTemplateList{} },
			read:   func(c map[string]any) client.Object { return readObject[v1alpha1.ClusterAnalysisTemplate](c) },
		},
		v1alpha1.ExperimentKind: {
			plural: v1alpha1.ExperimentPlural, namespaced: true,
			list: func() client.ObjectList { return &v1alpha1.ExperimentList{} },
			read: func(c map[string]any) client.Object { return readObject[v1alpha1.Experiment](c) },
		},
	}
}

// tolerant decodes our kinds and lists of them even where the types refuse a value.
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
	name, _ := content["kind"].(string)
	item, isList := strings.CutSuffix(name, "List")
	reader, found := tolerated()[item]
	switch {
	case !found:
		return nil, nil, refusal
	case isList && into == nil:
		into = reader.list()
		fallthrough
	case isList:
		return into, kind, readList(content, reader, into)
	case into == nil:
		return reader.read(content), kind, nil
	default:
		return into, kind, convert(reader.read(content), into)
	}
}

func readList(content map[string]any, reader kindReader, into runtime.Object) error {
	items, _, err := unstructured.NestedSlice(content, "items")
	if err != nil {
		return fmt.Errorf("read list of %s: %w", reader.plural, err)
	}
	content["items"] = []any{}
	if err := convert(content, into); err != nil {
		return fmt.Errorf("read list of %s: %w", reader.plural, err)
	}
	var objects []runtime.Object
	for _, item := range items {
		if one, ok := item.(map[string]any); ok {
			objects = append(objects, reader.read(one))
		}
	}
	if err := meta.SetList(into, objects); err != nil {
		return fmt.Errorf("read list of %s: %w", reader.plural, err)
	}
	return nil
}

func readRollout(content map[string]any) *v1alpha1.Rollout {
	return readObject[v1alpha1.Rollout](content)
}

// readObject reads what can be read. A value of the status that cannot is only left
// out: the status is written anew anyway.
func readObject[T any, P interface {
	*T
	client.Object
}](content map[string]any) P {
	object := P(new(T))
	if convert(content, object) == nil {
		return object
	}
	var omitted []omission
	fits := func(candidate any) error { return convert(candidate, new(T)) }
	readable, _ := prune("", content, fits, &omitted)
	object = new(T)
	if convert(readable, object) != nil {
		// Values that fit one by one and not together: leave only who it is.
		object = new(T)
		omitted = append(omitted, omission{Path: "spec", Problem: "cannot be read"})
		_ = convert(map[string]any{"metadata": content["metadata"]}, object) // checked by the server
	}
	for _, o := range omitted {
		if !strings.HasPrefix(o.Path, "status") {
			mark(object, o)
			break
		}
	}
	return object
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

func mark(object client.Object, o omission) {
	text, err := json.Marshal(o)
	if err != nil {
		text = []byte("{}")
	}
	annotations := maps.Clone(object.GetAnnotations())
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[unreadableMark] = string(text)
	object.SetAnnotations(annotations)
}

// unreadable says what could not be read of an object; nil for nothing.
func unreadable(object client.Object) field.ErrorList {
	text, marked := object.GetAnnotations()[unreadableMark]
	if !marked {
		return nil
	}
	o := omission{Path: "spec", Problem: "cannot be read"}
	_ = json.Unmarshal([]byte(text), &o) // we wrote it
	return field.ErrorList{field.Invalid(field.NewPath(o.Path), o.Value, o.Problem)}
}
