package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Paths of objects in the examples.
const (
	ours     = "/apis/argoproj.io/v1alpha1/namespaces/shop/"
	web      = ours + "rollouts/web"
	cart     = ours + "rollouts/cart"
	checkout = ours + "rollouts/checkout"
)

const missingHint = "It is not in namespace \"shop\"; choose another one with -n.\n"

func TestWrites(t *testing.T) {
	cases := map[string]struct {
		line string
		want result
		sent []request
	}{
		"abort": {"abort web", result{Out: "rollout 'web' aborted\n"},
			[]request{{"PATCH", web + "/status", `{"status":{"abort":true}}`}}},
		"abort of several": {"abort web cart", result{Out: "rollout 'web' aborted\nrollout 'cart' aborted\n"},
			[]request{{"PATCH", web + "/status", `{"status":{"abort":true}}`}, {"PATCH", cart + "/status", `{"status":{"abort":true}}`}}},
		"abort stops at the first that is missing": {"abort web nobody cart",
			result{Out: "rollout 'web' aborted\n", Code: 1, Err: "Error: rollouts.argoproj.io \"nobody\" not found\n" + missingHint},
			[]request{{"PATCH", web + "/status", `{"status":{"abort":true}}`},
				{"PATCH", ours + "rollouts/nobody/status", `{"status":{"abort":true}}`}, {"PATCH", ours + "rollouts/nobody", `{"status":{"abort":true}}`}}},
		"retry a rollout": {"retry ro web", result{Out: "rollout 'web' retried\n"},
			[]request{{"PATCH", web + "/status", `{"status":{"abort":false}}`}}},
		"retry an experiment": {"retry exp ranker-ab", result{Out: "experiment 'ranker-ab' retried\n"},
			[]request{{"PATCH", ours + "experiments/ranker-ab", `{"status":null}`}}},
		"pause": {"pause web", result{Out: "rollout 'web' paused\n"},
			[]request{{"PATCH", web, `{"spec":{"paused":true}}`}}},
		"restart": {"restart web", result{Out: "rollout 'web' restarts in 0s\n"},
			[]request{{"PATCH", web, `{"spec":{"restartAt":"2026-03-02T12:00:00Z"}}`}}},
		"restart later": {"restart web --in 10m", result{Out: "rollout 'web' restarts in 10m\n"},
			[]request{{"PATCH", web, `{"spec":{"restartAt":"2026-03-02T12:10:00Z"}}`}}},
		"restart in bare seconds": {"restart web -i 90", result{Out: "rollout 'web' restarts in 90\n"},
			[]request{{"PATCH", web, `{"spec":{"restartAt":"2026-03-02T12:01:30Z"}}`}}},
		"restart in nonsense": {"restart web --in soon",
			result{Code: 1, Err: "Error: --in \"soon\" is not a duration: write for example 30s, 10m or 1h30m\n"}, nil},
		"restart in the past": {"restart web --in -5s",
			result{Code: 1, Err: "Error: --in \"-5s\" is not a duration: write for example 30s, 10m or 1h30m\n"}, nil},
		"terminate a run": {"terminate ar ranker-ab-mann-whitney", result{Out: "analysisRun 'ranker-ab-mann-whitney' terminated\n"},
			[]request{{"PATCH", ours + "analysisruns/ranker-ab-mann-whitney", `{"spec":{"terminate":true}}`}}},
		"terminate an experiment": {"terminate exp ranker-ab", result{Out: "experiment 'ranker-ab' terminated\n"},
			[]request{{"PATCH", ours + "experiments/ranker-ab", `{"spec":{"terminate":true}}`}}},
		"promote past a pause": {"promote web", result{Out: "rollout 'web' promoted\n"},
			[]request{{"PATCH", web + "/status", `{"metadata":{"resourceVersion":"1001"},"status":{"pauseConditions":null}}`}}},
		"promote in full": {"promote web --full", result{Out: "rollout 'web' fully promoted\n"},
			[]request{{"PATCH", web + "/status", `{"metadata":{"resourceVersion":"1001"},"status":{"promoteFull":true}}`}}},
		"promote by the first old flag": {"promote web -c",
			result{Out: "rollout 'web' promoted\n", Err: "Flag --skip-current-step has been deprecated, use without the flag instead ex: promote ROLLOUT_NAME\n"},
			[]request{{"PATCH", web + "/status", `{"metadata":{"resourceVersion":"1001"},"status":{"controllerPause":false,"currentStepIndex":2,"pauseConditions":null}}`}}},
		"promote by the second old flag": {"promote web --skip-all-steps",
			result{Out: "rollout 'web' promoted\n", Err: "Flag --skip-all-steps has been deprecated, use --full instead\n"},
			[]request{{"PATCH", web + "/status", `{"metadata":{"resourceVersion":"1001"},"status":{"controllerPause":false,"currentStepIndex":4,"pauseConditions":null}}`}}},
		"promote a blue-green by an old flag": {"promote cart -a",
			result{Code: 1, Err: "Flag --skip-all-steps has been deprecated, use --full instead\nError: Cannot skip steps of a bluegreen rollout. Run without a flags\n"}, nil},
		"promote a missing one": {"promote nobody",
			result{Code: 1, Err: "Error: rollouts.argoproj.io \"nobody\" not found\n" + missingHint}, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, examples+"canary-basic-paused.yaml", examples+"bluegreen-paused.yaml", examples+"experiment-inconclusive.yaml")
			if diff := cmp.Diff(tc.want, run(t, s, tc.line)); diff != "" {
				t.Errorf("run %q (-want +got):\n%s", tc.line, diff)
			}
			if diff := cmp.Diff(tc.sent, s.requests); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPromoteWithoutEffectSaysSo(t *testing.T) {
	s := newServer(t, examples+"canary-healthy.yaml")
	want := result{Out: "rollout 'web' promoted\n", Err: "Note: nothing was changed on rollout \"web\": it is not waiting for anybody.\n"}
	if diff := cmp.Diff(want, run(t, s, "promote web")); diff != "" {
		t.Errorf("promote (-want +got):\n%s", diff)
	}
	if len(s.requests) > 0 {
		t.Errorf("sent %v, want nothing", s.requests)
	}
}

// TestPromoteRaces changes the Rollout between read and write.
func TestPromoteRaces(t *testing.T) {
	touch := func(obj map[string]any) { obj["metadata"].(fields)["labels"] = fields{"touched": "yes"} }
	nextStep := func(obj map[string]any) {
		status := obj["status"].(fields)
		status["currentStepIndex"] = int64(3)
		delete(status, "pauseConditions")
	}
	cases := map[string]struct {
		edit       func(map[string]any)
		times      int
		wantErr    string
		wantWrites int
	}{
		"an unrelated change is looked past": {touch, 1, "", 2},
		"a Rollout that went on is left alone": {nextStep, 1,
			"Note: nothing was changed on rollout \"web\": it went on by itself and is now at step 3.\n", 1},
		"a Rollout that never rests is given up": {touch, 99,
			"Error: promote rollout web: it changes faster than it can be promoted, try again: the object has been modified\n", promoteTries},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, examples+"canary-basic-paused.yaml")
			s.beforeWrite = func(n int) {
				if n <= tc.times {
					s.edit(web, tc.edit)
				}
			}
			got := run(t, s, "promote web")
			if got.Err != tc.wantErr || s.writes != tc.wantWrites {
				t.Errorf("stderr %q after %d writes, want %q after %d", got.Err, s.writes, tc.wantErr, tc.wantWrites)
			}
		})
	}
}

func TestServersWithoutStatusSubresource(t *testing.T) {
	s := newServer(t, examples+"canary-basic-paused.yaml")
	s.hasStatus = false
	s.change(web, func(obj map[string]any) { obj["spec"].(fields)["paused"] = true })
	version := s.objects[web].GetResourceVersion()
	run(t, s, "promote web")
	run(t, s, "abort web")
	promote := `{"metadata":{"resourceVersion":"` + version + `"},"status":{"pauseConditions":null}}`
	want := []request{
		{"PATCH", web + "/status", promote},
		{"PATCH", web, strings.Replace(promote, `,"status"`, `,"spec":{"paused":false},"status"`, 1)},
		{"PATCH", web + "/status", `{"status":{"abort":true}}`},
		{"PATCH", web, `{"status":{"abort":true}}`},
	}
	if diff := cmp.Diff(want, s.requests); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}
