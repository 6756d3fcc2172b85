package local

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// WaitExperiment waits until an Experiment is in a phase, and fails the test when it is
// not in time.
func (n *Namespace) WaitExperiment(name string, phase v1alpha1.AnalysisPhase) *v1alpha1.Experiment {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), Patience)
	defer cancel()
	var last v1alpha1.Experiment
	err := until(ctx, n.client.Resource(v1alpha1.ExperimentGVR).Namespace(n.Name), name, func(objects []*unstructured.Unstructured) bool {
		if len(objects) == 0 {
			return false
		}
		last = v1alpha1.Experiment{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(objects[0].Object, &last); err != nil {
			n.t.Errorf("decode Experiment %s: %v", name, err)
			return false
		}
		return last.Status.Phase == phase
	})
	if err != nil {
		n.t.Fatalf("wait %s until Experiment %s is %s: %v; last seen: %s", Patience, name, phase, err, experimentState(last))
	}
	return &last
}

// experimentState describes an Experiment in a line.
func experimentState(e v1alpha1.Experiment) string {
	status, err := json.Marshal(e.Status)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("generation %d, status %s", e.Generation, status)
}
