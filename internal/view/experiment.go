package view

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Experiment is an Experiment with what belongs to it.
type Experiment struct {
	Meta        metav1.ObjectMeta `json:"objectMeta"`
	Icon        string            `json:"icon,omitempty"`
	Revision    int64             `json:"revision,omitempty"`
	Status      string            `json:"status,omitempty"`
	Message     string            `json:"message,omitempty"`
	ReplicaSets []ReplicaSet      `json:"replicaSets,omitempty"`
	Runs        []AnalysisRun     `json:"analysisRuns,omitempty"`
}

// OfExperiment looks at an Experiment and those of objs that belong to it.
func OfExperiment(exp *v1alpha1.Experiment, objs Objects) Experiment {
	v := Experiment{
		Meta:     meta(exp),
		Icon:     analysisIcon(string(exp.Status.Phase)),
		Revision: Revision(exp),
		Status:   string(exp.Status.Phase),
		Message:  exp.Status.Message,
		Runs:     analysisRunViews(owned(objs.Runs, exp.UID)),
	}
	for _, rs := range byName(owned(objs.ReplicaSets, exp.UID)) {
		v.ReplicaSets = append(v.ReplicaSets, replicaSetView(rs, objs.Pods))
	}
	return v
}
