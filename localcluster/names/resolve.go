package names

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
)

// Resolver turns in-cluster addresses into addresses of endpoints.
type Resolver struct {
	services corelisters.ServiceLister
	slices   discoverylisters.EndpointSliceLister
	builtIn  BuiltIn
}

// BuiltIn is a program that answers to the names of Services which do not exist.
// A Service of that name in the cluster wins.
type BuiltIn struct {
	// Services are its names, in every namespace.
	Services []string
	// Ports are those of such Services, by number or name.
	Ports []string
	// Address is where it listens, as host:port.
	Address string
}

func (b BuiltIn) answers(host, port string) bool {
	name, _, ok := split(host)
	return ok && slices.Contains(b.Services, name) && slices.Contains(b.Ports, port)
}

// missing says that there is no Service of a name, which is no other problem.
type missing string

func (m missing) Error() string { return string(m) }

// NewResolver resolves by what the listers hold, and then by builtIn.
func NewResolver(services corelisters.ServiceLister, slices discoverylisters.EndpointSliceLister, builtIn BuiltIn) *Resolver {
	return &Resolver{services: services, slices: slices, builtIn: builtIn}
}

// Resolve returns the address to dial for host:port. Loopback and pod addresses
// stay as they are. The port of a Service may be its number or its name. The
// error is a sentence for the user.
func (r *Resolver) Resolve(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("%s is no host:port: %w", address, err)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" {
		return address, nil
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return r.resolveIP(ip.Unmap(), port)
	}
	service, err := r.find(host)
	if errors.As(err, new(missing)) && r.builtIn.answers(host, port) {
		return r.builtIn.Address, nil
	}
	if err != nil {
		return "", err
	}
	return r.endpoint(service, port)
}

// resolveIP lets loopback and pods through and follows a Service's cluster IP.
func (r *Resolver) resolveIP(ip netip.Addr, port string) (string, error) {
	if ip.IsLoopback() {
		return net.JoinHostPort(ip.String(), port), nil
	}
	services, err := r.services.List(labels.Everything())
	if err != nil {
		return "", err
	}
	for _, service := range services {
		if slices.Contains(service.Spec.ClusterIPs, ip.String()) {
			return r.endpoint(service, port)
		}
	}
	if ip.Is4() && ip.As4()[0] == 10 {
		return net.JoinHostPort(ip.String(), port), nil
	}
	return "", fmt.Errorf("%s is outside this machine, where the cluster does not reach", ip)
}

// find returns the Service that host names. The error is missing when there is
// none.
func (r *Resolver) find(host string) (*corev1.Service, error) {
	name, namespace, ok := split(host)
	if !ok {
		return nil, fmt.Errorf("%s is no Service of this cluster, and the cluster reaches nothing outside this machine", host)
	}
	if namespace != "" {
		service, err := r.services.Services(namespace).Get(name)
		if err != nil {
			return nil, missing(fmt.Sprintf("there is no Service %s in namespace %s, and the cluster reaches nothing outside this machine", name, namespace))
		}
		return service, nil
	}
	if service, err := r.services.Services(corev1.NamespaceDefault).Get(name); err == nil {
		return service, nil
	}
	return r.findAnywhere(name)
}

// findAnywhere returns the Service of this name if only one namespace has it.
func (r *Resolver) findAnywhere(name string) (*corev1.Service, error) {
	services, err := r.services.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	services = slices.DeleteFunc(slices.Clone(services), func(s *corev1.Service) bool { return s.Name != name })
	switch len(services) {
	case 0:
		return nil, missing(fmt.Sprintf("there is no Service %s in any namespace", name))
	case 1:
		return services[0], nil
	}
	var namespaces []string
	for _, service := range services {
		namespaces = append(namespaces, service.Namespace)
	}
	slices.Sort(namespaces)
	return nil, fmt.Errorf("the Service %s exists in namespaces %s; say which, as in %s.%s", name, strings.Join(namespaces, ", "), name, namespaces[0])
}

// split takes apart svc, svc.ns, svc.ns.svc and svc.ns.svc.cluster.local.
// namespace is empty for the first.
func split(host string) (name, namespace string, ok bool) {
	labels := strings.Split(host, ".")
	rest := strings.Join(labels[min(2, len(labels)):], ".")
	if labels[0] == "" || !slices.Contains([]string{"", "svc", "svc.cluster.local"}, rest) {
		return "", "", false
	}
	if len(labels) == 1 {
		return labels[0], "", true
	}
	return labels[0], labels[1], labels[1] != ""
}

// endpoint returns the address of a ready endpoint of the Service.
func (r *Resolver) endpoint(service *corev1.Service, port string) (string, error) {
	title := service.Namespace + "/" + service.Name
	matches, err := servicePort(service, port)
	if err != nil {
		return "", err
	}
	found, err := r.slices.EndpointSlices(service.Namespace).List(labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: service.Name}))
	if err != nil {
		return "", err
	}
	var ready []string
	for _, slice := range found {
		number, ok := matches(slice.Ports)
		if !ok {
			continue
		}
		for _, endpoint := range slice.Endpoints {
			if isReady(endpoint) && len(endpoint.Addresses) > 0 {
				ready = append(ready, net.JoinHostPort(endpoint.Addresses[0], strconv.Itoa(int(number))))
			}
		}
	}
	if len(ready) == 0 {
		return "", fmt.Errorf("the Service %s has no ready endpoint", title)
	}
	return ready[rand.IntN(len(ready))], nil
}

// servicePort returns what picks the pods' port for a port of the Service, given
// by number or name. A headless Service without that port passes the number on,
// as DNS would.
func servicePort(service *corev1.Service, port string) (func([]discoveryv1.EndpointPort) (int32, bool), error) {
	var known []string
	for _, p := range service.Spec.Ports {
		if port == p.Name || port == strconv.Itoa(int(p.Port)) {
			return func(ports []discoveryv1.EndpointPort) (int32, bool) { return portNamed(ports, p.Name) }, nil
		}
		known = append(known, strconv.Itoa(int(p.Port)))
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if service.Spec.ClusterIP == corev1.ClusterIPNone && err == nil {
		return func([]discoveryv1.EndpointPort) (int32, bool) { return int32(number), true }, nil
	}
	return nil, fmt.Errorf("the Service %s/%s has no port %s; it has %s", service.Namespace, service.Name, port, strings.Join(known, ", "))
}

func portNamed(ports []discoveryv1.EndpointPort, name string) (int32, bool) {
	for _, p := range ports {
		if p.Port != nil && (p.Name == nil && name == "" || p.Name != nil && *p.Name == name) {
			return *p.Port, true
		}
	}
	return 0, false
}

// isReady takes an endpoint that does not say for ready, as the API defines it.
func isReady(endpoint discoveryv1.Endpoint) bool {
	return endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready
}
