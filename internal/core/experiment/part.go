package experiment

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/strategy"
	"github.com/serin-rollouts/serin/internal/spec"
)

// part is one template with what there is of it.
type part struct {
	spec.ExperimentTemplate
	// replicaSet is the name of its ReplicaSet, existing or not. hash is that of its
	// pods.
	replicaSet, hash string
	// rs is its ReplicaSet; nil when there is none.
	rs *plan.ReplicaSet
	// service is under the name that its Service should have; nil when nothing is.
	service *Service
	// before is the recorded status; the zero value before there is one.
	before v1alpha1.TemplateStatus
	// problem is why it cannot be run; "" when it can.
	problem string
}

// partsOf joins every template with what was observed of it, in the manifest's order.
func partsOf(s Snapshot) []part {
	parts := make([]part, 0, len(s.Spec.Templates))
	for _, t := range s.Spec.Templates {
		p := part{ExperimentTemplate: t, replicaSet: s.Experiment.Name + "-" + t.Name, hash: t.Hash}
		for _, have := range s.Experiment.Status.TemplateStatuses {
			if have.Name == t.Name {
				p.before = have
			}
		}
		parts = append(parts, p.withReplicaSet(s).withService(s))
	}
	return parts
}

// withReplicaSet is the part with its ReplicaSet, or with why it cannot have one.
func (p part) withReplicaSet(s Snapshot) part {
	for i := range s.ReplicaSets {
		rs := &s.ReplicaSets[i]
		ours := rs.Owned && rs.Annotations[v1alpha1.ExperimentTemplateNameAnnotationKey] == p.Name
		switch {
		case rs.Name == p.replicaSet && ours:
			p.rs, p.hash = rs, rs.Hash
		case rs.Name == p.replicaSet:
			p.problem = foreignReplicaSet(rs.Name, p.Name)
		case ours && p.problem == "":
			p.problem = "multiple ReplicaSets match single experiment template: " + p.Name
		}
	}
	return p
}

// withService is the part with its Service, or with why it cannot have one.
func (p part) withService(s Snapshot) part {
	name := p.serviceName()
	for i := range s.Services {
		if name == "" || s.Services[i].Name != name {
			continue
		}
		p.service = &s.Services[i]
		if (!p.service.Owned || p.service.Hash != p.hash) && p.problem == "" {
			p.problem = foreignService(name, p.Name)
		}
	}
	return p
}

func foreignReplicaSet(replicaSet, template string) string {
	return fmt.Sprintf("ReplicaSet %s already exists and is not owned by experiment template %s", replicaSet, template)
}

func foreignService(service, template string) string {
	return fmt.Sprintf("service %s already exists and is not owned by experiment template %s", service, template)
}

// serviceName is the name that the part's Service should have; "" when it wants none,
// or has no port to offer.
func (p part) serviceName() string {
	switch {
	case p.Service == nil || len(p.ports()) == 0:
		return ""
	case p.Service.Name != "":
		return p.Service.Name
	default:
		return p.replicaSet
	}
}

// ports are one for every port of every container. Of several each needs a name.
func (p part) ports() []corev1.ServicePort {
	var ports []corev1.ServicePort
	for _, c := range p.Template.Spec.Containers {
		for _, port := range c.Ports {
			ports = append(ports, corev1.ServicePort{Name: port.Name, Port: port.ContainerPort, Protocol: port.Protocol})
		}
	}
	for i := range ports {
		if ports[i].Name == "" && len(ports) > 1 {
			ports[i].Name = fmt.Sprintf("port-%d", ports[i].Port)
		}
	}
	return ports
}

// edited reports whether the template is no longer the one that the pods were made of.
func (p part) edited() bool {
	return p.rs != nil && !final(p.before.Status) && p.rs.Hash != p.Hash &&
		!spec.TemplatesEqual(p.Template, p.rs.Template, p.rs.Annotations)
}

// available reports whether as many pods serve as are wanted.
func (p part) available() bool {
	return p.rs != nil && p.rs.Observed && p.rs.Want == p.Replicas && p.rs.Available >= p.Replicas
}

// drained reports whether no pod of the part serves any more.
func drained(rs *plan.ReplicaSet) bool {
	return rs == nil || rs.Want == 0 && rs.Observed && rs.Available == 0
}

