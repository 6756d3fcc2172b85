package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// maxTokens is how many tokens are remembered.
const maxTokens = 256

// ErrOAuth2 is the text that users know for half-filled settings.
var ErrOAuth2 = errors.New("missing mandatory parameter in metric for OAuth2 setup")

// links are the two sets of connections, and the tokens.
type links struct {
	checked, unchecked *http.Transport
	tokens             *tokens
}

func newLinks() *links {
	checked := http.DefaultTransport.(*http.Transport).Clone()
	unchecked := checked.Clone()
	unchecked.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the user asked for it
	return &links{checked: checked, unchecked: unchecked, tokens: &tokens{known: map[string]*oauth2.Token{}}}
}

// Transport is how requests of these settings travel, for clients that make their
// requests themselves. Tokens are fetched within the time of the request that needs one.
func (c *Client) Transport(s Settings) (http.RoundTripper, error) {
	bottom := c.links.checked
	if s.Insecure {
		bottom = c.links.unchecked
	}
	auth := s.OAuth2
	switch {
	case auth.TokenURL == "" && auth.ClientID == "" && auth.ClientSecret == "":
		return bottom, nil
	case auth.TokenURL == "" || auth.ClientID == "" || auth.ClientSecret == "":
		return nil, ErrOAuth2
	}
	return authorized{bottom: bottom, settings: s, tokens: c.links.tokens}, nil
}

// authorized sends a token along.
type authorized struct {
	bottom   *http.Transport
	settings Settings
	tokens   *tokens
}

// RoundTrip implements http.RoundTripper. A token is for the host that was asked, not
// for one that it redirects to.
func (a authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	if !sameHost(first(r).URL, r.URL) {
		return a.bottom.RoundTrip(r)
	}
	token, err := a.tokens.get(r.Context(), a.settings, a.bottom)
	if err != nil {
		if r.Body != nil {
			err = errors.Join(err, r.Body.Close())
		}
		return nil, err
	}
	r = r.Clone(r.Context())
	token.SetAuthHeader(r)
	response, err := a.bottom.RoundTrip(r)
	if err == nil && response.StatusCode == http.StatusUnauthorized {
		a.tokens.forget(a.settings)
	}
	return response, err
}

// first is the request that r is a redirect of, or r.
func first(r *http.Request) *http.Request {
	for r.Response != nil {
		r = r.Response.Request
	}
	return r
}

// tokens remembers tokens that are still valid.
type tokens struct {
	mu    sync.Mutex
	known map[string]*oauth2.Token
}

func (t *tokens) get(ctx context.Context, s Settings, bottom http.RoundTripper) (*oauth2.Token, error) {
	t.mu.Lock()
	token := t.known[s.key()]
	t.mu.Unlock()
	if token.Valid() {
		return token, nil
	}
	token, err := ask(ctx, s.OAuth2, bottom)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.known) >= maxTokens {
		clear(t.known)
	}
	t.known[s.key()] = token
	return token, nil
}

func (t *tokens) forget(s Settings) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.known, s.key())
}

// key tells settings apart.
func (s Settings) key() string {
	return fmt.Sprintf("%t %q %q %q %q", s.Insecure, s.OAuth2.TokenURL, s.OAuth2.ClientID, s.OAuth2.ClientSecret, s.OAuth2.Scopes)
}

// ask fetches a token. What the server wrote stays out of the error, but for its code.
func ask(ctx context.Context, auth v1alpha1.OAuth2Config, bottom http.RoundTripper) (*oauth2.Token, error) {
	grant := clientcredentials.Config{ClientID: auth.ClientID, ClientSecret: auth.ClientSecret, TokenURL: auth.TokenURL, Scopes: auth.Scopes}
	token, err := grant.Token(context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: bottom}))
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused):
		return nil, errors.New(strings.TrimSpace(fmt.Sprintf("fetch OAuth2 token: the server answered %d %s", refused.Response.StatusCode, refused.ErrorCode)))
	case err != nil:
		return nil, fmt.Errorf("fetch OAuth2 token: %w", bare(err))
	}
	return token, nil
}
