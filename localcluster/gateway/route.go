package gateway

import (
	"regexp"
	"time"
)

// ServicePort is one port of one Service, as a route writes it: Port is a name
// or a number.
type ServicePort struct {
	Namespace, Service, Port string
}

// String is how metrics name it: namespace-service-port.
func (p ServicePort) String() string {
	return p.Namespace + "-" + p.Service + "-" + p.Port
}

// Owner is the object a location comes from.
type Owner struct {
	Namespace, Name string
}

// String is namespace/name.
func (o Owner) String() string {
	return o.Namespace + "/" + o.Name
}

// Match says how the path of a location is compared with that of a request.
type Match int

const (
	// MatchExact needs the whole path to be equal.
	MatchExact Match = iota
	// MatchPrefix compares element by element: /a matches /a, /a/ and /a/b, not /ab.
	MatchPrefix
	// MatchLiteral compares characters: /a matches /ab too.
	MatchLiteral
	// MatchRegex searches the location's Pattern, which starts at the beginning.
	MatchRegex
)

// String names the match for people.
func (m Match) String() string {
	switch m {
	case MatchExact:
		return "exact"
	case MatchPrefix:
		return "prefix"
	case MatchLiteral:
		return "literal prefix"
	case MatchRegex:
		return "regex"
	}
	return "unknown"
}

// Location is one path on one host, and where its requests go.
type Location struct {
	// Host is lower case. Empty means every host that has no location of its
	// own; "*.example.com" means one label before the suffix.
	Host string
	// Path starts with a slash.
	Path  string
	Match Match
	// Pattern is set for MatchRegex only.
	Pattern *regexp.Regexp
	// Fallback puts the location after all others of its host.
	Fallback bool

	Owner   Owner
	Primary ServicePort
	// Canary is nil when all requests go to Primary.
	Canary *Canary

	// Rewrite replaces the request's path when not empty. With MatchRegex, $1
	// to $9 stand for the groups of Pattern.
	Rewrite string
	// Redirect answers 308 to https:// for requests that came by plain HTTP.
	Redirect bool
	// Affinity is nil when requests are spread without memory.
	Affinity *Affinity
}

// Canary is an alternative backend and the rule that sends requests there.
type Canary struct {
	Owner   Owner
	Backend ServicePort
	// Weight of Total requests go to the canary. Total is at least 100.
	Weight, Total int
	// Header names the header switch in canonical form, with dashes. Empty for none.
	Header string
	// HeaderValue selects the canary by equality. Empty for none.
	HeaderValue string
	// HeaderPattern selects the canary by search. Empty for none; used only
	// without HeaderValue.
	HeaderPattern string
	// headerRegexp is HeaderPattern compiled, nil when it does not compile.
	headerRegexp *regexp.Regexp
	// Cookie names the cookie switch, empty for none.
	Cookie string
	// IgnoresAffinity leaves the decision to header, cookie and weight even for
	// a client that affinity bound to one side.
	IgnoresAffinity bool
}

// Affinity binds a client to an endpoint by a cookie.
type Affinity struct {
	Cookie string
	// MaxAge is how long the client keeps the cookie. Zero: for its session.
	MaxAge time.Duration
}

// Endpoint is where one pod listens: the pod's IP and port, as host:port.
type Endpoint string
