package expr

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var at = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// outcome is "true", "false", or "error: ..." of a condition.
func outcome(condition string, result any) string {
	held, err := Holds(condition, result, at)
	if err != nil {
		return "error: " + err.Error()
	}
	return fmt.Sprint(held)
}

const noDataText = "error: metric result is nil or empty: no data returned from the metric provider"

// Every row of the reference's table of behaviours that is about one condition.
func TestScenario36Behaviours(t *testing.T) {
	type row struct {
		condition string
		result    any
		want      string
	}
	empty, nan, object := []float64{}, math.NaN(), map[string]any{"a": map[string]any{}}
	rows := []row{
		{"result >= 0.95", nan, "false"},
		{"result >= 0.95", math.Inf(1), "true"},
		{"isNaN(result)", nan, "true"},
		{"isInf(result)", math.Inf(-1), "true"},
		{"isNaN(result)", []float64{1}, "error: cannot use []float64 as argument (type float64) to call isNaN "},
		{"isNaN(result)", 1, "error: *"},
		{"isNaN(result)", "1", "error: *"},
		{"result[0] > 0.9", empty, noDataText},
		{"result?.[0] > 0.9", empty, noDataText},
		{"result[1] > 0.9", []float64{1}, "error: index out of range: 1 (array length is 1)"},
		{"result[-1] == 3", []float64{1, 2, 3}, "true"},
		{"len(result) == 0 || result[0] < 5", empty, "true"},
		{"len(result) == 0 || result[0] < 5", []float64{6}, "false"},
		{"all(result, {# > 1})", empty, "true"},
		{"any(result, {# > 1})", empty, "false"},
		{"none(result, {# > 1})", empty, "true"},
		{"all(result, {# > 1})", []float64{2, 1}, "false"},
		{"mean(result) == 0 && sum(result) == 0", empty, "true"},
		{"max(result) == nil && min(result) == nil", empty, "true"},
		{"max(result) > 1", empty, noDataText},
		{"first(result) == nil && last(result) == nil", empty, "true"},
		{"result > 0", []float64{1}, "error: invalid operation: > (mismatched types []float64 and int)"},
		{"2 in result", []float64{1, 2}, "true"},
		{"(result ?? 0) == 0", nil, "true"},
		{"result < 1", nil, noDataText},
		{"result.missing == nil", object, "true"},
		{"result.missing < 1", object, "error: invalid operation: <nil> < int"},
		{"result.a.b.c == nil", object, "error: cannot fetch c from <nil>"},
		{"result?.a?.b?.c == nil", object, "true"},
		{"result.missing < 1", map[string]any{}, "error: invalid operation: <nil> < int"},
		{"result['average.duration'] > 1", map[string]any{"average.duration": 2.0}, "true"},
		{`result == "ok"`, "ok", "true"},
		{"result > 1", "2", "error: invalid operation: > (mismatched types string and int)"},
		{"asInt(result) > 1 && asFloat(result) > 1 && int(result) > 1 && float(result) > 1", "2", "true"},
		{`asInt("1.1") > 0`, 1.0, `error: strconv.ParseInt: parsing "1.1": invalid syntax`},
		{"asInt(1.9) == 1 && asInt(-1.9) == -1", 1.0, "true"},
		{"asInt(result) < 0", nan, "true"},
		{"asInt(true) > 0", 1.0, "error: asInt() not supported on bool true"},
		{"asInt(nil) > 0", 1.0, "error: asInt() not supported on <nil> <nil>"},
		{`asFloat("1e3") == 1000 && isNaN(asFloat("NaN")) && isInf(asFloat("+Inf"))`, 1.0, "true"},
		{`asFloat(" 1") > 0`, 1.0, `error: strconv.ParseFloat: parsing " 1": invalid syntax`},
		{"asFloat([1]) > 0", 1.0, "error: asFloat() not supported on []interface {} [1]"},
		{"5/2 == 2.5 && isInf(1/0)", 1.0, "true"},
		{"let x = result[0]; x > 1 && x < 3", []float64{2}, "true"},
		{"result | filter(# > 1) | len() > 2", []float64{1, 2, 3, 4}, "true"},
		{"result > 1 ? true : false", 2.0, "true"},
		{"result > 1 and not (result > 3) or false", 2.0, "true"},
		{"1.5", 1.0, "error: expected bool, but got float64"},
		{"result.a", map[string]any{"a": 1.5}, "error: expected bool, but got float64"},
		{"x > 1", 1.0, "error: unknown name x"},
		{"results[0] > 1", []float64{1}, "error: unknown name results"},
		{"result[0] ==", []float64{1}, "error: unexpected token EOF"},
		{"result <= 9007199254740992", 9007199254740993.0, "true"},
		{"now() == date('2026-01-02T03:04:05Z')", 1.0, "true"},
		{"result + 'x' == 'ax' && result + result == 'aa'", "a", "true"},
		{"[result, 1][0] == 2.0 && {'k': result}.k == 2.0", 2.0, "true"},
		{"reduce(result, #acc + #, 0) == 6", []float64{1, 2, 3}, "true"},
		{"map(result, {# * 2}) == [2, 4]", []float64{1, 2}, "true"},
	}
	for _, tc := range rows {
		t.Run(tc.condition, func(t *testing.T) {
			got := outcome(tc.condition, tc.result)
			if tc.want == "error: *" && strings.HasPrefix(got, "error: ") {
				return
			}
			if got != tc.want {
				t.Errorf("%s for %v is %s, want %s", tc.condition, tc.result, got, tc.want)
			}
		})
	}
}

