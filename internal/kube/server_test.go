package kube_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/core/traffic"
	"github.com/serin-rollouts/serin/internal/engine"
	"github.com/serin-rollouts/serin/internal/testing/build"
)

const hashKey = v1alpha1.DefaultRolloutUniqueLabelKey

// look observes until the caches have caught up.
func (f fixture) look(t *testing.T, key engine.Key) plan.Snapshot {
	t.Helper()
	var snapshot plan.Snapshot
	eventually(t, "the caches catch up", func() bool {
		var err error
		snapshot, err = f.Observe(t.Context(), key)
		if err != nil && !errors.Is(err, plan.ErrConflict) {
			t.Fatal(err)
		}
		return err == nil
	})
	return snapshot
}

// await looks until something holds.
func (f fixture) await(t *testing.T, key engine.Key, what string, holds func(plan.Snapshot) bool) plan.Snapshot {
	t.Helper()
	var snapshot plan.Snapshot
	eventually(t, what, func() bool {
		snapshot = f.look(t, key)
		return holds(snapshot)
	})
	return snapshot
}

// heard collects keys that something was called with.
type heard struct {
	mu   sync.Mutex
	keys []engine.Key
}

func (h *heard) add(key engine.Key) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keys = append(h.keys, key)
}

func (h *heard) has(key engine.Key) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Contains(h.keys, key)
}

func (h *heard) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keys = nil
}

func TestMissingServicesAreTheUsersToMake(t *testing.T) {
	f := newFixture(t)
	var woken heard
	f.OnRollout(woken.add)
	key := f.rollout(t, build.BlueGreen("web", 1))
	seen := f.look(t, key)
	if len(seen.References) != 2 || !strings.Contains(seen.References[0].Error(), `service "active" not found`) {
		t.Fatalf("References are %v", seen.References)
	}
	f.service(t, "active", map[string]string{"app": "web"})
	f.service(t, "preview", map[string]string{"app": "web", "tier": "front"})
	eventually(t, "the Rollout is woken by its Services", func() bool { return woken.has(key) })
	seen = f.await(t, key, "both Services", func(s plan.Snapshot) bool { return s.Services["preview"].Found && s.Services["active"].Found })
	if len(seen.References) != 1 || !strings.Contains(seen.References[0].Error(), `unmatch label "tier"`) {
		t.Errorf("References are %v", seen.References)
	}
}

func TestServiceOfAnotherRollout(t *testing.T) {
	f := newFixture(t)
	f.service(t, "active", nil)
	f.service(t, "preview", nil)
	other := f.rollout(t, build.BlueGreen("api", 1))
	key := f.rollout(t, build.BlueGreen("web", 1))
	seen := f.await(t, other, "both Services", func(s plan.Snapshot) bool { return len(s.References) == 0 })
	must(t, f.Execute(t.Context(), other, plan.PointService{Name: "active", Version: seen.Services["active"].Version, Hash: "abc"}))
	seen = f.await(t, key, "the pin", func(s plan.Snapshot) bool { return s.Services["active"].Hash != "" })
	if len(seen.References) != 1 || !strings.Contains(seen.References[0].Error(), "managed by another Rollout") {
		t.Fatalf("References are %v", seen.References)
	}
	must(t, f.client.Delete(t.Context(), &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Namespace: other.Namespace, Name: other.Name}}))
	f.await(t, key, "the mark of a Rollout that is gone is no obstacle", func(s plan.Snapshot) bool { return len(s.References) == 0 })
}

// A Rollout that waits for a Service is woken when the one that has it lets go of it.
func TestServiceThatAnotherRolloutLetsGo(t *testing.T) {
	cases := map[string]func(*testing.T, fixture, engine.Key){
		"because it is deleted": func(t *testing.T, f fixture, holder engine.Key) {
			must(t, f.client.Delete(t.Context(), &v1alpha1.Rollout{ObjectMeta: metav1.ObjectMeta{Namespace: holder.Namespace, Name: holder.Name}}))
			eventually(t, "its end is seen", func() bool { _, err := f.Observe(t.Context(), holder); return isGone(err) })
		},
		"because it names another": func(t *testing.T, f fixture, holder engine.Key) {
			f.service(t, "elsewhere", nil)
			f.edit(t, holder, func(r *v1alpha1.Rollout) { r.Spec.Strategy.BlueGreen.ActiveService = "elsewhere" })
			f.await(t, holder, "the other Service", func(s plan.Snapshot) bool { return s.Services["elsewhere"].Found })
		},
	}
	for name, letGo := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.service(t, "active", nil)
			f.service(t, "preview", nil)
			f.service(t, "next", nil)
			holder := f.rollout(t, build.BlueGreen("api", 1))
			waiting := f.rollout(t, build.With(build.BlueGreen("web", 1), func(r *v1alpha1.Rollout) { r.Spec.Strategy.BlueGreen.PreviewService = "next" }))
			seen := f.await(t, holder, "its Services", func(s plan.Snapshot) bool { return len(s.References) == 0 })
			must(t, f.Execute(t.Context(), holder, plan.PointService{Name: "active", Version: seen.Services["active"].Version, Hash: "abc"}))
			f.await(t, waiting, "the Service is taken", func(s plan.Snapshot) bool { return len(s.References) == 1 })
			var woken heard
			f.OnRollout(woken.add)
			letGo(t, f, holder)
			eventually(t, "the other one is woken", func() bool { return woken.has(waiting) })
			f.await(t, waiting, "the Service is free", func(s plan.Snapshot) bool { return len(s.References) == 0 })
		})
	}
}

