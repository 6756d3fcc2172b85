package gateway

import (
	"net/http"
	"strings"
)

// The values that a header or cookie switch understands.
const (
	switchAlways = "always"
	switchNever  = "never"
)

// wants decides by header, then cookie, then weight.
func (c *Canary) wants(req Request) bool {
	if canary, final := c.byHeader(req.Header); final {
		return canary
	}
	if canary, final := c.byCookie(req.Header); final {
		return canary
	}
	return c.byWeight(req.Draw)
}

// byHeader decides by the header switch. It is not final when the header is
// absent or says nothing that the switch knows.
func (c *Canary) byHeader(header http.Header) (canary, final bool) {
	if c.Header == "" {
		return false, false
	}
	value, present := headerValue(header, c.Header)
	if !present {
		return false, false
	}
	switch {
	case c.HeaderValue != "":
		matched := value == c.HeaderValue
		return matched, matched
	case c.HeaderPattern != "" && c.headerRegexp == nil:
		// Compat: ingress-nginx keeps a request on the primary when the
		// expression is broken. Held by "a pattern that does not compile".
		return false, true
	case c.HeaderPattern != "":
		matched := c.headerRegexp.MatchString(value)
		return matched, matched
	}
	return bySwitch(value)
}

func (c *Canary) byCookie(header http.Header) (canary, final bool) {
	if c.Cookie == "" {
		return false, false
	}
	value, present := cookieValue(header, c.Cookie)
	if !present {
		return false, false
	}
	return bySwitch(value)
}

func bySwitch(value string) (canary, final bool) {
	switch value {
	case switchAlways:
		return true, true
	case switchNever:
		return false, true
	}
	return false, false
}

// byWeight turns the draw into one of 1 … Total and compares it with Weight.
// Example: weight 20 of 100, draw a quarter up its range -> 26 -> primary.
func (c *Canary) byWeight(draw uint32) bool {
	roll := 1 + uint64(draw)*uint64(c.Total)>>32
	return c.Weight > 0 && roll <= uint64(c.Weight)
}

// headerValue finds a header by its canonical name, or sent with underscores for
// dashes. Repeated headers are joined by a comma and a space, as nginx does.
func headerValue(header http.Header, name string) (string, bool) {
	values := header[name]
	if values == nil {
		values = underscored(header, name)
	}
	switch len(values) {
	case 0:
		return "", false
	case 1:
		return values[0], true
	}
	return strings.Join(values, ", "), true
}

// underscored finds a header that was sent with underscores for dashes.
func underscored(header http.Header, name string) []string {
	for key, values := range header {
		if strings.Contains(key, "_") && strings.EqualFold(dashed(key), name) {
			return values
		}
	}
	return nil
}

// dashed writes a header name with dashes only: nginx takes both for equal.
func dashed(name string) string {
	return strings.ReplaceAll(name, "_", "-")
}

// cookieValue finds a cookie by name. Of several, the first counts.
func cookieValue(header http.Header, name string) (string, bool) {
	for _, line := range header["Cookie"] {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			key, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if strings.EqualFold(key, name) {
				return value, true
			}
		}
	}
	return "", false
}
