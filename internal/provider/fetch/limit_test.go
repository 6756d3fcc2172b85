package fetch_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/serin-rollouts/serin/internal/provider/fetch"
)

func TestLimit(t *testing.T) {
	for size, want := range map[int]error{0: nil, fetch.MaxBytes: nil, fetch.MaxBytes + 1: fetch.ErrTooLong} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) }))
		client := http.Client{Transport: fetch.Limit(http.DefaultTransport)}
		response, err := client.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		server.Close()
		if !errors.Is(err, want) || want == nil && len(body) != size {
			t.Errorf("of %d bytes %d were read, error %v, want %v", size, len(body), err, want)
		}
	}
}
