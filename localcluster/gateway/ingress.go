package gateway

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
)

// Note is something a reader of the routes should know about one object.
type Note struct {
	Owner Owner
	Text  string
}

// FromIngresses turns the Ingresses that are ours into locations, canaries
// attached, and notes on what could not be served as written. The order of
// ingresses does not matter: older ones go first.
func FromIngresses(ingresses []*networkingv1.Ingress) ([]Location, []Note) {
	r := reading{index: map[site]int{}}
	var canaries []*networkingv1.Ingress
	for _, ingress := range oldestFirst(ingresses) {
		if annotations(ingress.Annotations).truth("canary") {
			canaries = append(canaries, ingress)
			continue
		}
		r.primary(ingress)
	}
	for _, ingress := range canaries {
		r.canary(ingress)
	}
	return r.locations, r.notes
}

// oldestFirst drops the Ingresses that are not ours and sorts the others by
// age, then by name.
func oldestFirst(ingresses []*networkingv1.Ingress) []*networkingv1.Ingress {
	ours := slices.DeleteFunc(slices.Clone(ingresses), func(i *networkingv1.Ingress) bool { return !Served(i) })
	slices.SortFunc(ours, func(a, b *networkingv1.Ingress) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
			cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return ours
}

// site is where a location stands. A canary attaches to the primary location
// of the same site, path type as written.
type site struct {
	host, path string
	kind       networkingv1.PathType
	fallback   bool
}

// reading collects locations from one Ingress after the other.
type reading struct {
	locations []Location
	index     map[site]int
	notes     []Note
}

func (r *reading) note(owner Owner, format string, args ...any) {
	r.notes = append(r.notes, Note{Owner: owner, Text: fmt.Sprintf(format, args...)})
}

// rule is one path of an Ingress, with its defaults filled in.
type rule struct {
	site
	backend ServicePort
}

// rules lists the paths of an Ingress whose backend is a Service.
func rules(ingress *networkingv1.Ingress) []rule {
	var all []rule
	for _, r := range ingress.Spec.Rules {
		if r.HTTP == nil {
			continue
		}
		for _, p := range r.HTTP.Paths {
			if p.Backend.Service == nil {
				continue
			}
			all = append(all, rule{
				site:    site{host: strings.ToLower(r.Host), path: cmp.Or(p.Path, "/"), kind: pathType(p.PathType)},
				backend: servicePort(ingress.Namespace, p.Backend.Service),
			})
		}
	}
	return all
}

// fallbacks are the rules a default backend stands for: everything on the
// Ingress's own hosts that no path covers, or on every host for an Ingress
// without rules.
func fallbacks(ingress *networkingv1.Ingress) []rule {
	backend := ingress.Spec.DefaultBackend
	if backend == nil || backend.Service == nil {
		return nil
	}
	hosts := []string{""}
	if len(ingress.Spec.Rules) > 0 {
		hosts = nil
		for _, r := range ingress.Spec.Rules {
			hosts = append(hosts, strings.ToLower(r.Host))
		}
	}
	slices.Sort(hosts)
	var all []rule
	for _, host := range slices.Compact(hosts) {
		all = append(all, rule{
			site:    site{host: host, path: "/", kind: networkingv1.PathTypePrefix, fallback: true},
			backend: servicePort(ingress.Namespace, backend.Service),
		})
	}
	return all
}

func pathType(written *networkingv1.PathType) networkingv1.PathType {
	if written == nil {
		return networkingv1.PathTypeImplementationSpecific
	}
	return *written
}

func servicePort(namespace string, backend *networkingv1.IngressServiceBackend) ServicePort {
	port := backend.Port.Name
	if port == "" {
		port = strconv.Itoa(int(backend.Port.Number))
	}
	return ServicePort{Namespace: namespace, Service: backend.Name, Port: port}
}

// primary adds the locations of an Ingress that is no canary.
func (r *reading) primary(ingress *networkingv1.Ingress) {
	owner := Owner{Namespace: ingress.Namespace, Name: ingress.Name}
	for _, rule := range append(rules(ingress), fallbacks(ingress)...) {
		if taken, exists := r.index[rule.site]; exists {
			r.note(owner, "host %q path %q is served by Ingress %s, which is older", rule.host, rule.path, r.locations[taken].Owner)
			continue
		}
		location := Location{Host: rule.host, Path: rule.path, Fallback: rule.fallback, Owner: owner, Primary: rule.backend}
		if err := shape(&location, rule.kind, ingress); err != nil {
			r.note(owner, "host %q path %q is not served: %v", rule.host, rule.path, err)
			continue
		}
		r.index[rule.site] = len(r.locations)
		r.locations = append(r.locations, location)
	}
}

// shape fills in what the path type and the annotations say about a location.
func shape(location *Location, kind networkingv1.PathType, ingress *networkingv1.Ingress) error {
	a := annotations(ingress.Annotations)
	location.Match = matchOf(kind)
	location.Rewrite = a.text("rewrite-target")
	location.Affinity = affinity(a)
	location.Redirect = a.truth("force-ssl-redirect") || a.truth("ssl-redirect") && hasTLS(ingress, location.Host)
	expression := location.Rewrite != "" || a.truth("use-regex")
	if !expression || location.Match == MatchExact || location.Fallback {
		return nil
	}
	pattern, err := regexp.Compile("(?i)^" + location.Path)
	if err != nil {
		return fmt.Errorf("compile path: %w", err)
	}
	location.Match, location.Pattern = MatchRegex, pattern
	return nil
}

func matchOf(kind networkingv1.PathType) Match {
	switch kind {
	case networkingv1.PathTypeExact:
		return MatchExact
	case networkingv1.PathTypePrefix:
		return MatchPrefix
	case networkingv1.PathTypeImplementationSpecific:
		return MatchLiteral
	}
	return MatchLiteral
}

// hasTLS tells whether a tls block of the Ingress covers a host. A block
// without hosts covers all.
func hasTLS(ingress *networkingv1.Ingress, host string) bool {
	return slices.ContainsFunc(ingress.Spec.TLS, func(tls networkingv1.IngressTLS) bool {
		return len(tls.Hosts) == 0 || slices.Contains(tls.Hosts, host)
	})
}

// canary attaches the rules of a canary Ingress to the primary locations of
// the same host, path and path type.
func (r *reading) canary(ingress *networkingv1.Ingress) {
	owner := Owner{Namespace: ingress.Namespace, Name: ingress.Name}
	canary := *canaryRule(ingress.Annotations)
	canary.Owner = owner
	for _, rule := range rules(ingress) {
		at, exists := r.index[rule.site]
		if !exists {
			r.note(owner, "canary has no primary with host %q, path %q and path type %s, so it gets no requests", rule.host, rule.path, rule.kind)
			continue
		}
		r.attach(at, canary, rule.backend)
	}
	r.attachDefault(canary, ingress)
}

// attachDefault attaches a canary's default backend to every location without
// a host.
func (r *reading) attachDefault(canary Canary, ingress *networkingv1.Ingress) {
	backend := ingress.Spec.DefaultBackend
	if backend == nil || backend.Service == nil {
		return
	}
	for at := range r.locations {
		if r.locations[at].Host == "" {
			r.attach(at, canary, servicePort(ingress.Namespace, backend.Service))
		}
	}
}

// attach gives a location its canary, unless it has one or both sides are the
// same backend.
func (r *reading) attach(at int, canary Canary, backend ServicePort) {
	location := &r.locations[at]
	if location.Primary == backend {
		r.note(canary.Owner, "canary and primary of host %q path %q are the same backend, so the canary is ignored", location.Host, location.Path)
		return
	}
	if location.Canary != nil {
		r.note(canary.Owner, "host %q path %q already has the canary of Ingress %s, which is older", location.Host, location.Path, location.Canary.Owner)
		return
	}
	canary.Backend = backend
	location.Canary = &canary
}
