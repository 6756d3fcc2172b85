package gateway

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// Routes is every location, ordered for look-up. It never changes.
type Routes struct {
	hosts     map[string]*server
	wildcards map[string]*server // by suffix, with its dot: ".example.com"
	catchAll  *server
}

// server is what one host serves.
type server struct {
	host  string
	exact map[string]*Location
	// rest is every other location, in the order they are tried.
	rest []*Location
}

// NewRoutes orders locations for look-up. Of two locations with equal host,
// path and match, the first wins.
func NewRoutes(locations []Location) *Routes {
	routes := &Routes{hosts: map[string]*server{}, wildcards: map[string]*server{}}
	for i := range locations {
		routes.server(locations[i].Host).add(&locations[i])
	}
	for _, s := range routes.servers() {
		slices.SortStableFunc(s.rest, tryOrder)
	}
	return routes
}

// server returns the server of a host, made on first use.
func (r *Routes) server(host string) *server {
	servers, key := r.hosts, host
	switch {
	case host == "":
		if r.catchAll == nil {
			r.catchAll = newServer(host)
		}
		return r.catchAll
	case strings.HasPrefix(host, "*."):
		servers, key = r.wildcards, host[1:]
	}
	if servers[key] == nil {
		servers[key] = newServer(host)
	}
	return servers[key]
}

func newServer(host string) *server {
	return &server{host: host, exact: map[string]*Location{}}
}

func (s *server) add(location *Location) {
	if location.Match != MatchExact {
		s.rest = append(s.rest, location)
		return
	}
	if s.exact[location.Path] == nil {
		s.exact[location.Path] = location
	}
}

// tryOrder puts longer paths first and fallbacks last. Of equal paths, the
// match that accepts less is tried first.
func tryOrder(a, b *Location) int {
	if a.Fallback != b.Fallback {
		if b.Fallback {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(len(b.Path), len(a.Path)), cmp.Compare(a.Match, b.Match))
}

// servers lists every server by host name, the catch-all one last.
func (r *Routes) servers() []*server {
	var all []*server
	for _, s := range r.hosts {
		all = append(all, s)
	}
	for _, s := range r.wildcards {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *server) int { return cmp.Compare(a.host, b.host) })
	if r.catchAll != nil {
		all = append(all, r.catchAll)
	}
	return all
}

// Locations lists every location that can be reached, in the order of servers
// and, in each, in the order they are tried.
func (r *Routes) Locations() []*Location {
	var all []*Location
	for _, s := range r.servers() {
		exact := make([]*Location, 0, len(s.exact))
		for _, location := range s.exact {
			exact = append(exact, location)
		}
		slices.SortFunc(exact, func(a, b *Location) int { return cmp.Compare(a.Path, b.Path) })
		all = append(append(all, exact...), s.rest...)
	}
	return all
}

// Backends is every service port that some location refers to.
func (r *Routes) Backends() map[ServicePort]bool {
	backends := map[ServicePort]bool{}
	for _, location := range r.Locations() {
		backends[location.Primary] = true
		if location.Canary != nil {
			backends[location.Canary.Backend] = true
		}
	}
	return backends
}

// find returns the server of a host, or nil. The host may carry a port.
func (r *Routes) find(host string) *server {
	host = hostName(host)
	if s := r.hosts[host]; s != nil {
		return s
	}
	if label, suffix, ok := cutLabel(host); ok && label != "" {
		if s := r.wildcards[suffix]; s != nil {
			return s
		}
	}
	return r.catchAll
}

// cutLabel splits a.b.c into a and .b.c.
func cutLabel(host string) (label, suffix string, ok bool) {
	dot := strings.IndexByte(host, '.')
	if dot < 0 {
		return "", "", false
	}
	return host[:dot], host[dot:], true
}

// hostName is a Host header in lower case, without port and trailing dot.
func hostName(host string) string {
	if colon := strings.LastIndexByte(host, ':'); colon >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:colon]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// find returns the location of a path, or nil.
func (s *server) find(requestPath string) *Location {
	if location := s.exact[requestPath]; location != nil {
		return location
	}
	for _, location := range s.rest {
		if location.matches(requestPath) {
			return location
		}
	}
	return nil
}

func (l *Location) matches(requestPath string) bool {
	switch l.Match {
	case MatchExact:
		return requestPath == l.Path
	case MatchLiteral:
		return strings.HasPrefix(requestPath, l.Path)
	case MatchPrefix:
		return hasPathPrefix(requestPath, l.Path)
	case MatchRegex:
		return l.Pattern.MatchString(requestPath)
	}
	return false
}

// hasPathPrefix compares element by element, whether or not prefix ends in a
// slash: both /a and /a/ cover /a, /a/ and /a/b.
func hasPathPrefix(requestPath, prefix string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	if !strings.HasPrefix(requestPath, prefix) {
		return false
	}
	return len(requestPath) == len(prefix) || requestPath[len(prefix)] == '/'
}

// cleanPath resolves doubled slashes and dots, as nginx does before it looks
// for a location. A trailing slash stays.
func cleanPath(requestPath string) string {
	if requestPath == "" {
		return "/"
	}
	if !strings.Contains(requestPath, "//") && !strings.Contains(requestPath, "/.") {
		return requestPath
	}
	cleaned := path.Clean("/" + requestPath)
	if strings.HasSuffix(requestPath, "/") && cleaned != "/" {
		cleaned += "/"
	}
	return cleaned
}
