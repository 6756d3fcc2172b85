package spec

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// templates reads templates by name; a name that begins with "cluster/" is one of the
// cluster's.
func templates(t testing.TB, manifest string) Templates {
	t.Helper()
	var specs map[string]*v1alpha1.AnalysisTemplateSpec
	if err := yaml.UnmarshalStrict([]byte(manifest), &specs); err != nil {
		t.Fatalf("read templates: %v", err)
	}
	out := Templates{}
	for name, s := range specs {
		name, cluster := strings.CutPrefix(name, "cluster/")
		out[TemplateKey{Name: name, Cluster: cluster}] = s
	}
	return out
}

func request(t testing.TB, manifest string) RunRequest {
	t.Helper()
	var r struct {
		Templates            []v1alpha1.AnalysisTemplateRef  `json:"templates"`
		Args                 []v1alpha1.Argument             `json:"args"`
		DryRun               []v1alpha1.DryRun               `json:"dryRun"`
		MeasurementRetention []v1alpha1.MeasurementRetention `json:"measurementRetention"`
	}
	if err := yaml.UnmarshalStrict([]byte(manifest), &r); err != nil {
		t.Fatalf("read request: %v", err)
	}
	return RunRequest(r)
}

// told is a run in short: metrics, arguments, rules.
func told(run v1alpha1.AnalysisRunSpec) []string {
	var words []string
	for _, m := range run.Metrics {
		words = append(words, "metric "+m.Name)
	}
	for _, a := range run.Args {
		word := "arg " + a.Name
		if a.Value != nil {
			word += "=" + *a.Value
		}
		if a.ValueFrom != nil && a.ValueFrom.SecretKeyRef != nil {
			word += " from " + a.ValueFrom.SecretKeyRef.Name
		}
		words = append(words, word)
	}
	for _, d := range run.DryRun {
		words = append(words, "dry "+d.MetricName)
	}
	for _, r := range run.MeasurementRetention {
		words = append(words, fmt.Sprintf("keep %d of %s", r.Limit, r.MetricName))
	}
	return words
}

