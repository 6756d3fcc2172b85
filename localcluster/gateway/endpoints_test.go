package gateway

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestResolve(t *testing.T) {
	unnamed := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "plain"},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}},
	}
	unnamedSlice := slice("plain", 8080, ready("10.1.0.1"))
	unnamedSlice.Ports[0].Name = nil
	unknown := slice("web", 8080, discoveryv1.Endpoint{Addresses: []string{"10.1.0.1"}})

	cases := map[string]struct {
		service *corev1.Service
		slices  []*discoveryv1.EndpointSlice
		port    string
		want    []Endpoint
	}{
		"a port by name": {service: service("web"), port: "http",
			slices: []*discoveryv1.EndpointSlice{slice("web", 8080, ready("10.1.0.2"), ready("10.1.0.1"))},
			want:   []Endpoint{"10.1.0.1:8080", "10.1.0.2:8080"}},
		"a port by number": {service: service("web"), port: "80",
			slices: []*discoveryv1.EndpointSlice{slice("web", 8080, ready("10.1.0.1"))},
			want:   []Endpoint{"10.1.0.1:8080"}},
		"a port without a name": {service: unnamed, port: "80",
			slices: []*discoveryv1.EndpointSlice{unnamedSlice}, want: []Endpoint{"10.1.0.1:8080"}},
		"a named port with a number for each revision": {service: service("web"), port: "http",
			slices: []*discoveryv1.EndpointSlice{slice("web", 8080, ready("10.1.0.1")), slice("web", 9090, ready("10.1.0.2"))},
			want:   []Endpoint{"10.1.0.1:8080", "10.1.0.2:9090"}},
		"an endpoint in two slices counts once": {service: service("web"), port: "http",
			slices: []*discoveryv1.EndpointSlice{slice("web", 8080, ready("10.1.0.1")), slice("web", 8080, ready("10.1.0.1"))},
			want:   []Endpoint{"10.1.0.1:8080"}},
		"those that are not ready get nothing": {service: service("web"), port: "http",
			slices: []*discoveryv1.EndpointSlice{slice("web", 8080, ready("10.1.0.1"), notReady("10.1.0.2"))},
			want:   []Endpoint{"10.1.0.1:8080"}},
		"those that terminate get nothing while one is ready": {service: service("web"), port: "http",
			slices: []*discoveryv1.EndpointSlice{slice("web", 8080, ready("10.1.0.1"), terminating("10.1.0.2"))},
			want:   []Endpoint{"10.1.0.1:8080"}},
		"those that terminate get nothing even if published as ready": {service: service("web"), port: "http",
			slices: []*discoveryv1.EndpointSlice{slice("web", 8080, ready("10.1.0.1"), endpoint("10.1.0.2", true, true, true))},
			want:   []Endpoint{"10.1.0.1:8080"}},
		"those that terminate serve when there is nobody else": {service: service("web"), port: "http",
			slices: []*discoveryv1.EndpointSlice{slice("web", 8080, notReady("10.1.0.1"), terminating("10.1.0.2"), stopped("10.1.0.3"))},
			want:   []Endpoint{"10.1.0.2:8080"}},
		"an unknown state counts as ready": {service: service("web"), port: "http",
			slices: []*discoveryv1.EndpointSlice{unknown}, want: []Endpoint{"10.1.0.1:8080"}},
		"a port the slices do not have": {service: service("web"), port: "admin",
			slices: []*discoveryv1.EndpointSlice{slice("web", 8080, ready("10.1.0.1"))}},
		"a port the Service does not have": {service: service("web"), port: "grpc",
			slices: []*discoveryv1.EndpointSlice{slice("web", 8080, ready("10.1.0.1"))}},
		"no Service": {port: "http", slices: []*discoveryv1.EndpointSlice{slice("web", 8080, ready("10.1.0.1"))}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Resolve(tc.service, tc.slices, tc.port)); diff != "" {
				t.Errorf("Resolve() (-want +got):\n%s", diff)
			}
		})
	}
}