// stand is the part's next status, the end of the Experiment apart.
func (p part) stand(s Snapshot, now time.Time) v1alpha1.TemplateStatus {
	next := p.counted()
	switch {
	case final(p.before.Status):
	case p.problem != "":
		next.Status, next.Message = v1alpha1.TemplateStatusError, p.problem
	case p.available() && elapsed(s, now):
		next.Status, next.Message = v1alpha1.TemplateStatusSuccessful, ""
	case p.available():
		next.Status, next.Message = v1alpha1.TemplateStatusRunning, ""
	default:
		next.Status, next.Message = v1alpha1.TemplateStatusProgressing, p.obstacle()
	}
	if next.Status == v1alpha1.TemplateStatusProgressing && p.late(s, next, now) {
		next.Status = v1alpha1.TemplateStatusFailed
		next.Message = fmt.Sprintf("Template '%s' exceeded its progressDeadlineSeconds (%d)", p.Name, int64(s.Spec.ProgressDeadline/time.Second))
	}
	return stamped(p.before, next, now)
}

// counted is the recorded status with the counts of now.
func (p part) counted() v1alpha1.TemplateStatus {
	next := *p.before.DeepCopy()
	next.Name = p.Name
	next.Replicas, next.UpdatedReplicas, next.ReadyReplicas, next.AvailableReplicas = 0, 0, 0, 0
	if p.rs != nil {
		next.Replicas, next.UpdatedReplicas, next.ReadyReplicas, next.AvailableReplicas = p.rs.Pods, p.rs.Pods, p.rs.Ready, p.rs.Available
		next.PodTemplateHash = p.rs.Hash
	}
	return next
}

// obstacle is what keeps pods from being made, as the ReplicaSet tells it.
func (p part) obstacle() string {
	if p.rs == nil || p.rs.Failure == nil {
		return ""
	}
	return p.rs.Failure.Message
}

// late reports whether nothing moved for longer than the progress deadline. A template
// that moves in this very look gets its time.
func (p part) late(s Snapshot, next v1alpha1.TemplateStatus, now time.Time) bool {
	since := p.before.LastTransitionTime
	return since != nil && !moved(p.before, next) && !now.Before(since.Add(s.Spec.ProgressDeadline))
}

// moved reports whether a count or the state differs.
func moved(before, after v1alpha1.TemplateStatus) bool {
	return before.Status != after.Status || before.Replicas != after.Replicas || before.UpdatedReplicas != after.UpdatedReplicas ||
		before.ReadyReplicas != after.ReadyReplicas || before.AvailableReplicas != after.AvailableReplicas
}

// stamped is the next status with the time of its last transition. The API keeps whole
// seconds; they are rounded up, so that no deadline is shorter than asked.
func stamped(before, next v1alpha1.TemplateStatus, now time.Time) v1alpha1.TemplateStatus {
	next.LastTransitionTime = before.LastTransitionTime
	if next.LastTransitionTime == nil || moved(before, next) {
		at := metav1.NewTime(strategy.WholeSecond(now))
		next.LastTransitionTime = &at
	}
	return next
}

// create is the ReplicaSet to make for the part.
func (p part) create(s Snapshot) CreateReplicaSet {
	template := *p.Template.DeepCopy()
	template.Labels = hashed(template.Labels, p.hash)
	selector := p.Selector.DeepCopy()
	selector.MatchLabels = hashed(selector.MatchLabels, p.hash)
	return CreateReplicaSet{
		Name: p.replicaSet, Replicas: p.Replicas, MinReady: p.MinReady,
		Labels: hashed(p.Template.Labels, p.hash),
		Annotations: map[string]string{
			v1alpha1.ExperimentNameAnnotationKey:         s.Experiment.Name,
			v1alpha1.ExperimentTemplateNameAnnotationKey: p.Name,
		},
		Selector: selector, Template: template,
	}
}

// createService is the Service to make for the part. It selects by all labels of the
// pods, the hash among them.
func (p part) createService() CreateService {
	labels := p.Template.Labels
	if p.rs != nil {
		labels = p.rs.Labels
	}
	return CreateService{Name: p.serviceName(), Template: p.Name, Selector: hashed(labels, p.hash), Ports: p.ports()}
}

// hashed returns a copy of labels with the template's.
func hashed(m map[string]string, hash string) map[string]string {
	next := make(map[string]string, len(m)+1)
	maps.Copy(next, m)
	next[v1alpha1.DefaultRolloutUniqueLabelKey] = hash
	return next
}

// byName sorts facts that come in any order.
func byName[T any](list []T, name func(T) string) []T {
	return slices.SortedFunc(slices.Values(list), func(a, b T) int { return strings.Compare(name(a), name(b)) })
}
