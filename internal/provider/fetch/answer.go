package fetch

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// longestQuote is how much of an answer an error shows. Unit: bytes.
const longestQuote = 2048

// Answer is what a server answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte

	hidden []string
}

// OK reports whether the status is 200 to 299.
func (a Answer) OK() bool { return a.Status >= 200 && a.Status <= 299 }

// Decode reads the body as JSON, all of it.
func (a Answer) Decode(into any) error {
	if err := json.Unmarshal(a.Body, into); err != nil {
		return fmt.Errorf("read the answer: %s", a.Redact(err.Error()))
	}
	return nil
}

// Said is the body as an error may show it: redacted, and not too long.
func (a Answer) Said() string { return a.Redact(string(a.Body)) }

// Redact is a text of the answer as an error may show it.
func (a Answer) Redact(text string) string {
	text = strings.TrimSpace(redact(text, a.hidden))
	if len(text) > longestQuote {
		text = strings.ToValidUTF8(text[:longestQuote], "") + "…"
	}
	return text
}

// Refusal is the error that a status means, for providers without words of their own.
func (a Answer) Refusal() error {
	text := fmt.Sprintf("the server answered %d %s", a.Status, http.StatusText(a.Status))
	if said := a.Said(); said != "" {
		text += ": " + said
	}
	return &Error{text: text}
}

// Error is a request that was not answered. Its text is safe to show.
type Error struct {
	text  string
	cause error
}

// Error implements error.
func (e *Error) Error() string { return e.text }

// Is compares with what happened below. The cause itself stays inside, because its
// text is not safe.
func (e *Error) Is(target error) bool { return errors.Is(e.cause, target) }

// redact replaces hidden values by *****, as they are and as they look in URLs and in
// JSON.
func redact(text string, hidden []string) string {
	for _, value := range hidden {
		value = strings.TrimSpace(value)
		if value == "" {
			continue
		}
		quoted, _ := json.Marshal(value) // a string is always marshalled
		path := url.URL{Path: value}
		spellings := []string{
			value, url.QueryEscape(value), url.PathEscape(value), path.EscapedPath(), inside(string(quoted)), inside(strconv.Quote(value)),
		}
		for _, spelling := range spellings {
			text = strings.ReplaceAll(text, spelling, "*****")
		}
	}
	return text
}

// inside is what is between the quotes.
func inside(quoted string) string { return quoted[1 : len(quoted)-1] }
