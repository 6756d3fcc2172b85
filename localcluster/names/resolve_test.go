package names

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/cache"
)

// service makes a Service with the ports, each of which the pods serve on 8080
// and up.
func service(namespace, name, clusterIP string, ports ...corev1.ServicePort) *corev1.Service {
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	s.Spec.ClusterIP, s.Spec.ClusterIPs, s.Spec.Ports = clusterIP, []string{clusterIP}, ports
	return s
}

// slice makes the Service's EndpointSlice. Each endpoint is an address and
// whether it is ready.
func slice(s *corev1.Service, endpoints map[string]bool) *discoveryv1.EndpointSlice {
	e := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{
		Namespace: s.Namespace, Name: s.Name + "-1", Labels: map[string]string{discoveryv1.LabelServiceName: s.Name},
	}}
	for i, port := range s.Spec.Ports {
		number := int32(8080 + i)
		e.Ports = append(e.Ports, discoveryv1.EndpointPort{Name: &port.Name, Port: &number})
	}
	for address, ready := range endpoints {
		e.Endpoints = append(e.Endpoints, discoveryv1.Endpoint{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: &ready}})
	}
	return e
}

func resolver(t *testing.T, objects ...metav1.Object) *Resolver {
	t.Helper()
	services := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	endpoints := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	for _, object := range objects {
		indexer := services
		if _, ok := object.(*discoveryv1.EndpointSlice); ok {
			indexer = endpoints
		}
		if err := indexer.Add(object); err != nil {
			t.Fatal(err)
		}
	}
	builtIn := BuiltIn{Services: []string{"prometheus", "kps-prometheus", "shop", "twice"}, Ports: []string{"9090", "80"}, Address: "127.0.0.1:4000"}
	return NewResolver(corelisters.NewServiceLister(services), discoverylisters.NewEndpointSliceLister(endpoints), builtIn)
}

func manyServices(t *testing.T) *Resolver {
	http, metrics := corev1.ServicePort{Name: "http", Port: 80}, corev1.ServicePort{Name: "metrics", Port: 9100}
	shop := service("default", "shop", "10.96.0.7", http, metrics)
	elsewhere := service("staging", "shop", "10.96.0.8", http)
	lonely := service("monitoring", "grafana", "10.96.0.9", http)
	twice, again := service("a", "twice", "10.96.0.10", http), service("b", "twice", "10.96.0.11", http)
	headless := service("default", "pods", corev1.ClusterIPNone, http)
	return resolver(t,
		shop, slice(shop, map[string]bool{"10.1.0.1": true, "10.1.0.2": false}),
		elsewhere, slice(elsewhere, map[string]bool{"10.1.0.3": true}),
		lonely, slice(lonely, map[string]bool{"10.1.0.4": true}),
		twice, slice(twice, map[string]bool{"10.1.0.5": true}), again, slice(again, nil),
		headless, slice(headless, map[string]bool{"10.1.0.6": true}),
		service("default", "asleep", "10.96.0.12", http),
	)
}

func TestResolve(t *testing.T) {
	const outside = "the cluster reaches nothing outside this machine"
	cases := map[string]resolution{
		"a bare name is looked for in default first": {address: "shop:80", want: "10.1.0.1:8080"},
		"a bare name found in one other namespace":   {address: "grafana:80", want: "10.1.0.4:8080"},
		"a bare name found in two is refused": {address: "twice:80",
			wantError: "the Service twice exists in namespaces a, b; say which, as in twice.a"},
		"a bare name found nowhere":           {address: "nothing:80", wantError: "there is no Service nothing in any namespace"},
		"name and namespace":                  {address: "shop.staging:80", want: "10.1.0.3:8080"},
		"name, namespace and svc":             {address: "shop.staging.svc:80", want: "10.1.0.3:8080"},
		"the full name":                       {address: "shop.staging.svc.cluster.local:80", want: "10.1.0.3:8080"},
		"the full name with a final dot":      {address: "shop.staging.svc.cluster.local.:80", want: "10.1.0.3:8080"},
		"case does not matter":                {address: "Shop.Staging:80", want: "10.1.0.3:8080"},
		"another domain is outside":           {address: "shop.staging.svc.example.org:80", wantError: "shop.staging.svc.example.org is no Service of this cluster, and " + outside},
		"a web site is outside":               {address: "example.com:80", wantError: "there is no Service example in namespace com, and " + outside},
		"a port by its name":                  {address: "shop:metrics", want: "10.1.0.1:8081"},
		"a port by its number":                {address: "shop:9100", want: "10.1.0.1:8081"},
		"the pods' port is not the Service's": {address: "shop:8080", wantError: "the Service default/shop has no port 8080; it has 80, 9100"},
		"a headless Service's own port":       {address: "pods:80", want: "10.1.0.6:8080"},
		"any port of a headless Service":      {address: "pods:9999", want: "10.1.0.6:9999"},
		"a Service without pods":              {address: "asleep:80", wantError: "the Service default/asleep has no ready endpoint"},
		"a cluster IP":                        {address: "10.96.0.8:80", want: "10.1.0.3:8080"},
		"a pod's address stays":               {address: "10.1.0.2:8080", want: "10.1.0.2:8080"},
		"loopback stays":                      {address: "127.0.0.1:99", want: "127.0.0.1:99"},
		"localhost stays":                     {address: "localhost:99", want: "localhost:99"},
		"IPv6 loopback stays":                 {address: "[::1]:99", want: "[::1]:99"},
		"other addresses are outside":         {address: "192.0.2.1:80", wantError: "192.0.2.1 is outside this machine, where the cluster does not reach"},
	}
	checkResolve(t, manyServices(t), cases)
}

