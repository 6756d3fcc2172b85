package story

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// askers is how many requests of a sample are under way at once.
	askers = 8
	// answerPatience is how long one request may take.
	answerPatience = 10 * time.Second
	// answerLimit is how much of an answer is read. Unit: bytes.
	answerLimit = 1024
)

// visitor sends requests for one host to the gateway.
type visitor struct {
	url    string
	host   string
	client *http.Client
	// wish is sent with every request and says how a version is to answer it.
	// Empty: as it is.
	wish string
}

func newVisitor(gateway, host string) *visitor {
	transport := &http.Transport{MaxIdleConnsPerHost: 2 * askers}
	return &visitor{
		url:    "http://" + gateway + "/color",
		host:   host,
		client: &http.Client{Transport: transport, Timeout: answerPatience},
	}
}

// wishing returns a visitor whose requests ask a version to fail them all, as the
// slider on the page of the demo application does.
func (v *visitor) wishing(color string) *visitor {
	wishing := *v
	wishing.wish = fmt.Sprintf(`[{"color":%q,"return500":100}]`, color)
	return &wishing
}

func (v *visitor) close() { v.client.CloseIdleConnections() }

// header is one header of a request; the zero value is none.
type header struct{ name, value string }

// ask sends one request. The error is for a request that could not be made or
// that ctx ended; a request that fails is an answer.
func (v *visitor) ask(ctx context.Context, h header) (answer, error) {
	method := http.MethodGet
	if v.wish != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, v.url, strings.NewReader(v.wish))
	if err != nil {
		return answer{}, fmt.Errorf("make a request: %w", err)
	}
	request.Host = v.host
	if h.name != "" {
		request.Header.Set(h.name, h.value)
	}
	response, err := v.client.Do(request)
	if err != nil {
		return answer{color: nobody, failed: true}, context.Cause(ctx)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return answer{color: nobody, failed: true}, context.Cause(ctx)
	}
	return answer{color: colorOf(string(body)), failed: response.StatusCode != http.StatusOK}, nil
}

// colorOf reads an answer of the demo application: the colour in quotes.
func colorOf(body string) string {
	body = strings.TrimSpace(body)
	color, opened := strings.CutPrefix(body, `"`)
	color, closed := strings.CutSuffix(color, `"`)
	if !opened || !closed || color == "" || strings.ContainsAny(color, "\" \n") {
		return nobody
	}
	return color
}

// sample sends n requests and counts the answers. progress is told how many came.
func (v *visitor) sample(ctx context.Context, n int, h header, progress *atomic.Int64) (tally, error) {
	var (
		left  atomic.Int64
		group sync.WaitGroup
		mu    sync.Mutex
	)
	left.Store(int64(n))
	counted := newTally()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	for range askers {
		group.Go(func() {
			for left.Add(-1) >= 0 {
				a, err := v.ask(ctx, h)
				if err != nil {
					cancel(err)
					return
				}
				progress.Add(1)
				mu.Lock()
				counted.count(a)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return counted, context.Cause(ctx)
}
