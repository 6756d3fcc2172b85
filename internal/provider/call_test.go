package provider

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/analysis"
)

// told is a source that also describes its metrics.
type told struct {
	asked
	description map[string]string
}

func (s told) Describe(Query) map[string]string { return s.description }

func TestPanicIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(Source{Provider: asked(func(context.Context, Query) (Value, error) { panic("no hunter2 here") })},
			vault{secrets: map[string]map[string][]byte{"n/credentials": {"token": []byte("hunter2")}}})
		got := b.once(t, withSecret(runOf("a")), start("a"))
		if want := "the metric provider panicked: no ***** here"; got.Failure != want || got.Unresolved {
			t.Errorf("Failure is %q, want %q", got.Failure, want)
		}
		if len(b.reported) != 1 || strings.Contains(b.reported[0], "hunter2") || !strings.Contains(b.reported[0], "call_test.go") {
			t.Errorf("reported %q, want where it happened and no secret", b.reported)
		}
		if b.gate.free != atOnce {
			t.Errorf("%d slots are free, want all", b.gate.free)
		}
	})
}

func TestArgumentsThatCannotBeResolved(t *testing.T) {
	twoKeys := map[string]map[string][]byte{"n/credentials": {"other": []byte("x")}}
	cases := map[string]struct {
		secrets        vault
		edit           func(*v1alpha1.AnalysisRun)
		want           string
		wantUnresolved bool
	}{
		"the Secret is missing":          {want: `secrets "credentials" not found`, wantUnresolved: true},
		"the key is missing":             {secrets: vault{secrets: twoKeys}, want: "key 'token' does not exist in secret 'credentials'", wantUnresolved: true},
		"the API server is out of order": {secrets: vault{broken: errors.New("connection refused")}, want: "read secret 'credentials': connection refused"},
		"a placeholder for nothing": {
			edit: func(run *v1alpha1.AnalysisRun) {
				value := "x"
				run.Spec.Args = []v1alpha1.Argument{{Name: "else", Value: &value}}
			},
			want: "failed to resolve {{args.token}}", wantUnresolved: true,
		},
		"an argument without a value": {
			edit: func(run *v1alpha1.AnalysisRun) { run.Spec.Args = []v1alpha1.Argument{{Name: "token"}} },
			want: `argument "token" was not supplied`, wantUnresolved: true,
		},
		"no such source": {
			edit: func(run *v1alpha1.AnalysisRun) {
				run.Spec.Args = nil
				run.Spec.Metrics[0].Provider = v1alpha1.MetricProvider{Graphite: &v1alpha1.GraphiteMetric{}}
			},
			want: `unknown metric provider "graphite", known are: web`,
		},
		"no such metric": {
			edit: func(run *v1alpha1.AnalysisRun) { run.Spec.Metrics = nil },
			want: "there is no such metric",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(Source{Provider: asked(func(context.Context, Query) (Value, error) {
					t.Error("a measurement was taken")
					return Value{}, nil
				})}, tc.secrets)
				run := withSecret(runOf("a"))
				if tc.edit != nil {
					tc.edit(run)
				}
				got := b.once(t, run, start("a"))
				if got.Failure != tc.want || got.Unresolved != tc.wantUnresolved || got.Started.IsZero() || got.Finished.IsZero() {
					t.Errorf("reading is %+v, want %q, unresolved %v", got, tc.want, tc.wantUnresolved)
				}
			})
		})
	}
}