func TestResolveBuiltIn(t *testing.T) {
	const outside = "the cluster reaches nothing outside this machine"
	checkResolve(t, manyServices(t), map[string]resolution{
		"a built-in name alone":          {address: "kps-prometheus:9090", want: "127.0.0.1:4000"},
		"with a namespace":               {address: "prometheus.monitoring:9090", want: "127.0.0.1:4000"},
		"in any namespace":               {address: "prometheus.istio-system:9090", want: "127.0.0.1:4000"},
		"with svc":                       {address: "prometheus.monitoring.svc:9090", want: "127.0.0.1:4000"},
		"by its full name":               {address: "Prometheus.monitoring.svc.cluster.local.:9090", want: "127.0.0.1:4000"},
		"on another of its ports":        {address: "prometheus.monitoring:80", want: "127.0.0.1:4000"},
		"a name of another domain":       {address: "prometheus.monitoring.example.org:9090", wantError: "prometheus.monitoring.example.org is no Service of this cluster, and " + outside},
		"on a port that it has not":      {address: "prometheus.monitoring:3000", wantError: "there is no Service prometheus in namespace monitoring, and " + outside},
		"another name":                   {address: "loki.monitoring:9090", wantError: "there is no Service loki in namespace monitoring, and " + outside},
		"a Service of that name wins":    {address: "shop.staging:80", want: "10.1.0.3:8080"},
		"it wins for the bare name":      {address: "shop:80", want: "10.1.0.1:8080"},
		"it wins without that port":      {address: "shop:9090", wantError: "the Service default/shop has no port 9090; it has 80, 9100"},
		"but not from another namespace": {address: "shop.monitoring:9090", want: "127.0.0.1:4000"},
		"two Services of that name win":  {address: "twice:9090", wantError: "the Service twice exists in namespaces a, b; say which, as in twice.a"},
	})
}

// resolution is an address and what it resolves to.
type resolution struct{ address, want, wantError string }

func checkResolve(t *testing.T, r *Resolver, cases map[string]resolution) {
	t.Helper()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := r.Resolve(tc.address)
			gotError := ""
			if err != nil {
				gotError = err.Error()
			}
			if diff := cmp.Diff([]string{tc.want, tc.wantError}, []string{got, gotError}); diff != "" {
				t.Errorf("Resolve(%s) (-want +got):\n%s", tc.address, diff)
			}
		})
	}
}

func TestResolveUsesEveryReadyEndpoint(t *testing.T) {
	shop := service("default", "shop", "10.96.0.7", corev1.ServicePort{Port: 80})
	r := resolver(t, shop, slice(shop, map[string]bool{"10.1.0.1": true, "10.1.0.2": true, "10.1.0.3": false}))
	seen := map[string]bool{}
	for range 200 {
		address, err := r.Resolve("shop:80")
		if err != nil {
			t.Fatal(err)
		}
		seen[address] = true
	}
	got := make([]string, 0, len(seen))
	for address := range seen {
		got = append(got, address)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"10.1.0.1:8080", "10.1.0.2:8080"}, got); diff != "" {
		t.Errorf("addresses in 200 calls (-want +got):\n%s", diff)
	}
}