func TestIngressCanary(t *testing.T) {
	f := newFixture(t)
	f.service(t, "canary", map[string]string{"app": "web"})
	f.service(t, "stable", map[string]string{"app": "web"})
	key := f.rollout(t, build.RoutedCanary("web", 1))
	seen := f.await(t, key, "the Services", func(s plan.Snapshot) bool { return s.Services["stable"].Found && s.Services["canary"].Found })
	if len(seen.References) != 1 || !strings.Contains(seen.References[0].Error(), `trafficRouting.nginx`) {
		t.Fatalf("References are %v, want the missing Ingress", seen.References)
	}
	var woken heard
	f.OnRollout(woken.add)
	f.create(t, ingress("web", "stable"))
	eventually(t, "the Rollout is woken by its Ingress", func() bool { return woken.has(key) })
	f.await(t, key, "the Ingress", func(s plan.Snapshot) bool { return len(s.References) == 0 })

	apply := func(weight int32) {
		eventually(t, "the Ingress is written", func() bool {
			// A gateway may write the status of the Ingress in between.
			err := f.Execute(t.Context(), key, plan.SetTraffic{Router: "nginx", Split: traffic.NewSplit(weight, 100)})
			if err != nil && !errors.Is(err, plan.ErrConflict) {
				t.Fatal(err)
			}
			return err == nil
		})
		seen = f.look(t, key)
		if len(seen.Traffic) != 1 || !seen.Traffic[0].Found || !seen.Traffic[0].InSync || seen.Traffic[0].Split.Canary != weight {
			t.Fatalf("Traffic is %+v, want %d", seen.Traffic, weight)
		}
	}
	apply(0)
	apply(20)
	var made networkingv1.Ingress
	must(t, f.client.Get(t.Context(), engine.Key{Namespace: key.Namespace, Name: "web-web-canary"}, &made))
	owner := metav1.GetControllerOf(&made)
	if made.Annotations["nginx.ingress.kubernetes.io/canary-weight"] != "20" || owner == nil || owner.Name != "web" {
		t.Errorf("canary Ingress is %+v", made.ObjectMeta)
	}
	before := f.writes.Load()
	apply(20)
	if written := f.writes.Load() - before; written != 0 {
		t.Errorf("applying the same split again took %d writes, want none", written)
	}
}

func ingress(name, service string) *networkingv1.Ingress {
	prefix, class := networkingv1.PathTypePrefix, "nginx"
	backend := networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: service, Port: networkingv1.ServiceBackendPort{Number: 80}}}
	return &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: networkingv1.IngressSpec{IngressClassName: &class, Rules: []networkingv1.IngressRule{{
			Host: name + ".example.org",
			IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
				Paths: []networkingv1.HTTPIngressPath{{Path: "/", PathType: &prefix, Backend: backend}},
			}},
		}}},
	}
}