// A secret that comes back in any text, in any spelling, is hidden in it; conditions
// still see it.
func TestSecretsAreHidden(t *testing.T) {
	const secret = `hun ter/2"&`
	synctest.Test(t, func(t *testing.T) {
		echo := func(_ context.Context, q Query) (Value, error) {
			sent := strings.TrimPrefix(q.Metric.Provider.Web.URL, "http://a/")
			if sent != secret+"\n" {
				t.Errorf("the source got %q", sent)
			}
			return Value{
				Result: sent, Text: `{"token": "hun ter/2\"&"}`,
				Metadata: map[string]string{"asked": "http://a?t=hun+ter%2F2%22%26", "hun ter/2\"&": "1"},
			}, errors.New("GET http://a/hun%20ter%2F2%22%26: denied to " + sent)
		}
		source := told{asked: echo, description: map[string]string{"query": "with " + secret}}
		b := newBench(Source{Provider: source}, vault{secrets: map[string]map[string][]byte{"n/credentials": {"token": []byte(secret + "\n")}}})
		got := b.once(t, withSecret(runOf("a")), start("a"))
		if got.Result != secret+"\n" {
			t.Errorf("conditions see %q", got.Result)
		}
		if got.Resolved == nil || got.Resolved.Redact("x"+secret) != "x*****" {
			t.Errorf("what judges cannot hide: %+v", got.Resolved)
		}
		want := analysis.Reading{
			Metric: "a", Number: 1, Call: analysis.Start,
			Failure: "GET http://a/*****: denied to *****", Value: `{"token": "*****"}`,
			Metadata:    map[string]string{"asked": "http://a?t=*****", "*****": "1"},
			Description: map[string]string{"query": "with *****"},
		}
		got.Result, got.Resolved, got.Started, got.Finished = nil, nil, time.Time{}, time.Time{}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("reading (-want +got):\n%s", diff)
		}
	})
}

func TestLongTextsAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := strings.Repeat("é", 10000)
		b := newBench(Source{Provider: asked(func(context.Context, Query) (Value, error) {
			return Value{Result: long, Text: long, Metadata: map[string]string{"k": long}}, errors.New(long)
		})}, vault{})
		got := b.once(t, runOf("a"), start("a"))
		if got.Result != long {
			t.Error("what conditions see was cut")
		}
		for _, text := range []string{got.Value, got.Failure} {
			if len(text) > longestText+50 || !strings.HasSuffix(text, "é… (18976 bytes more)") {
				t.Errorf("%d bytes that end in %q", len(text), text[len(text)-40:])
			}
		}
		if len(got.Metadata["k"]) > longestNote+50 {
			t.Errorf("%d bytes of metadata", len(got.Metadata["k"]))
		}
	})
}

// works is a Job that says what it was asked.
type works struct {
	kept      int
	forgotten string
	panics    bool
}

func (w *works) say(what string, q Query, m v1alpha1.Measurement) (Progress, error) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return Progress{
		Phase: v1alpha1.AnalysisPhaseRunning, Message: what, Text: m.Value,
		Metadata: map[string]string{"url": q.Metric.Provider.Web.URL}, ResumeAt: at,
	}, nil
}

func (w *works) Start(_ context.Context, q Query) (Progress, error) {
	return w.say("started", q, v1alpha1.Measurement{})
}

func (w *works) Poll(_ context.Context, q Query, m v1alpha1.Measurement) (Progress, error) {
	return w.say("polled", q, m)
}

func (w *works) Stop(_ context.Context, q Query, m v1alpha1.Measurement) (Progress, error) {
	return w.say("stopped", q, m)
}

func (w *works) Collect(_ context.Context, q Query, keep int) error {
	w.kept = keep
	if w.panics {
		panic(q.Metric.Name)
	}
	return errors.New("no permission")
}

func (w *works) Forget(_ context.Context, run *v1alpha1.AnalysisRun) error {
	w.forgotten += run.Name
	return nil
}

