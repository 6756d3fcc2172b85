package fetch

import (
	"io"
	"net/http"
)

// Limit is next with answers of at most MaxBytes, for clients that read answers
// themselves. A longer one ends in ErrTooLong.
func Limit(next http.RoundTripper) http.RoundTripper { return limited{next: next} }

type limited struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = &limitedBody{ReadCloser: response.Body, left: MaxBytes}
	return response, nil
}

// limitedBody is a body of which so many bytes may still be read.
type limitedBody struct {
	io.ReadCloser
	left int
}

// Read implements io.Reader.
func (b *limitedBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	b.left -= n
	if b.left < 0 {
		return n, ErrTooLong
	}
	return n, err
}
