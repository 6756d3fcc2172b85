package experiment

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/spec"
)

// analysis is one analysis with what there is of it.
type analysis struct {
	spec.ExperimentAnalysis
	// record is its next entry in the status; nil while it was not begun.
	record *v1alpha1.ExperimentAnalysisRunStatus
	// start is the run to start now; nil for none.
	start *StartRun
}

// finished reports whether its verdict is final.
func (a analysis) finished() bool { return a.record != nil && completed(a.record.Phase) }

// analysesOf joins every analysis with what was recorded and observed of it, in the
// manifest's order.
func analysesOf(s Snapshot, parts []part) []analysis {
	all := make([]analysis, 0, len(s.Spec.Analyses))
	for _, declared := range s.Spec.Analyses {
		a := analysis{ExperimentAnalysis: declared}
		if have, begun := recordOf(s.Experiment.Status, declared.Name); begun {
			a.record = mirrored(s, have)
		} else if !completed(s.Experiment.Status.Phase) {
			a = a.begin(s, parts)
		}
		all = append(all, a)
	}
	return all
}

// recordOf is the status' entry of an analysis.
func recordOf(status v1alpha1.ExperimentStatus, name string) (v1alpha1.ExperimentAnalysisRunStatus, bool) {
	i := slices.IndexFunc(status.AnalysisRuns, func(r v1alpha1.ExperimentAnalysisRunStatus) bool { return r.Name == name })
	if i < 0 {
		return v1alpha1.ExperimentAnalysisRunStatus{}, false
	}
	return status.AnalysisRuns[i], true
}

// mirrored is an entry with what its run says now. A final one stays as it is, and
// nobody misses a run once the Experiment is over.
func mirrored(s Snapshot, have v1alpha1.ExperimentAnalysisRunStatus) *v1alpha1.ExperimentAnalysisRunStatus {
	if completed(have.Phase) {
		return &have
	}
	for _, run := range s.Runs {
		if run.Owned && run.Name == have.AnalysisRun {
			have.Phase, have.Message = phaseOf(run), run.Message
			return &have
		}
	}
	if completed(s.Experiment.Status.Phase) {
		return &have
	}
	have.Phase = v1alpha1.AnalysisPhaseError
	have.Message = fmt.Sprintf("AnalysisRun '%s' does not exist any more", have.AnalysisRun)
	return &have
}

// phaseOf is a run's phase as its Experiment shows it.
func phaseOf(run Run) v1alpha1.AnalysisPhase {
	if run.Phase == "" {
		return v1alpha1.AnalysisPhasePending
	}
	return run.Phase
}

// begin is an analysis that has no entry: checked while pods are awaited, started when
// all were available, found again when the entry of one that was started got lost.
func (a analysis) begin(s Snapshot, parts []part) analysis {
	available := s.Experiment.Status.AvailableAt
	if available == nil {
		// What would keep the run from being made is found before any pod is.
		if _, err := a.newRun(s, a.Args); err != nil && !s.Spec.Terminate {
			a.record = a.failure("", fmt.Sprintf("%s verification failed for analysis '%s': %v", a.kind(), a.Name, err))
		}
		return a
	}
	attempt := available.UTC().Format(time.RFC3339)
	for _, run := range byName(s.Runs, func(r Run) string { return r.Name }) {
		if run.Owned && run.Attempt == attempt && isRunName(run.Name, runBase(s, a.ExperimentAnalysis)) {
			a.record = &v1alpha1.ExperimentAnalysisRunStatus{Name: a.Name, AnalysisRun: run.Name, Phase: phaseOf(run), Message: run.Message}
			return a
		}
	}
	start, err := a.run(s, parts, attempt)
	if err != nil {
		a.record = a.failure("", createFailed(a.Name, err))
		return a
	}
	a.start = &start
	return a
}

func createFailed(name string, err error) string {
	return fmt.Sprintf("Failed to create AnalysisRun for analysis '%s': %v", name, err)
}

func (a analysis) failure(run, message string) *v1alpha1.ExperimentAnalysisRunStatus {
	return &v1alpha1.ExperimentAnalysisRunStatus{Name: a.Name, AnalysisRun: run, Phase: v1alpha1.AnalysisPhaseError, Message: message}
}

func (a analysis) kind() string {
	if a.Template.Cluster {
		return "ClusterAnalysisTemplate"
	}
	return "AnalysisTemplate"
}

// ref names the analysis' template.
func ref(a spec.ExperimentAnalysis) v1alpha1.AnalysisTemplateRef {
	return v1alpha1.AnalysisTemplateRef{TemplateName: a.Template.Name, ClusterScope: &a.Template.Cluster}
}

func (a analysis) newRun(s Snapshot, args []v1alpha1.Argument) (v1alpha1.AnalysisRunSpec, error) {
	return spec.NewRun(s.Templates, spec.RunRequest{
		Templates:            []v1alpha1.AnalysisTemplateRef{ref(a.ExperimentAnalysis)},
		Args:                 args,
		DryRun:               s.Spec.DryRun,
		MeasurementRetention: s.Spec.MeasurementRetention,
	})
}

// run is the run to start.
func (a analysis) run(s Snapshot, parts []part, attempt string) (StartRun, error) {
	args, err := spec.FillArguments(a.Args, vocabulary(s, parts))
	if err != nil {
		return StartRun{}, err
	}
	body, err := a.newRun(s, args)
	if err != nil {
		return StartRun{}, err
	}
	labels, annotations := map[string]string{}, map[string]string{}
	maps.Copy(labels, s.Spec.RunMetadata.Labels)
	maps.Copy(annotations, s.Spec.RunMetadata.Annotations)
	if id := s.Experiment.Labels[v1alpha1.LabelKeyControllerInstanceID]; id != "" {
		labels[v1alpha1.LabelKeyControllerInstanceID] = id
	}
	annotations[v1alpha1.ExperimentAvailableAtAnnotation] = attempt
	return StartRun{
		Name: freeName(s, runBase(s, a.ExperimentAnalysis)), Analysis: a.Name, Attempt: attempt,
		Labels: labels, Annotations: annotations, Spec: *body.DeepCopy(),
	}, nil
}

// runBase begins the names of an analysis' runs.
func runBase(s Snapshot, a spec.ExperimentAnalysis) string { return s.Experiment.Name + "-" + a.Name }

// RunName is the name of a run when the first taken ones of a base are taken.
// Example: demo-check, demo-check.1, demo-check.2.
func RunName(base string, taken int) string {
	if taken == 0 {
		return base
	}
	return fmt.Sprintf("%s.%d", base, taken)
}

func isRunName(name, base string) bool {
	if name == base {
		return true
	}
	var taken int
	_, err := fmt.Sscanf(name, base+".%d", &taken)
	return err == nil && RunName(base, taken) == name
}

// freeName is the first name of a base that no run has.
func freeName(s Snapshot, base string) string {
	for taken := 0; ; taken++ {
		name := RunName(base, taken)
		if !slices.ContainsFunc(s.Runs, func(r Run) bool { return r.Name == name }) {
			return name
		}
	}
}
