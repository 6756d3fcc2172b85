package gateway

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// ingressOption changes an Ingress under construction.
type ingressOption func(*networkingv1.Ingress)

// ingress makes an Ingress of namespace default and class nginx.
func ingress(name string, options ...ingressOption) *networkingv1.Ingress {
	class := className
	made := &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: "default", Annotations: map[string]string{},
			CreationTimestamp: metav1.NewTime(time.Unix(1000, 0)),
		},
		Spec: networkingv1.IngressSpec{IngressClassName: &class},
	}
	for _, option := range options {
		option(made)
	}
	return made
}

// annotated adds annotations with the usual prefix.
func annotated(pairs ...string) ingressOption {
	return func(i *networkingv1.Ingress) {
		for name, value := range prefixed(pairs...) {
			i.Annotations[name] = value
		}
	}
}

// serving adds a rule for one path; service is name:port.
func serving(host, path string, kind networkingv1.PathType, service string) ingressOption {
	return func(i *networkingv1.Ingress) {
		i.Spec.Rules = append(i.Spec.Rules, networkingv1.IngressRule{
			Host: host,
			IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
				Paths: []networkingv1.HTTPIngressPath{{Path: path, PathType: &kind, Backend: backendOf(service)}},
			}},
		})
	}
}

// byDefault sets the default backend; service is name:port.
func byDefault(service string) ingressOption {
	return func(i *networkingv1.Ingress) {
		backend := backendOf(service)
		i.Spec.DefaultBackend = &backend
	}
}

func backendOf(service string) networkingv1.IngressBackend {
	name, port := cutPort(service)
	backend := networkingv1.IngressServiceBackend{Name: name}
	if parsed := intstr.Parse(port); parsed.Type == intstr.Int {
		backend.Port.Number = parsed.IntVal
	} else {
		backend.Port.Name = parsed.StrVal
	}
	return networkingv1.IngressBackend{Service: &backend}
}

// cutPort splits name:port, where no port means http.
func cutPort(service string) (name, port string) {
	for i := range service {
		if service[i] == ':' {
			return service[:i], service[i+1:]
		}
	}
	return service, "http"
}

// agedBy makes an Ingress younger.
func agedBy(d time.Duration) ingressOption {
	return func(i *networkingv1.Ingress) { i.CreationTimestamp = metav1.NewTime(i.CreationTimestamp.Add(d)) }
}

func inNamespace(namespace string) ingressOption {
	return func(i *networkingv1.Ingress) { i.Namespace = namespace }
}

func ofClass(class string) ingressOption {
	return func(i *networkingv1.Ingress) {
		i.Spec.IngressClassName = &class
		if class == "" {
			i.Spec.IngressClassName = nil
		}
	}
}

func withTLS(hosts ...string) ingressOption {
	return func(i *networkingv1.Ingress) {
		i.Spec.TLS = append(i.Spec.TLS, networkingv1.IngressTLS{Hosts: hosts, SecretName: "tls"})
	}
}

// service makes a Service of namespace default with port http, 80.
func service(name string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"},
		Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{
			{Name: "http", Port: 80, TargetPort: intstr.FromString("http")},
			{Name: "admin", Port: 9000, TargetPort: intstr.FromInt32(9000)},
		}},
	}
}

// slice makes an EndpointSlice of a Service for its port http.
func slice(service string, port int32, endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	name := "http"
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("%s-%d", service, port), Namespace: "default",
			Labels: map[string]string{discoveryv1.LabelServiceName: service},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &name, Port: &port}},
		Endpoints:   endpoints,
	}
}

// Conditions of endpoints, as the EndpointSlice controller writes them.
func ready(ip string) discoveryv1.Endpoint       { return endpoint(ip, true, true, false) }
func notReady(ip string) discoveryv1.Endpoint    { return endpoint(ip, false, false, false) }
func terminating(ip string) discoveryv1.Endpoint { return endpoint(ip, false, true, true) }
func stopped(ip string) discoveryv1.Endpoint     { return endpoint(ip, false, false, true) }

func endpoint(ip string, isReady, isServing, isTerminating bool) discoveryv1.Endpoint {
	return discoveryv1.Endpoint{
		Addresses:  []string{ip},
		Conditions: discoveryv1.EndpointConditions{Ready: &isReady, Serving: &isServing, Terminating: &isTerminating},
	}
}