func TestWorkloadRef(t *testing.T) {
	f := newFixture(t)
	var woken heard
	f.OnRollout(woken.add)
	r := build.Canary("web", 1)
	template, selector := r.Spec.Template, r.Spec.Selector
	r.Spec.Template, r.Spec.Selector = corev1.PodTemplateSpec{}, nil
	r.Spec.WorkloadRef = &v1alpha1.ObjectRef{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"}
	key := f.rollout(t, r)
	seen := f.look(t, key)
	if len(seen.Invalid) != 1 || !strings.Contains(seen.Invalid[0].Error(), `"web" not found`) {
		t.Fatalf("Invalid is %v", seen.Invalid)
	}
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       appsv1.DeploymentSpec{Replicas: new(int32), Selector: selector, Template: template},
	}
	f.create(t, deployment)
	eventually(t, "the Rollout is woken by its workload", func() bool { return woken.has(key) })
	seen = f.await(t, key, "the workload", func(s plan.Snapshot) bool { return len(s.Invalid) == 0 })
	if seen.Workload == nil || seen.Workload.Generation != 1 || seen.Workload.Want != 0 || seen.Spec.TemplateHash == "" {
		t.Fatalf("Workload %+v, Spec %+v", seen.Workload, seen.Spec)
	}
	must(t, f.Record(t.Context(), key, plan.Outcome{Version: seen.Rollout.Version, Status: &seen.Rollout.Status}))
	if got := f.onServer(t, key).Annotations[v1alpha1.WorkloadGenerationAnnotation]; got != "1" {
		t.Errorf("noted generation is %q, want 1", got)
	}
	hash := seen.Spec.TemplateHash
	woken.clear()
	patch := client.MergeFrom(deployment.DeepCopy())
	deployment.Spec.Template.Spec.Containers[0].Image = "web:v2"
	must(t, f.client.Patch(t.Context(), deployment, patch))
	eventually(t, "the Rollout is woken by the new template", func() bool { return woken.has(key) })
	seen = f.await(t, key, "the new template", func(s plan.Snapshot) bool { return s.Spec.TemplateHash != hash })
	eventually(t, "the workload is scaled", func() bool { // its controller writes it, too
		version := f.look(t, key).Workload.Version
		err := f.Execute(t.Context(), key, plan.ScaleWorkload{Kind: "Deployment", Name: "web", Version: version, To: 3})
		if err != nil && !errors.Is(err, plan.ErrConflict) {
			t.Fatal(err)
		}
		return err == nil
	})
	if got := f.look(t, key).Workload.Want; got != 3 {
		t.Errorf("the Deployment has %d pods, want 3", got)
	}
	if onServer := f.onServer(t, key); onServer.Spec.Selector != nil || len(onServer.Spec.Template.Spec.Containers) != 0 {
		t.Errorf("the workload's content was written into the Rollout: %+v", onServer.Spec)
	}
}

func (f fixture) onServer(t *testing.T, key engine.Key) *v1alpha1.Rollout {
	t.Helper()
	var r v1alpha1.Rollout
	must(t, f.client.Get(t.Context(), key, &r))
	return &r
}

func TestUnsupportedWorkload(t *testing.T) {
	f := newFixture(t)
	r := build.Canary("web", 1)
	r.Spec.Template = corev1.PodTemplateSpec{}
	r.Spec.WorkloadRef = &v1alpha1.ObjectRef{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "web"}
	seen := f.look(t, f.rollout(t, r))
	if len(seen.Invalid) != 1 || !strings.Contains(seen.Invalid[0].Error(), "workload of type apps/StatefulSet is not supported") {
		t.Errorf("Invalid is %v", seen.Invalid)
	}
}

// running makes a Rollout with one ReplicaSet of running pods, and metadata that
// makes a decision want to see pods.
func (f fixture) running(t *testing.T, replicas int32) (engine.Key, plan.Snapshot) {
	t.Helper()
	r := build.Canary("web", replicas)
	r.Spec.Template.Spec.Containers[0].Image = "argoproj/rollouts-demo:blue"
	r.Spec.Strategy.Canary.StableMetadata = &v1alpha1.PodTemplateMetadata{Labels: map[string]string{"role": "stable"}}
	key := f.rollout(t, r)
	f.look(t, key)
	labels := map[string]string{"app": "web", hashKey: "abc"}
	template := *r.Spec.Template.DeepCopy()
	template.Labels = labels
	must(t, f.Execute(t.Context(), key, plan.CreateReplicaSet{
		Name: "web-abc", Replicas: replicas, Labels: labels, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: template,
	}))
	seen := f.await(t, key, "running pods", func(s plan.Snapshot) bool {
		return len(s.ReplicaSets) == 1 && s.ReplicaSets[0].Available == replicas && len(s.Pods) == int(replicas)
	})
	return key, seen
}

func TestPodsAreLabelledAndRestarted(t *testing.T) {
	f := newFixture(t)
	key, seen := f.running(t, 1)
	pod := seen.Pods[0]
	if pod.ReplicaSet != "web-abc" || !pod.Available || pod.Terminating {
		t.Fatalf("pod is %+v", pod)
	}
	label := plan.LabelPod{Name: pod.Name, Version: pod.Version, Labels: map[string]string{"role": "stable"}, Annotations: map[string]string{"a": "1"}}
	must(t, f.Execute(t.Context(), key, label))
	if err := f.Execute(t.Context(), key, label); !errors.Is(err, plan.ErrConflict) {
		t.Errorf("labelling an older version: %v, want %v", err, plan.ErrConflict)
	}
	pod = f.look(t, key).Pods[0]
	if pod.Labels["role"] != "stable" || pod.Annotations["a"] != "1" {
		t.Errorf("labels %v, annotations %v", pod.Labels, pod.Annotations)
	}
	must(t, f.Execute(t.Context(), key, plan.RestartPod{Name: pod.Name, UID: "another"}))
	if again := f.look(t, key).Pods[0]; again.Terminating || again.UID != pod.UID {
		t.Error("a pod of another UID was evicted")
	}
	must(t, f.Execute(t.Context(), key, plan.RestartPod{Name: pod.Name, UID: pod.UID}))
	f.await(t, key, "another pod in its place", func(s plan.Snapshot) bool {
		return len(s.Pods) == 1 && s.Pods[0].UID != pod.UID && s.Pods[0].Available
	})
	must(t, f.Execute(t.Context(), key, plan.RestartPod{Name: pod.Name, UID: pod.UID}))
	must(t, f.Execute(t.Context(), key, plan.LabelPod{Name: pod.Name, Version: pod.Version, Labels: map[string]string{"role": "x"}}))
}

