package plan

import "github.com/serin-rollouts/serin/api/v1alpha1"

// Reads is what a decision needs observed beyond the objects that every decision
// needs, so that nothing is read without use.
type Reads struct {
	// Pods: the pods of all ReplicaSets, for restarts and ephemeral metadata.
	Pods bool
	// Services by name.
	Services []string
	// Traffic: ask the routers.
	Traffic bool
	// Templates of analyses, whether they exist or not. Those that they refer to are
	// read with them.
	Templates []v1alpha1.AnalysisTemplateRef
}
