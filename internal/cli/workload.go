package cli

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/view"
)

// templateHolder is the object that a Rollout's pod template is written in:
// the Rollout itself, or what its workloadRef points to.
type templateHolder struct {
	gvr  schema.GroupVersionResource
	name string
	// path leads to the template.
	path []string
}

// kind is the word for the holder in messages.
func (h templateHolder) kind() string { return strings.TrimSuffix(h.gvr.Resource, "s") }

// pointer is the template's path as a JSON pointer.
func (h templateHolder) pointer() string { return "/" + strings.Join(h.path, "/") }

// holderOf says where the pod template of a Rollout is written.
func holderOf(ro *v1alpha1.Rollout) (templateHolder, error) {
	ref := ro.Spec.WorkloadRef
	if ref == nil {
		return templateHolder{gvr: v1alpha1.RolloutGVR, name: ro.Name, path: []string{"spec", "template"}}, nil
	}
	switch ref.Kind {
	case "Deployment":
		return templateHolder{gvr: deploymentGVR, name: ref.Name, path: []string{"spec", "template"}}, nil
	case "ReplicaSet":
		return templateHolder{gvr: replicaSetGVR, name: ref.Name, path: []string{"spec", "template"}}, nil
	case "PodTemplate":
		return templateHolder{gvr: podTemplateGVR, name: ref.Name, path: []string{"template"}}, nil
	default:
		return templateHolder{}, fmt.Errorf("workload of type %s is not supported", ref.Kind)
	}
}

// workload turns a referenced object into what views need of it.
func workload(obj *unstructured.Unstructured, path []string) (*view.Workload, error) {
	w := &view.Workload{Generation: obj.GetGeneration()}
	template, found, err := unstructured.NestedMap(obj.Object, path...)
	if err != nil || !found {
		return w, err
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(template, &w.Template); err != nil {
		return nil, fmt.Errorf("read the pod template of %s %s: %w", obj.GetKind(), obj.GetName(), err)
	}
	selector, found, err := unstructured.NestedMap(obj.Object, "spec", "selector")
	if err != nil || !found {
		return w, err
	}
	w.Selector = &metav1.LabelSelector{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(selector, w.Selector); err != nil {
		return nil, fmt.Errorf("read the selector of %s %s: %w", obj.GetKind(), obj.GetName(), err)
	}
	return w, nil
}

// podSelector is the label selector of a Rollout's ReplicaSets and pods. Only
// labelled objects of a Rollout carry the hash, so it is asked for too; with
// no selector at hand it has to do alone.
func (c client) podSelector(ctx context.Context, ro *v1alpha1.Rollout) (string, error) {
	if ro.Spec.Selector != nil || ro.Spec.WorkloadRef == nil {
		return selectorText(ro.Spec.Selector), nil
	}
	holder, err := holderOf(ro)
	if err != nil {
		return "", err
	}
	obj, err := c.resource(holder.gvr).Get(ctx, holder.name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("read the workload of rollout %s: %w", ro.Name, c.advise(err))
	}
	w, err := workload(obj, holder.path)
	if err != nil {
		return "", err
	}
	return selectorText(w.Selector), nil
}

// selectorText is a selector as a query, narrowed to objects with a hash label.
func selectorText(selector *metav1.LabelSelector) string {
	if selector == nil {
		return v1alpha1.DefaultRolloutUniqueLabelKey
	}
	text := metav1.FormatLabelSelector(selector)
	if strings.HasPrefix(text, "<") {
		return v1alpha1.DefaultRolloutUniqueLabelKey
	}
	return text + "," + v1alpha1.DefaultRolloutUniqueLabelKey
}
