package analysis

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/spec"
)

func TestScenario11AMissingSecretEndsTheRun(t *testing.T) {
	w := newWorld(t, runOf(metricOf("m", ""), metricOf("o", `interval: 1s`)), map[string]string{"m": "U", "o": "S"})
	w.latency["o"] = time.Hour
	w.play(time.Minute)
	wantVerdict(t, w, "Error", "Unable to resolve metric arguments: key 'k' does not exist in secret 's'")
	wantLog(t, w, "0s start m 1", "0s start o 1", "0s cancel o")
	if s := w.run.Status; s.StartedAt == nil || s.CompletedAt == nil {
		t.Errorf("startedAt %v, completedAt %v, want both", s.StartedAt, s.CompletedAt)
	}
}

func TestScenario12SecretsAreNotRecorded(t *testing.T) {
	secret := v1alpha1.SecretKeyRef{Name: "s", Key: "k"}
	w := newWorld(t, `{args: [{name: token, valueFrom: {secretKeyRef: {name: s, key: k}}}],
		metrics: [{name: m, provider: {web: {url: x}}, successCondition: "result == '{{args.token}}'", interval: 1s, failureLimit: 1, count: 3}]}`, map[string]string{"m": "S"})
	resolved, err := spec.Resolve(w.run.Spec.Metrics[0], w.run.Spec.Args, spec.Secrets{secret: "hunter2"})
	if err != nil {
		t.Fatal(err)
	}
	reading := Reading{Metric: "m", Number: 1, Call: Start, Started: w.now, Finished: w.now, Resolved: &resolved, Result: "hunter2!", Value: "hunter2!", Metadata: map[string]string{"url": "x?hunter2"}, Description: map[string]string{"query": "hunter2"}}
	w.readings = []Reading{reading}
	w.pass()
	reading.Number, reading.Result, reading.Value = 2, "hunter2", "hunter2"
	w.readings = []Reading{reading}
	w.pass()
	reading.Number, reading.Failure = 3, "401 for hunter2"
	w.readings = []Reading{reading}
	w.pass()
	if got, want := w.result("m").Measurements[2].Message, "401 for *****"; got != want {
		t.Errorf("message = %s, want %s", got, want)
	}
	raw, _ := json.Marshal(w.run.Status)
	if strings.Contains(string(raw), "hunter2") {
		t.Errorf("the status shows the secret: %s", raw)
	}
	r := w.result("m")
	if got, want := r.Measurements[0].Message, "result == 'temp-for-secret' is false for *****!"; got != want {
		t.Errorf("message = %s, want %s", got, want)
	}
	if r.Measurements[1].Phase != v1alpha1.AnalysisPhaseSuccessful {
		t.Errorf("the condition was not judged with the secret: %+v", r.Measurements[1])
	}
	if r.Metadata["query"] != "*****" || r.Measurements[0].Metadata["url"] != "x?*****" {
		t.Errorf("metadata = %v, %v", r.Metadata, r.Measurements[0].Metadata)
	}
}

func TestScenario15And31Retention(t *testing.T) {
	w := newWorld(t, `{metrics: [`+metricOf("a", `interval: 1s, count: 11`)+`, `+metricOf("b", `interval: 1s, count: 11`)+`, `+jobOf("c", `interval: 1s, count: 11`)+`],
		measurementRetention: [{metricName: a, limit: 3}, {metricName: b, limit: 0}, {metricName: c, limit: 2}]}`, map[string]string{"a": "S", "b": "S", "c": "S"})
	w.play(time.Minute)
	wantVerdict(t, w, "Successful", "")
	for name, keep := range map[string]int{"a": 3, "b": 10, "c": 2} {
		if r := w.result(name); len(r.Measurements) != keep || r.Count != 11 {
			t.Errorf("metric %s has %d measurements and count %d, want %d and 11", name, len(r.Measurements), r.Count, keep)
		}
	}
	log := strings.Join(w.log, "\n")
	if n := strings.Count(log, "collect c 2"); n != 9 || strings.Contains(log, "collect a") {
		t.Errorf("collected %d times from c, want 9, and never from a:\n%s", n, log)
	}
}

