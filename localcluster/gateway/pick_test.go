package gateway

import (
	"net/http"
	"testing"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
)

const (
	exact    = networkingv1.PathTypeExact
	prefix   = networkingv1.PathTypePrefix
	specific = networkingv1.PathTypeImplementationSpecific
)

// tableOf makes a table from Ingresses, where every backend but those named in
// empty has an endpoint.
func tableOf(empty []string, ingresses ...*networkingv1.Ingress) *Table {
	locations, _ := FromIngresses(ingresses)
	table := &Table{Routes: NewRoutes(locations), Endpoints: map[ServicePort][]Endpoint{}}
	for backend := range table.Routes.Backends() {
		table.Endpoints[backend] = []Endpoint{Endpoint("10.1.0.1:8080"), Endpoint("10.1.0.2:8080")}
	}
	for _, name := range empty {
		delete(table.Endpoints, ServicePort{Namespace: "default", Service: name, Port: "http"})
	}
	return table
}

// pickedService is the Service that a request goes to, or why to none.
func pickedService(choice Choice) string {
	switch choice.Outcome {
	case Found:
		return choice.Backend.Service
	case NoHost:
		return "no host"
	case NoPath:
		return "no path"
	case NoEndpoints:
		return "no endpoints"
	}
	return "unknown outcome"
}

func TestPickByHostAndPath(t *testing.T) {
	table := tableOf(nil,
		ingress("shop",
			serving("shop.example.org", "/", prefix, "root"),
			serving("shop.example.org", "/cart", prefix, "cart"),
			serving("shop.example.org", "/cart/pay", prefix, "pay"),
			serving("shop.example.org", "/cart", exact, "cart-page"),
			serving("shop.example.org", "/img", specific, "images"),
			serving("shop.example.org", "/slash/", prefix, "slash")),
		ingress("wild", serving("*.example.org", "/", prefix, "wild")),
		ingress("narrow", serving("Narrow.example.com", "/only", prefix, "narrow")),
		ingress("any", serving("", "/open", prefix, "open")),
		ingress("last", byDefault("last")),
		ingress("covered", serving("covered.example.com", "/", specific, "covered"), byDefault("own")),
		ingress("own-default", serving("own.example.com", "/a", prefix, "a"), byDefault("own")),
	)
	cases := map[string]struct{ host, path, want string }{
		"the longest prefix wins":                          {host: "shop.example.org", path: "/cart/pay/now", want: "pay"},
		"an exact path goes before its prefix":             {host: "shop.example.org", path: "/cart", want: "cart-page"},
		"an exact path covers nothing below":               {host: "shop.example.org", path: "/cart/", want: "cart"},
		"a prefix ends at a slash":                         {host: "shop.example.org", path: "/cartoon", want: "root"},
		"a literal prefix ends anywhere":                   {host: "shop.example.org", path: "/imgs", want: "images"},
		"a prefix with a slash covers itself without":      {host: "shop.example.org", path: "/slash", want: "slash"},
		"a prefix with a slash covers what is below":       {host: "shop.example.org", path: "/slash/a", want: "slash"},
		"a prefix with a slash ends at the slash":          {host: "shop.example.org", path: "/slashed", want: "root"},
		"doubled slashes count once":                       {host: "shop.example.org", path: "//cart//pay", want: "pay"},
		"dots are resolved":                                {host: "shop.example.org", path: "/cart/../img/x", want: "images"},
		"the host may carry a port":                        {host: "shop.example.org:8080", path: "/", want: "root"},
		"the host's case does not matter":                  {host: "SHOP.example.org", path: "/", want: "root"},
		"the rule's case does not matter":                  {host: "narrow.example.com", path: "/only", want: "narrow"},
		"a wildcard covers one label":                      {host: "a.example.org", path: "/", want: "wild"},
		"a wildcard does not cover two labels":             {host: "a.b.example.org", path: "/open", want: "open"},
		"a wildcard does not cover none":                   {host: "example.org", path: "/open", want: "open"},
		"a host without the path is not found":             {host: "narrow.example.com", path: "/open", want: "no path"},
		"an unknown host goes to rules without a host":     {host: "unknown", path: "/open/x", want: "open"},
		"what no rule covers goes to the default":          {host: "unknown", path: "/", want: "last"},
		"an Ingress's default serves its own hosts":        {host: "own.example.com", path: "/b", want: "own"},
		"a rule for everything leaves the default nothing": {host: "covered.example.com", path: "/x", want: "covered"},
		"a path goes before the default":                   {host: "own.example.com", path: "/a", want: "a"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			choice := table.Pick(Request{Host: tc.host, Path: tc.path})
			if got := pickedService(choice); got != tc.want {
				t.Errorf("Pick(%s%s) = %s, want %s", tc.host, tc.path, got, tc.want)
			}
		})
	}
}