// isNil and default look at the whole result, not at what they are asked about.
func TestQuirks(t *testing.T) {
	object := map[string]any{"a": nil}
	rows := []struct {
		condition string
		result    any
		want      string
	}{
		{"isNil(result)", nil, "true"},
		{"isNil(result)", 1.0, "false"},
		{"isNil(result.a)", object, "false"},
		{"default(result, 0) == 0", nil, "true"},
		{"default(result, 0) == 7.0", 7.0, "true"},
		{"default(result.a, 5) == result", object, "true"},
	}
	for _, tc := range rows {
		if got := outcome(tc.condition, tc.result); got != tc.want {
			t.Errorf("%s for %v is %s, want %s", tc.condition, tc.result, got, tc.want)
		}
	}
}

func TestPointersStandForWhatTheyPointTo(t *testing.T) {
	seven := 7.0
	if got := outcome("result == 7.0 && !isNil(result)", &seven); got != "true" {
		t.Errorf("a pointer to 7: %s, want true", got)
	}
	if got := outcome("isNil(result)", (*float64)(nil)); got != "true" {
		t.Errorf("a nil pointer: %s, want true", got)
	}
}

func TestStructs(t *testing.T) {
	type series struct {
		Label  *string
		Values []float64
	}
	result := []series{{Values: []float64{0.001}}}
	if got := outcome("result[0].Values[0] <= 0.01 && all(result[0].Values, {# < 1})", result); got != "true" {
		t.Errorf("fields of a struct: %s, want true", got)
	}
}

// Scenario 37: an expression that would run, or grow, for ever is stopped.
func TestScenario37Budget(t *testing.T) {
	many := make([]float64, 10_000)
	rows := map[string]string{
		"loops in loops":             "all(result, {all(result, {all(result, {# > -1})})})",
		"loops without braces":       "all(result, all(result, all(result, # > -1)))",
		"text that doubles":          `len(reduce(1..60, #acc + #acc, "xxxxxxxxxxxxxxxx")) > 1`,
		"text that doubles, in lets": `let a = string(result); let b = a+a; let c = b+b; let d = c+c; let e = d+d; let f = e+e; let g = f+f; let h = g+g; let i = h+h; let j = i+i; let k = j+j; len(k) > 1`,
		"lists of lists of lists":    `let a = map(1..1000, 1); let b = map(1..1000, a); let c = map(1..1000, b); string(c) == ""`,
		"lists that double":          `string(reduce(1..60, [#acc, #acc], [1])) == ""`,
		"maps that double":           `toJSON(reduce(1..60, ({"a": #acc, "b": #acc}), {"a": 1})) == ""`,
		"a long range":               "len(1..2000000) > 1",
		"repeated text":              `len(repeat("xxxxxxxxxx", 1000000)) > 1`,
		"too many parts":             "result[0]" + strings.Repeat(" + 1", 6000) + " > 1",
		"too long":                   "true" + strings.Repeat(" ", 70_000),
	}
	for name, condition := range rows {
		t.Run(name, func(t *testing.T) {
			got := outcome(condition, many)
			if !strings.Contains(got, "budget") && !strings.Contains(got, "exceed") && !strings.Contains(got, "longer") {
				t.Errorf("outcome = %s, want a budget that is exceeded", got)
			}
		})
	}
	if got := outcome("all(result, {# > -1}) && len(filter(result, {# == 0})) == 10000 && mean(result) == 0", many); got != "true" {
		t.Errorf("an honest condition about 10,000 samples: %s, want true", got)
	}
}

