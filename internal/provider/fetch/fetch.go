package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

const (
	// MaxBytes is the longest answer that is read, unpacked. Unit: bytes.
	MaxBytes = 10 << 20
	// DefaultTimeout is how long a request may take that sets no time itself.
	DefaultTimeout = 10 * time.Second

	agent        = "serin"
	maxRedirects = 10
)

// ErrTooLong is an answer of more than MaxBytes.
var ErrTooLong = fmt.Errorf("the answer is longer than %d bytes", MaxBytes)

// Request is what to ask.
type Request struct {
	// Method is GET when empty.
	Method string
	URL    string
	Header http.Header
	Body   []byte
	// Timeout is for all of it: token, redirects and body. Zero means the client's.
	Timeout time.Duration
	Settings
	// Hidden are values that no error may show, in any spelling: the secrets of the
	// query and the credentials of the request.
	Hidden []string
}

// Settings are how a request travels. Requests of the same settings share connections
// and tokens.
type Settings struct {
	// Insecure does not check the server's certificate.
	Insecure bool
	// OAuth2 fetches a token first. Empty: none.
	OAuth2 v1alpha1.OAuth2Config
}

// Client makes requests. It is made once, where the program is wired, and may be used
// from many goroutines.
type Client struct {
	timeout time.Duration
	links   *links
}

// Options change what a Client does when a request does not say.
type Options struct {
	// Timeout of requests that set none. Zero means DefaultTimeout.
	Timeout time.Duration
}

// New returns a Client. It uses the proxy that the environment names.
func New(o Options) *Client {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	return &Client{timeout: o.Timeout, links: newLinks()}
}

// Do makes a request and reads the answer, whatever its status. Errors name method and
// host; never path, parameters, headers or body. ErrOAuth2 comes back as it is.
func (c *Client) Do(ctx context.Context, r Request) (Answer, error) {
	transport, err := c.Transport(r.Settings)
	if err != nil {
		return Answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.patience(r))
	defer cancel()
	answer, err := do(ctx, transport, r)
	if err != nil {
		return Answer{}, &Error{text: redact(fmt.Sprintf("%s: %v", title(r), bare(err)), r.hidden()), cause: err}
	}
	answer.hidden = r.hidden()
	return answer, nil
}

func (c *Client) patience(r Request) time.Duration {
	if r.Timeout == 0 {
		return c.timeout
	}
	return r.Timeout
}

func do(ctx context.Context, transport http.RoundTripper, r Request) (Answer, error) {
	request, err := r.build(ctx)
	if err != nil {
		return Answer{}, err
	}
	client := http.Client{Transport: transport, CheckRedirect: redirect}
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxBytes+1))
	switch {
	case err != nil:
		return Answer{}, fmt.Errorf("read the answer: %w", err)
	case len(body) > MaxBytes:
		return Answer{}, ErrTooLong
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

func (r Request) build(ctx context.Context) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, r.method(), r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	request.Header = r.Header.Clone()
	if request.Header == nil {
		request.Header = http.Header{}
	}
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", agent)
	}
	return request, nil
}

func (r Request) method() string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}

// hidden are all values that no error may show.
func (r Request) hidden() []string {
	return append([]string{r.OAuth2.ClientSecret}, r.Hidden...)
}

// title names a request without its path and parameters, which may hold credentials.
func title(r Request) string {
	at, err := url.Parse(r.URL)
	if err != nil || at.Host == "" {
		return r.method()
	}
	return r.method() + " " + at.Scheme + "://" + at.Host
}

// bare is the error without the URLs that net/http and net/url write around it.
func bare(err error) error {
	var wrapped *url.Error
	for errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return err
}

// redirect follows as net/http does, but headers stay with the host that they were
// meant for: keys of vendors travel in headers that net/http does not know.
func redirect(r *http.Request, before []*http.Request) error {
	if len(before) >= maxRedirects {
		return fmt.Errorf("stopped after %d redirects", maxRedirects)
	}
	if sameHost(before[0].URL, r.URL) {
		return nil
	}
	for name := range r.Header {
		if name != "User-Agent" && name != "Accept" && name != "Content-Type" {
			r.Header.Del(name)
		}
	}
	return nil
}

// sameHost is false, too, when encryption is lost on the way.
func sameHost(from, to *url.URL) bool {
	return from.Hostname() == to.Hostname() && (from.Scheme != "https" || to.Scheme == "https")
}