func TestNewRun(t *testing.T) {
	const a = `{metrics: [{name: a, provider: {}}]`
	cases := map[string]struct {
		templates, request string
		want               []string
	}{
		"scenario 1: metrics of two templates, namespace before cluster": {
			`{cluster/c: {metrics: [{name: c, provider: {}}]}, a: ` + a + `}}`,
			`{templates: [{templateName: c, clusterScope: true}, {templateName: a}]}`,
			[]string{"metric a", "metric c"},
		},
		"scenario 3: the same argument with the same value in two templates": {
			`{a: ` + a + `, args: [{name: x, value: one}]}, b: {metrics: [{name: b, provider: {}}], args: [{name: x, value: one}]}}`,
			`{templates: [{templateName: a}, {templateName: b}]}`,
			[]string{"metric a", "metric b", "arg x=one"},
		},
		"scenario 4: the second template has the value": {
			`{a: ` + a + `, args: [{name: x}]}, b: {args: [{name: x, value: two}]}}`,
			`{templates: [{templateName: a}, {templateName: b}]}`,
			[]string{"metric a", "arg x=two"},
		},
		"scenario 5: an argument that no template declares is dropped": {
			`{a: ` + a + `, args: [{name: x}]}}`,
			`{templates: [{templateName: a}], args: [{name: x, value: "1"}, {name: other, value: "2"}]}`,
			[]string{"metric a", "arg x=1"},
		},
		"scenario 6: an argument that is named without a value replaces the default": {
			`{a: ` + a + `, args: [{name: x, value: default}]}}`,
			`{templates: [{templateName: a}], args: [{name: x, value: ""}]}`,
			[]string{"metric a", "arg x="},
		},
		"a value overrides a secret": {
			`{a: ` + a + `, args: [{name: x, valueFrom: {secretKeyRef: {name: s, key: k}}}]}}`,
			`{templates: [{templateName: a}], args: [{name: x, value: plain}]}`,
			[]string{"metric a", "arg x=plain"},
		},
		"an argument that is only named does not override a secret": {
			`{a: ` + a + `, args: [{name: x, valueFrom: {secretKeyRef: {name: s, key: k}}}]}}`,
			`{templates: [{templateName: a}], args: [{name: x, value: ""}]}`,
			[]string{"metric a", "arg x from s"},
		},
		"a secret overrides a default": {
			`{a: ` + a + `, args: [{name: x, value: default}]}}`,
			`{templates: [{templateName: a}], args: [{name: x, valueFrom: {secretKeyRef: {name: s, key: k}}}]}`,
			[]string{"metric a", "arg x from s"},
		},
		"scenario 13: nested two deep, and the same template reached twice": {
			`{a: ` + a + `, templates: [{templateName: b}, {templateName: c, clusterScope: true}]},
			  b: {metrics: [{name: b, provider: {}}], templates: [{templateName: d}]},
			  d: {metrics: [{name: d, provider: {}}]},
			  cluster/c: {metrics: [{name: c, provider: {}}], templates: [{templateName: d}]}}`,
			`{templates: [{templateName: a}, {templateName: d}]}`,
			[]string{"metric a", "metric b", "metric d", "metric c"},
		},
		"rules of the request and of the templates": {
			`{a: ` + a + `, dryRun: [{metricName: a}], measurementRetention: [{metricName: a, limit: 3}]}}`,
			`{templates: [{templateName: a}], dryRun: [{metricName: ".*"}], measurementRetention: [{metricName: ".*", limit: 1}]}`,
			[]string{"metric a", "dry .*", "dry a", "keep 1 of .*", "keep 3 of a"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			run, err := NewRun(templates(t, tc.templates), request(t, tc.request))
			if err != nil {
				t.Fatalf("NewRun(): %v", err)
			}
			if diff := cmp.Diff(tc.want, told(run)); diff != "" {
				t.Errorf("NewRun() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewRunRefuses(t *testing.T) {
	const metric = `metrics: [{name: m, provider: {}}]`
	cases := map[string]struct{ templates, request, want string }{
		"scenario 2: one metric name twice": {
			`{a: {` + metric + `}, b: {` + metric + `}}`, `{templates: [{templateName: a}, {templateName: b}]}`,
			"two metrics have the same name 'm'",
		},
		"scenario 3: one argument with two values": {
			`{a: {` + metric + `, args: [{name: x, value: one}]}, b: {args: [{name: x, value: two}]}}`, `{templates: [{templateName: a}, {templateName: b}]}`,
			"Argument `x` specified multiple times with different values: 'one', 'two'",
		},
		"scenario 5: an argument without a value": {
			`{a: {` + metric + `, args: [{name: x}]}}`, `{templates: [{templateName: a}]}`, "args.x was not resolved",
		},
		"scenario 13: a cycle": {
			`{a: {` + metric + `, templates: [{templateName: b}]}, b: {templates: [{templateName: c}]}, c: {templates: [{templateName: b}]}}`,
			`{templates: [{templateName: a}]}`, "AnalysisTemplate 'b' refers to itself: b -> c -> b",
		},
		"scenario 14: one dry-run rule twice": {
			`{a: {` + metric + `, dryRun: [{metricName: m}]}}`, `{templates: [{templateName: a}], dryRun: [{metricName: m}]}`,
			"two Dry-Run metric rules have the same name 'm'",
		},
		"one retention rule twice": {
			`{a: {` + metric + `, measurementRetention: [{metricName: m, limit: 1}]}}`,
			`{templates: [{templateName: a}], measurementRetention: [{metricName: m, limit: 2}]}`,
			"two Measurement Retention metric rules have the same name 'm'",
		},
		"templates that do not exist": {
			`{a: {` + metric + `, templates: [{templateName: z, clusterScope: true}]}}`, `{templates: [{templateName: a}, {templateName: b}]}`,
			"ClusterAnalysisTemplate 'z' not found\nAnalysisTemplate 'b' not found",
		},
		"no metrics at all": {`{a: {}}`, `{templates: [{templateName: a}]}`, "no metrics specified"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := NewRun(templates(t, tc.templates), request(t, tc.request))
			if err == nil || err.Error() != tc.want {
				t.Errorf("NewRun() error = %v, want %s", err, tc.want)
			}
		})
	}
}

func TestMissingTemplates(t *testing.T) {
	set := templates(t, `{a: {templates: [{templateName: b}, {templateName: c, clusterScope: true}]}, b: {templates: [{templateName: a}, {templateName: d}]}}`)
	refs := []v1alpha1.AnalysisTemplateRef{{TemplateName: "a"}, {TemplateName: "d"}}
	want := []TemplateKey{{Name: "d"}, {Name: "c", Cluster: true}}
	if diff := cmp.Diff(want, set.Missing(refs)); diff != "" {
		t.Errorf("Missing() (-want +got):\n%s", diff)
	}
	_, err := NewRun(Templates{}, RunRequest{Templates: refs})
	var notFound *NotFoundError
	if !errors.As(err, &notFound) || notFound.Key.Name != "a" || notFound.Nested {
		t.Errorf("NewRun() error = %v, want a NotFoundError of a", err)
	}
}

// Law: making a run ends for any references whatsoever and edits no template.
func TestNewRunLeavesTemplatesAlone(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	rapid.Check(t, func(t *rapid.T) {
		set := Templates{}
		for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(t, "templates") {
			s := &v1alpha1.AnalysisTemplateSpec{Metrics: []v1alpha1.Metric{{Name: "of-" + name}}}
			for _, ref := range rapid.SliceOfN(rapid.SampledFrom(names), 0, 2).Draw(t, "refs of "+name) {
				s.Templates = append(s.Templates, v1alpha1.AnalysisTemplateRef{TemplateName: ref})
			}
			set[TemplateKey{Name: name}] = s
		}
		before := map[TemplateKey]*v1alpha1.AnalysisTemplateSpec{}
		for key, s := range set {
			before[key] = s.DeepCopy()
		}
		request := RunRequest{Templates: []v1alpha1.AnalysisTemplateRef{{TemplateName: "a"}, {TemplateName: "b"}}}
		run, err := NewRun(set, request)
		if err == nil {
			run.Metrics[0].Name = "edited"
		}
		if missing := set.Missing(request.Templates); err == nil && len(missing) > 0 {
			t.Fatalf("a run was made although %v are missing", missing)
		}
		if diff := cmp.Diff(before, map[TemplateKey]*v1alpha1.AnalysisTemplateSpec(set)); diff != "" {
			t.Fatalf("NewRun() edited a template (-before +after):\n%s", diff)
		}
	})
}

func TestTemplatesAreReadOnce(t *testing.T) {
	there := Templates{
		{Name: "a"}: {Templates: []v1alpha1.AnalysisTemplateRef{{TemplateName: "b"}, {TemplateName: "gone"}}},
		{Name: "b"}: {Templates: []v1alpha1.AnalysisTemplateRef{{TemplateName: "a"}}},
	}
	var asked []string
	got := Templates{}
	err := got.Complete([]v1alpha1.AnalysisTemplateRef{{TemplateName: "a"}}, func(key TemplateKey) (*v1alpha1.AnalysisTemplateSpec, error) {
		asked = append(asked, key.Name)
		return there[key], nil
	})
	if diff := cmp.Diff([]string{"a", "b", "gone"}, asked); diff != "" || err != nil {
		t.Errorf("asked for, error %v (-want +got):\n%s", err, diff)
	}
	if diff := cmp.Diff(there, got); diff != "" {
		t.Errorf("Complete() (-want +got):\n%s", diff)
	}
	refused := errors.New("no")
	err = Templates{}.Complete([]v1alpha1.AnalysisTemplateRef{{TemplateName: "a"}}, func(TemplateKey) (*v1alpha1.AnalysisTemplateSpec, error) { return nil, refused })
	if !errors.Is(err, refused) || err.Error() != "read AnalysisTemplate 'a': no" {
		t.Errorf("Complete() error = %v", err)
	}
}
