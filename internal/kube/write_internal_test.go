package kube

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

func TestPatch(t *testing.T) {
	change := newPatch("7")
	change.set(int32(3), "spec", "replicas")
	change.setAll(map[string]string{"set": "1", "unset": ""}, "metadata", "annotations")
	change.setAll(nil, "metadata", "labels")
	change.set(change.version, "metadata", "resourceVersion")
	got, err := json.Marshal(change.fields)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"metadata":{"annotations":{"set":"1","unset":null},"resourceVersion":"7"},"spec":{"replicas":3}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("patch (-want +got):\n%s", diff)
	}
}

func TestClassify(t *testing.T) {
	sets := schema.GroupResource{Group: "apps", Resource: "replicasets"}
	ending := apierrors.NewForbidden(sets, "web-abc", errors.New("the namespace is being terminated"))
	ending.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	cases := map[string]struct {
		err  error
		want error // nil: stays what it is
	}{
		"another version":            {err: apierrors.NewConflict(sets, "web-abc", errors.New("modified")), want: plan.ErrConflict},
		"gone":                       {err: apierrors.NewNotFound(sets, "web-abc"), want: plan.ErrConflict},
		"the namespace is going":     {err: ending, want: plan.ErrConflict},
		"refused by validation":      {err: apierrors.NewInvalid(schema.GroupKind{Kind: "ReplicaSet"}, "web-abc", nil), want: plan.ErrInvalid},
		"refused by an admission":    {err: apierrors.NewBadRequest("admission webhook denied the request"), want: plan.ErrInvalid},
		"refused by a quota":         {err: apierrors.NewForbidden(sets, "web-abc", errors.New("exceeded quota: small")), want: plan.ErrInvalid},
		"a missing permission":       {err: apierrors.NewForbidden(sets, "web-abc", errors.New("cannot create"))},
		"the server is out of order": {err: apierrors.NewInternalError(errors.New("etcd"))},
		"too many requests":          {err: apierrors.NewTooManyRequests("later", 1)},
		"a name that is taken":       {err: apierrors.NewAlreadyExists(sets, "web-abc")},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := classify(tc.err)
			for _, kind := range []error{plan.ErrConflict, plan.ErrInvalid, plan.ErrCollision} {
				if errors.Is(got, kind) != errors.Is(tc.want, kind) {
					t.Errorf("classify() = %v, want %v", got, tc.want)
				}
			}
			if !errors.Is(got, tc.err) {
				t.Errorf("classify() = %v lost its cause", got)
			}
		})
	}
}

func TestTrim(t *testing.T) {
	noise := metav1.ObjectMeta{
		Name:          "web",
		Labels:        map[string]string{"l": "1"},
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
		Annotations: map[string]string{
			v1alpha1.LastAppliedAnnotation: "{}", v1alpha1.ManagedByRolloutsKey: "web", "other": "1",
		},
	}
	cases := map[string]struct{ object, want any }{
		"a Service keeps what points at pods": {
			object: &corev1.Service{
				ObjectMeta: *noise.DeepCopy(),
				Spec:       corev1.ServiceSpec{ClusterIP: "10.0.0.1", Selector: map[string]string{"app": "web"}},
				Status:     corev1.ServiceStatus{LoadBalancer: corev1.LoadBalancerStatus{Ingress: []corev1.LoadBalancerIngress{{IP: "1"}}}},
			},
			want: &corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Name: "web", Annotations: map[string]string{v1alpha1.ManagedByRolloutsKey: "web"}},
				Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": "web"}},
			},
		},
		"a ReplicaSet keeps all but who wrote it": {
			object: &appsv1.ReplicaSet{ObjectMeta: *noise.DeepCopy(), Status: appsv1.ReplicaSetStatus{Replicas: 2}},
			want: &appsv1.ReplicaSet{
				ObjectMeta: metav1.ObjectMeta{
					Name: "web", Labels: map[string]string{"l": "1"},
					Annotations: map[string]string{v1alpha1.ManagedByRolloutsKey: "web", "other": "1"},
				},
				Status: appsv1.ReplicaSetStatus{Replicas: 2},
			},
		},
		"what is no object is left alone": {object: "mark", want: "mark"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := trim(tc.object)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("trim() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSameContent(t *testing.T) {
	service := func(change func(*corev1.Service)) *corev1.Service {
		s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "s", ResourceVersion: "1"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"a": "1"}}}
		change(s)
		return s
	}
	ingress := func(version, class string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"name": "i", "resourceVersion": version},
			"spec":     map[string]any{"ingressClassName": class},
		}}
	}
	cases := map[string]struct {
		before, after any
		want          bool
	}{
		"only the version of a Service":    {before: service(func(*corev1.Service) {}), after: service(func(s *corev1.Service) { s.ResourceVersion = "2" }), want: true},
		"the selector of a Service":        {before: service(func(*corev1.Service) {}), after: service(func(s *corev1.Service) { s.Spec.Selector = nil })},
		"the mark of a Service":            {before: service(func(*corev1.Service) {}), after: service(func(s *corev1.Service) { s.Annotations = map[string]string{"m": "web"} })},
		"a Service that was made again":    {before: service(func(*corev1.Service) {}), after: service(func(s *corev1.Service) { s.UID = "u" })},
		"only the version of an Ingress":   {before: ingress("1", "nginx"), after: ingress("2", "nginx"), want: true},
		"the content of an Ingress":        {before: ingress("1", "nginx"), after: ingress("2", "other")},
		"a Deployment's generation":        {before: &appsv1.Deployment{}, after: &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Generation: 1}}},
		"a Deployment's version, no more":  {before: &appsv1.Deployment{}, after: &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "1"}}, want: true},
		"what is no object, to be careful": {before: "a", after: "a"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := sameContent(tc.before, tc.after); got != tc.want {
				t.Errorf("sameContent() = %v, want %v", got, tc.want)
			}
		})
	}
}

func TestIsPinned(t *testing.T) {
	pinned := corev1.ServiceSpec{Selector: map[string]string{hashKey: "abc"}}
	cases := map[string]struct {
		service corev1.Service
		want    bool
	}{
		"a selector with our key":       {service: corev1.Service{Spec: pinned}, want: true},
		"a selector without":            {service: corev1.Service{Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "web"}}}},
		"one that belongs to an object": {service: corev1.Service{Spec: pinned, ObjectMeta: metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{Controller: pointer(true)}}}}},
		"one that depends on an object": {service: corev1.Service{Spec: pinned, ObjectMeta: metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{}}}}, want: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := isPinned(&tc.service); got != tc.want {
				t.Errorf("isPinned() = %v, want %v", got, tc.want)
			}
		})
	}
}
