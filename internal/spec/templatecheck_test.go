package spec

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

func strategyOf(t testing.TB, strategy string) *v1alpha1.Rollout {
	t.Helper()
	ro := &v1alpha1.Rollout{}
	ro.Name, ro.Labels = "demo", map[string]string{"team": "red"}
	if err := yaml.UnmarshalStrict([]byte(strategy), &ro.Spec.Strategy); err != nil {
		t.Fatalf("read strategy: %v", err)
	}
	return ro
}

func step(analysis string) string {
	return `{canary: {steps: [{setWeight: 10}, {analysis: ` + analysis + `}]}}`
}

const web = `provider: {web: {url: "http://x"}}`

func TestCheckTemplates(t *testing.T) {
	const at = "spec.strategy.canary.steps[1].analysis.templates: Invalid value: "
	cases := map[string]struct{ strategy, templates, want string }{
		"a template that does not exist": {step(`{templates: [{templateName: a}]}`), `{}`, at + `"a": AnalysisTemplate 'a' not found`},
		"one of the cluster that does not exist": {
			`{blueGreen: {activeService: s, prePromotionAnalysis: {templates: [{templateName: a, clusterScope: true}]}}}`, `{}`,
			`spec.strategy.blueGreen.prePromotionAnalysis.templates: Invalid value: "a": ClusterAnalysisTemplate 'a' not found`,
		},
		"one that another refers to": {
			step(`{templates: [{templateName: a}]}`), `{a: {templates: [{templateName: b}]}}`,
			`spec.templates: Invalid value: "b": AnalysisTemplate 'b' not found`,
		},
		"templates that do not go together": {
			step(`{templates: [{templateName: a}, {templateName: b}]}`),
			`{a: {metrics: [{name: m, ` + web + `}]}, b: {metrics: [{name: m, ` + web + `}]}}`,
			at + `"templateNames: [a b]": two metrics have the same name 'm'`,
		},
		"a cycle": {
			step(`{templates: [{templateName: a}]}`), `{a: {templates: [{templateName: a}]}}`,
			at + `"templateNames: [a]": AnalysisTemplate 'a' refers to itself: a -> a`,
		},
		"a metric without an end in a step": {
			step(`{templates: [{templateName: a}]}`), `{a: {metrics: [{name: m, interval: 5s, ` + web + `}]}}`,
			at + `"a": AnalysisTemplate a has metric m which runs indefinitely. Invalid value for count: <nil>`,
		},
		"a count that is no number": {
			step(`{templates: [{templateName: a}], args: [{name: num, value: abc}]}`),
			`{a: {args: [{name: num}], metrics: [{name: m, interval: 5s, count: "{{args.num}}", ` + web + `}]}}`,
			at + `"a": AnalysisTemplate a has metric m which runs indefinitely. Invalid value for count: abc`,
		},
		"a bad metric": {
			`{canary: {analysis: {templates: [{templateName: a}]}}}`, `{a: {metrics: [{name: l, ` + web + `}, {name: m, count: 2, ` + web + `}]}}`,
			`spec.strategy.canary.analysis.templates: Invalid value: "a": AnalysisTemplate a: metrics[1]: interval must be specified when count > 1`,
		},
		"a placeholder for nothing": {
			step(`{templates: [{templateName: a}]}`), `{a: {metrics: [{name: m, ` + web + `, successCondition: "result < {{args.max}}"}]}}`,
			at + `"a": AnalysisTemplate a: metrics[0]: failed to resolve {{args.max}}`,
		},
		"an argument without a value": {
			step(`{templates: [{templateName: a}]}`), `{a: {args: [{name: num}], metrics: [{name: m, ` + web + `}]}}`,
			at + `"templateNames: [a]": args.num was not resolved`,
		},
		"a background analysis that is handed nothing": {
			`{canary: {analysis: {templates: [{templateName: a}]}}}`, `{a: {args: [{name: num}], metrics: [{name: m, ` + web + `}]}}`,
			`spec.strategy.canary.analysis.templates: Invalid value: "templateNames: [a]": missing analysis arguments in rollout spec`,
		},
		"a background analysis that is not handed enough": {
			`{canary: {analysis: {templates: [{templateName: a}], args: [{name: o, value: o}]}}}`, `{a: {args: [{name: num}], metrics: [{name: m, ` + web + `}]}}`,
			`spec.strategy.canary.analysis.templates: Invalid value: "templateNames: [a]": args.num was not resolved`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			errs := CheckTemplates(strategyOf(t, tc.strategy), templates(t, tc.templates))
			if len(errs) != 1 || errs[0].Error() != tc.want {
				t.Errorf("CheckTemplates() = %v, want %s", errs, tc.want)
			}
		})
	}
}

