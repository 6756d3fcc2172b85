package build

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// Words tell a state, one fact for each key. A key that is missing reads "".
//
//	v1               wanted pods, and what is left of a scale-down delay: "4", "4 for 30s"
//	v1 revision      its number; "v1 history": its earlier ones
//	v1 sized for     the spec.replicas that it was sized for
//	service NAME     the version that the Service selects; "any"
//	weight           the canary's weight
//	step, stable     the step's index; the promoted version
//	phase            with its message: "Paused: CanaryPauseStep"
//	pauses, abort    reasons, comma-separated; "true" when aborted
//	Progressing ...  every condition: "True/ReplicaSetUpdated"
//	event REASON     the last message of an event
//	rollout revision the number that is written onto the Rollout
//	replicas         the spec.replicas that is written
//	workload         the referenced workload's wanted pods, when they change
//	writes           how many objects besides the status are written
//	evictions        how many pods are evicted
//	starts, stops    names of runs and experiments, and "deletes" the same
//	step run         name and phase in the status: "demo-v2-2-1: Running"; background run,
//	                 pre run and post run the same
//	experiment       the name in the status
//	wake             how long until the next look; "never"
type Words map[string]string

// Outcome is the state that a snapshot is in once its plan is carried out.
func Outcome(s plan.Snapshot, p plan.Plan) Words {
	o := outcome{words: Words{}, names: map[string]string{}}
	for _, rs := range s.ReplicaSets {
		o.replicaSet(rs)
	}
	for name, svc := range s.Services {
		o.words["service "+name] = o.version(svc.Hash)
	}
	for _, seen := range s.Traffic {
		if seen.Found {
			o.words["weight"] = fmt.Sprint(seen.Split.Canary)
		}
	}
	for _, a := range p.Actions {
		o.apply(a)
	}
	o.status(p.Status)
	for _, e := range p.Events {
		o.words["event "+e.Reason] = e.Message
	}
	o.words["writes"] = fmt.Sprint(len(p.Actions))
	o.words["wake"] = "never"
	if !p.WakeAt.IsZero() {
		o.words["wake"] = p.WakeAt.Sub(Now()).String()
	}
	return o.words
}

// Only keeps the words that others speak of, with "" for those that are missing.
func (w Words) Only(others Words) Words {
	kept := Words{}
	for key := range others {
		kept[key] = w[key]
	}
	return kept
}

// Tag is the version that a template runs: its first image's tag.
func Tag(t corev1.PodTemplateSpec) string {
	if len(t.Spec.Containers) == 0 {
		return ""
	}
	_, tag, _ := strings.Cut(t.Spec.Containers[0].Image, ":")
	return tag
}

// Size tells wanted pods, and what is left of a scale-down delay.
func Size(rs plan.ReplicaSet, now time.Time) string {
	if rs.Deadline.IsZero() {
		return fmt.Sprint(rs.Want)
	}
	return fmt.Sprintf("%d for %v", rs.Want, rs.Deadline.Sub(now))
}

// outcome collects words. Names are versions by ReplicaSet name and by hash.
type outcome struct {
	words Words
	names map[string]string
	sets  map[string]plan.ReplicaSet
}

func (o *outcome) replicaSet(rs plan.ReplicaSet) {
	if o.sets == nil {
		o.sets = map[string]plan.ReplicaSet{}
	}
	version := Tag(rs.Template)
	o.names[rs.Name], o.names[rs.Hash] = version, version
	o.sets[rs.Name] = rs
	o.words[version] = Size(rs, Now())
	o.words[version+" revision"] = rs.Annotations[v1alpha1.RevisionAnnotation]
	o.words[version+" sized for"] = rs.Annotations[v1alpha1.DesiredReplicasAnnotation]
	o.words[version+" history"] = rs.Annotations[v1alpha1.RevisionHistoryAnnotation]
}

// version names a hash; a hash without ReplicaSet stands for itself.
func (o *outcome) version(hash string) string {
	switch name, ok := o.names[hash]; {
	case ok:
		return name
	case hash == "":
		return "any"
	default:
		return hash
	}
}

