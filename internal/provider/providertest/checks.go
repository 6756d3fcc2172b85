package providertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// tooLong is more than a provider may read: 11 MiB, sent in pieces of 1 MiB.
const tooLong = 11

var errMissing = errors.New("secret not found")

// vault is the Secrets of the controller's namespace.
type vault map[string]map[string][]byte

// Secret implements provider.Secrets.
func (v vault) Secret(_ context.Context, namespace, name string) (map[string][]byte, error) {
	if data, found := v[name]; found && namespace == "" {
		return maps.Clone(data), nil
	}
	return nil, fmt.Errorf("secrets %q: %w", name, errMissing)
}

// Missing implements provider.Secrets.
func (vault) Missing(err error) bool { return errors.Is(err, errMissing) }

// spellings of Token, as it is and as it looks in URLs, quotes and JSON. Half of it
// is enough to complain about.
func spellings() []string {
	return []string{Token, url.QueryEscape(Token), url.PathEscape(Token), "t0ken-Of"}
}

// with calls f with the address of a server that answers so.
func with(answer http.HandlerFunc, f func(address string)) {
	server := httptest.NewServer(answer)
	defer server.Close()
	defer server.CloseClientConnections()
	f(server.URL)
}

func good(ctx context.Context, s Subject) (complaints []string) {
	with(s.Answer, func(address string) {
		o := s.at(ctx, address)
		if o.err != nil || o.panicked != nil || o.value.Result == nil {
			complaints = append(complaints, fmt.Sprintf("value %#v, error %v, panic %v", o.value.Result, o.err, o.panicked))
		}
	})
	return complaints
}

// forEver answers nothing until the caller has gone.
func forEver(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // or the server does not notice
	<-r.Context().Done()
}

func cancelled(ctx context.Context, s Subject) (complaints []string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	asked := func(w http.ResponseWriter, r *http.Request) {
		cancel()
		forEver(w, r)
	}
	with(asked, func(address string) {
		o := s.bounded(ctx, address, grace)
		complaints = append(o.complain("cancelled"), o.late(s.Timeout*9/10)...)
	})
	return complaints
}

func hanging(ctx context.Context, s Subject) (complaints []string) {
	with(forEver, func(address string) {
		o := s.bounded(ctx, address, s.Timeout+grace)
		complaints = append(o.complain("server that says nothing"), o.late(s.Timeout+grace)...)
	})
	return complaints
}

// stalling begins its answer like a good one.
func stalling(ctx context.Context, s Subject) (complaints []string) {
	stall := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "[")
		_ = http.NewResponseController(w).Flush() // the sort that fails has no caller left
		forEver(w, r)
	}
	with(stall, func(address string) {
		o := s.bounded(ctx, address, s.Timeout+grace)
		complaints = append(o.complain("server that stops in the middle"), o.late(s.Timeout+grace)...)
	})
	return complaints
}

// bounded is at, given up for lost after some time.
func (s Subject) bounded(ctx context.Context, address string, limit time.Duration) outcome {
	life, end := context.WithCancel(ctx)
	defer end()
	done := make(chan outcome, 1)
	go func() { done <- s.at(life, address) }()
	select {
	case o := <-done:
		return o
	case <-time.After(limit + time.Second):
		return outcome{err: errors.New("it never came back"), took: limit + time.Second}
	}
}

func (o outcome) late(limit time.Duration) []string {
	if o.took > limit {
		return []string{fmt.Sprintf("took %v, want at most %v", o.took.Round(time.Millisecond), limit)}
	}
	return nil
}

// echo answers with a status and all that was sent, as servers do to be helpful.
func echo(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent, _ := json.Marshal(r.Header)
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "cannot do %s with %v %s for %s", r.URL, r.Header, sent, body)
	}
}

// record is a good answer as bytes.
func record(s Subject, r *http.Request) *httptest.ResponseRecorder {
	recorded := httptest.NewRecorder()
	s.Answer(recorded, r)
	return recorded
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func broken(ctx context.Context, s Subject) (complaints []string) {
	answers := map[string]http.HandlerFunc{
		"status 500": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write(record(s, r).Body.Bytes())
		},
		"body cut off by the connection": func(w http.ResponseWriter, r *http.Request) {
			body := record(s, r).Body.Bytes()
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body[:len(body)/2])
		},
		"body that is too long": func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write(record(s, r).Body.Bytes())
			for range tooLong {
				_, _ = io.WriteString(w, strings.Repeat(" ", 1<<20))
			}
		},
	}
	if !s.AnyText {
		maps.Copy(answers, map[string]http.HandlerFunc{
			"body cut off without a word": func(w http.ResponseWriter, r *http.Request) {
				body := strings.TrimSpace(record(s, r).Body.String())
				_, _ = io.WriteString(w, body[:len(body)/2])
			},
			"no body": says(""), "garbage": says("\x00\xff<html>"), "null": says("null"), "empty object": says("{}"), "empty list": says("[]"),
			"text": says(`"x"`), "number": says("1"), "list of null": says("[null]"),
		})
	}
	for name, answer := range answers {
		with(answer, func(address string) { complaints = append(complaints, s.at(ctx, address).complain(name)...) })
	}
	return complaints
}

func secretive(ctx context.Context, s Subject) (complaints []string) {
	for _, status := range []int{400, 401, 403, 404, 429, 500, 503} {
		with(echo(status), func(address string) {
			complaints = append(complaints, s.at(ctx, address).complain(fmt.Sprintf("status %d that repeats what was sent", status))...)
		})
	}
	return complaints
}

func unreachable(ctx context.Context, s Subject) []string {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	return s.at(ctx, server.URL).complain("nobody there")
}

func verified(ctx context.Context, s Subject) []string {
	if s.NoTLS {
		return nil
	}
	server := httptest.NewUnstartedServer(s.Answer)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	complaints := s.at(ctx, server.URL).complain("certificate of nobody")
	if s.Insecure == nil {
		return complaints
	}
	o := s.take(ctx, s.Insecure(s.Metric(server.URL)), s.held(server.URL))
	if o.err != nil || o.panicked != nil {
		complaints = append(complaints, fmt.Sprintf("insecure: error %v, panic %v", o.err, o.panicked))
	}
	return complaints
}

func unkeyed(ctx context.Context, s Subject) (complaints []string) {
	if s.MissingSecret == "" {
		return nil
	}
	with(s.Answer, func(address string) {
		o := s.take(ctx, s.Metric(address), nil)
		complaints = o.complain("no Secret")
		if o.err != nil && o.err.Error() != s.MissingSecret {
			complaints = append(complaints, fmt.Sprintf("no Secret: %q, want %q", o.err, s.MissingSecret))
		}
	})
	return complaints
}
