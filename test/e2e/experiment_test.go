package e2e_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// blueOrGreen is the Experiment of examples/experiment.
const blueOrGreen = "blue-or-green"

var (
	services    = schema.GroupVersionResource{Version: "v1", Resource: "services"}
	replicaSets = schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "replicasets"}
)

// TestExperiment: two versions run side by side until a required analysis has its
// verdict, long before the duration is over. What was made for them goes, and what was
// measured stays.
func TestExperiment(t *testing.T) {
	t.Parallel()
	n := cluster.Namespace(t)

	// Given two templates with a pod and a Service each.
	n.Kubectl("apply", "-f", "examples/experiment")
	began := n.WaitExperiment(blueOrGreen, v1alpha1.AnalysisPhaseRunning)
	wantLines(t, n.Kubectl("get", "services", "-o", "name"), "service/blue-or-green-blue", "service/candidate")
	wantLines(t, n.Rollouts("get", "experiment", blueOrGreen),
		"Name: blue-or-green", "Status: ◌ Running",
		"Images: argoproj/rollouts-demo:blue (Σ:blue)", "argoproj/rollouts-demo:green (Σ:green)")

	// When the analysis says yes, then the Experiment is over.
	over := n.WaitExperiment(blueOrGreen, v1alpha1.AnalysisPhaseSuccessful)
	if early := time.Since(began.Status.AvailableAt.Time); early > time.Minute {
		t.Errorf("it took %s, want the verdict before the duration", early)
	}
	for _, status := range over.Status.TemplateStatuses {
		if status.Status != v1alpha1.TemplateStatusSuccessful {
			t.Errorf("template %s is %s, want Successful", status.Name, status.Status)
		}
	}
	run := n.WaitRunOver(blueOrGreen + "-compare")
	if result := resultOf(run); run.Status.Phase != v1alpha1.AnalysisPhaseSuccessful || result.Successful != 3 {
		t.Errorf("run = %s with %d measurements that passed, want Successful with 3", run.Status.Phase, result.Successful)
	}
	if jobs := n.Kubectl("logs", "--selector=job-name", "--tail=1"); !strings.Contains(jobs, "compare http://blue-or-green-blue:8080 and http://candidate:8080") {
		t.Errorf("want the arguments in what the Jobs said:\n%s", jobs)
	}

	// Then pods stay for the delay, Services until the pods are gone, and the run.
	wantGoneAfterDelay(t, n, 2)
	if runs := n.Runs(); len(runs) != 1 || runs[0].Name != run.Name {
		t.Errorf("want the run kept, got %d runs", len(runs))
	}
	shown := n.Rollouts("get", "experiment", blueOrGreen)
	wantLines(t, shown, "Status: ✔ Successful")
	wantRows(t, shown,
		"Σ blue-or-green Experiment ✔ Successful",
		"├──⧉ blue-or-green-blue ReplicaSet • ScaledDown",
		"├──⧉ blue-or-green-green ReplicaSet • ScaledDown",
		"└──α blue-or-green-compare AnalysisRun ✔ Successful")
}

// TestExperimentThatIsRefused: a failed analysis ends it, in words that say why. It can
// be tried again, with a run of its own.
func TestExperimentThatIsRefused(t *testing.T) {
	t.Parallel()
	n := cluster.Namespace(t)
	const why = `Metric "compare" assessed Failed due to failed (2) > failureLimit (1)`
	n.Apply(change(t, n.Example("experiment"), "exit 0", "exit 1"))
	over := n.WaitExperiment(blueOrGreen, v1alpha1.AnalysisPhaseFailed)
	if over.Status.Message != why {
		t.Errorf("message = %q, want %q", over.Status.Message, why)
	}
	wantLines(t, n.Rollouts("get", "experiment", blueOrGreen), "Status: ✖ Failed", "Message: "+why)
	wantGoneAfterDelay(t, n, 2)

	n.Apply(n.ReadFile("examples/experiment/analysis-template.yaml"))
	wantLines(t, n.Rollouts("retry", "experiment", blueOrGreen), "experiment 'blue-or-green' retried")
	n.WaitExperiment(blueOrGreen, v1alpha1.AnalysisPhaseSuccessful)
	if runs := n.Runs(); len(runs) != 2 {
		t.Errorf("%d runs, want one for each attempt", len(runs))
	}
}

