package prometheus

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// runningPod is a pod that runs at 10.1.0.5 with ports 8080, 9090 and, by UDP, 53.
func runningPod(annotations map[string]string) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: "web-1", Labels: map[string]string{"app.kubernetes.io/name": "web", "pod": "impostor"}, Annotations: annotations,
	}}
	pod.Spec.NodeName = "serin-local"
	pod.Spec.Containers = []corev1.Container{
		{Name: "web", Ports: []corev1.ContainerPort{{ContainerPort: 8080, Protocol: corev1.ProtocolTCP}, {ContainerPort: 53, Protocol: corev1.ProtocolUDP}}},
		{Name: "sidecar", Ports: []corev1.ContainerPort{{ContainerPort: 9090}}},
	}
	pod.Status.Phase, pod.Status.PodIP = corev1.PodRunning, "10.1.0.5"
	return pod
}

// wantTarget is the target of runningPod at an address.
func wantTarget(address, scheme, path string) model.LabelSet {
	return model.LabelSet{
		"__address__": model.LabelValue(address), "__scheme__": model.LabelValue(scheme), "__metrics_path__": model.LabelValue(path),
		"namespace": "shop", "pod": "web-1", "node": "serin-local", "app_kubernetes_io_name": "web",
	}
}

func TestPodTargets(t *testing.T) {
	withParameter := wantTarget("10.1.0.5:8080", "http", "/stats")
	withParameter["__param_format"] = "prometheus"
	cases := map[string]struct {
		annotations map[string]string
		change      func(*corev1.Pod)
		want        []model.LabelSet
	}{
		"a pod that says nothing is left alone": {},
		"a pod that says no is left alone":      {annotations: map[string]string{"prometheus.io/scrape": "false", "prometheus.io/port": "8080"}},
		"port and path as they say": {
			annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "8081", "prometheus.io/path": "/m"},
			want:        []model.LabelSet{wantTarget("10.1.0.5:8081", "http", "/m")}},
		"without a port, every TCP port of every container": {
			annotations: map[string]string{"prometheus.io/scrape": "true"},
			want:        []model.LabelSet{wantTarget("10.1.0.5:8080", "http", "/metrics"), wantTarget("10.1.0.5:9090", "http", "/metrics")}},
		"https": {
			annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "443", "prometheus.io/scheme": "https"},
			want:        []model.LabelSet{wantTarget("10.1.0.5:443", "https", "/metrics")}},
		"a path with a query": {
			annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "8080", "prometheus.io/path": "/stats?format=prometheus"},
			want:        []model.LabelSet{withParameter}},
		"not before it runs": {
			annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "8080"},
			change:      func(p *corev1.Pod) { p.Status.Phase = corev1.PodPending }},
		"not after it ended": {
			annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "8080"},
			change:      func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }},
		"not without an address": {
			annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "8080"},
			change:      func(p *corev1.Pod) { p.Status.PodIP = "" }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			pod := runningPod(tc.annotations)
			if tc.change != nil {
				tc.change(pod)
			}
			if diff := cmp.Diff(tc.want, podTargets(pod)); diff != "" {
				t.Errorf("podTargets() (-want +got):\n%s", diff)
			}
			kept, err := prune(pod.DeepCopy())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, podTargets(kept.(*corev1.Pod))); diff != "" {
				t.Errorf("podTargets() of the pruned pod (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWithPods(t *testing.T) {
	scraped := map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": "8080"}
	first, second := runningPod(scraped), runningPod(scraped)
	second.Status.PodIP = "10.1.0.6"
	static := staticTargets(Config{Gateway: "127.0.0.1:1000"})
	want := withPods(static, []*corev1.Pod{first, second})
	if diff := cmp.Diff(want, withPods(static, []*corev1.Pod{second, first})); diff != "" {
		t.Errorf("the order of pods changes the targets (-want +got):\n%s", diff)
	}
	got := map[string][]model.LabelValue{}
	for job, groups := range want {
		got[job] = nil
		for _, target := range groups[0].Targets {
			got[job] = append(got[job], target[model.AddressLabel])
		}
	}
	if diff := cmp.Diff(map[string][]model.LabelValue{
		gatewayJob: {"127.0.0.1:1000"}, controllerJob: nil, podsJob: {"10.1.0.5:8080", "10.1.0.6:8080"},
	}, got); diff != "" {
		t.Errorf("addresses by job (-want +got):\n%s", diff)
	}
	if _, ok := static[podsJob]; ok {
		t.Error("withPods changed its argument")
	}
}

func TestRelease(t *testing.T) {
	for version, want := range map[string]string{"v0.313.5": "3.13.5", "v0.305.0": "3.5.0", "(devel)": "(devel)", "v0.9.1": "v0.9.1"} {
		if got := release(version); got != want {
			t.Errorf("release(%s) = %s, want %s", version, got, want)
		}
	}
}
