package build

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/spec"
)

// Now is the moment of every snapshot made here.
func Now() time.Time { return time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC) }

// In is the moment that comes d after Now.
func In(d time.Duration) time.Time { return Now().Add(d) }

// Scene is a snapshot in the making.
type Scene struct {
	manifest *v1alpha1.Rollout
	hashes   map[string]string
	plan.Snapshot
}

// Fact says one thing about a scene.
type Fact func(*Scene)

// Snapshot is what an observer sees of a manifest when these facts hold. Revisions
// are named by their image's tag: demo:v1 is v1. What no fact says is as a pass in
// the middle of an update leaves it: the status has seen the manifest, its counts
// are those of the ReplicaSets, and the manifest's Services select the revisions of
// their roles.
func Snapshot(ro *v1alpha1.Rollout, facts ...Fact) plan.Snapshot {
	s := &Scene{manifest: ro, hashes: map[string]string{}}
	s.Spec = parse(ro)
	s.Services, s.PodsListed = map[string]plan.Service{}, true
	s.Rollout = plan.Rollout{
		Namespace: ro.Namespace, Name: ro.Name, UID: "uid-" + ro.Name, Version: "100", Generation: 3,
		Created: Now().Add(-24 * time.Hour), Labels: ro.Labels, Annotations: map[string]string{},
	}
	for key, value := range ro.Annotations {
		s.Rollout.Annotations[key] = value
	}
	st := &s.Rollout.Status
	st.ObservedGeneration = "3"
	st.CurrentPodHash = s.Spec.TemplateHash
	if c, ok := s.Spec.Strategy.(spec.Canary); ok {
		st.CurrentStepHash = c.StepsHash
	}
	Condition(v1alpha1.RolloutProgressing, corev1.ConditionTrue, v1alpha1.ReplicaSetUpdatedReason)(s)
	for _, fact := range facts {
		fact(s)
	}
	s.rest()
	s.Rollout.Object = ro.DeepCopy()
	s.Rollout.Object.UID, s.Rollout.Object.Status = types.UID(s.Rollout.UID), s.Rollout.Status
	return s.Snapshot
}

// parse panics on manifests that are not valid: tests of the core have none.
func parse(ro *v1alpha1.Rollout) spec.Rollout {
	parsed, errs := spec.ParseRollout(ro)
	if len(errs) > 0 {
		panic(errs.ToAggregate())
	}
	return parsed
}

// hash is the identity of the manifest's template at a version.
func (s *Scene) hash(version string) string {
	if version == "" {
		return ""
	}
	if _, known := s.hashes[version]; !known {
		s.hashes[version] = parse(With(s.manifest.DeepCopy(), Image(s.manifest.Name+":"+version))).TemplateHash
	}
	return s.hashes[version]
}

// rest fills in what no fact said.
func (s *Scene) rest() {
	st := &s.Rollout.Status
	for i := range s.ReplicaSets {
		rs := &s.ReplicaSets[i]
		st.Replicas += rs.Pods
		st.ReadyReplicas += rs.Ready
		st.AvailableReplicas += rs.Available
		if rs.Hash == st.CurrentPodHash {
			st.UpdatedReplicas = rs.Pods
		}
	}
	st.HPAReplicas = st.Replicas
	if _, told := s.Rollout.Annotations[v1alpha1.RevisionAnnotation]; !told {
		s.Rollout.Annotations[v1alpha1.RevisionAnnotation] = strconv.FormatInt(s.newest(), 10)
	}
	switch chosen := s.Spec.Strategy.(type) {
	case spec.Canary:
		s.restCanary(chosen)
	case spec.BlueGreen:
		s.follow(chosen.PreviewService, st.CurrentPodHash)
		s.follow(chosen.ActiveService, st.StableRS)
		st.BlueGreen.ActiveSelector = s.Services[chosen.ActiveService].Hash
		st.BlueGreen.PreviewSelector = s.Services[chosen.PreviewService].Hash
	}
}

func (s *Scene) restCanary(c spec.Canary) {
	st := &s.Rollout.Status
	canary := st.StableRS
	for _, rs := range s.ReplicaSets {
		if rs.Hash == st.CurrentPodHash && rs.Available > 0 {
			canary = rs.Hash
		}
	}
	s.follow(c.StableService, st.StableRS)
	s.follow(c.CanaryService, canary)
	if c.Routing != nil && s.Traffic == nil {
		for _, name := range c.Routing.Routers {
			s.Traffic = append(s.Traffic, traffic.Observation{Router: name, InSync: true})
		}
	}
	if st.CurrentStepIndex == nil && len(c.Steps) > 0 {
		AtStep(0)(s)
	}
}

