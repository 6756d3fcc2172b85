package prometheus

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
)

// amazonMark is in the addresses of Amazon Managed Prometheus, the only ones that
// requests are signed for.
const amazonMark = "aps-workspaces"

const authorization = "Authorization"

var (
	errUsername = errors.New("missing mandatory parameter in metric for basic auth setup: username")
	errPassword = errors.New("missing mandatory parameter in metric for basic auth setup: password")
	errRedirect = errors.New("prometheus redirects to another host")
)

// transport is how requests for a metric travel. Who asks is said once: by a header
// of the metric, else by a signature, else by a token, else by name and password.
func (p Provider) transport(ctx context.Context, address string, metric *v1alpha1.PrometheusMetric) (http.RoundTripper, error) {
	signed := strings.Contains(address, amazonMark)
	settings := fetch.Settings{Insecure: metric.Insecure}
	if !signed && !hasAuthorization(metric.Headers) {
		settings.OAuth2 = metric.Authentication.OAuth2
	}
	transport, err := p.client.Transport(settings)
	if err != nil {
		return nil, err
	}
	transport = withHeaders(fetch.Limit(transport), metric.Headers)
	transport, err = withBasic(transport, metric.Authentication.BasicAuth)
	if err != nil || !signed {
		return transport, err
	}
	return p.amazon.signer(ctx, transport, metric.Authentication.Sigv4)
}

func hasAuthorization(headers []v1alpha1.WebMetricHeader) bool {
	return slices.ContainsFunc(headers, func(h v1alpha1.WebMetricHeader) bool { return http.CanonicalHeaderKey(h.Key) == authorization })
}

// sameHost follows a redirect only where the headers of the metric may go.
func sameHost(next *http.Request, before []*http.Request) error {
	if len(before) >= 10 || next.URL.Hostname() != before[0].URL.Hostname() || next.URL.Scheme == "http" && before[0].URL.Scheme == "https" {
		return errRedirect
	}
	return nil
}

// roundTrip is a function as a RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func withHeaders(next http.RoundTripper, headers []v1alpha1.WebMetricHeader) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.Header.Set("User-Agent", "serin")
		for _, header := range headers {
			r.Header.Set(header.Key, header.Value)
		}
		return next.RoundTrip(r)
	})
}

// withBasic sends a name and a password, which headers further down may replace.
func withBasic(next http.RoundTripper, auth v1alpha1.BasicAuth) (http.RoundTripper, error) {
	switch {
	case auth == v1alpha1.BasicAuth{}:
		return next, nil
	case auth.Username == "":
		return nil, errUsername
	case auth.Password == "":
		return nil, errPassword
	}
	pair := base64.StdEncoding.EncodeToString([]byte(auth.Username + ":" + auth.Password))
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get(authorization) == "" {
			r = r.Clone(r.Context())
			r.Header.Set(authorization, "Basic "+pair)
		}
		return next.RoundTrip(r)
	}), nil
}
