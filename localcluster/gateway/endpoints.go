package gateway

import (
	"cmp"
	"net"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// Resolve lists the endpoints that may answer for a port of a Service, written
// as a name or a number, sorted. Ready endpoints count; when there are none,
// terminating ones that still serve do. It is empty when the Service is nil or
// has no such port.
func Resolve(service *corev1.Service, endpointSlices []*discoveryv1.EndpointSlice, port string) []Endpoint {
	name, found := portName(service, port)
	if !found {
		return nil
	}
	ready, serving := map[Endpoint]bool{}, map[Endpoint]bool{}
	for _, slice := range endpointSlices {
		number, found := portNumber(slice, name)
		if !found || slice.AddressType == discoveryv1.AddressTypeFQDN {
			continue
		}
		for _, endpoint := range slice.Endpoints {
			switch {
			case isReady(endpoint.Conditions):
				addAddresses(ready, endpoint, number)
			case isLastResort(endpoint.Conditions):
				addAddresses(serving, endpoint, number)
			}
		}
	}
	if len(ready) == 0 {
		ready = serving
	}
	return sorted(ready)
}

// portName is the name that EndpointSlices use for a Service's port.
func portName(service *corev1.Service, port string) (string, bool) {
	if service == nil {
		return "", false
	}
	for _, p := range service.Spec.Ports {
		if p.Name == port && port != "" || strconv.Itoa(int(p.Port)) == port {
			return p.Name, true
		}
	}
	return "", false
}

// portNumber is where the endpoints of a slice listen. It differs between the
// slices of a Service when pods give different numbers to one named port.
func portNumber(slice *discoveryv1.EndpointSlice, name string) (int32, bool) {
	for _, p := range slice.Ports {
		if p.Port != nil && name == deref(p.Name) {
			return *p.Port, true
		}
	}
	return 0, false
}

// isReady treats an unknown state as ready, as the API asks.
func isReady(c discoveryv1.EndpointConditions) bool {
	return (c.Ready == nil || *c.Ready) && !deref(c.Terminating)
}

// isLastResort is true for an endpoint that terminates but still serves.
func isLastResort(c discoveryv1.EndpointConditions) bool {
	return deref(c.Terminating) && deref(c.Serving)
}

func deref[T any](p *T) T {
	return *cmp.Or(p, new(T))
}

func addAddresses(to map[Endpoint]bool, endpoint discoveryv1.Endpoint, port int32) {
	for _, address := range endpoint.Addresses {
		to[Endpoint(net.JoinHostPort(address, strconv.Itoa(int(port))))] = true
	}
}

func sorted(set map[Endpoint]bool) []Endpoint {
	if len(set) == 0 {
		return nil
	}
	all := make([]Endpoint, 0, len(set))
	for endpoint := range set {
		all = append(all, endpoint)
	}
	slices.Sort(all)
	return all
}
