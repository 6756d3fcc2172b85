package spec

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

func runSpec(t testing.TB, manifest string) v1alpha1.AnalysisRunSpec {
	t.Helper()
	var s v1alpha1.AnalysisRunSpec
	if err := yaml.UnmarshalStrict([]byte(manifest), &s); err != nil {
		t.Fatalf("read run: %v", err)
	}
	return s
}

func TestParseRunDefaults(t *testing.T) {
	got, err := ParseRun(runSpec(t, `{metrics: [{name: m, `+web+`}]}`))
	want := Run{Metrics: []Metric{{Name: "m", Interval: 10 * time.Second, Count: 1, ConsecutiveErrorLimit: 4, Keep: 10}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("ParseRun() = %v (-want +got):\n%s", err, diff)
	}
}

func TestParseRunValues(t *testing.T) {
	got, err := ParseRun(runSpec(t, `{
		args: [{name: num, value: "7"}, {name: every, value: 1m30s}, {name: max, value: "0.5"}],
		metrics: [{name: first-m, interval: "{{args.every}}", initialDelay: 5s, count: "{{ args.num }}", failureLimit: -1, inconclusiveLimit: 2,
			consecutiveErrorLimit: 0, consecutiveSuccessLimit: "3", successCondition: "result < {{args.max}}", failureCondition: "result > 1", `+web+`},
			{name: second, interval: 5s, `+web+`}, {name: third, interval: -5s, count: -1, `+web+`}],
		dryRun: [{metricName: sec}], measurementRetention: [{metricName: ".*", limit: 4}, {metricName: m, limit: 0}, {metricName: third, limit: 2}],
		ttlStrategy: {secondsAfterCompletion: 60, secondsAfterSuccess: 0}}`))
	minute, none := time.Minute, time.Duration(0)
	want := Run{
		Metrics: []Metric{
			{
				Name: "first-m", InitialDelay: 5 * time.Second, Interval: 90 * time.Second, Count: 7, FailureLimit: -1, InconclusiveLimit: 2,
				ConsecutiveSuccessLimit: 3, SuccessCondition: "result < 0.5", FailureCondition: "result > 1", Keep: 10,
			},
			{Name: "second", Interval: 5 * time.Second, ConsecutiveErrorLimit: 4, DryRun: true, Keep: 4},
			{Name: "third", Count: 1, ConsecutiveErrorLimit: 4, Keep: 2},
		},
		TTL: TTL{AfterSuccess: &none, AfterFailure: &minute, AfterError: &minute},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("ParseRun() = %v (-want +got):\n%s", err, diff)
	}
}

// Every row of the table of texts, in the order in which they are checked.
func TestParseRunRefuses(t *testing.T) {
	const invalid = "Analysis spec invalid: "
	cases := map[string]struct{ run, want string }{
		"no metrics":             {`{metrics: []}`, invalid + "no metrics specified"},
		"one name twice":         {`{metrics: [{name: x, ` + web + `}, {name: x}]}`, invalid + "metrics[1]: duplicate name 'x'"},
		"consecutive successes":  {metricWith(`consecutiveSuccessLimit: -1, failureLimit: -2`), invalid + "metrics[0]: consecutiveSuccessLimit must be >= 0"},
		"failures":               {metricWith(`failureLimit: -2, inconclusiveLimit: -1`), invalid + "metrics[0]: failureLimit must be >= 0, or -1 to be disabled"},
		"both off":               {metricWith(`failureLimit: -1, inconclusiveLimit: -1`), invalid + "metrics[0]: failureLimit and consecutiveSuccessLimit cannot both be disabled"},
		"inconclusive":           {metricWith(`inconclusiveLimit: -1, consecutiveErrorLimit: -1`), invalid + "metrics[0]: inconclusiveLimit must be >= 0"},
		"consecutive errors":     {metricWith(`consecutiveErrorLimit: -1, count: 1, failureLimit: 2`), invalid + "metrics[0]: consecutiveErrorLimit must be >= 0"},
		"count and both limits":  {metricWith(`count: 3, failureLimit: 1, consecutiveSuccessLimit: 3, inconclusiveLimit: 9`), invalid + "metrics[0]: count (3) must be >= failureLimit + consecutiveSuccessLimit (1 + 3) if both >= 0"},
		"count and one limit":    {metricWith(`count: 3, failureLimit: -1, consecutiveSuccessLimit: 4, inconclusiveLimit: 9`), invalid + "metrics[0]: count must be >= consecutiveSuccessLimit"},
		"count and inconclusive": {metricWith(`count: 3, inconclusiveLimit: 4`), invalid + "metrics[0]: count must be >= inconclusiveLimit"},
		"count without interval": {metricWith(`count: 2, initialDelay: x`), invalid + "metrics[0]: interval must be specified when count > 1"},
		"interval":               {metricWith(`interval: 1d, initialDelay: x`), invalid + `metrics[0]: invalid interval string: time: unknown unit "d" in duration "1d"`},
		"initial delay":          {metricWith(`initialDelay: "5"`), invalid + `metrics[0]: invalid startDelay string: time: missing unit in duration "5"`},
		"no provider":            {`{metrics: [{name: m, provider: {}}]}`, invalid + "metrics[0]: no provider specified"},
		"two providers":          {`{metrics: [{name: m, provider: {web: {url: u}, prometheus: {}}}]}`, invalid + "metrics[0]: multiple providers specified"},
		"two plugins":            {`{metrics: [{name: m, provider: {plugin: {a/b: {}, c/d: {}}}}]}`, invalid + "metrics[0]: multiple providers specified"},

		"scenario 14: a dry-run rule without a metric":   {`{metrics: [{name: m, ` + web + `}], dryRun: [{metricName: m}, {metricName: x}]}`, invalid + "dryRun[1]: Rule didn't match any metric name(s)"},
		"scenario 14: a rule that is no expression":      {`{metrics: [{name: m, ` + web + `}], dryRun: [{metricName: "*"}]}`, invalid + "dryRun[0]: Rule didn't match any metric name(s)"},
		"scenario 15: a retention rule without a metric": {`{metrics: [{name: m, ` + web + `}], measurementRetention: [{metricName: x, limit: 1}]}`, invalid + "measurementRetention[0]: Rule didn't match any metric name(s)"},

		"an argument without a value that nobody uses": {`{args: [{name: x}], metrics: []}`, `Unable to resolve metric arguments: argument "x" was not supplied`},
		"an unknown argument":                          {metricWith(`successCondition: "{{args.x}}"`), "Unable to resolve metric arguments: failed to resolve {{args.x}}"},
		"a secret as a number of seconds": {
			`{args: [{name: x, valueFrom: {secretKeyRef: {name: s, key: k}}}], metrics: [{name: m, interval: "{{args.x}}", ` + web + `}]}`,
			invalid + `metrics[0]: invalid interval string: time: invalid duration "temp-for-secret"`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := ParseRun(runSpec(t, tc.run))
			if err == nil || err.Error() != tc.want {
				t.Errorf("ParseRun() error = %v, want %s", err, tc.want)
			}
		})
	}
}