func TestDisruptionBudgetMaySayNotNow(t *testing.T) {
	f := newFixture(t)
	key, seen := f.running(t, 1)
	one := intstr.FromInt32(1)
	budget := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: &one, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}},
	}
	f.create(t, budget)
	eventually(t, "the budget is counted", func() bool {
		must(t, f.client.Get(t.Context(), client.ObjectKeyFromObject(budget), budget))
		return budget.Status.ObservedGeneration == budget.Generation && budget.Status.CurrentHealthy == 1
	})
	must(t, f.Execute(t.Context(), key, plan.RestartPod{Name: seen.Pods[0].Name, UID: seen.Pods[0].UID}))
	if again := f.look(t, key).Pods; len(again) != 1 || again[0].UID != seen.Pods[0].UID || again[0].Terminating {
		t.Errorf("pods are %+v, want the one that the budget protects", again)
	}
}

func TestRelease(t *testing.T) {
	pinned := map[string]string{"app": "web", hashKey: "abc"}
	selector := func(t *testing.T, f fixture, name string) map[string]string {
		t.Helper()
		var s corev1.Service
		must(t, f.client.Get(t.Context(), engine.Key{Namespace: f.namespace, Name: name}, &s))
		return s.Spec.Selector
	}
	t.Run("a pinned Service that nobody names loses the pin, mark or not", func(t *testing.T) {
		f := newFixture(t)
		f.service(t, "left", pinned)
		must(t, f.Release(t.Context(), engine.Key{Namespace: f.namespace, Name: "left"}))
		if got := selector(t, f, "left"); got[hashKey] != "" || got["app"] != "web" {
			t.Errorf("selector is %v", got)
		}
	})
	t.Run("one that a Rollout of another controller names keeps it", func(t *testing.T) {
		f := newFixture(t)
		f.service(t, "active", pinned)
		r := build.BlueGreen("web", 1)
		r.Labels = map[string]string{v1alpha1.LabelKeyControllerInstanceID: "another"}
		f.create(t, r)
		must(t, f.Release(t.Context(), engine.Key{Namespace: f.namespace, Name: "active"}))
		if got := selector(t, f, "active"); got[hashKey] != "abc" {
			t.Errorf("selector is %v", got)
		}
	})
	t.Run("one that is not there needs nothing", func(t *testing.T) {
		f := newFixture(t)
		must(t, f.Release(t.Context(), engine.Key{Namespace: f.namespace, Name: "nobody"}))
	})
	t.Run("a sweep finds pinned Services only", func(t *testing.T) {
		f := newFixture(t)
		f.service(t, "left", pinned)
		f.service(t, "free", map[string]string{"app": "web"})
		var found heard
		must(t, f.Pinned(t.Context(), f.namespace, found.add))
		if len(found.keys) != 1 || found.keys[0].Name != "left" {
			t.Errorf("found %v, want left", found.keys)
		}
	})
	t.Run("a Rollout that stops naming a Service, and one that goes, have it looked at", func(t *testing.T) {
		f := newFixture(t)
		var told heard
		f.OnService(told.add)
		f.service(t, "active", nil)
		f.service(t, "preview", nil)
		key := f.rollout(t, build.BlueGreen("web", 1))
		f.await(t, key, "both Services", func(s plan.Snapshot) bool { return len(s.References) == 0 })
		f.edit(t, key, func(r *v1alpha1.Rollout) { r.Spec.Strategy.BlueGreen.PreviewService = "" })
		preview, active := engine.Key{Namespace: key.Namespace, Name: "preview"}, engine.Key{Namespace: key.Namespace, Name: "active"}
		f.await(t, key, "the dropped Service", func(plan.Snapshot) bool { return told.has(preview) })
		if told.has(active) {
			t.Error("a Service that is still named is looked at")
		}
		must(t, f.client.Delete(t.Context(), f.onServer(t, key)))
		eventually(t, "the Service of a deleted Rollout", func() bool {
			_, _ = f.Observe(t.Context(), key) // gone, at some time
			return told.has(active)
		})
	})
}
