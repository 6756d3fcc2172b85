package kube

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// workload is a referenced Deployment, ReplicaSet or PodTemplate.
type workload struct {
	facts    plan.Workload
	uid      types.UID
	template corev1.PodTemplateSpec
	// selector is nil for a PodTemplate, which has none.
	selector *metav1.LabelSelector
}

// fill returns the manifest with the workload's template, and with its selector
// where the manifest has none. The manifest itself is not edited.
func (w *workload) fill(rollout *v1alpha1.Rollout) *v1alpha1.Rollout {
	if w == nil {
		return rollout
	}
	filled := *rollout
	filled.Spec.Template, filled.Spec.TemplateResolvedFromRef = w.template, true
	if filled.Spec.Selector == nil {
		filled.Spec.Selector, filled.Spec.SelectorResolvedFromRef = w.selector, true
	}
	return &filled
}

// withGeneration returns a Rollout's annotations as they will be once the workload's
// generation is noted on it, so that a ReplicaSet gets them right at once.
func withGeneration(annotations map[string]string, generation int64) map[string]string {
	noted := maps.Clone(annotations)
	if noted == nil {
		noted = map[string]string{}
	}
	noted[v1alpha1.WorkloadGenerationAnnotation] = strconv.FormatInt(generation, 10)
	return noted
}

// content is a number that changes with the template. A PodTemplate does not count
// generations, but only its template can change.
func (w *workload) content() int64 {
	if w.facts.Generation != 0 {
		return w.facts.Generation
	}
	return int64(versionNumber(w.facts.Version))
}

// workload reads what spec.workloadRef names; nil when it names nothing. What the
// user must put right comes back as field errors.
func (o observer) workload(ctx context.Context) (*workload, field.ErrorList, error) {
	ref := o.rollout.Spec.WorkloadRef
	if ref == nil {
		return nil, nil, nil
	}
	path := field.NewPath("spec", "workloadRef")
	if template := o.rollout.Spec.Template; len(template.Labels)+len(template.Annotations) > 0 {
		return nil, field.ErrorList{field.InternalError(field.NewPath("spec", "template"), errTwoTemplates)}, nil
	}
	read, supported := workloadReaders[schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind).GroupKind()]
	if !supported {
		kind := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind).GroupKind()
		return nil, field.ErrorList{field.Invalid(path.Child("kind"), ref.Kind,
			fmt.Sprintf("workload of type %s/%s is not supported", kind.Group, kind.Kind))}, nil
	}
	found, err := read(ctx, o, ref.Name)
	if apierrors.IsNotFound(err) {
		return nil, field.ErrorList{field.Invalid(path.Child("name"), ref.Name, err.Error())}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read %s %s: %w", ref.Kind, ref.Name, err)
	}
	found.facts.APIVersion, found.facts.Kind = ref.APIVersion, ref.Kind
	return found, nil, nil
}

var errTwoTemplates = errors.New("template must be empty for workload reference rollout")

// workloadReaders are the kinds that may be referenced.
var workloadReaders = map[schema.GroupKind]func(context.Context, observer, string) (*workload, error){
	deploymentKind.GroupKind(): readDeployment,
	replicaSetKind.GroupKind(): readReplicaSet,
	templateKind.GroupKind():   readPodTemplate,
}

func readDeployment(ctx context.Context, o observer, name string) (*workload, error) {
	var d appsv1.Deployment
	if err := o.get(ctx, deploymentKind, name, &d); err != nil {
		return nil, err
	}
	facts := workloadFacts(&d, replicasOf(d.Spec.Replicas))
	return &workload{facts: facts, uid: d.UID, template: d.Spec.Template, selector: d.Spec.Selector}, nil
}

func readReplicaSet(ctx context.Context, o observer, name string) (*workload, error) {
	var rs appsv1.ReplicaSet
	if err := o.get(ctx, replicaSetKind, name, &rs); err != nil {
		return nil, err
	}
	facts := workloadFacts(&rs, replicasOf(rs.Spec.Replicas))
	return &workload{facts: facts, uid: rs.UID, template: rs.Spec.Template, selector: rs.Spec.Selector}, nil
}

func readPodTemplate(ctx context.Context, o observer, name string) (*workload, error) {
	var t corev1.PodTemplate
	if err := o.get(ctx, templateKind, name, &t); err != nil {
		return nil, err
	}
	return &workload{facts: workloadFacts(&t, 0), uid: t.UID, template: t.Template}, nil
}

func workloadFacts(o client.Object, want int32) plan.Workload {
	return plan.Workload{
		Name:       o.GetName(),
		Version:    o.GetResourceVersion(),
		Generation: o.GetGeneration(),
		Want:       want,
	}
}