// newest is the highest revision number.
func (s *Scene) newest() int64 {
	var highest int64
	for _, rs := range s.ReplicaSets {
		highest = max(highest, rs.Revision)
	}
	return highest
}

// follow makes a Service exist and select a revision, unless a fact spoke of it.
func (s *Scene) follow(service, hash string) {
	if _, told := s.Services[service]; told || service == "" {
		return
	}
	for _, rs := range s.ReplicaSets {
		if rs.Hash == hash {
			s.serve(service, hash)
			return
		}
	}
	s.serve(service, "")
}

func (s *Scene) serve(service, hash string) {
	svc := plan.Service{Name: service, Version: "7", Found: true, Hash: hash, Selector: s.manifest.Spec.Selector.MatchLabels}
	if hash != "" {
		svc.ManagedBy = s.manifest.Name
	}
	s.Services[service] = svc
}

// Has is a ReplicaSet of a version, vN, with this many wanted pods, all available.
// Its revision number is N, and it is older the smaller N is.
func Has(version string, pods int32, tweaks ...func(*plan.ReplicaSet)) Fact {
	return func(s *Scene) {
		number, err := strconv.ParseInt(strings.TrimPrefix(version, "v"), 10, 64)
		if err != nil {
			panic(fmt.Sprintf("version %q is not of the form vN", version))
		}
		hash := s.hash(version)
		ro := With(s.manifest.DeepCopy(), Image(s.manifest.Name+":"+version))
		template := *ro.Spec.Template.DeepCopy()
		template.Labels = map[string]string{v1alpha1.DefaultRolloutUniqueLabelKey: hash}
		for key, value := range ro.Spec.Template.Labels {
			template.Labels[key] = value
		}
		rs := plan.ReplicaSet{
			Name: s.manifest.Name + "-" + hash, UID: "uid-" + version, Version: "10" + version[1:],
			Created: Now().Add(time.Duration(number-100) * time.Minute), Owned: true, Matches: true,
			Hash: hash, Revision: number, Labels: template.Labels, Template: template, MinReady: s.Spec.MinReady,
			Annotations: map[string]string{v1alpha1.RevisionAnnotation: strconv.FormatInt(number, 10)},
			Want:        pods, Pods: pods, Ready: pods, Available: pods, Observed: true, SizedFor: s.Spec.Replicas,
		}
		for _, tweak := range tweaks {
			tweak(&rs)
		}
		rs.Annotations[v1alpha1.DesiredReplicasAnnotation] = strconv.Itoa(int(rs.SizedFor))
		s.ReplicaSets = append(s.ReplicaSets, rs)
	}
}

// Available says how many of a ReplicaSet's pods are.
func Available(pods int32) func(*plan.ReplicaSet) {
	return func(rs *plan.ReplicaSet) { rs.Available, rs.Ready = pods, pods }
}

// Until says when a ReplicaSet's scale-down delay ends, from Now on.
func Until(d time.Duration) func(*plan.ReplicaSet) {
	return func(rs *plan.ReplicaSet) {
		rs.Deadline = In(d)
		rs.Annotations[v1alpha1.DefaultReplicaSetScaleDownDeadlineAnnotationKey] = rs.Deadline.Format(time.RFC3339)
	}
}

// SizedFor says which spec.replicas a ReplicaSet was last sized for.
func SizedFor(replicas int32) func(*plan.ReplicaSet) {
	return func(rs *plan.ReplicaSet) { rs.SizedFor = replicas }
}

// Stable says which version was promoted last.
func Stable(version string) Fact {
	return func(s *Scene) { s.Rollout.Status.StableRS = s.hash(version) }
}

// Seen says which version was the desired one at the last pass; without it, the
// manifest's own was.
func Seen(version string) Fact {
	return func(s *Scene) { s.Rollout.Status.CurrentPodHash = s.hash(version) }
}

// AtStep is the step that the update stands at.
func AtStep(index int32) Fact {
	return func(s *Scene) { s.Rollout.Status.CurrentStepIndex = &index }
}