// TestExperimentThatNeverGetsReady: the template that lacks pods is named, and those
// that have theirs do not wait for ever. Nothing is measured.
func TestExperimentThatNeverGetsReady(t *testing.T) {
	t.Parallel()
	n := cluster.Namespace(t)
	const why = "Template 'green' exceeded its progressDeadlineSeconds (3)"
	manifest := change(t, n.Example("experiment"), "progressDeadlineSeconds: 60", "progressDeadlineSeconds: 3")
	n.Apply(change(t, manifest, "rollouts-demo:green", "rollouts-demo:does-not-exist"))
	over := n.WaitExperiment(blueOrGreen, v1alpha1.AnalysisPhaseFailed)
	if over.Status.Message != why || over.Status.AvailableAt != nil {
		t.Errorf("message = %q, available at %v, want %q and never", over.Status.Message, over.Status.AvailableAt, why)
	}
	wantLines(t, n.Rollouts("get", "experiment", blueOrGreen), "Status: ✖ Failed", "Message: "+why)
	wantEvent(n, "TemplateFailed", "Template 'green' transitioned from Progressing -> Failed: "+why)
	wantGoneAfterDelay(t, n, 2)
	if runs := n.Runs(); len(runs) > 0 {
		t.Errorf("%d runs, want none", len(runs))
	}
}

// TestTerminateExperiment: an Experiment that somebody ends is Successful, and its run
// is stopped.
func TestTerminateExperiment(t *testing.T) {
	t.Parallel()
	n := cluster.Namespace(t)
	n.Apply(change(t, n.Example("experiment"), "sleep 1", "sleep 60"))
	n.WaitExperiment(blueOrGreen, v1alpha1.AnalysisPhaseRunning)
	n.WaitRun("is under way", local.Patience, func(r *v1alpha1.AnalysisRun) bool { return r.Status.Phase == v1alpha1.AnalysisPhaseRunning })
	wantLines(t, n.Rollouts("terminate", "experiment", blueOrGreen), "experiment 'blue-or-green' terminated")
	if over := n.WaitExperiment(blueOrGreen, v1alpha1.AnalysisPhaseSuccessful); over.Status.Message != "Experiment Terminated" {
		t.Errorf("message = %q, want who ended it", over.Status.Message)
	}
	n.WaitRunOver("-compare")
	wantGoneAfterDelay(t, n, 2)
}

// wantGoneAfterDelay waits until so many ReplicaSets have no pods, not before the
// deadline that they were given, and until there is no Service.
func wantGoneAfterDelay(t *testing.T, n *local.Namespace, count int) {
	t.Helper()
	n.WaitAll(replicaSets, local.Patience, "all ReplicaSets are at 0", func(all []*unstructured.Unstructured) bool {
		return len(all) == count && !slices.ContainsFunc(all, hasPods)
	})
	gone := time.Now()
	deadlines := n.Kubectl("get", "replicasets", "-o", `jsonpath={.items[*].metadata.annotations.scale-down-deadline}`)
	for text := range strings.FieldsSeq(deadlines) {
		if deadline, err := time.Parse(time.RFC3339, text); err != nil || gone.Before(deadline) {
			t.Errorf("pods were gone at %s, before the deadline %s (%v)", gone.UTC().Format(time.RFC3339), text, err)
		}
	}
	if got := len(strings.Fields(deadlines)); got != count {
		t.Errorf("%d deadlines, want %d: %q", got, count, deadlines)
	}
	n.WaitAll(services, local.Patience, "there is no Service", func(all []*unstructured.Unstructured) bool { return len(all) == 0 })
}

func hasPods(replicaSet *unstructured.Unstructured) bool {
	wanted, _, _ := unstructured.NestedInt64(replicaSet.Object, "spec", "replicas")
	running, _, _ := unstructured.NestedInt64(replicaSet.Object, "status", "replicas")
	return wanted+running > 0
}

// wantRows checks that an output has lines that begin so, as wantLines compares them:
// what follows is an age.
func wantRows(t *testing.T, output string, rows ...string) {
	t.Helper()
	var plain []string
	for line := range strings.Lines(output) {
		plain = append(plain, oneBlank(line))
	}
	for _, row := range rows {
		if !slices.ContainsFunc(plain, func(line string) bool { return strings.HasPrefix(line, row+" ") }) {
			t.Errorf("want a line that begins with %q in:\n%s", row, output)
		}
	}
}
