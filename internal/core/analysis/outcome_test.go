package analysis

import (
	"strings"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// The table of worked outcomes, and the texts that belong to them.
func TestWorkedOutcomes(t *testing.T) {
	cases := map[string]struct {
		settings, answers string
		want              v1alpha1.AnalysisPhase
		wantCounters      [5]int32
		wantMessage       string
	}{
		"one success":                         {``, "S", "Successful", [5]int32{1, 1}, ""},
		"one failure":                         {``, "F", "Failed", [5]int32{1, 0, 1}, `failed (1) > failureLimit (0)`},
		"four errors are tolerated":           {``, "EEEES", "Successful", [5]int32{1, 1, 0, 0, 4}, ""},
		"five errors are not":                 {``, "EEEEE", "Error", [5]int32{0, 0, 0, 0, 5}, `consecutiveErrors (5) > consecutiveErrorLimit (4): "Error Message: no answer"`},
		"the second failure of one tolerated": {`interval: 1s, count: 5, failureLimit: 1`, "SFSF", "Failed", [5]int32{4, 2, 2}, `failed (2) > failureLimit (1)`},
		"one failure of one tolerated":        {`interval: 1s, count: 3, failureLimit: 1`, "SFS", "Successful", [5]int32{3, 2, 1}, ""},
		"the second inconclusive one":         {`interval: 1s, count: 3, inconclusiveLimit: 1`, "ISI", "Inconclusive", [5]int32{3, 1, 0, 2}, `inconclusive (2) > inconclusiveLimit (1)`},
		"three in a row at last":              {`interval: 1s, consecutiveSuccessLimit: 3, failureLimit: -1`, "FSSFSSS", "Successful", [5]int32{7, 5, 2}, ""},
		"three in a row not in time":          {`interval: 1s, consecutiveSuccessLimit: 3, failureLimit: -1, count: 5`, "SSFSS", "Failed", [5]int32{5, 4, 1}, `count (5) reached before consecutiveSuccessLimit (3)`},
		"two in a row not in time":            {`interval: 1s, consecutiveSuccessLimit: 2, failureLimit: 1, count: 3`, "SFS", "Inconclusive", [5]int32{3, 2, 1}, `count (3) reached before consecutiveSuccessLimit (2)`},
		"an error breaks the row":             {`interval: 1s, consecutiveSuccessLimit: 3, failureLimit: 0, count: 5`, "SSESSS", "Successful", [5]int32{5, 5, 0, 0, 1}, ""},
		"each limit counts alone":             {`interval: 1s, count: 5, failureLimit: 1, inconclusiveLimit: 1`, "FISSS", "Successful", [5]int32{5, 3, 1, 1}, ""},
		"no error is tolerated":               {`consecutiveErrorLimit: 0`, "E", "Error", [5]int32{0, 0, 0, 0, 1}, `consecutiveErrors (1) > consecutiveErrorLimit (0): "Error Message: no answer"`},
		"errors and successes take turns":     {`interval: 1s, count: 3`, "ESESES", "Successful", [5]int32{3, 3, 0, 0, 3}, ""},
		"a success ends the row of errors":    {`interval: 1s, count: 3, consecutiveErrorLimit: 2`, "EESEESEES", "Successful", [5]int32{3, 3, 0, 0, 6}, ""},
		"a failure ends the row of errors":    {`interval: 1s, count: 3, consecutiveErrorLimit: 1, failureLimit: 2`, "EFEFES", "Successful", [5]int32{3, 1, 2, 0, 3}, ""},
		"a negative count is one":             {`count: -1, interval: 1s`, "ES", "Successful", [5]int32{1, 1, 0, 0, 1}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, runOf(metricOf("m", tc.settings)), map[string]string{"m": tc.answers})
			w.play(10 * time.Minute)
			if got := counters(w.result("m")); got != tc.wantCounters {
				t.Errorf("counters = %v, want %v", got, tc.wantCounters)
			}
			if len(tc.answers) != w.asked["m"] {
				t.Errorf("measured %d times, want %d", w.asked["m"], len(tc.answers))
			}
			want := ""
			if tc.wantMessage != "" {
				want = `Metric "m" assessed ` + string(tc.want) + ` due to ` + tc.wantMessage
			}
			wantVerdict(t, w, tc.want, want)
		})
	}
}

