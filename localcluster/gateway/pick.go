package gateway

import (
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Table is what one moment of the cluster says about requests: where they may
// go, and who is there to answer. It never changes; a change makes another one.
type Table struct {
	Routes *Routes
	// Endpoints holds who can answer now. A backend without any is absent or
	// empty.
	Endpoints map[ServicePort][]Endpoint
}

// Request is what a choice depends on.
type Request struct {
	Host, Path string
	Header     http.Header
	// Draw is uniform over its whole range.
	Draw uint32
}

// Outcome says whether a request found somebody to answer it.
type Outcome int

const (
	// Found means the choice is complete.
	Found Outcome = iota
	// NoHost means no location covers the host.
	NoHost
	// NoPath means the host has locations, but none for the path.
	NoPath
	// NoEndpoints means nobody is there to answer for the chosen backend.
	NoEndpoints
)

// Choice is where a request goes.
type Choice struct {
	Outcome Outcome
	// Location is nil for NoHost and NoPath.
	Location *Location
	Backend  ServicePort
	// Canary tells that Backend is the location's canary.
	Canary bool
	// Endpoints are those that may answer, in a stable order.
	Endpoints []Endpoint
	// Bound is the endpoint that the client's affinity cookie names, or empty.
	Bound Endpoint
}

// Endpoint returns the endpoint for the nth request of this choice's backend.
func (c Choice) Endpoint(turn uint64) Endpoint {
	if c.Bound != "" {
		return c.Bound
	}
	return c.Endpoints[turn%uint64(len(c.Endpoints))]
}

// Pick chooses where a request goes.
func (t *Table) Pick(req Request) Choice {
	server := t.Routes.find(req.Host)
	if server == nil {
		return Choice{Outcome: NoHost}
	}
	location := server.find(cleanPath(req.Path))
	if location == nil {
		return Choice{Outcome: NoPath}
	}
	choice := Choice{Location: location, Backend: location.Primary}
	if choice.Endpoints = t.Endpoints[location.Primary]; len(choice.Endpoints) == 0 {
		choice.Outcome = NoEndpoints
		return choice
	}
	if canary := location.Canary; canary != nil {
		endpoints := t.Endpoints[canary.Backend]
		if len(endpoints) > 0 && location.wantsCanary(req) {
			choice.Backend, choice.Canary, choice.Endpoints = canary.Backend, true, endpoints
		}
	}
	choice.Bound = location.Affinity.bound(req.Header, choice)
	return choice
}

// wantsCanary decides between primary and canary, endpoints aside.
func (l *Location) wantsCanary(req Request) bool {
	if l.Affinity != nil && !l.Canary.IgnoresAffinity {
		switch l.Affinity.side(req.Header) {
		case sideKey(l.Primary):
			return false
		case sideKey(l.Canary.Backend):
			return true
		}
	}
	return l.Canary.wants(req)
}

// side is the key of the backend that the client is bound to, or empty.
func (a *Affinity) side(header http.Header) string {
	value, _ := cookieValue(header, a.Cookie)
	side, _, _ := strings.Cut(value, ".")
	return side
}

// bound is the chosen backend's endpoint that the client is bound to, or empty.
func (a *Affinity) bound(header http.Header, choice Choice) Endpoint {
	if a == nil {
		return ""
	}
	value, found := cookieValue(header, a.Cookie)
	if !found {
		return ""
	}
	i := slices.IndexFunc(choice.Endpoints, func(e Endpoint) bool {
		return affinityValue(choice.Backend, e) == value
	})
	if i < 0 {
		return ""
	}
	return choice.Endpoints[i]
}

// affinityValue is the cookie that binds a client to an endpoint of a backend.
func affinityValue(backend ServicePort, endpoint Endpoint) string {
	return sideKey(backend) + "." + shortHash(string(endpoint))
}

func sideKey(backend ServicePort) string {
	return shortHash(backend.String())
}

func shortHash(s string) string {
	h := fnv.New64a()
	h.Write([]byte(s))
	return strconv.FormatUint(h.Sum64(), 36)
}
