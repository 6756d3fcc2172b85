package view

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// ReplicaSet is one version of a Rollout, or one template of an Experiment.
type ReplicaSet struct {
	Meta   metav1.ObjectMeta `json:"objectMeta"`
	Status string            `json:"status,omitempty"`
	Icon   string            `json:"icon,omitempty"`
	// Revision is zero in an Experiment.
	Revision int64 `json:"revision,omitempty"`
	Roles
	Replicas  int32 `json:"replicas,omitempty"`
	Available int32 `json:"available,omitempty"`
	// Template is the Experiment template; empty for a version of a Rollout.
	Template string `json:"template,omitempty"`
	// ScaleDownDeadline is when the pods may go, as the controller wrote it.
	ScaleDownDeadline string   `json:"scaleDownDeadline,omitempty"`
	Images            []string `json:"images,omitempty"`
	InitImages        []string `json:"initContainerImages,omitempty"`
	Pods              []Pod    `json:"pods,omitempty"`
}

// Roles are what a ReplicaSet is to its Rollout.
type Roles struct {
	Stable  bool `json:"stable,omitempty"`
	Canary  bool `json:"canary,omitempty"`
	Active  bool `json:"active,omitempty"`
	Preview bool `json:"preview,omitempty"`
	Ping    bool `json:"ping,omitempty"`
	Pong    bool `json:"pong,omitempty"`
}

// Words that name a role.
const (
	tagStable  = "stable"
	tagCanary  = "canary"
	tagActive  = "active"
	tagPreview = "preview"
	tagPing    = "ping"
	tagPong    = "pong"
)

// Health of a ReplicaSet.
const (
	healthProgressing    = "Progressing"
	healthHealthy        = "Healthy"
	healthReplicaFailure = "ReplicaFailure"
	healthScaledDown     = "ScaledDown"
)

// replicaSetView looks at rs and those of pods that belong to it.
func replicaSetView(rs *appsv1.ReplicaSet, pods []*corev1.Pod) ReplicaSet {
	health := replicaSetHealth(rs)
	v := ReplicaSet{
		Meta:              meta(rs),
		Status:            health,
		Icon:              replicaSetIcon(health),
		Revision:          Revision(rs),
		Replicas:          rs.Status.Replicas,
		Available:         rs.Status.AvailableReplicas,
		Template:          rs.Annotations[v1alpha1.ExperimentTemplateNameAnnotationKey],
		ScaleDownDeadline: rs.Annotations[v1alpha1.DefaultReplicaSetScaleDownDeadlineAnnotationKey],
		Images:            images(rs.Spec.Template.Spec.Containers),
		InitImages:        images(rs.Spec.Template.Spec.InitContainers),
	}
	for _, pod := range byCreation(owned(pods, rs.UID)) {
		v.Pods = append(v.Pods, podView(pod))
	}
	return v
}

func images(containers []corev1.Container) []string {
	var list []string
	for _, c := range containers {
		list = append(list, c.Image)
	}
	return list
}

// replicaSetHealth is one of the health words.
func replicaSetHealth(rs *appsv1.ReplicaSet) string {
	wanted := valueOr(rs.Spec.Replicas, 1)
	switch {
	case rs.Generation > rs.Status.ObservedGeneration:
		return healthProgressing
	case replicaFailure(rs):
		return healthReplicaFailure
	case rs.Status.AvailableReplicas < wanted:
		return healthProgressing
	case wanted == 0:
		return healthScaledDown
	default:
		return healthHealthy
	}
}

func replicaFailure(rs *appsv1.ReplicaSet) bool {
	for _, c := range rs.Status.Conditions {
		if c.Type == appsv1.ReplicaSetReplicaFailure {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// rolesOf says what the ReplicaSet with this hash is to the Rollout.
func rolesOf(hash string, ro *v1alpha1.Rollout) Roles {
	var r Roles
	switch {
	case hash == "":
	case ro.Spec.Strategy.Canary != nil:
		r.Stable = hash == ro.Status.StableRS
		r.Canary = !r.Stable && hash == ro.Status.CurrentPodHash
		if ro.Spec.Strategy.Canary.PingPong != nil {
			pingIsStable := ro.Status.Canary.StablePingPong == v1alpha1.PPPing
			r.Ping = r.Stable && pingIsStable || r.Canary && !pingIsStable
			r.Pong = r.Stable && !pingIsStable || r.Canary && pingIsStable
		}
	case ro.Spec.Strategy.BlueGreen != nil:
		r.Stable = hash == ro.Status.StableRS
		r.Active = hash == ro.Status.BlueGreen.ActiveSelector
		r.Preview = !r.Active && hash == ro.Status.BlueGreen.PreviewSelector
	}
	return r
}

// tags are the words for the roles, in the order of the tree.
func (r Roles) tags() []string {
	return r.inOrder(tagStable, tagCanary, tagActive, tagPreview, tagPing, tagPong)
}

// imageTags are the words for the roles, in the order of the image list.
func (r Roles) imageTags() []string {
	return r.inOrder(tagCanary, tagStable, tagActive, tagPreview, tagPing, tagPong)
}

func (r Roles) inOrder(order ...string) []string {
	has := map[string]bool{
		tagStable: r.Stable, tagCanary: r.Canary, tagActive: r.Active,
		tagPreview: r.Preview, tagPing: r.Ping, tagPong: r.Pong,
	}
	var tags []string
	for _, tag := range order {
		if has[tag] {
			tags = append(tags, tag)
		}
	}
	return tags
}

// delayTag says how long the pods of rs are kept: "delay:24s", "delay:passed",
// or nothing when no readable deadline is set.
func (rs ReplicaSet) delayTag(now time.Time) string {
	deadline, err := time.Parse(time.RFC3339, rs.ScaleDownDeadline)
	if err != nil {
		return ""
	}
	if !deadline.After(now) {
		return "delay:passed"
	}
	return "delay:" + duration.HumanDuration(deadline.Sub(now))
}

func valueOr[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}
