package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
)

func TestServed(t *testing.T) {
	byAnnotation := func(class string) ingressOption {
		return func(i *networkingv1.Ingress) { i.Annotations[classAnnotation] = class }
	}
	cases := map[string]struct {
		ingress *networkingv1.Ingress
		want    bool
	}{
		"class nginx":                        {ingress: ingress("web"), want: true},
		"another class":                      {ingress: ingress("web", ofClass("alb")), want: false},
		"no class":                           {ingress: ingress("web", ofClass("")), want: true},
		"annotation nginx":                   {ingress: ingress("web", ofClass(""), byAnnotation("nginx")), want: true},
		"another annotation":                 {ingress: ingress("web", ofClass(""), byAnnotation("traefik")), want: false},
		"the annotation goes first, to us":   {ingress: ingress("web", ofClass("alb"), byAnnotation("nginx")), want: true},
		"the annotation goes first, from us": {ingress: ingress("web", byAnnotation("traefik")), want: false},
		"an empty annotation is none":        {ingress: ingress("web", byAnnotation("")), want: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Served(tc.ingress); got != tc.want {
				t.Errorf("Served() = %t, want %t", got, tc.want)
			}
		})
	}
}

func TestFromIngressesSurvivesWhatTheAPIAllows(t *testing.T) {
	hostOnly := func(i *networkingv1.Ingress) { i.Spec.Rules = []networkingv1.IngressRule{{Host: "a"}} }
	resource := func(i *networkingv1.Ingress) {
		i.Spec.Rules[0].HTTP.Paths[0].Backend = networkingv1.IngressBackend{}
	}
	noType := func(i *networkingv1.Ingress) { i.Spec.Rules[0].HTTP.Paths[0].PathType = nil }
	mark := annotated("canary", "true")
	cases := map[string]struct {
		ingresses []*networkingv1.Ingress
		want      []string // host, path and match
	}{
		"a rule without paths":            {ingresses: []*networkingv1.Ingress{ingress("web", hostOnly)}},
		"a canary rule without paths":     {ingresses: []*networkingv1.Ingress{ingress("web", hostOnly, mark)}},
		"a rule without paths, a default": {ingresses: []*networkingv1.Ingress{ingress("web", hostOnly, byDefault("d"))}, want: []string{"a / prefix"}},
		"a backend that is no Service":    {ingresses: []*networkingv1.Ingress{ingress("web", serving("a", "/", prefix, "x"), resource)}},
		"a path type that is left out":    {ingresses: []*networkingv1.Ingress{ingress("web", serving("a", "/x", prefix, "x"), noType)}, want: []string{"a /x literal prefix"}},
		"a path that is left out":         {ingresses: []*networkingv1.Ingress{ingress("web", serving("a", "", specific, "x"))}, want: []string{"a / literal prefix"}},
		"no Ingress":                      {},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			locations, _ := FromIngresses(tc.ingresses)
			var got []string
			for _, l := range locations {
				got = append(got, l.Host+" "+l.Path+" "+l.Match.String())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("locations (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriteRoutes(t *testing.T) {
	ingresses := []*networkingv1.Ingress{
		ingress("web", serving("shop.example.org", "/", prefix, "stable:80")),
		ingress("web-canary", serving("shop.example.org", "/", prefix, "canary"),
			annotated("canary", "true", "canary-weight", "5", "canary-weight-total", "1000", "canary-by-header", "x-canary", "canary-by-cookie", "c")),
		ingress("late", agedBy(time.Second), serving("shop.example.org", "/", prefix, "late")),
		ingress("lone", serving("lone.example.org", "/", prefix, "lone"), annotated("canary", "true")),
		ingress("broken", serving("b.example.org", "/(", specific, "x"), annotated("use-regex", "true")),
		ingress("last", byDefault("last"), annotated("affinity", "cookie")),
	}
	locations, notes := FromIngresses(ingresses)
	table := &Table{Routes: NewRoutes(locations), Endpoints: map[ServicePort][]Endpoint{
		{Namespace: "default", Service: "stable", Port: "80"}:   {"10.1.0.1:8080", "10.1.0.2:8080"},
		{Namespace: "default", Service: "canary", Port: "http"}: {"10.1.0.3:8080"},
	}}
	var out strings.Builder
	if err := WriteRoutes(&out, table, notes); err != nil {
		t.Fatal(err)
	}
	want := `
HOST              PATH  MATCH   SHARE  BACKEND              ENDPOINTS                    SWITCHES                         INGRESS
shop.example.org  /     prefix  99.5%  default/stable:80    10.1.0.1:8080,10.1.0.2:8080  -                                default/web
                        canary  0.5%   default/canary:http  10.1.0.3:8080                header X-Canary, cookie c        default/web-canary
(any other)       /     prefix  100%   default/last:http    none                         default backend, affinity by cookie INGRESSCOOKIE  default/last

note: Ingress default/broken: host "b.example.org" path "/(" is not served: compile path: error parsing regexp: missing closing ): ` + "`(?i)^/(`" + `
note: Ingress default/late: host "shop.example.org" path "/" is served by Ingress default/web, which is older
note: Ingress default/lone: canary has no primary with host "lone.example.org", path "/" and path type Prefix, so it gets no requests
`
	if diff := cmp.Diff(words(want), words(out.String())); diff != "" {
		t.Errorf("routes (-want +got):\n%s\ngot:\n%s", diff, out.String())
	}
}

// words drops what only aligns columns.
func words(text string) []string {
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(text)) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return lines
}
