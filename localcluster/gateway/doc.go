// Package gateway serves the Ingresses of a cluster in plain HTTP, with the canary
// annotations of ingress-nginx.
//
// # How it is built
//
// The routing is pure: FromIngresses turns Ingresses into Locations, NewRoutes
// orders Locations, Resolve turns a Service and its EndpointSlices into
// endpoints, and Table.Pick turns a request and a random number into a choice.
// None of them knows a clock, a client or a source of randomness. A Table does
// not know where its Locations came from, so other kinds of route can feed it.
// The shell around it watches the API server, swaps tables atomically, forwards
// requests, counts them, and writes the address into Ingress status.
//
// # What it promises
//
//   - A request is never lost because endpoints changed: an endpoint that is
//     terminating or gone gets no new request, requests under way finish, and a
//     refused connection moves the request to another endpoint of the same
//     backend. A connection that breaks before the answer began moves it only
//     when nothing can happen twice: GET, HEAD or OPTIONS without a body.
//   - Weights, header and cookie switches decide as in ingress-nginx, request by
//     request, at random.
//   - A canary without endpoints is skipped silently, whatever the switches say,
//     and a primary without endpoints answers 503 even when its canary has some.
//   - The metrics listener shows ingress-nginx's request series with its labels,
//     /healthz, and /routes: who gets what, for people.
//
// # Where it differs from ingress-nginx, on purpose
//
//   - A canary is attached to the host and path it names, not to every location
//     that happens to use the same primary Service.
//   - An Ingress with a tls block is served over plain HTTP too. The redirect to
//     HTTPS needs an explicit ssl-redirect or force-ssl-redirect annotation.
//   - Ingresses without a class are served, and class nginx needs no
//     IngressClass object. Other classes are left alone.
//   - Header patterns and regular-expression paths are Go expressions, without
//     look-around and back-references. A path with use-regex or rewrite-target
//     is an expression; its neighbours on the same host stay as they are.
//   - The host label of metrics is the host of the rule ("_" for none), so that
//     callers cannot make up series.
//   - A Service of type ExternalName has no endpoints.
package gateway
