package lens_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/internal/router/lens"
)

func content() map[string]any {
	return map[string]any{"spec": map[string]any{
		"class": "nginx",
		"null":  nil,
		"rules": []any{map[string]any{"host": "a"}, "junk", nil, map[string]any{"host": "b"}},
	}}
}

func TestString(t *testing.T) {
	cases := map[string]struct {
		path []string
		want string
	}{
		"a field that is there":           {path: []string{"spec", "class"}, want: "nginx"},
		"a field that is absent":          {path: []string{"spec", "other"}},
		"a way that is absent":            {path: []string{"status", "a", "b"}},
		"a way through something else":    {path: []string{"spec", "class", "name"}},
		"a way through null":              {path: []string{"spec", "null", "name"}},
		"something other than the string": {path: []string{"spec", "rules"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := lens.String(content(), tc.path...); got != tc.want {
				t.Errorf("String(%v) = %q, want %q", tc.path, got, tc.want)
			}
		})
	}
}

func TestItemsSkipsWhatIsNoObject(t *testing.T) {
	got := lens.Items(lens.List(content(), "spec", "rules"))
	want := []map[string]any{{"host": "a"}, {"host": "b"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Items() -want +got:\n%s", diff)
	}
	if got := lens.Items(lens.List(nil, "spec")); len(got) != 0 {
		t.Errorf("Items of nothing = %v, want none", got)
	}
}

func TestSet(t *testing.T) {
	cases := map[string]struct {
		value any
		path  []string
		want  map[string]any
	}{
		"a new field on a new way": {
			value: "x", path: []string{"metadata", "labels", "a"},
			want: map[string]any{"class": "nginx", "metadata": map[string]any{"labels": map[string]any{"a": "x"}}},
		},
		"a field that is there": {value: "y", path: []string{"class"}, want: map[string]any{"class": "y"}},
		"a way through something else is replaced": {
			value: "y", path: []string{"class", "name"}, want: map[string]any{"class": map[string]any{"name": "y"}},
		},
		"nil removes":                          {path: []string{"class"}, want: map[string]any{}},
		"nil where nothing is changes nothing": {path: []string{"a", "b"}, want: map[string]any{"class": "nginx"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := map[string]any{"class": "nginx"}
			lens.Set(got, tc.value, tc.path...)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Set() -want +got:\n%s", diff)
			}
		})
	}
}