func TestAnEndlessMetricGoesOnUntilTheRunIsTerminated(t *testing.T) {
	w := newWorld(t, runOf(metricOf("m", `interval: 1s`)), map[string]string{"m": "S"})
	w.play(30 * time.Second)
	wantVerdict(t, w, "Running", "")
	if got := w.result("m").Count; got != 31 {
		t.Errorf("count after 30 s = %d, want 31", got)
	}
	w.run.Spec.Terminate = true
	w.play(time.Minute)
	wantVerdict(t, w, "Successful", "Run Terminated")
	if got := w.result("m").Count; got > 32 {
		t.Errorf("count = %d: it was measured after the end", got)
	}
}

// A result of a run that failed says what was measured and what was asked for.
func TestMessagesSayWhichValueAndWhichCondition(t *testing.T) {
	cases := map[string]struct{ conditions, want string }{
		"success":    {`successCondition: "result[0] > 0.9"`, "result[0] > 0.9 is false for [0.42]"},
		"failure":    {`failureCondition: "result[0] < 0.9"`, "result[0] < 0.9 is true for [0.42]"},
		"both":       {`successCondition: "result[0] > 0.9", failureCondition: "result[0] < 0.5"`, "result[0] < 0.5 is true for [0.42]"},
		"neither":    {`successCondition: "result[0] > 0.9", failureCondition: "result[0] < 0.4"`, "neither result[0] > 0.9 nor result[0] < 0.4 is true for [0.42]"},
		"no program": {`successCondition: "x > 1", consecutiveErrorLimit: 0`, `could not evaluate successCondition "x > 1": unknown name x`},
		"no bool":    {`failureCondition: "result[0]", consecutiveErrorLimit: 0`, `could not evaluate failureCondition "result[0]": expected bool, but got float64`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, runOf(`{name: m, provider: {web: {url: x}}, `+tc.conditions+`}`), map[string]string{"m": "S"})
			w.pass()
			w.calls["m"] = Reading{Metric: "m", Number: 1, Call: Start, Started: w.now, Result: []float64{0.42}, Value: "[0.42]"}
			w.pass()
			r := w.result("m")
			if r.Message != tc.want || r.Measurements[0].Message != tc.want || r.Measurements[0].Value != "[0.42]" {
				t.Errorf("result = %+v, want message %q", r, tc.want)
			}
			quoted := strings.Contains(w.run.Status.Message, "Error Message")
			if want := r.Phase == v1alpha1.AnalysisPhaseError; quoted != want {
				t.Errorf("run message = %s, quoted = %v, want %v", w.run.Status.Message, quoted, want)
			}
		})
	}
}

// Every row of the truth table, NaN with each shape of conditions included.
func TestScenario36TruthTable(t *testing.T) {
	nan := func() any { var zero float64; return zero / zero }()
	cases := map[string]struct {
		success, failure string
		result           any
		want             v1alpha1.AnalysisPhase
	}{
		"neither is set":                {"", "", 1.0, "Successful"},
		"success holds":                 {"result > 0", "", 1.0, "Successful"},
		"success does not hold":         {"result > 2", "", 1.0, "Failed"},
		"failure holds":                 {"", "result > 0", 1.0, "Failed"},
		"failure does not hold":         {"", "result > 2", 1.0, "Successful"},
		"both hold":                     {"result > 0", "result > 0", 1.0, "Failed"},
		"only success holds":            {"result > 0", "result > 2", 1.0, "Successful"},
		"only failure holds":            {"result > 2", "result > 0", 1.0, "Failed"},
		"neither holds":                 {"result > 2", "result > 3", 1.0, "Inconclusive"},
		"success errs":                  {"x", "result > 0", 1.0, "Error"},
		"failure errs":                  {"result > 0", "x", 1.0, "Error"},
		"NaN, success only":             {"result >= 0.95", "", nan, "Failed"},
		"NaN, failure only":             {"", "result < 0.95", nan, "Successful"},
		"NaN, both":                     {"result >= 0.95", "result < 0.95", nan, "Inconclusive"},
		"no data":                       {"result[0] > 1", "", []float64{}, "Error"},
		"no data, and that is expected": {"len(result) == 0 || result[0] > 1", "", []float64{}, "Successful"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, message := judge(conditions{tc.success, tc.failure, tc.success, tc.failure}, Reading{Result: tc.result}, midnight)
			if got != tc.want {
				t.Errorf("judge() = %s, %s, want %s", got, message, tc.want)
			}
		})
	}
}
