package view

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Rollout is a Rollout with what belongs to it.
type Rollout struct {
	Meta    metav1.ObjectMeta `json:"objectMeta"`
	Status  string            `json:"status,omitempty"`
	Message string            `json:"message,omitempty"`
	Icon    string            `json:"icon,omitempty"`
	// Strategy is Canary, BlueGreen or empty.
	Strategy string `json:"strategy,omitempty"`
	// Step is "index/total"; empty when there are no steps or no index yet.
	Step string `json:"step,omitempty"`
	// SetWeight and ActualWeight are empty unless the strategy is Canary.
	SetWeight    string `json:"setWeight,omitempty"`
	ActualWeight string `json:"actualWeight,omitempty"`
	// RestartedAt is "Never", or a time.
	RestartedAt string `json:"restartedAt,omitempty"`
	// Generation is the generation that the controller has seen.
	Generation  string        `json:"generation,omitempty"`
	Desired     int32         `json:"desired,omitempty"`
	Current     int32         `json:"current,omitempty"`
	Updated     int32         `json:"updated,omitempty"`
	Ready       int32         `json:"ready,omitempty"`
	Available   int32         `json:"available,omitempty"`
	ReplicaSets []ReplicaSet  `json:"replicaSets,omitempty"`
	Experiments []Experiment  `json:"experiments,omitempty"`
	Runs        []AnalysisRun `json:"analysisRuns,omitempty"`
	// Containers are those of the pod template, or of the referenced workload.
	Containers     []Container           `json:"containers,omitempty"`
	InitContainers []Container           `json:"initContainers,omitempty"`
	Steps          []v1alpha1.CanaryStep `json:"steps,omitempty"`
}

// Container is a container of the pod template.
type Container struct {
	Name  string `json:"name,omitempty"`
	Image string `json:"image,omitempty"`
}

// Names of the strategies.
const (
	strategyCanary    = "Canary"
	strategyBlueGreen = "BlueGreen"
)

// OfRollout looks at objs.Rollout and those of objs that belong to it.
func OfRollout(objs Objects) Rollout {
	ro := objs.Rollout
	phase, message := Phase(ro, objs.Workload)
	v := Rollout{
		Meta:        meta(ro),
		Status:      string(phase),
		Message:     message,
		Icon:        rolloutIcon(string(phase)),
		RestartedAt: restartedAt(ro),
		Generation:  ro.Status.ObservedGeneration,
		Desired:     valueOr(ro.Spec.Replicas, 1),
		Current:     ro.Status.Replicas,
		Updated:     ro.Status.UpdatedReplicas,
		Ready:       ro.Status.ReadyReplicas,
		Available:   ro.Status.AvailableReplicas,
		Runs:        analysisRunViews(owned(objs.Runs, ro.UID)),
	}
	v = v.withStrategy(objs).withTemplate(objs)
	for _, rs := range byName(owned(objs.ReplicaSets, ro.UID)) {
		rsView := replicaSetView(rs, objs.Pods)
		rsView.Roles = rolesOf(rs.Labels[v1alpha1.DefaultRolloutUniqueLabelKey], ro)
		v.ReplicaSets = append(v.ReplicaSets, rsView)
	}
	slices.SortStableFunc(v.ReplicaSets, func(a, b ReplicaSet) int { return cmp.Compare(b.Revision, a.Revision) })
	for _, exp := range byCreation(owned(objs.Experiments, ro.UID)) {
		v.Experiments = append(v.Experiments, OfExperiment(exp, objs))
	}
	return v
}

// withStrategy adds what depends on the strategy.
func (v Rollout) withStrategy(objs Objects) Rollout {
	ro := objs.Rollout
	switch {
	case ro.Spec.Strategy.Canary != nil:
		v.Strategy = strategyCanary
		v.Step = stepText(ro)
		v.SetWeight = strconv.Itoa(int(setWeight(ro)))
		v.ActualWeight = strconv.Itoa(int(actualWeight(ro, owned(objs.ReplicaSets, ro.UID))))
		if ro.Status.CurrentStepIndex != nil {
			v.Steps = ro.Spec.Strategy.Canary.Steps
		}
	case ro.Spec.Strategy.BlueGreen != nil:
		v.Strategy = strategyBlueGreen
	}
	return v
}

// withTemplate adds the containers of the pod template.
func (v Rollout) withTemplate(objs Objects) Rollout {
	template := objs.Rollout.Spec.Template
	if objs.Rollout.Spec.WorkloadRef != nil && objs.Workload != nil {
		template = objs.Workload.Template
	}
	v.Containers = containers(template.Spec.Containers)
	v.InitContainers = containers(template.Spec.InitContainers)
	return v
}

func containers(list []corev1.Container) []Container {
	var views []Container
	for _, c := range list {
		views = append(views, Container{Name: c.Name, Image: c.Image})
	}
	return views
}

func restartedAt(ro *v1alpha1.Rollout) string {
	if ro.Status.RestartedAt == nil {
		return "Never"
	}
	return ro.Status.RestartedAt.UTC().Format(time.RFC3339)
}
