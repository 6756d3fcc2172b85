package gateway

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
)

const (
	annotationPrefix = "nginx.ingress.kubernetes.io/"
	classAnnotation  = "kubernetes.io/ingress.class"
	// className is the class this gateway serves.
	className = "nginx"
	// defaultWeightTotal is what weights are shares of. Smaller totals are
	// ignored. Compat: ingress-nginx. Held by "a total below 100 is ignored".
	defaultWeightTotal = 100
	// defaultAffinityCookie is the cookie of affinity without a name.
	defaultAffinityCookie = "INGRESSCOOKIE"
)

// Characters that ingress-nginx accepts in header names, header values and
// cookie names, and in header patterns. Anything else drops the annotation.
const (
	plainCharacters   = "-._~/:"
	patternCharacters = plainCharacters + `^$[](){}*+?|&=\`
)

// annotations reads the annotations of one Ingress, without their prefix.
type annotations map[string]string

func (a annotations) text(name string) string {
	return a[annotationPrefix+name]
}

// truth is false for anything that is not a boolean.
func (a annotations) truth(name string) bool {
	value, err := strconv.ParseBool(strings.TrimSpace(a.text(name)))
	return err == nil && value
}

func (a annotations) number(name string, otherwise int) int {
	value, err := strconv.Atoi(strings.TrimSpace(a.text(name)))
	if err != nil {
		return otherwise
	}
	return value
}

// limited is empty when the text has a character outside letters, digits and
// extra.
func (a annotations) limited(name, extra string) string {
	text := strings.TrimSpace(a.text(name))
	for _, r := range text {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		digit := r >= '0' && r <= '9'
		if !letter && !digit && !strings.ContainsRune(extra, r) {
			return ""
		}
	}
	return text
}

// Served tells whether this gateway serves an Ingress. The class annotation
// goes before ingressClassName; an Ingress with neither is served.
func Served(ingress *networkingv1.Ingress) bool {
	if class := ingress.Annotations[classAnnotation]; class != "" {
		return class == className
	}
	if class := ingress.Spec.IngressClassName; class != nil && *class != "" {
		return *class == className
	}
	return true
}

// canaryRule reads the canary annotations, backend aside. It is nil for an
// Ingress that is no canary, whatever its other annotations say.
func canaryRule(a annotations) *Canary {
	if !a.truth("canary") {
		return nil
	}
	canary := &Canary{
		Weight:          a.number("canary-weight", 0),
		Total:           max(a.number("canary-weight-total", defaultWeightTotal), defaultWeightTotal),
		Header:          http.CanonicalHeaderKey(dashed(a.limited("canary-by-header", plainCharacters))),
		HeaderValue:     a.limited("canary-by-header-value", plainCharacters),
		HeaderPattern:   a.limited("canary-by-header-pattern", patternCharacters),
		Cookie:          a.limited("canary-by-cookie", plainCharacters),
		IgnoresAffinity: a.text("affinity-canary-behavior") == "legacy",
	}
	if canary.HeaderPattern == "" {
		return canary
	}
	if expression, err := regexp.Compile(canary.HeaderPattern); err == nil {
		canary.headerRegexp = expression
	}
	return canary
}

// affinity reads cookie affinity, nil for none.
func affinity(a annotations) *Affinity {
	if a.text("affinity") != "cookie" {
		return nil
	}
	name := a.limited("session-cookie-name", plainCharacters)
	if name == "" {
		name = defaultAffinityCookie
	}
	return &Affinity{Cookie: name, MaxAge: time.Duration(a.number("session-cookie-max-age", 0)) * time.Second}
}