func metricWith(fields string) string { return `{metrics: [{name: m, ` + fields + `, ` + web + `}]}` }

func TestScenario14DryRunRules(t *testing.T) {
	cases := map[string]struct {
		rule string
		want []string
	}{
		"all":                        {".*", []string{"m", "my-m2", "other"}},
		"anchored":                   {"^m$", []string{"m"}},
		"a part hits several":        {"m", []string{"m", "my-m2"}},
		"a prefix hits what follows": {"my-", []string{"my-m2"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			run, err := ParseRun(runSpec(t, `{metrics: [{name: m, `+web+`}, {name: my-m2, `+web+`}, {name: other, `+web+`}], dryRun: [{metricName: "`+tc.rule+`"}]}`))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range run.Metrics {
				if m.DryRun {
					got = append(got, m.Name)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("dry-run metrics (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNumbers(t *testing.T) {
	text := func(s string) *intstr.IntOrString { v := intstr.FromString(s); return &v }
	for in, want := range map[*intstr.IntOrString]int32{nil: 0, text("5"): 5, text("-5"): -5, text("abc"): 0, text("1.5"): 0, text(""): 0, text("99999999999"): 1<<31 - 1} {
		if got := number(in); got != want {
			t.Errorf("number(%v) = %d, want %d", in, got, want)
		}
	}
}

// Scenario 9: whatever a value holds, it arrives as it is.
func TestScenario9Placeholders(t *testing.T) {
	m := runSpec(t, `{metrics: [{name: m, interval: "{{args.v}}", count: "{{args.v}}", successCondition: "result == '{{ args.v }}'", provider: {
		web: {url: "http://{{args.v}}/{{args.v}}", headers: [{key: "{{args.v}}", value: "<{a:{{args.v}}}>"}], jsonBody: {"k{{args.v}}": ["{{args.v}}", 12345678901234567890, null, true]}},
		job: {spec: {template: {metadata: {labels: {l: "{{args.v}}"}}, spec: {restartPolicy: Never, containers: [{name: c, command: [sh, -c, "{{args.v}}"]}]}}}},
		plugin: {a/b: {x: "{{args.v}}"}}}}]}`).Metrics[0]
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{`"quoted"`, "a\\b", "two\nlines", "ü", "\a", "{{args.v}}", "<&>", "{{"})).Draw(t, "value")
		got, err := Resolve(m, []v1alpha1.Argument{{Name: "v", Value: &v}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		j := got.Metric.Provider.Job.Spec.Template
		texts := []string{
			string(got.Metric.Interval), got.Metric.Count.StrVal, got.Metric.Provider.Web.Headers[0].Key, j.Labels["l"], j.Spec.Containers[0].Command[2],
		}
		if diff := cmp.Diff([]string{v, v, v, v, v}, texts); diff != "" {
			t.Fatalf("texts (-want +got):\n%s", diff)
		}
		if want := "<{a:" + v + "}>"; got.Metric.Provider.Web.Headers[0].Value != want {
			t.Fatalf("header = %q, want %q", got.Metric.Provider.Web.Headers[0].Value, want)
		}
		checkRaw(t, got.Metric.Provider.Web.JSONBody, v)
	})
}

// checkRaw compares raw JSON; what is not UTF-8 cannot be in JSON.
func checkRaw(t *rapid.T, raw json.RawMessage, v string) {
	valid := strings.ToValidUTF8(v, "\uFFFD")
	if len([]rune(valid)) != len([]rune(v)) {
		return
	}
	var body map[string][]any
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	if err := decoder.Decode(&body); err != nil {
		t.Fatalf("jsonBody %s: %v", raw, err)
	}
	if diff := cmp.Diff(map[string][]any{"k" + v: {v, json.Number("12345678901234567890"), nil, true}}, body); diff != "" {
		t.Fatalf("jsonBody (-want +got):\n%s", diff)
	}
}

// Scenario 10: other uses of double braces are errors that name the tag.
func TestScenario10ForeignBraces(t *testing.T) {
	x := "1"
	cases := map[string]string{
		"{{ end }}":        "failed to resolve {{end}}",
		"{{}}":             "failed to resolve {{}}",
		"{{inputs.x}}":     "failed to resolve {{inputs.x}}",
		"{{{args.x}}}":     "failed to resolve {{{args.x}}",
		"{{args.x":         "failed to resolve {{args.x}}",
		"{{args.x}} {{x}}": "failed to resolve {{x}}",
	}
	for command, want := range cases {
		m := v1alpha1.Metric{Name: "m", Provider: v1alpha1.MetricProvider{Job: &v1alpha1.JobMetric{}}}
		m.Provider.Job.Spec.Template.Annotations = map[string]string{"command": command}
		if _, err := Resolve(m, []v1alpha1.Argument{{Name: "x", Value: &x}}, nil); err == nil || err.Error() != want {
			t.Errorf("Resolve(%s) error = %v, want %s", command, err, want)
		}
	}
}

func TestScenario11Secrets(t *testing.T) {
	token := v1alpha1.SecretKeyRef{Name: "s", Key: "token"}
	plain := "plain"
	args := []v1alpha1.Argument{{Name: "t", Value: &plain, ValueFrom: &v1alpha1.ValueFrom{SecretKeyRef: &token}}, {Name: "u", ValueFrom: &v1alpha1.ValueFrom{SecretKeyRef: &token}}}
	m := v1alpha1.Metric{Name: "m", SuccessCondition: "result == '{{args.t}}'"}
	if diff := cmp.Diff([]v1alpha1.SecretKeyRef{token}, SecretRefs(args)); diff != "" {
		t.Errorf("SecretRefs() (-want +got):\n%s", diff)
	}
	got, err := Resolve(m, args, Secrets{token: "hunter2"})
	if want := "result == 'hunter2'"; err != nil || got.Metric.SuccessCondition != want {
		t.Errorf("Resolve() = %v, %v, want %s", got.Metric.SuccessCondition, err, want)
	}
	if want := "wrong password ***** for x"; got.Redact("wrong password hunter2 for x") != want {
		t.Errorf("Redact() = %s, want %s", got.Redact("wrong password hunter2 for x"), want)
	}
	_, err = Resolve(m, args, nil)
	if want := "key 'token' does not exist in secret 's'"; err == nil || err.Error() != want {
		t.Errorf("Resolve() error = %v, want %s", err, want)
	}
	if m.SuccessCondition != "result == '{{args.t}}'" {
		t.Errorf("Resolve() edited the metric: %s", m.SuccessCondition)
	}
}

func BenchmarkParseRun(b *testing.B) {
	for _, metrics := range []int{1, 5} {
		b.Run(fmt.Sprintf("%d metrics", metrics), func(b *testing.B) {
			s := v1alpha1.AnalysisRunSpec{Args: []v1alpha1.Argument{{Name: "x", Value: new(string)}}}
			for i := range metrics {
				m := v1alpha1.Metric{Name: fmt.Sprintf("m%d", i), Interval: "30s", SuccessCondition: "result[0] > 0.95 {{args.x}}"}
				m.Provider.Prometheus = &v1alpha1.PrometheusMetric{Address: "http://prometheus:9090", Query: "sum(rate(x{hash='{{args.x}}'}[5m]))"}
				s.Metrics = append(s.Metrics, m)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseRun(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