func TestScenario31TrimmedAlthoughTheSourceErrs(t *testing.T) {
	w := newWorld(t, runOf(metricOf("m", `consecutiveErrorLimit: 50`)), map[string]string{"m": "E"})
	w.play(3 * time.Minute)
	if r := w.result("m"); len(r.Measurements) != 10 || r.Error != 19 {
		t.Errorf("%d measurements kept of %d errors, want 10 of 19", len(r.Measurements), r.Error)
	}
}

func TestScenario16OneSuccessIsOneCall(t *testing.T) {
	w := newWorld(t, runOf(metricOf("m", "")), map[string]string{"m": "S"})
	w.play(time.Hour)
	wantVerdict(t, w, "Successful", "")
	wantLog(t, w, "0s start m 1")
	want := []string{"MetricSuccessful: Metric 'm' Completed. Result: Successful", "AnalysisRunSuccessful: Analysis Completed. Result: Successful"}
	if diff := cmp.Diff(want, w.events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestScenario17ErrorsAreRetriedEveryTenSeconds(t *testing.T) {
	w := newWorld(t, runOf(metricOf("m", "")), map[string]string{"m": "E"})
	w.play(time.Hour)
	wantLog(t, w, "0s start m 1", "10s start m 2", "20s start m 3", "30s start m 4", "40s start m 5")
	wantVerdict(t, w, "Error", `Metric "m" assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4): "Error Message: no answer"`)
}

func TestScenario18AnErrorIsRetriedAfterTenSecondsWhateverTheInterval(t *testing.T) {
	w := newWorld(t, runOf(metricOf("a", `interval: 5s, count: 3`), metricOf("b", `interval: 60s, count: 3`)), map[string]string{"a": "SES", "b": "SES"})
	w.play(time.Hour)
	wantLog(t, w, "0s start a 1", "0s start b 1", "5s start a 2", "15s start a 3", "20s start a 4", "1m0s start b 2", "1m10s start b 3", "2m10s start b 4")
}

func TestScenario19TheThirdFailureOfTwoTolerated(t *testing.T) {
	w := newWorld(t, runOf(metricOf("m", `interval: 5s, failureLimit: 2`)), map[string]string{"m": "SFFSF"})
	w.play(time.Hour)
	wantVerdict(t, w, "Failed", `Metric "m" assessed Failed due to failed (3) > failureLimit (2)`)
	if len(w.log) != 5 {
		t.Errorf("calls = %v, want 5", w.log)
	}
	want := []string{"MetricFailed: Metric 'm' Completed. Result: Failed", "AnalysisRunFailed: Analysis Completed. Result: Failed"}
	if diff := cmp.Diff(want, w.events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// Scenarios 20 to 22 are rows of TestWorkedOutcomes.

func TestScenario23AFailureStopsTheJobInFlight(t *testing.T) {
	w := newWorld(t, runOf(metricOf("a", ""), jobOf("b", "")), map[string]string{"a": "F", "b": "rrrrr"})
	w.latency["a"] = 3 * time.Second
	w.play(time.Minute)
	wantVerdict(t, w, "Failed", `Metric "a" assessed Failed due to failed (1) > failureLimit (0)`)
	if got := w.log[len(w.log)-1]; got != "3s stop b 1" {
		t.Errorf("last call = %s, want 3s stop b 1; all: %v", got, w.log)
	}
	r := w.result("b")
	if r.Phase != v1alpha1.AnalysisPhaseInconclusive || r.Measurements[0].Message != "Metric Terminated" || r.Measurements[0].FinishedAt == nil {
		t.Errorf("metric b = %+v", r)
	}
	want := v1alpha1.RunSummary{Count: 2, Failed: 1, Inconclusive: 1}
	if diff := cmp.Diff(want, w.run.Status.RunSummary); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

// What a slow source is beginning is not given up: it could not be stopped.
func TestAJobThatIsBeingStartedIsAwaitedAndStopped(t *testing.T) {
	w := newWorld(t, runOf(metricOf("a", ""), jobOf("b", "")), map[string]string{"a": "F", "b": "r"})
	w.latency["b"] = 20 * time.Second
	w.play(time.Minute)
	wantLog(t, w, "0s start a 1", "0s start b 1", "20s stop b 1")
	wantVerdict(t, w, "Failed", `Metric "a" assessed Failed due to failed (1) > failureLimit (0)`)
}

func TestScenario24FailedIsWorseThanError(t *testing.T) {
	w := newWorld(t, runOf(metricOf("a", `consecutiveErrorLimit: 0`), metricOf("b", "")), map[string]string{"a": "E", "b": "F"})
	w.play(time.Minute)
	wantVerdict(t, w, "Failed", `Metric "b" assessed Failed due to failed (1) > failureLimit (0)`)
	if want := (v1alpha1.RunSummary{Count: 2, Failed: 1, Error: 1}); w.run.Status.RunSummary != want {
		t.Errorf("summary = %+v, want %+v", w.run.Status.RunSummary, want)
	}
}

func TestScenario25ADryRunDoesNotCount(t *testing.T) {
	w := newWorld(t, `{metrics: [`+metricOf("a", `count: 3, interval: 5s`)+`, `+metricOf("b", "")+`], dryRun: [{metricName: b}]}`, map[string]string{"a": "S", "b": "F"})
	w.play(time.Minute)
	wantVerdict(t, w, "Successful", "")
	r := w.result("b")
	if !r.DryRun || r.Message != "Metric assessed Failed due to failed (1) > failureLimit (0)" {
		t.Errorf("metric b = %+v", r)
	}
	if got := w.result("a").Count; got != 3 {
		t.Errorf("metric a was measured %d times, want 3: a dry run ends nothing", got)
	}
	s := w.run.Status
	if diff := cmp.Diff([]v1alpha1.RunSummary{{Count: 1, Successful: 1}, {Count: 1, Failed: 1}}, []v1alpha1.RunSummary{s.RunSummary, *s.DryRunSummary}); diff != "" {
		t.Errorf("summaries (-want +got):\n%s", diff)
	}
}

func TestADryRunHoldsTheRunBackAndIsStoppedWithIt(t *testing.T) {
	w := newWorld(t, `{metrics: [`+metricOf("a", "")+`, `+jobOf("b", "")+`], dryRun: [{metricName: b}]}`, map[string]string{"a": "S", "b": "r"})
	w.play(time.Minute)
	wantVerdict(t, w, "Running", "")
	w.run.Spec.Terminate = true
	w.play(2 * time.Minute)
	wantVerdict(t, w, "Successful", "Run Terminated")
	if got := w.result("b").Phase; got != v1alpha1.AnalysisPhaseInconclusive {
		t.Errorf("metric b is %s, want Inconclusive", got)
	}
}

func TestScenario26ADelayedMetricHoldsTheRunBack(t *testing.T) {
	w := newWorld(t, runOf(metricOf("a", ""), metricOf("b", `initialDelay: 30s`)), map[string]string{"a": "S", "b": "S"})
	w.play(29 * time.Second)
	wantVerdict(t, w, "Running", "")
	w.play(time.Minute)
	wantLog(t, w, "0s start a 1", "30s start b 1")
	wantVerdict(t, w, "Successful", "")
}

func TestScenario27TerminatedBeforeTheFirstMeasurement(t *testing.T) {
	w := newWorld(t, `{terminate: true, metrics: [`+metricOf("a", "")+`, `+jobOf("b", "")+`]}`, map[string]string{"a": "S", "b": "r"})
	w.play(time.Minute)
	wantVerdict(t, w, "Successful", "Run Terminated")
	if len(w.log) > 0 || len(w.run.Status.MetricResults) > 0 {
		t.Errorf("calls %v, results %v, want none", w.log, w.run.Status.MetricResults)
	}
}

func TestScenario27TerminatedWithAJobInFlight(t *testing.T) {
	w := newWorld(t, runOf(jobOf("b", "")), map[string]string{"b": "r"})
	w.play(10 * time.Second)
	w.run.Spec.Terminate = true
	w.play(time.Minute)
	wantVerdict(t, w, "Inconclusive", `Metric "b" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0): "Error Message: Metric Terminated"`)
}

func TestTerminatedWhileASynchronousMetricIsMeasured(t *testing.T) {
	w := newWorld(t, runOf(metricOf("a", "")), map[string]string{"a": "S"})
	w.latency["a"] = time.Minute
	w.play(10 * time.Second)
	w.run.Spec.Terminate = true
	w.play(time.Hour)
	wantLog(t, w, "0s start a 1", "10s cancel a")
	wantVerdict(t, w, "Successful", "Run Terminated")
}

func TestScenario28ARestartResumesTheSameJob(t *testing.T) {
	w := newWorld(t, runOf(jobOf("b", "")), map[string]string{"b": "rrrS"})
	w.play(1500 * time.Millisecond)
	w.calls, w.readings = map[string]Reading{}, nil
	w.play(time.Minute)
	wantVerdict(t, w, "Successful", "")
	for i, call := range w.log {
		if started := strings.Contains(call, "start"); started != (i == 0) || !strings.HasSuffix(call, " 1") {
			t.Errorf("calls = %v, want one start and then only looks at measurement 1", w.log)
		}
	}
}

func TestScenario28ARestartMeasuresAgainWhatWasNotRecorded(t *testing.T) {
	w := newWorld(t, runOf(metricOf("a", "")), map[string]string{"a": "S"})
	w.latency["a"] = time.Minute
	w.play(10 * time.Second)
	w.calls = map[string]Reading{}
	w.play(time.Hour)
	wantLog(t, w, "0s start a 1", "10s start a 1")
	if r := w.result("a"); r.Count != 1 || len(r.Measurements) != 1 {
		t.Errorf("result = %+v, want one measurement", r)
	}
}

func TestScenario29AReadingCountsOnce(t *testing.T) {
	w := newWorld(t, runOf(metricOf("a", `interval: 10s, count: 3`)), map[string]string{"a": "S"})
	w.pass()
	w.collect()
	repeated := w.readings
	w.pass()
	for range 3 {
		w.readings = repeated
		w.pass()
	}
	if r := w.result("a"); r.Count != 1 || len(r.Measurements) != 1 {
		t.Errorf("result = %+v, want one measurement", r)
	}
	wantLog(t, w, "0s start a 1")
}

func TestScenario30TimeToLive(t *testing.T) {
	cases := map[string]struct{ run, answers, want string }{
		"success, at once":             {`ttlStrategy: {secondsAfterSuccess: 0}`, "S", "1s delete uid 7"},
		"success, after a minute":      {`ttlStrategy: {secondsAfterSuccess: 60, secondsAfterCompletion: 5}`, "S", "1m1s delete uid 7"},
		"failure":                      {`ttlStrategy: {secondsAfterFailure: 60, secondsAfterCompletion: 5}`, "F", "1m1s delete uid 7"},
		"failure, by the common rule":  {`ttlStrategy: {secondsAfterSuccess: 60, secondsAfterCompletion: 5}`, "F", "6s delete uid 7"},
		"inconclusive":                 {`ttlStrategy: {secondsAfterFailure: 60, secondsAfterCompletion: 5}`, "I", "6s delete uid 7"},
		"inconclusive has no own rule": {`ttlStrategy: {secondsAfterFailure: 60, secondsAfterSuccess: 5}`, "I", ""},
		"an early error":               {`ttlStrategy: {secondsAfterCompletion: 5}, dryRun: [{metricName: none}]`, "S", "6s delete uid 7"},
		"arguments without values":     {`ttlStrategy: {secondsAfterCompletion: 5}`, "U", "6s delete uid 7"},
		"none":                         {`ttlStrategy: {}`, "S", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, `{metrics: [`+metricOf("m", "")+`], `+tc.run+`}`, map[string]string{"m": tc.answers})
			w.play(time.Hour)
			got := ""
			if w.deleted {
				got = w.log[len(w.log)-1]
			}
			if got != tc.want {
				t.Errorf("deletion = %q, want %q; all: %v", got, tc.want, w.log)
			}
		})
	}
}

func TestScenario30ARunThatAnotherControllerEndedWithoutATime(t *testing.T) {
	w := newWorld(t, `{metrics: [], ttlStrategy: {secondsAfterCompletion: 5}}`, nil)
	w.run.Status.Phase, w.run.Status.Message = v1alpha1.AnalysisPhaseError, "theirs"
	w.play(time.Minute)
	wantLog(t, w, "6s delete uid 7")
	wantVerdict(t, w, "Error", "theirs")
}

// A panic of a source arrives as a failure like any other; containing it is the shell's.
func TestScenario33AFailureIsAnError(t *testing.T) {
	w := newWorld(t, runOf(metricOf("m", "")), map[string]string{"m": "ES"})
	w.play(time.Minute)
	r := w.result("m")
	if r.Phase != v1alpha1.AnalysisPhaseSuccessful || r.Measurements[0].Message != "no answer" {
		t.Errorf("result = %+v", r)
	}
}

func TestScenario34TheStatusCanBeStored(t *testing.T) {
	var metrics []string
	answers := map[string]string{}
	for i := range 50 {
		metrics = append(metrics, metricOf(fmt.Sprintf("m%d", i), `interval: 1s`))
		answers[fmt.Sprintf("m%d", i)] = "S"
	}
	for name, value := range map[string]string{"2 KiB": strings.Repeat("v", 2<<10), "40 KiB": strings.Repeat("ü", 20<<10), "escapes": strings.Repeat("\x01", 32<<10)} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, runOf(metrics...), answers)
			for n := int32(1); n <= 12; n++ {
				w.readings = nil
				for i := range 50 {
					w.readings = append(w.readings, Reading{Metric: fmt.Sprintf("m%d", i), Number: n, Call: Start, Started: w.now, Finished: w.now, Result: 1.0, Value: value, Metadata: map[string]string{"a": value, "b": value}})
				}
				w.record(w.decide())
				raw, _ := json.Marshal(w.run.Status)
				if len(raw) > 1<<20 {
					t.Fatalf("the status takes %d bytes after %d measurements", len(raw), n)
				}
				if r := w.result("m49"); r.Count != n || len(r.Measurements) == 0 {
					t.Fatalf("m49 = count %d, %d measurements, want %d and some", r.Count, len(r.Measurements), n)
				}
			}
		})
	}
}