func TestPickWithoutCatchAll(t *testing.T) {
	table := tableOf(nil, ingress("shop", serving("shop.example.org", "/", prefix, "root")))
	if got := pickedService(table.Pick(Request{Host: "elsewhere", Path: "/"})); got != "no host" {
		t.Errorf("Pick() = %s, want no host", got)
	}
}

func TestPickAttachesCanaries(t *testing.T) {
	primary := ingress("web", serving("a.example.org", "/", prefix, "stable"), serving("b.example.org", "/", prefix, "stable"))
	all := annotated("canary", "true", "canary-weight", "100")
	always := headers("X-C", "always")
	cases := map[string]struct {
		ingresses  []*networkingv1.Ingress
		empty      []string
		host, path string
		header     http.Header
		want       string
	}{
		"same host, path and type": {
			ingresses: []*networkingv1.Ingress{primary, ingress("c", all, serving("a.example.org", "/", prefix, "canary"))},
			host:      "a.example.org", want: "canary"},
		"the other host of the same Service keeps its primary": {
			ingresses: []*networkingv1.Ingress{primary, ingress("c", all, serving("a.example.org", "/", prefix, "canary"))},
			host:      "b.example.org", want: "stable"},
		"another path does not attach": {
			ingresses: []*networkingv1.Ingress{primary, ingress("c", all, serving("a.example.org", "/x", prefix, "canary"))},
			host:      "a.example.org", path: "/x", want: "stable"},
		"another path type does not attach": {
			ingresses: []*networkingv1.Ingress{primary, ingress("c", all, serving("a.example.org", "/", specific, "canary"))},
			host:      "a.example.org", want: "stable"},
		"a wildcard does not attach to a host it covers": {
			ingresses: []*networkingv1.Ingress{primary, ingress("c", all, serving("*.example.org", "/", prefix, "canary"))},
			host:      "a.example.org", want: "stable"},
		"a canary without a primary is not served": {
			ingresses: []*networkingv1.Ingress{ingress("c", all, serving("a.example.org", "/", prefix, "canary"))},
			host:      "a.example.org", want: "no host"},
		"a canary may live in another namespace": {
			ingresses: []*networkingv1.Ingress{primary, ingress("c", all, inNamespace("tools"), serving("a.example.org", "/", prefix, "canary"))},
			host:      "a.example.org", want: "canary"},
		"the older of two canaries is used": {
			ingresses: []*networkingv1.Ingress{primary,
				ingress("a-young", all, agedBy(time.Second), serving("a.example.org", "/", prefix, "young")),
				ingress("z-old", all, serving("a.example.org", "/", prefix, "old"))},
			host: "a.example.org", want: "old"},
		"the same Service on both sides is no canary": {
			ingresses: []*networkingv1.Ingress{primary, ingress("c", all, serving("a.example.org", "/", prefix, "stable"))},
			host:      "a.example.org", want: "stable"},
		"the canary Service may have an Ingress of its own": {
			ingresses: []*networkingv1.Ingress{primary,
				ingress("direct", serving("direct.example.org", "/", prefix, "canary")),
				ingress("c", all, serving("a.example.org", "/", prefix, "canary"))},
			host: "a.example.org", want: "canary"},
		"a canary without a host attaches to rules without a host": {
			ingresses: []*networkingv1.Ingress{ingress("any", serving("", "/", prefix, "stable")),
				ingress("c", all, serving("", "/", prefix, "canary"))},
			host: "unknown", want: "canary"},
		"a canary's default backend attaches to all rules without a host": {
			ingresses: []*networkingv1.Ingress{ingress("any", serving("", "/x", prefix, "stable")),
				ingress("c", all, byDefault("canary"))},
			host: "unknown", path: "/x", want: "canary"},
		"an older primary wins the path": {
			ingresses: []*networkingv1.Ingress{ingress("a-young", agedBy(time.Second), serving("a.example.org", "/", prefix, "young")), primary},
			host:      "a.example.org", want: "stable"},
		"a primary without endpoints is out, even at weight 100": {
			ingresses: []*networkingv1.Ingress{primary, ingress("c", all, serving("a.example.org", "/", prefix, "canary"))},
			empty:     []string{"stable"}, host: "a.example.org", want: "no endpoints"},
		"a canary without endpoints is skipped, even at weight 100": {
			ingresses: []*networkingv1.Ingress{primary, ingress("c", all, serving("a.example.org", "/", prefix, "canary"))},
			empty:     []string{"canary"}, host: "a.example.org", want: "stable"},
		"a canary without endpoints is skipped, even with the header": {
			ingresses: []*networkingv1.Ingress{primary, ingress("c", annotated("canary", "true", "canary-by-header", "X-C"),
				serving("a.example.org", "/", prefix, "canary"))},
			empty: []string{"canary"}, host: "a.example.org", header: always, want: "stable"},
		"canary annotations without the mark leave a normal Ingress": {
			ingresses: []*networkingv1.Ingress{ingress("web", annotated("canary-weight", "100"), serving("a.example.org", "/", prefix, "stable"))},
			host:      "a.example.org", want: "stable"},
		"a canary of another class is not ours": {
			ingresses: []*networkingv1.Ingress{primary, ingress("c", all, ofClass("alb"), serving("a.example.org", "/", prefix, "canary"))},
			host:      "a.example.org", want: "stable"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			path := tc.path
			if path == "" {
				path = "/"
			}
			choice := tableOf(tc.empty, tc.ingresses...).Pick(Request{Host: tc.host, Path: path, Header: tc.header})
			if got := pickedService(choice); got != tc.want {
				t.Errorf("Pick() = %s, want %s", got, tc.want)
			}
		})
	}
}

