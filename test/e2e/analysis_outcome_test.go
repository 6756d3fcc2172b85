package e2e_test

import (
	"net"
	"strings"
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// anyPrometheus is the cluster's, which knows metrics but is asked for none.
const anyPrometheus = "http://prometheus:9090"

// outcome is what a metric leads to: the run's phase and message, and the last
// measurement's value and parts of its message.
type outcome struct {
	// metric is a function because it may need a server.
	metric       func(t *testing.T) string
	phase        v1alpha1.AnalysisPhase
	run          string
	value        string
	measurement  []string
	measurements int
}

// TestAnalysisOutcomes: a step is analysed with each kind of metric. What is not
// Successful aborts, in words that say which metric, which condition and which value.
func TestAnalysisOutcomes(t *testing.T) {
	t.Parallel()
	const failed = `Metric "check" assessed Failed due to failed (1) > failureLimit (0)`
	cases := map[string]outcome{
		"web: the value meets the condition": {
			metric: answering(`{"data": {"ok": true}}`, "successCondition: result == true"),
			phase:  v1alpha1.AnalysisPhaseSuccessful, value: "true", measurements: 1,
		},
		"web: it does not": {
			metric: answering(`{"data": {"ok": false}}`, "successCondition: result == true"),
			phase:  v1alpha1.AnalysisPhaseFailed, run: failed, value: "false", measurement: []string{"result == true is false for false"}, measurements: 1,
		},
		"prometheus: no data where the condition wants some": {
			metric: query("vector(1) > 2", "consecutiveErrorLimit: 0\nsuccessCondition: result[0] > 0.5"),
			phase:  v1alpha1.AnalysisPhaseError,
			run: `Metric "check" assessed Error due to consecutiveErrors (1) > consecutiveErrorLimit (0): "Error Message: could not evaluate successCondition "result[0] > 0.5": ` +
				`metric result is nil or empty: no data returned from the metric provider"`,
			value: "[]", measurement: []string{`successCondition "result[0] > 0.5"`, "no data returned"}, measurements: 1,
		},
		"prometheus: NaN is no success": {
			metric: query("vector(0) / vector(0)", "successCondition: result[0] > 0.5"),
			phase:  v1alpha1.AnalysisPhaseFailed, run: failed, value: "[NaN]", measurement: []string{"result[0] > 0.5 is false for [NaN]"}, measurements: 1,
		},
		"prometheus: NaN is no failure": {
			metric: query("vector(0) / vector(0)", "failureCondition: result[0] < 0.5"),
			phase:  v1alpha1.AnalysisPhaseSuccessful, value: "[NaN]", measurements: 1,
		},
		"prometheus: nobody listens": {
			metric: func(t *testing.T) string {
				return metricAt("http://"+closedPort(t), "vector(1)", "consecutiveErrorLimit: 1\nsuccessCondition: result[0] > 0.5")
			},
			phase: v1alpha1.AnalysisPhaseError, run: `Metric "check" assessed Error due to consecutiveErrors (2) > consecutiveErrorLimit (1): "Error Message: `,
			measurement: []string{"connection refused"}, measurements: 2,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := cluster.Namespace(t)
			given(t, n, "analysis-canary.yaml", template("check", tc.metric(t)))
			release(n, "green")
			wantOutcome(t, n.WaitRunOver("-1"), tc)
			if tc.phase == v1alpha1.AnalysisPhaseSuccessful {
				n.WaitPausedAt(analysed, afterAnalysis)
				return
			}
			ro := wantAborted(n, analysed, "Rollout aborted update to revision 2: Step-based analysis phase error/failed: "+tc.run)
			wantLines(t, n.Rollouts("get", "rollout", analysed), "Message: "+oneBlank(ro.Status.Message), "ActualWeight: 0")
		})
	}
}

// wantOutcome checks a run that is over.
func wantOutcome(t *testing.T, run *v1alpha1.AnalysisRun, want outcome) {
	t.Helper()
	result := resultOf(run)
	if run.Status.Phase != want.phase || !strings.HasPrefix(run.Status.Message, want.run) || (run.Status.Message == "") != (want.run == "") {
		t.Errorf("run = %s: %q, want %s: %q", run.Status.Phase, run.Status.Message, want.phase, want.run)
	}
	if len(result.Measurements) != want.measurements {
		t.Fatalf("%d measurements, want %d: %+v", len(result.Measurements), want.measurements, result)
	}
	last := result.Measurements[len(result.Measurements)-1]
	if last.Phase != want.phase || last.Value != want.value || !hasAll(last.Message, want.measurement) {
		t.Errorf("measurement = %s of %q: %q, want %s of %q: %q", last.Phase, last.Value, last.Message, want.phase, want.value, want.measurement)
	}
	for i := 1; i < len(result.Measurements); i++ {
		before := result.Measurements[i-1]
		if gap := result.Measurements[i].StartedAt.Sub(before.FinishedAt.Time); before.Phase == v1alpha1.AnalysisPhaseError && gap < errorGap {
			t.Errorf("an error was followed by the next attempt after %s, want %s", gap, errorGap)
		}
	}
}

// answering is a web metric whose source gives that answer.
func answering(answer, more string) func(*testing.T) string {
	return func(t *testing.T) string { return webMetric(newSource(t, answer), more) }
}

func query(text, more string) func(*testing.T) string {
	return func(*testing.T) string { return metricAt(anyPrometheus, text, more) }
}