func (o *outcome) apply(action plan.Action) {
	switch a := action.(type) {
	case plan.CreateReplicaSet:
		o.replicaSet(plan.ReplicaSet{
			Name: a.Name, Hash: a.Labels[v1alpha1.DefaultRolloutUniqueLabelKey], Want: a.Replicas,
			Annotations: a.Annotations, Template: a.Template,
		})
	case plan.ScaleReplicaSet:
		rs := o.sets[a.Name]
		rs.Want = a.To
		o.annotate(rs, a.Annotate)
	case plan.AnnotateReplicaSet:
		o.annotate(o.sets[a.Name], a.Annotate)
	case plan.DeleteReplicaSet:
		delete(o.words, o.names[a.Name])
	case plan.PointService:
		o.words["service "+a.Name] = o.version(a.Hash)
	case plan.SetTraffic:
		o.words["weight"] = fmt.Sprint(a.Split.Canary)
	case plan.AnnotateRollout:
		o.words["rollout revision"] = a.Annotate[v1alpha1.RevisionAnnotation]
		if a.Replicas != nil {
			o.words["replicas"] = fmt.Sprint(*a.Replicas)
		}
	case plan.ScaleWorkload:
		o.words["workload"] = fmt.Sprint(a.To)
	case plan.RestartPod:
		evicted := 0
		_, _ = fmt.Sscan(o.words["evictions"], &evicted)
		o.words["evictions"] = fmt.Sprint(evicted + 1)
	case plan.AdoptReplicaSet:
		o.words[o.names[a.Name]+" adopted"] = fmt.Sprint(!a.Release)
	case plan.LabelPod:
	case plan.StartRun:
		o.list("starts", a.Name)
	case plan.StartExperiment:
		o.list("starts", a.Name)
	case plan.StopRun:
		o.list("stops", a.Name)
	case plan.StopExperiment:
		o.list("stops", a.Name)
	case plan.DeleteRun:
		o.list("deletes", a.Name)
	case plan.DeleteExperiment:
		o.list("deletes", a.Name)
	}
}

// list adds a name to a word, with a version for every hash in it.
func (o *outcome) list(word, name string) {
	names := []string{Named(name, o.version)}
	if before := o.words[word]; before != "" {
		names = append(names, strings.Split(before, ", ")...)
	}
	slices.Sort(names)
	o.words[word] = strings.Join(names, ", ")
}

// Named puts a version for every hash that is a part of a name.
func Named(name string, version func(hash string) string) string {
	parts := strings.Split(name, "-")
	for i, part := range parts {
		if part != "" {
			parts[i] = version(part)
		}
	}
	return strings.Join(parts, "-")
}

func (o *outcome) annotate(rs plan.ReplicaSet, changes map[string]string) {
	next := map[string]string{}
	for key, value := range rs.Annotations {
		next[key] = value
	}
	for key, value := range changes {
		next[key] = value
	}
	rs.Annotations, rs.Deadline = next, time.Time{}
	if at, err := time.Parse(time.RFC3339, next[v1alpha1.DefaultReplicaSetScaleDownDeadlineAnnotationKey]); err == nil {
		rs.Deadline = at
	}
	o.replicaSet(rs)
}

func (o *outcome) status(st v1alpha1.RolloutStatus) {
	for key, value := range StatusWords(st, o.version) {
		o.words[key] = value
	}
}

// StatusWords are the words of a status, with versions named by a function.
func StatusWords(st v1alpha1.RolloutStatus, version func(hash string) string) Words {
	w := Words{
		"stable": version(st.StableRS), "desired": version(st.CurrentPodHash),
		"phase": strings.TrimSuffix(string(st.Phase)+": "+st.Message, ": "),
	}
	if st.CurrentStepIndex != nil {
		w["step"] = fmt.Sprint(*st.CurrentStepIndex)
	}
	if st.Abort {
		w["abort"] = "true"
	}
	if st.PromoteFull {
		w["promoteFull"] = "true"
	}
	if st.RestartedAt != nil {
		w["restartedAt"] = st.RestartedAt.UTC().Format(time.TimeOnly)
	}
	if st.CollisionCount != nil {
		w["collisions"] = fmt.Sprint(*st.CollisionCount)
	}
	if st.WorkloadObservedGeneration != "" {
		w["workload generation"] = st.WorkloadObservedGeneration
	}
	var pauses []string
	for _, p := range st.PauseConditions {
		pauses = append(pauses, string(p.Reason))
	}
	w["pauses"] = strings.Join(pauses, ",")
	for word, ref := range map[string]*v1alpha1.RolloutAnalysisRunStatus{
		"step run": st.Canary.CurrentStepAnalysisRunStatus, "background run": st.Canary.CurrentBackgroundAnalysisRunStatus,
		"pre run": st.BlueGreen.PrePromotionAnalysisRunStatus, "post run": st.BlueGreen.PostPromotionAnalysisRunStatus,
	} {
		if ref != nil {
			w[word] = strings.TrimSuffix(Named(ref.Name, version)+": "+string(ref.Status), ": ")
		}
	}
	if st.Canary.CurrentExperiment != "" {
		w["experiment"] = Named(st.Canary.CurrentExperiment, version)
	}
	for _, c := range st.Conditions {
		w[string(c.Type)] = string(c.Status) + "/" + c.Reason
		w[string(c.Type)+" message"] = c.Message
	}
	return w
}
