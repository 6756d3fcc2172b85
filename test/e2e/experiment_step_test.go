package e2e_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// experimentStep takes the place of the analysis step of analysis-canary.yaml. Its pods
// wear another label, so that no Service of the Rollout selects them.
const experimentStep = `
      - experiment:
          duration: 1m
          scaleDownDelaySeconds: 1
          templates:
          - {name: baseline, specRef: stable, metadata: {labels: {app: measured}}}
          - {name: candidate, specRef: canary, metadata: {labels: {app: measured}}}
          analyses:
          - {name: compare, templateName: check, requiredForCompletion: true}
`

// analysisStepText is what it takes the place of.
const analysisStepText = `
      - analysis:
          templates:
          - templateName: check
`

// withExperiment is analysis-canary.yaml with an experiment as its second step.
func withExperiment(t *testing.T, n *local.Namespace, step string) string {
	t.Helper()
	manifest := change(t, n.ReadFile("test/e2e/testdata/analysis-canary.yaml"), "analysed.example", n.Name+".example")
	return change(t, manifest, analysisStepText, step)
}

// jobMetric is a metric that a command answers with its exit status.
func jobMetric(command string) string {
	return `
provider:
  job:
    spec:
      backoffLimit: 0
      template:
        spec:
          restartPolicy: Never
          containers: [{name: check, image: busybox, command: [sh, -c, ` + command + `]}]`
}

// TestExperimentStep: a canary is compared with fresh pods of the version before. A yes
// is the way to the next step, a no aborts; either way nothing is left that runs.
func TestExperimentStep(t *testing.T) {
	t.Parallel()
	n := cluster.Namespace(t)
	visitor := given(t, n, "analysis-canary.yaml", template("check", jobMetric("exit 0")))

	// When the experiment says yes, then the next step is taken.
	n.Apply(change(t, withExperiment(t, n, experimentStep), "rollouts-demo:blue", "rollouts-demo:green"))
	passed := n.WaitPausedAt(analysed, afterAnalysis)
	name := "analysed-" + passed.Status.CurrentPodHash + "-2-1"
	if current := passed.Status.Canary.CurrentExperiment; current != "" {
		t.Errorf("current experiment = %q, want none after its step", current)
	}
	n.WaitExperiment(name, v1alpha1.AnalysisPhaseSuccessful)
	images := n.Kubectl("get", "replicasets", name+"-baseline", name+"-candidate", "-o", "jsonpath={.items[*].spec.template.spec.containers[0].image}")
	if want := "argoproj/rollouts-demo:blue argoproj/rollouts-demo:green"; images != want {
		t.Errorf("images of the experiment = %q, want %q", images, want)
	}
	wantNoExperimentPods(n)
	wantShare(t, visitor, "green", 50)
	wantRows(t, n.Rollouts("get", "rollout", analysed),
		"│ └──Σ "+name+" Experiment ✔ Successful", "│ ├──⧉ "+name+"-baseline ReplicaSet • ScaledDown",
		"│ ├──⧉ "+name+"-candidate ReplicaSet • ScaledDown", "│ └──α "+name+"-compare AnalysisRun ✔ Successful")
	n.Rollouts("promote", analysed)
	n.WaitPhase(analysed, v1alpha1.RolloutPhaseHealthy)

	// When it says no, then the update is taken back.
	n.Apply(template("check", jobMetric("exit 1")))
	release(n, "red")
	const why = `Metric "check" assessed Failed due to failed (1) > failureLimit (0)`
	const aborted = "Rollout aborted update to revision 3: Experiment analysis phase is error/failed: " + why
	failed := wantAborted(n, analysed, aborted)
	name = "analysed-" + failed.Status.CurrentPodHash + "-3-1"
	if e := n.WaitExperiment(name, v1alpha1.AnalysisPhaseFailed); e.Status.Message != why {
		t.Errorf("message of the Experiment = %q, want %q", e.Status.Message, why)
	}
	wantOnly(t, n, visitor, "green")
	wantLines(t, n.Rollouts("get", "rollout", analysed), "Status: ✖ Degraded", "Message: RolloutAborted: "+aborted, "ActualWeight: 0")
	wantNoExperimentPods(n)
	n.WaitPods(analysed, local.Pods{Stable: 1})
}

// wantNoExperimentPods waits until no ReplicaSet of an Experiment has pods.
func wantNoExperimentPods(n *local.Namespace) {
	n.WaitAll(replicaSets, local.Patience, "no Experiment has pods", func(all []*unstructured.Unstructured) bool {
		for _, rs := range all {
			if rs.GetOwnerReferences()[0].Kind == v1alpha1.ExperimentKind && hasPods(rs) {
				return false
			}
		}
		return true
	})
}

// TestExperimentWeightWithNginx: nginx splits between two versions, so a weight for a
// template is refused by name, and the version that serves is left alone.
func TestExperimentWeightWithNginx(t *testing.T) {
	t.Parallel()
	n := cluster.Namespace(t)
	given(t, n, "analysis-canary.yaml", template("check", jobMetric("exit 0")))
	right := change(t, withExperiment(t, n, experimentStep), "rollouts-demo:blue", "rollouts-demo:green")
	want := []string{
		"InvalidSpec: ", "spec.strategy.steps[1].experiment.templates[1].weight: Invalid value: 5",
		"Experiment template weight is only available for TrafficRouting with SMI, ALB, Istio and Plugins at this time",
	}
	n.Apply(change(t, right, "specRef: canary,", "specRef: canary, weight: 5,"))
	refused := n.WaitRollout(analysed, "says "+strings.Join(want, ", "), local.Patience, func(r *v1alpha1.Rollout) bool {
		return r.Status.Phase == v1alpha1.RolloutPhaseDegraded && hasAll(r.Status.Message, want)
	})
	wantLines(t, n.Rollouts("get", "rollout", analysed), "Message: "+oneBlank(refused.Status.Message))
	if made := n.Kubectl("get", "experiments,replicasets", "-o", "name"); strings.Count(made, "\n") != 1 {
		t.Errorf("want the stable ReplicaSet only, got:\n%s", made)
	}
	n.Apply(right)
	n.WaitPausedAt(analysed, afterAnalysis)
}
