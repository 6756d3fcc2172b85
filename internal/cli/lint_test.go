package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const lintRollout = ourVersion + `kind: Rollout
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: x}]}
  strategy:
    canary:
      canaryService: c
      stableService: s
      analysis: {templates: [{templateName: rate}], args: ARGS}
      steps: STEPS
---
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {selector: {app: LABEL}}
---
` + ourVersion + `kind: AnalysisTemplate
metadata: {name: rate}
spec:
  args: [{name: ingress}]
  metrics: [{name: rate, interval: 10s, successCondition: 'CONDITION', provider: {prometheus: {address: "http://x", query: "{{args.ingress}}"}}}]
`

// lintCase is lintRollout with these words instead of good ones.
func lintCase(pairs ...string) string {
	pairs = append(pairs, "ARGS", "[{name: ingress, value: web}]", "STEPS", "[{setWeight: 20}]", "LABEL", "web", "CONDITION", "len(result) > 0 && result[0] > 0.9")
	text := lintRollout
	for i := 0; i < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

func TestLint(t *testing.T) {
	run1 := "kind: AnalysisRun\nmetadata: {name: r}\nspec: {metrics: [{name: a, count: 3, provider: {web: {url: x}}}]}\n"
	cases := map[string]struct{ manifest, out, err, warnings string }{
		"nothing is wrong": {lintCase(), "", "", ""},
		"a weight beyond everything": {lintCase("STEPS", "[{setWeight: 120}]"),
			"Rollout/web: spec.strategy.steps[0].setWeight: Invalid value: 120: SetWeight needs to be between 0 and 100\n",
			"spec.strategy.steps[0].setWeight: Invalid value: 120: SetWeight needs to be between 0 and 100", ""},
		"an argument is missing": {lintCase("ARGS", "[{name: other, value: x}]"),
			"Rollout/web: spec.strategy.canary.analysis.templates: Invalid value: \"templateNames: [rate]\": args.ingress was not resolved\n",
			"spec.strategy.canary.analysis.templates: Invalid value: \"templateNames: [rate]\": args.ingress was not resolved",
			"Rollout/web: spec.strategy.canary.analysis.args[0]: argument 'other' is not used: no template declares it\n"},
		"a Service that selects nothing": {lintCase("LABEL", "webb"),
			"Rollout/web: spec.strategy.canary.stableService: Invalid value: \"s\": Service \"s\" has unmatch label \"app\" in rollout\n",
			"spec.strategy.canary.stableService: Invalid value: \"s\": Service \"s\" has unmatch label \"app\" in rollout", ""},
		"a metric without end in a step": {lintCase("STEPS", "[{analysis: {templates: [{templateName: rate}], args: [{name: ingress, value: x}]}}]"),
			"Rollout/web: spec.strategy.canary.steps[0].analysis.templates: Invalid value: \"rate\": AnalysisTemplate rate has metric rate which runs indefinitely. Invalid value for count: <nil>\n",
			"spec.strategy.canary.steps[0].analysis.templates: Invalid value: \"rate\": AnalysisTemplate rate has metric rate which runs indefinitely. Invalid value for count: <nil>", ""},
		"a template that is elsewhere": {lintCase("STEPS", "[{analysis: {templates: [{templateName: elsewhere}]}}]"), "", "", ""},
		"a condition that does not compile": {lintCase("CONDITION", "result[0] >"), "", "",
			"AnalysisTemplate/rate: spec.metrics[0].successCondition: does not compile: unexpected token EOF\n"},
		"a condition that needs data": {lintCase("CONDITION", "result[0] > 0.9"), "", "",
			"AnalysisTemplate/rate: spec.metrics[0].successCondition: result[0] is an error when there is no data; " +
				"say what that means, as in: len(result) == 0 || ... or: len(result) > 0 && ...\n"},
		"a run": {ourVersion + run1, "AnalysisRun/r: Analysis spec invalid: metrics[0]: interval must be specified when count > 1\n",
			"Analysis spec invalid: metrics[0]: interval must be specified when count > 1", ""},
		"an Experiment": {ourVersion + "kind: Experiment\nmetadata: {name: e}\nspec: {templates: [{name: a, selector: {}, template: {}}]}\n",
			"Experiment/e: spec.templates[0].selector: Invalid value: \"\": This experiment is selecting all pods at index 0. A non-empty selector is required.\n",
			"spec.templates[0].selector: Invalid value: \"\": This experiment is selecting all pods at index 0. A non-empty selector is required.", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			path := file(t, tc.manifest)
			got := run(t, nil, "lint -f "+path)
			want := result{}
			for line := range strings.Lines(tc.out) {
				want.Out += path + ": " + line
			}
			for line := range strings.Lines(tc.warnings) {
				want.Err += "warning: " + path + ": " + line
			}
			if tc.err != "" {
				want.Err, want.Code = want.Err+"Error: "+tc.err+"\n", 1
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("lint (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLintReadsStrictly(t *testing.T) {
	got := run(t, nil, "lint -f "+file(t, ourVersion+"kind: Rollout\nmetadata: {name: web}\nspec: {strategy: {unknown-strategy: {}}}\n"))
	if want := `json: unknown field "unknown-strategy"`; got.Code != 1 || !strings.Contains(got.Err, want) {
		t.Errorf("lint: %+v, want %q", got, want)
	}
	if got := run(t, nil, "lint"); got.Err != "Error: required flag(s) \"filename\" not set\n" {
		t.Errorf("lint without a file: %+v", got)
	}
}