// Paused says that the controller set this pause so long ago.
func Paused(reason v1alpha1.PauseReason, ago time.Duration) Fact {
	return func(s *Scene) {
		st := &s.Rollout.Status
		st.PauseConditions = append(st.PauseConditions, v1alpha1.PauseCondition{Reason: reason, StartTime: metav1.NewTime(In(-ago))})
		st.ControllerPause = true
		Condition(v1alpha1.RolloutProgressing, corev1.ConditionUnknown, v1alpha1.RolloutPausedReason)(s)
	}
}

// Resumed says that a user cleared the pause that the controller had set.
func Resumed() Fact {
	return func(s *Scene) {
		s.Rollout.Status.PauseConditions, s.Rollout.Status.ControllerPause = nil, true
		Condition(v1alpha1.RolloutProgressing, corev1.ConditionUnknown, v1alpha1.RolloutPausedReason)(s)
	}
}

// Aborted says that the update was aborted, and that a pass has seen it.
func Aborted() Fact {
	return func(s *Scene) {
		at := metav1.NewTime(In(-time.Minute))
		s.Rollout.Status.Abort, s.Rollout.Status.AbortedAt = true, &at
		Condition(v1alpha1.RolloutProgressing, corev1.ConditionFalse, v1alpha1.RolloutAbortedReason)(s)
	}
}

// Condition is one that has stood for a minute.
func Condition(kind v1alpha1.RolloutConditionType, status corev1.ConditionStatus, reason string) Fact {
	return ConditionSince(time.Minute, kind, status, reason)
}

// ConditionSince is one that has stood for so long.
func ConditionSince(ago time.Duration, kind v1alpha1.RolloutConditionType, status corev1.ConditionStatus, reason string) Fact {
	return func(s *Scene) {
		at := metav1.NewTime(In(-ago))
		next := v1alpha1.RolloutCondition{Type: kind, Status: status, Reason: reason, Message: reason, LastUpdateTime: at, LastTransitionTime: at}
		list := &s.Rollout.Status.Conditions
		for i := range *list {
			if (*list)[i].Type == kind {
				(*list)[i] = next
				return
			}
		}
		*list = append(*list, next)
	}
}

// Status changes the observed status in a way that has no word of its own.
func Status(change func(*v1alpha1.RolloutStatus)) Fact {
	return func(s *Scene) { change(&s.Rollout.Status) }
}

// Serves says which version a Service selects: "" for all. It carries our mark when
// it selects one.
func Serves(service, version string) Fact {
	return func(s *Scene) { s.serve(service, s.hash(version)) }
}

// CanaryWeight says what every router sends to the canary, as the status records it.
func CanaryWeight(weight int32) Fact {
	return func(s *Scene) {
		c, ok := s.Spec.Strategy.(spec.Canary)
		if !ok || c.Routing == nil {
			panic("only a routed canary has weights")
		}
		st := &s.Rollout.Status
		split := traffic.NewSplit(weight, c.Routing.MaxWeight)
		split.CanaryHash, split.StableHash = st.CurrentPodHash, st.StableRS
		s.Traffic = nil
		for _, name := range c.Routing.Routers {
			s.Traffic = append(s.Traffic, traffic.Observation{Router: name, Found: true, InSync: true, Split: split})
		}
		st.Canary.Weights = &v1alpha1.TrafficWeights{
			Canary: v1alpha1.WeightDestination{Weight: split.Canary, ServiceName: c.CanaryService, PodTemplateHash: split.CanaryHash},
			Stable: v1alpha1.WeightDestination{Weight: split.Stable(), ServiceName: c.StableService, PodTemplateHash: split.StableHash},
		}
	}
}

// Verified says whether the data planes confirm what they serve.
func Verified(yes bool) Fact {
	return func(s *Scene) {
		for i := range s.Traffic {
			s.Traffic[i].Verified = &yes
		}
	}
}

// Pods are a version's pods, all made so long ago and available.
func Pods(version string, count int, age time.Duration) Fact {
	return func(s *Scene) {
		for i := range count {
			name := fmt.Sprintf("%s-%d", version, i)
			s.Pods = append(s.Pods, plan.Pod{
				Name: name, UID: "uid-" + name, Version: "1", ReplicaSet: s.manifest.Name + "-" + s.hash(version),
				Created: In(-age), Available: true,
				Labels: map[string]string{"app": s.manifest.Name, v1alpha1.DefaultRolloutUniqueLabelKey: s.hash(version)},
			})
		}
	}
}