func TestJobIsAskedWhatItIsAskedFor(t *testing.T) {
	cases := map[string]struct {
		call    analysis.Call
		broken  bool // the Secret cannot be read
		want    string
		wantURL string
	}{
		"a start":                      {call: analysis.Start, want: "started", wantURL: "http://a/*****"},
		"a look":                       {call: analysis.Resume, want: "polled", wantURL: "http://a/*****"},
		"a stop":                       {call: analysis.Stop, want: "stopped", wantURL: "http://a/*****"},
		"a stop without its arguments": {call: analysis.Stop, broken: true, want: "stopped", wantURL: "http://a/{{args.token}}"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				secrets := vault{secrets: map[string]map[string][]byte{"n/credentials": {"token": []byte("hunter2")}}}
				if tc.broken {
					secrets = vault{}
				}
				b := newBench(Source{Job: &works{}}, secrets)
				got := b.once(t, withSecret(runOf("a")), analysis.Measure{
					Metric: "a", Number: 3, Call: tc.call, Last: v1alpha1.Measurement{Value: "7", StartedAt: &metav1.Time{}},
				})
				if got.Message != tc.want || got.Number != 3 || got.Phase != v1alpha1.AnalysisPhaseRunning || got.ResumeAt.Year() != 2026 {
					t.Errorf("reading is %+v, want %s", got, tc.want)
				}
				if got.Metadata["url"] != tc.wantURL {
					t.Errorf("the source saw %q, want %q", got.Metadata["url"], tc.wantURL)
				}
			})
		})
	}
}

// What is asked of a source that measures at once and was never measuring.
func TestProviderHasNothingInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(Source{Provider: asked(func(context.Context, Query) (Value, error) { return Value{Text: "1"}, nil })}, vault{})
		run := runOf("a")
		stopped := b.once(t, run, analysis.Measure{Metric: "a", Number: 1, Call: analysis.Stop})
		if stopped.Phase != v1alpha1.AnalysisPhaseInconclusive || stopped.Value != "" {
			t.Errorf("stopped: %+v", stopped)
		}
		b.Recorded(keyOf(run), []analysis.Reading{stopped})
		if resumed := b.once(t, run, analysis.Measure{Metric: "a", Number: 1, Call: analysis.Resume}); resumed.Value != "1" || resumed.Phase != "" {
			t.Errorf("resumed: %+v", resumed)
		}
	})
}

func TestCleaningUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		job := &works{}
		b := newBench(Source{Job: job}, vault{})
		run := runOf("a", "b")
		b.Collect(run, analysis.Collect{Metric: "a", Keep: 7})
		synctest.Wait()
		if job.kept != 7 || len(b.reported) != 1 || b.reported[0] != "metric a of AnalysisRun n/run: clean up: no permission" {
			t.Errorf("kept %d, reported %q", job.kept, b.reported)
		}
		job.panics = true
		b.Collect(run, analysis.Collect{Metric: "b"})
		synctest.Wait()
		if len(b.reported) != 2 || !strings.Contains(b.reported[1], "panicked: b") {
			t.Errorf("reported %q", b.reported)
		}
		b.Gone(run)
		synctest.Wait()
		if job.forgotten != "run" {
			t.Errorf("forgotten %q, want the run once", job.forgotten)
		}
	})
}

func TestPlaces(t *testing.T) {
	web := func(url string) v1alpha1.MetricProvider {
		return v1alpha1.MetricProvider{Web: &v1alpha1.WebMetric{URL: url}}
	}
	cases := map[string]struct {
		provider v1alpha1.MetricProvider
		want     string
	}{
		"the host of a URL":                 {provider: web("https://a:8/b?c=http://d"), want: "web https://a:8"},
		"a URL without a scheme":            {provider: web("a/b"), want: "web a/b"},
		"an address":                        {provider: v1alpha1.MetricProvider{Prometheus: &v1alpha1.PrometheusMetric{Address: "http://p"}}, want: "prometheus http://p"},
		"an argument is anywhere":           {provider: web("http://{{args.host}}/b"), want: "web http://{{args.host}} n"},
		"a source that says nothing of it":  {provider: v1alpha1.MetricProvider{Job: &v1alpha1.JobMetric{}}, want: "job  n"},
		"a Prometheus of the environment's": {provider: v1alpha1.MetricProvider{Prometheus: &v1alpha1.PrometheusMetric{}}, want: "prometheus  n"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := placeOf(tc.provider, "n"); got != tc.want {
				t.Errorf("placeOf() = %q, want %q", got, tc.want)
			}
		})
	}
}