func TestScenario35AVerdictStaysWhenTheSpecIsEdited(t *testing.T) {
	w := newWorld(t, runOf(metricOf("m", "")), map[string]string{"m": "F"})
	w.play(time.Minute)
	before := w.run.Status.DeepCopy()
	w.run.Spec.Metrics[0].FailureCondition = ""
	w.run.Spec.Metrics = append(w.run.Spec.Metrics, v1alpha1.Metric{Name: "more"})
	w.play(2 * time.Minute)
	if diff := cmp.Diff(*before, w.run.Status); diff != "" {
		t.Errorf("status (-before +after):\n%s", diff)
	}
}

func TestScenario37RunawayConditionsAreErrors(t *testing.T) {
	condition := "all(1..100000, {all(1..100000, {# > 0})})"
	phase, message := judge(conditions{condition, "", condition, ""}, Reading{Result: 1.0}, midnight)
	if phase != v1alpha1.AnalysisPhaseError || !strings.Contains(message, "budget exceeded") {
		t.Errorf("judge() = %s, %s, want Error, budget exceeded", phase, message)
	}
}

func TestEarlyErrorsHaveTimesAndEvents(t *testing.T) {
	cases := map[string]struct{ run, want string }{
		"arguments": {`{metrics: [{name: m, provider: {web: {url: "{{args.x}}"}}}]}`, "Unable to resolve metric arguments: failed to resolve {{args.x}}"},
		"metrics":   {`{metrics: []}`, "Analysis spec invalid: no metrics specified"},
		"rules":     {`{metrics: [` + metricOf("m", "") + `], dryRun: [{metricName: x}]}`, "Analysis spec invalid: dryRun[0]: Rule didn't match any metric name(s)"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tc.run, nil)
			w.play(time.Minute)
			wantVerdict(t, w, "Error", tc.want)
			start := metav1.NewTime(midnight)
			if s := w.run.Status; !s.StartedAt.Equal(&start) || !s.CompletedAt.Equal(&start) {
				t.Errorf("startedAt %v, completedAt %v, want %v", s.StartedAt, s.CompletedAt, start)
			}
			if diff := cmp.Diff([]string{"AnalysisRunError: Analysis Completed. Result: Error"}, w.events); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// A spec that becomes invalid under way ends the run, and stops what is in flight.
func TestAnInvalidSpecStopsWhatIsInFlight(t *testing.T) {
	w := newWorld(t, runOf(jobOf("b", ""), metricOf("a", "")), map[string]string{"b": "r", "a": "S"})
	w.latency["a"] = time.Minute
	w.play(1500 * time.Millisecond)
	w.run.Spec.Metrics = nil
	w.pass()
	if diff := cmp.Diff([]string{"1.5s stop b 1", "1.5s cancel a"}, w.log[len(w.log)-2:]); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// A source that says nothing about when to look again is looked at when woken, and not
// over and over.
func TestAJobWithoutATimeIsLookedAtWhenWoken(t *testing.T) {
	w := newWorld(t, runOf(jobOf("b", "")), map[string]string{"b": "r"})
	w.pass()
	w.calls["b"] = Reading{Metric: "b", Number: 1, Call: Start, Started: w.now, Phase: v1alpha1.AnalysisPhaseRunning}
	if p := w.pass(); len(p.Actions) != 0 || !p.WakeAt.IsZero() {
		t.Errorf("actions %v, wake at %v, want none: the reading is recorded first", p.Actions, p.WakeAt)
	}
	p := w.decide()
	want := []Action{Measure{Metric: "b", Number: 1, Call: Resume, Last: last(w.result("b"))}}
	if diff := cmp.Diff(want, p.Actions); diff != "" {
		t.Errorf("actions when woken (-want +got):\n%s", diff)
	}
}

// The answer to a Start that was recorded already does not touch what is in flight.
func TestARepeatedStartIsDropped(t *testing.T) {
	w := newWorld(t, runOf(jobOf("b", "")), map[string]string{"b": "r"})
	w.pass()
	w.collect()
	repeated := w.readings
	w.pass()
	before := w.run.Status
	repeated[0].Phase, repeated[0].Message = v1alpha1.AnalysisPhaseFailed, "old"
	w.readings = repeated
	w.record(w.decide())
	if diff := cmp.Diff(before, w.run.Status); diff != "" {
		t.Errorf("status (-before +after):\n%s", diff)
	}
}

func TestScenario35AMetricsVerdictStaysWhenTheSpecIsEdited(t *testing.T) {
	w := newWorld(t, runOf(metricOf("a", ""), metricOf("b", `interval: 1s`)), map[string]string{"a": "S", "b": "S"})
	w.play(10 * time.Second)
	before := w.result("a")
	count := intstr.FromInt32(5)
	w.run.Spec.Metrics[0].Count, w.run.Spec.Metrics[0].Interval = &count, "1s"
	w.play(30 * time.Second)
	if diff := cmp.Diff(before, w.result("a")); diff != "" {
		t.Errorf("metric a (-before +after):\n%s", diff)
	}
}
