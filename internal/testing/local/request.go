package local

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// requestPatience is how long one answer may take.
const requestPatience = 15 * time.Second

// Tally counts the answers to requests.
type Tally struct {
	// Total is how many requests were answered or failed.
	Total int
	// Bodies counts answers of status 200 by body, without quotes and line ends.
	Bodies map[string]int
	// Failed is how many requests got no answer or another status; Failures
	// describes the first of them.
	Failed   int
	Failures []string
}

// describedFailures is how many failures are described.
const describedFailures = 10

// Share is how many percent of the good answers had that body.
func (t Tally) Share(body string) float64 {
	good := t.Total - t.Failed
	if good == 0 {
		return 0
	}
	return 100 * float64(t.Bodies[body]) / float64(good)
}

// String lists the counts.
func (t Tally) String() string {
	var parts []string
	for _, body := range slices.Sorted(maps.Keys(t.Bodies)) {
		parts = append(parts, fmt.Sprintf("%s %d (%.1f%%)", body, t.Bodies[body], t.Share(body)))
	}
	text := fmt.Sprintf("%d requests: %s; %d failed", t.Total, strings.Join(parts, ", "), t.Failed)
	return strings.Join(append([]string{text}, t.Failures...), "\n  ")
}

// count adds one answer.
func (t *Tally) count(body string, err error) {
	t.Total++
	if err == nil {
		t.Bodies[body]++
		return
	}
	t.Failed++
	if len(t.Failures) < describedFailures {
		t.Failures = append(t.Failures, time.Now().Format("15:04:05.000 ")+err.Error())
	}
}

// Visitor sends requests to one host through the gateway, on connections of its own.
type Visitor struct {
	gateway, host string
	client        *http.Client
	// sliders is what its requests for /color ask of the pods; nil for nothing.
	sliders atomic.Pointer[string]
}

// Visitor returns one for a host of the cluster's routes.
func (c *Cluster) Visitor(host string) *Visitor {
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: requestPatience}).DialContext,
		MaxIdleConnsPerHost: 256,
	}
	return &Visitor{gateway: c.Gateway, host: host, client: &http.Client{Transport: transport, Timeout: requestPatience}}
}

// Close ends the visitor's connections.
func (v *Visitor) Close() { v.client.CloseIdleConnections() }

// Slide makes later requests for /color say how pods of a colour are to answer them,
// as the sliders of the demo's page do: a list in JSON. "" ends that.
func (v *Visitor) Slide(sliders string) { v.sliders.Store(&sliders) }

// Get asks for a path, with headers given as name, value, …, and returns the body.
// A status other than 200 is an error.
func (v *Visitor) Get(ctx context.Context, path string, headers ...string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+v.gateway+path, nil)
	if err != nil {
		return "", err
	}
	return v.send(request, headers)
}

func (v *Visitor) send(request *http.Request, headers []string) (string, error) {
	request.Host = v.host
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := v.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(body)))
	}
	return string(body), nil
}

// sampleWorkers is how many requests of a sample are under way at once.
const sampleWorkers = 8

// Sample asks for /color n times and counts the colours.
func (v *Visitor) Sample(ctx context.Context, n int, headers ...string) Tally {
	tally := Tally{Bodies: map[string]int{}}
	var lock sync.Mutex
	var workers sync.WaitGroup
	left := make(chan struct{}, n)
	for range n {
		left <- struct{}{}
	}
	close(left)
	for range sampleWorkers {
		workers.Go(func() {
			for range left {
				color, err := v.color(ctx, headers...)
				lock.Lock()
				tally.count(color, err)
				lock.Unlock()
			}
		})
	}
	workers.Wait()
	return tally
}

func (v *Visitor) color(ctx context.Context, headers ...string) (string, error) {
	method, asks := http.MethodGet, ""
	if set := v.sliders.Load(); set != nil && *set != "" {
		method, asks = http.MethodPost, *set
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+v.gateway+"/color", strings.NewReader(asks))
	if err != nil {
		return "", err
	}
	body, err := v.send(request, headers)
	return strings.Trim(body, "\"\n"), err
}

// settledAfter is how many answers in a row show that the gateway has settled.
const settledAfter = 50

// askInterval is how long to wait between two looks at answers.
const askInterval = 20 * time.Millisecond

// WaitOnly waits until requests with these headers get nothing but that color. There
// is nothing to watch: what the gateway does is seen in its answers only.
func (n *Namespace) WaitOnly(v *Visitor, color string, headers ...string) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), Patience)
	defer cancel()
	tick := time.NewTicker(askInterval)
	defer tick.Stop()
	for {
		tally := v.Sample(ctx, settledAfter, headers...)
		if tally.Bodies[color] == tally.Total {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			n.t.Fatalf("wait %s until all answers are %s: last seen: %s", Patience, color, tally)
		}
	}
}