func TestPickKeepsAffinity(t *testing.T) {
	stable := ServicePort{Namespace: "default", Service: "stable", Port: "http"}
	canary := ServicePort{Namespace: "default", Service: "canary", Port: "http"}
	primary := ingress("web", annotated("affinity", "cookie"), serving("a", "/", prefix, "stable"))
	cookie := func(backend ServicePort, endpoint Endpoint) http.Header {
		return headers("Cookie", defaultAffinityCookie+"="+affinityValue(backend, endpoint))
	}
	cases := map[string]struct {
		weight, behavior string
		header           http.Header
		want             string
		wantBound        Endpoint
	}{
		"bound to the primary, stays at weight 100": {weight: "100", header: cookie(stable, "10.1.0.2:8080"), want: "stable", wantBound: "10.1.0.2:8080"},
		"bound to the canary, stays at weight 0":    {weight: "0", header: cookie(canary, "10.1.0.1:8080"), want: "canary", wantBound: "10.1.0.1:8080"},
		"its endpoint is gone, stays on the side":   {weight: "100", header: cookie(stable, "10.1.0.9:8080"), want: "stable"},
		"legacy canaries decide each time":          {weight: "100", behavior: "legacy", header: cookie(stable, "10.1.0.1:8080"), want: "canary"},
		"a strange cookie binds nobody":             {weight: "100", header: headers("Cookie", defaultAffinityCookie+"=x"), want: "canary"},
		"no cookie binds nobody":                    {weight: "0", want: "stable"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			table := tableOf(nil, primary, ingress("c", serving("a", "/", prefix, "canary"),
				annotated("canary", "true", "canary-weight", tc.weight, "affinity-canary-behavior", tc.behavior)))
			choice := table.Pick(Request{Host: "a", Path: "/", Header: tc.header})
			if got := pickedService(choice); got != tc.want || choice.Bound != tc.wantBound {
				t.Errorf("Pick() = %s bound to %q, want %s bound to %q", got, choice.Bound, tc.want, tc.wantBound)
			}
		})
	}
}
