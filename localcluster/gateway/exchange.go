package gateway

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

// maxAttempts bounds how many endpoints one request is offered to.
const maxAttempts = 8

// exchangeKey is the context key of the exchange a connection is made for.
type exchangeKey struct{}

// exchange is one request on its way: the writer of its answer, the round trip
// to an endpoint, and what the metrics want to know about both.
type exchange struct {
	http.ResponseWriter
	proxy  *proxy
	in     *http.Request
	choice Choice
	body   body
	start  time.Time

	status   int   // zero until the answer began
	sent     int64 // bytes of the answer's body
	upstream time.Time
	header   time.Duration // from upstream to the answer's header
	connect  atomic.Int64  // nanoseconds to make a connection, zero when reused
}

// Unwrap lets http.ResponseController reach the connection.
func (ex *exchange) Unwrap() http.ResponseWriter { return ex.ResponseWriter }

// WriteHeader notes the status; informational answers pass unnoted.
func (ex *exchange) WriteHeader(status int) {
	if ex.status == 0 && status >= http.StatusOK {
		ex.status = status
	}
	ex.ResponseWriter.WriteHeader(status)
}

// Write counts what is sent.
func (ex *exchange) Write(p []byte) (int, error) {
	if ex.status == 0 {
		ex.status = http.StatusOK
	}
	n, err := ex.ResponseWriter.Write(p)
	ex.sent += int64(n)
	return n, err
}

// RoundTrip offers the request to one endpoint after the other until one takes
// it. Which endpoints there are is looked up anew before each attempt.
func (ex *exchange) RoundTrip(out *http.Request) (*http.Response, error) {
	ex.prepare(out)
	ex.upstream = time.Now()
	var tried []Endpoint
	for {
		endpoint := ex.next(tried)
		tried = append(tried, endpoint)
		answer, err := ex.offer(out, endpoint)
		if err == nil {
			ex.header = time.Since(ex.upstream)
			ex.bind(answer, endpoint)
			return answer, nil
		}
		if len(tried) >= maxAttempts || !ex.mayRepeat(out, err) || !ex.refresh(tried) {
			return nil, err
		}
	}
}

// offer sends the request to one endpoint.
func (ex *exchange) offer(out *http.Request, endpoint Endpoint) (*http.Response, error) {
	attempt := out.WithContext(context.WithValue(out.Context(), exchangeKey{}, ex))
	target := *out.URL
	target.Scheme, target.Host = "http", string(endpoint)
	attempt.URL = &target
	return ex.proxy.transport.RoundTrip(attempt)
}

// next returns the endpoint whose turn it is, leaving out those tried.
func (ex *exchange) next(tried []Endpoint) Endpoint {
	turn := ex.proxy.turns.next(ex.choice.Backend)
	endpoint := ex.choice.Endpoint(turn)
	for range ex.choice.Endpoints {
		if !slices.Contains(tried, endpoint) {
			return endpoint
		}
		turn++
		endpoint = ex.choice.Endpoint(turn)
	}
	return endpoint
}

// refresh looks up who can answer for the chosen backend now. It is false when
// all of them were tried.
func (ex *exchange) refresh(tried []Endpoint) bool {
	ex.choice.Bound = ""
	ex.choice.Endpoints = ex.proxy.table.Load().Endpoints[ex.choice.Backend]
	return slices.ContainsFunc(ex.choice.Endpoints, func(e Endpoint) bool { return !slices.Contains(tried, e) })
}

// mayRepeat tells whether the request can go to another endpoint without any
// chance of happening twice: either it was never sent, or it is safe to repeat
// and has no body that may be half read.
func (ex *exchange) mayRepeat(out *http.Request, err error) bool {
	if ex.in.Context().Err() != nil {
		return false
	}
	if errors.As(err, new(refusedError)) {
		return !ex.body.touched.Load()
	}
	if out.Body != nil || isTimeout(err) {
		return false
	}
	switch out.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	return false
}

// isTimeout keeps slow answers from being asked for again and again.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// prepare sets what the backend learns about the client, and the path.
func (ex *exchange) prepare(out *http.Request) {
	if out.Body != nil {
		out.Body = &ex.body
	}
	ex.rewrite(out)
	client, _, err := net.SplitHostPort(ex.in.RemoteAddr)
	if err != nil {
		client = ex.in.RemoteAddr
	}
	scheme, port := "http", "80"
	if ex.in.TLS != nil {
		scheme, port = "https", "443"
	}
	// One slice for all values: these are set on every request.
	values := []string{client, ex.in.Host, port, scheme}
	h := out.Header
	h["X-Real-Ip"], h["X-Forwarded-For"] = values[0:1:1], values[0:1:1]
	h["X-Forwarded-Host"], h["X-Forwarded-Port"] = values[1:2:2], values[2:3:3]
	h["X-Forwarded-Proto"], h["X-Forwarded-Scheme"], h["X-Scheme"] = values[3:4:4], values[3:4:4], values[3:4:4]
	if h.Get("X-Request-Id") == "" {
		h["X-Request-Id"] = []string{requestID()}
	}
}

// rewrite replaces the path when the location asks for it. The query stays.
func (ex *exchange) rewrite(out *http.Request) {
	location := ex.choice.Location
	if location.Rewrite == "" {
		return
	}
	rewritten := location.Rewrite
	if location.Match == MatchRegex {
		path := cleanPath(out.URL.Path)
		match := location.Pattern.FindStringSubmatchIndex(path)
		rewritten = string(location.Pattern.ExpandString(nil, braced(location.Rewrite), path, match))
	}
	out.URL.Path, out.URL.RawPath = cleanPath(rewritten), ""
}

// braced turns $1 into ${1}, so that text after a group's number is not taken
// for a part of its name.
func braced(template string) string {
	var b []byte
	for i := 0; i < len(template); i++ {
		if template[i] == '$' && i+1 < len(template) && template[i+1] >= '0' && template[i+1] <= '9' {
			b = append(b, '$', '{', template[i+1], '}')
			i++
			continue
		}
		b = append(b, template[i])
	}
	return string(b)
}

// bind sets the affinity cookie unless the client has the right one.
func (ex *exchange) bind(answer *http.Response, endpoint Endpoint) {
	affinity := ex.choice.Location.Affinity
	if affinity == nil || ex.choice.Bound == endpoint {
		return
	}
	cookie := http.Cookie{
		Name: affinity.Cookie, Value: affinityValue(ex.choice.Backend, endpoint),
		Path: ex.choice.Location.Path, MaxAge: int(affinity.MaxAge / time.Second), HttpOnly: true,
	}
	answer.Header.Add("Set-Cookie", cookie.String())
}

// requestID is 128 random bits in hexadecimal.
func requestID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails, says its documentation
	return hex.EncodeToString(id[:])
}

// body remembers whether anybody read from it, counts, and stays open when an
// attempt closes it: the server closes the real one.
type body struct {
	io.ReadCloser
	touched atomic.Bool
	read    atomic.Int64
}

func (b *body) Read(p []byte) (int, error) {
	b.touched.Store(true)
	n, err := b.ReadCloser.Read(p)
	b.read.Add(int64(n))
	return n, err
}

func (b *body) Close() error { return nil }
