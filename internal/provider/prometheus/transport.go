package prometheus

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// amazonMark is in the addresses of Amazon Managed Prometheus, the only ones that
// requests are signed for.
const amazonMark = "aps-workspaces"

var (
	errOAuth2   = errors.New("missing mandatory parameter in metric for OAuth2 setup")
	errUsername = errors.New("missing mandatory parameter in metric for basic auth setup: username")
	errPassword = errors.New("missing mandatory parameter in metric for basic auth setup: password")
)

// links are the connections that measurements share, and the credentials that take
// a request to get.
type links struct {
	checked, unchecked *http.Transport
	amazon             *credentials
}

func newLinks() *links {
	checked := http.DefaultTransport.(*http.Transport).Clone()
	unchecked := checked.Clone()
	unchecked.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the user asked for it
	return &links{checked: checked, unchecked: unchecked, amazon: newCredentials()}
}

// transport is how requests for a metric travel. From the outside in: OAuth2,
// signature, name and password, headers, TLS; so headers win over all others.
func (l *links) transport(ctx context.Context, address string, metric *v1alpha1.PrometheusMetric) (http.RoundTripper, error) {
	bottom := http.RoundTripper(l.checked)
	if metric.Insecure {
		bottom = l.unchecked
	}
	transport := withHeaders(bottom, metric.Headers)
	transport, err := withBasic(transport, metric.Authentication.BasicAuth)
	if err != nil {
		return nil, err
	}
	if strings.Contains(address, amazonMark) {
		transport, err = l.amazon.signer(ctx, transport, metric.Authentication.Sigv4)
	}
	if err != nil {
		return nil, err
	}
	return withToken(ctx, transport, bottom, metric.Authentication.OAuth2)
}

// roundTrip is a function as a RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func withHeaders(next http.RoundTripper, headers []v1alpha1.WebMetricHeader) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		for _, header := range headers {
			r.Header.Set(header.Key, header.Value)
		}
		return next.RoundTrip(r)
	})
}

// withBasic sends a name and a password unless the request already says who asks.
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
		if r.Header.Get("Authorization") == "" {
			r = r.Clone(r.Context())
			r.Header.Set("Authorization", "Basic "+pair)
		}
		return next.RoundTrip(r)
	}), nil
}

// withToken fetches a token, over the bottom transport and within ctx, and sends it.
func withToken(ctx context.Context, next, bottom http.RoundTripper, auth v1alpha1.OAuth2Config) (http.RoundTripper, error) {
	switch {
	case auth.TokenURL == "" && auth.ClientID == "" && auth.ClientSecret == "":
		return next, nil
	case auth.TokenURL == "" || auth.ClientID == "" || auth.ClientSecret == "":
		return nil, errOAuth2
	}
	grant := clientcredentials.Config{ClientID: auth.ClientID, ClientSecret: auth.ClientSecret, TokenURL: auth.TokenURL, Scopes: auth.Scopes}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: bottom})
	return &oauth2.Transport{Source: grant.TokenSource(ctx), Base: next}, nil
}