func TestCheckTemplatesAccepts(t *testing.T) {
	cases := map[string]struct{ strategy, templates string }{
		"no analysis":                             {`{canary: {steps: [{setWeight: 10}]}}`, `{}`},
		"an analysis without templates":           {step(`{templates: []}`), `{}`},
		"templates of an experiment":              {`{canary: {steps: [{experiment: {templates: [], analyses: [{name: x, templateName: none}]}}]}}`, `{}`},
		"a background metric without an end":      {`{canary: {analysis: {templates: [{templateName: a}]}}}`, `{a: {metrics: [{name: m, interval: 5s, ` + web + `}]}}`},
		"a condition that does not compile":       {step(`{templates: [{templateName: a}]}`), `{a: {metrics: [{name: m, successCondition: ")", ` + web + `}]}}`},
		"a count that a status will tell":         {step(`{templates: [{templateName: a}], args: [{name: num, valueFrom: {fieldRef: {fieldPath: status.x}}}]}`), `{a: {args: [{name: num}], metrics: [{name: m, interval: 5s, count: "{{args.num}}", ` + web + `}]}}`},
		"an interval with the hash in a query":    {step(`{templates: [{templateName: a}], args: [{name: num, valueFrom: {podTemplateHashValue: Latest}}]}`), `{a: {args: [{name: num}], metrics: [{name: m, provider: {web: {url: "http://{{args.num}}"}}}]}}`},
		"a template that refers to another twice": {step(`{templates: [{templateName: a}, {templateName: b}]}`), `{a: {metrics: [{name: m, ` + web + `}]}, b: {templates: [{templateName: a}]}}`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if errs := CheckTemplates(strategyOf(t, tc.strategy), templates(t, tc.templates)); len(errs) > 0 {
				t.Errorf("CheckTemplates() = %v, want none", errs)
			}
		})
	}
}

func TestWarnTemplates(t *testing.T) {
	check := func(condition string) []string {
		if condition == "bad 5" {
			return []string{"does not compile"}
		}
		return nil
	}
	const metric = `metrics: [{name: m, ` + web + `}]`
	cases := map[string]struct {
		strategy, templates string
		want                []string
	}{
		"scenario 6: a default that is replaced by nothing": {
			step(`{templates: [{templateName: a}], args: [{name: x}]}`), `{a: {args: [{name: x, value: old}], ` + metric + `}}`,
			[]string{"spec.strategy.canary.steps[1].analysis.args[0]: argument 'x' has no value, which replaces the default 'old' of AnalysisTemplate 'a'"},
		},
		"scenario 5: an argument that nobody declares": {
			step(`{templates: [{templateName: a}], args: [{name: why, value: v}]}`), `{a: {` + metric + `}}`,
			[]string{"spec.strategy.canary.steps[1].analysis.args[0]: argument 'why' is not used: no template declares it"},
		},
		"a condition that does not compile, with its argument": {
			step(`{templates: [{templateName: a}], args: [{name: x, value: "5"}]}`),
			`{a: {args: [{name: x}], metrics: [{name: m, failureCondition: "bad {{args.x}}", ` + web + `}]}}`,
			[]string{"AnalysisTemplate 'a': spec.metrics[0].failureCondition: does not compile"},
		},
		"a condition whose argument is not known yet is passed over": {
			step(`{templates: [{templateName: a}], args: [{name: x, valueFrom: {podTemplateHashValue: Latest}}]}`),
			`{a: {args: [{name: x}], metrics: [{name: m, failureCondition: "bad {{args.x}}", ` + web + `}]}}`, nil,
		},
		"a limit that is no number": {
			step(`{templates: [{templateName: a}]}`), `{a: {metrics: [{name: m, failureLimit: some, ` + web + `}]}}`,
			[]string{`AnalysisTemplate 'a': spec.metrics[0].failureLimit: "some" is no whole number and counts as 0`},
		},
		"scenario 14: a rule that matches nothing": {
			step(`{templates: [{templateName: a}], dryRun: [{metricName: "*"}]}`), `{a: {` + metric + `}}`,
			[]string{"spec.strategy.canary.steps[1].analysis.dryRun[0]: the run will end with an error: dryRun[0]: Rule didn't match any metric name(s)"},
		},
		"a template that looks at fields": {
			step(`{templates: [{templateName: a}]}`), `{a: {args: [{name: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}], ` + metric + `}}`,
			[]string{`AnalysisTemplate 'a': spec.args[0]: the run will end with an error: argument "x" was not supplied, a template cannot look at fields`},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, w := range WarnTemplates(strategyOf(t, tc.strategy), templates(t, tc.templates), check) {
				got = append(got, w.String())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("WarnTemplates() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEmptied(t *testing.T) {
	set := templates(t, `{a: {args: [{name: x, value: old}, {name: why, value: ""}, {name: z}]}}`)
	r := request(t, `{templates: [{templateName: a}], args: [{name: x, value: ""}, {name: why, value: ""}, {name: z, value: ""}]}`)
	if diff := cmp.Diff([]string{"x"}, Emptied(set, r)); diff != "" {
		t.Errorf("Emptied() (-want +got):\n%s", diff)
	}
}