func metricAt(address, query, more string) string {
	return "provider: {prometheus: {address: \"" + address + "\", query: \"" + query + "\"}}\n" + more
}

// closedPort is an address that refuses connections.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// oneBlank is a text as wantLines compares it.
func oneBlank(text string) string { return strings.Join(strings.Fields(text), " ") }

// command is a metric whose Job runs a script, once.
func command(script string) string {
	return `
provider:
  job:
    spec:
      backoffLimit: 0
      template:
        spec:
          restartPolicy: Never
          containers: [{name: check, image: busybox, command: [sh, -c, "` + script + `"]}]
`
}

// TestAnalysisByJob: a command that fails is a failed measurement. The Job stays with
// its run, and goes with it.
func TestAnalysisByJob(t *testing.T) {
	t.Parallel()
	n := cluster.Namespace(t)
	given(t, n, "analysis-canary.yaml", template("check", command("exit 1")))
	release(n, "green")
	run := n.WaitRunOver("-1")
	wantOutcome(t, run, outcome{
		phase: v1alpha1.AnalysisPhaseFailed, run: `Metric "check" assessed Failed due to failed (1) > failureLimit (0)`, measurements: 1,
	})
	metadata := resultOf(run).Measurements[0].Metadata
	if !strings.HasPrefix(metadata["job-failure"], "BackoffLimitExceeded") {
		t.Errorf("metadata = %v, want why the Job failed", metadata)
	}
	wantAborted(n, analysed, run.Status.Message)
	if listed := n.Kubectl("get", "jobs", "-o", "name"); listed != "job.batch/"+metadata["job-name"]+"\n" {
		t.Errorf("Jobs = %q, want %s", listed, metadata["job-name"])
	}
	n.Kubectl("delete", "analysisrun", run.Name)
	n.Kubectl("wait", "job", metadata["job-name"], "--for=delete", "--timeout=60s")
}

// TestAnalysisWithoutTemplate: a template that is missing is named, nothing is done,
// and the Rollout goes on when there is one.
func TestAnalysisWithoutTemplate(t *testing.T) {
	t.Parallel()
	n := cluster.Namespace(t)
	const missing = `InvalidSpec: The Rollout "analysed" is invalid: spec.strategy.canary.steps[1].analysis.templates: Invalid value: "check": AnalysisTemplate 'check' not found`
	n.Apply(change(t, n.ReadFile("test/e2e/testdata/analysis-canary.yaml"), "analysed.example", n.Name+".example"))
	n.WaitRollout(analysed, "says "+missing, local.Patience, func(r *v1alpha1.Rollout) bool { return r.Status.Message == missing })
	wantLines(t, n.Rollouts("get", "rollout", analysed), "Status: ✖ Degraded", "Message: "+missing)

	n.Apply(template("check", webMetric(newSource(t, `{"data": {"ok": true}}`), "successCondition: result")))
	n.WaitPhase(analysed, v1alpha1.RolloutPhaseHealthy)

	// While an update is under way, it waits for the template.
	n.Kubectl("delete", "analysistemplate", "check")
	release(n, "green")
	n.WaitRollout(analysed, "says "+missing, local.Patience, func(r *v1alpha1.Rollout) bool { return r.Status.Message == missing })
	n.Apply(template("check", webMetric(newSource(t, `{"data": {"ok": true}}`), "successCondition: result")))
	n.WaitPausedAt(analysed, afterAnalysis)
}

// TestAnalysisWithSecret: a secret that is missing is named; one that is there is
// used, and is written nowhere.
func TestAnalysisWithSecret(t *testing.T) {
	t.Parallel()
	const secret = "correct-horse-battery"
	n := cluster.Namespace(t)
	s := newSource(t, "")
	given(t, n, "analysis-canary.yaml", `
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: check}
spec:
  args:
  - name: token
    valueFrom: {secretKeyRef: {name: access, key: token}}
  metrics:
  - name: check
    successCondition: result == "Bearer {{args.token}}"
    provider:
      web:
        url: `+s.url+`/echo
        headers: [{key: Authorization, value: "Bearer {{args.token}}"}]
        jsonPath: "{$.data.got}"
`)
	release(n, "green")
	run := n.WaitRunOver("-1")
	if run.Status.Phase != v1alpha1.AnalysisPhaseError || !hasAll(run.Status.Message, []string{"Unable to resolve metric arguments: ", `"access"`, "not found"}) {
		t.Errorf("run = %s: %q, want an Error that names the secret", run.Status.Phase, run.Status.Message)
	}
	wantAborted(n, analysed, run.Status.Message)

	n.Kubectl("create", "secret", "generic", "access", "--from-literal=token="+secret)
	n.Rollouts("retry", "rollout", analysed)
	again := n.WaitRunOver("-1.1")
	wantOutcome(t, again, outcome{phase: v1alpha1.AnalysisPhaseSuccessful, value: `"Bearer *****"`, measurements: 1})
	if shown := n.Kubectl("get", "analysisrun", again.Name, "-o", "yaml"); strings.Contains(shown, secret) {
		t.Errorf("the secret is shown in:\n%s", shown)
	}
	if log := cluster.Controller().Log(); strings.Contains(log, secret) {
		t.Errorf("the secret is logged:\n%s", log)
	}
	n.WaitPausedAt(analysed, afterAnalysis)
}
