package cli

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/view"
)

// query is a question to the API server. It can be compared, so that the same
// question is asked once.
type query struct {
	gvr schema.GroupVersionResource
	// labels and fields select objects; empty selects all.
	labels, fields string
	// optional is true when an answer is nice to have: without the permission,
	// or without such objects, the view goes on without them.
	optional bool
}

// answers are the objects that each query found, decoded.
type answers map[query][]metav1.Object

// rootQuery asks for one object by name.
func rootQuery(gvr schema.GroupVersionResource, name string) query {
	return query{gvr: gvr, fields: "metadata.name=" + name}
}

// follow says what to ask next, given what is known. It is pure: asking until
// nothing new comes up finds everything that a view needs and nothing else.
type follow func(answers) []query

// rolloutTree follows a Rollout to everything that belongs to it.
func rolloutTree(name string) follow {
	root := rootQuery(v1alpha1.RolloutGVR, name)
	return func(known answers) []query {
		queries := []query{root}
		objs := assemble(known)
		if objs.Rollout == nil {
			return queries
		}
		queries = append(queries, workloadQueries(objs.Rollout)...)
		if needsWorkloadSelector(objs.Rollout) && !answered(known, queries) {
			return queries
		}
		labels := selectorText(selectorOf(objs))
		queries = append(queries,
			query{gvr: replicaSetGVR, labels: labels},
			query{gvr: podGVR, labels: labels},
			query{gvr: v1alpha1.AnalysisRunGVR, labels: runLabels(selectorOf(objs))},
			query{gvr: v1alpha1.ExperimentGVR, labels: v1alpha1.DefaultRolloutUniqueLabelKey})
		for _, exp := range objs.Experiments {
			if owner := metav1.GetControllerOf(exp); owner != nil && owner.UID == objs.Rollout.UID {
				queries = append(queries, experimentQueries(exp, selectorOf(objs))...)
			}
		}
		return queries
	}
}

// runLabels is the label selector of a Rollout's AnalysisRuns: they carry the
// labels that the Rollout selects by, but need not satisfy its expressions.
func runLabels(selector *metav1.LabelSelector) string {
	if selector == nil {
		return selectorText(nil)
	}
	return selectorText(&metav1.LabelSelector{MatchLabels: selector.MatchLabels})
}

// experimentTree follows an Experiment to everything that belongs to it.
func experimentTree(name string) follow {
	root := rootQuery(v1alpha1.ExperimentGVR, name)
	return func(known answers) []query {
		queries := []query{root}
		for _, exp := range assemble(known).Experiments {
			queries = append(queries, experimentQueries(exp, nil)...)
		}
		return queries
	}
}

// experimentQueries ask for the pods and runs of an Experiment. Pods that the
// covering selector finds anyway are not asked for again. Runs of Experiments
// carry no label, so they are asked for by name.
func experimentQueries(exp *v1alpha1.Experiment, covering *metav1.LabelSelector) []query {
	var queries []query
	for _, template := range exp.Spec.Templates {
		if covers(covering, template.Selector) {
			continue
		}
		labels := selectorText(template.Selector)
		queries = append(queries, query{gvr: replicaSetGVR, labels: labels}, query{gvr: podGVR, labels: labels})
	}
	for _, run := range exp.Status.AnalysisRuns {
		if run.AnalysisRun != "" {
			queries = append(queries, rootQuery(v1alpha1.AnalysisRunGVR, run.AnalysisRun))
		}
	}
	return queries
}

// covers is true when everything that narrow selects is also selected by wide.
// It may be false when in doubt.
func covers(wide, narrow *metav1.LabelSelector) bool {
	if wide == nil || narrow == nil || len(wide.MatchExpressions) > 0 || len(wide.MatchLabels) == 0 {
		return false
	}
	for key, value := range wide.MatchLabels {
		if narrow.MatchLabels[key] != value {
			return false
		}
	}
	return true
}

// workloadQueries ask for the workload that a Rollout takes its template from.
func workloadQueries(ro *v1alpha1.Rollout) []query {
	holder, err := holderOf(ro)
	if err != nil || ro.Spec.WorkloadRef == nil {
		return nil
	}
	q := rootQuery(holder.gvr, holder.name)
	q.optional = true
	return []query{q}
}

func needsWorkloadSelector(ro *v1alpha1.Rollout) bool {
	return ro.Spec.Selector == nil && ro.Spec.WorkloadRef != nil
}

func answered(known answers, queries []query) bool {
	return !slices.ContainsFunc(queries, func(q query) bool {
		_, found := known[q]
		return !found
	})
}

func selectorOf(objs view.Objects) *metav1.LabelSelector {
	if needsWorkloadSelector(objs.Rollout) && objs.Workload != nil {
		return objs.Workload.Selector
	}
	return objs.Rollout.Spec.Selector
}

// decodeAny turns what the server sent into the type of its resource. Anything
// that can only be a referenced workload becomes one.
func decodeAny(q query, obj *unstructured.Unstructured) (metav1.Object, error) {
	switch {
	case q.optional:
		return decodeWorkload(q, obj)
	case q.gvr == v1alpha1.RolloutGVR:
		return decode(obj, &v1alpha1.Rollout{})
	case q.gvr == v1alpha1.ExperimentGVR:
		return decode(obj, &v1alpha1.Experiment{})
	case q.gvr == v1alpha1.AnalysisRunGVR:
		return decode(obj, &v1alpha1.AnalysisRun{})
	case q.gvr == replicaSetGVR:
		return decode(obj, &appsv1.ReplicaSet{})
	case q.gvr == podGVR:
		return decode(obj, &corev1.Pod{})
	default:
		return nil, fmt.Errorf("unexpected resource %s", q.gvr.Resource)
	}
}

// workloadObject is a workload with the metadata that it is kept by.
type workloadObject struct {
	metav1.Object
	workload *view.Workload
}

func decodeWorkload(q query, obj *unstructured.Unstructured) (metav1.Object, error) {
	path := []string{"spec", "template"}
	if q.gvr == podTemplateGVR {
		path = path[1:]
	}
	w, err := workload(obj, path)
	return workloadObject{Object: obj, workload: w}, err
}

// assemble sorts what was found by kind. An object found twice counts once.
func assemble(known answers) view.Objects {
	var objs view.Objects
	seen := map[metav1.Object]bool{}
	byUID := map[string]bool{}
	for _, found := range known {
		for _, obj := range found {
			id := string(obj.GetUID())
			if seen[obj] || byUID[id] && id != "" {
				continue
			}
			seen[obj], byUID[id] = true, true
			switch o := obj.(type) {
			case *v1alpha1.Rollout:
				objs.Rollout = o
			case *v1alpha1.Experiment:
				objs.Experiments = append(objs.Experiments, o)
			case *v1alpha1.AnalysisRun:
				objs.Runs = append(objs.Runs, o)
			case *appsv1.ReplicaSet:
				objs.ReplicaSets = append(objs.ReplicaSets, o)
			case *corev1.Pod:
				objs.Pods = append(objs.Pods, o)
			case workloadObject:
				objs.Workload = o.workload
			}
		}
	}
	return objs
}