func TestTime(t *testing.T) {
	rows := map[string]struct {
		expression string
		want       time.Time
		wantErr    string
	}{
		"now":              {"now()", at, ""},
		"some time ago":    {`now() - duration("5m")`, at.Add(-5 * time.Minute), ""},
		"more arithmetic":  {`now() - duration("1h") + duration("10s")`, at.Add(10*time.Second - time.Hour), ""},
		"a date":           {`date("2026-01-01")`, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), ""},
		"a number":         {"5", time.Time{}, "expected time.Time, but got int"},
		"a duration":       {`duration("5m")`, time.Time{}, "expected time.Time, but got time.Duration"},
		"a broken one":     {"now(", time.Time{}, "unexpected token EOF"},
		"no such name":     {"result", time.Time{}, "unknown name result"},
		"no such duration": {`now() - duration("5x")`, time.Time{}, `time: unknown unit "x" in duration "5x"`},
	}
	for name, tc := range rows {
		t.Run(name, func(t *testing.T) {
			got, err := Time(tc.expression, at)
			if !got.Equal(tc.want) || (err == nil) != (tc.wantErr == "") || (err != nil && err.Error() != tc.wantErr) {
				t.Errorf("Time(%s) = %v, %v, want %v, %s", tc.expression, got, err, tc.want, tc.wantErr)
			}
		})
	}
}

func TestLint(t *testing.T) {
	const unguarded = "%s is an error when there is no data; say what that means, as in: len(%s) == 0 || ... or: len(%s) > 0 && ..."
	of := func(element, list string) []string { return []string{fmt.Sprintf(unguarded, element, list, list)} }
	rows := map[string][]string{
		"result[0] >= 0.95":                                 of("result[0]", "result"),
		"result[0] >= 0.95 && result[0] < 2":                of("result[0]", "result"),
		"result[-1] > 1":                                    of("result[-1]", "result"),
		"result[0].Values[0] > 1 || len(result) == 0":       append(of("result[0].Values[0]", "result[0].Values"), of("result[0]", "result")...),
		"len(result) == 0 || result[0] < 5":                 nil,
		"len(result) > 0 and result[0] < 5":                 nil,
		"len(result) > 0 ? result[0] < 5 : false":           nil,
		"any(result, {# > 1}) && result['a.b'] == result.c": nil,
		"default(result, 0) > 1 && isNaN(asFloat(result))":  nil,
		"now() > date('2026-01-01')":                        nil,
		"results[0] > 1":                                    {"does not compile: unknown name results"},
		"result >":                                          {"does not compile: unexpected token EOF"},
	}
	for condition, want := range rows {
		if diff := cmp.Diff(want, Lint(condition)); diff != "" {
			t.Errorf("Lint(%s) (-want +got):\n%s", condition, diff)
		}
	}
}

func FuzzHolds(f *testing.F) {
	for _, seed := range []string{"result[0] > 1", "all(result, {# > 1})", "result.a?.b ?? 1", "reduce(result, #acc + #acc)", "let x = 1; x", "1..2", "[result, {'a': 1}]"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, condition string) {
		for _, result := range []any{nil, 1.5, []float64{1, 2}, map[string]any{"a": []any{nil}}, "text"} {
			outcome(condition, result)
		}
		Lint(condition)
	})
}

func BenchmarkHolds(b *testing.B) {
	for name, condition := range map[string]string{"plain": "result[0] >= 0.95", "guarded": "len(result) == 0 || result[0] < 5", "loop": "all(result, {# < 5})"} {
		b.Run(name, func(b *testing.B) {
			result := []float64{0.99, 1, 2}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Holds(condition, result, at); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
