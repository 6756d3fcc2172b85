package demo

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math/rand/v2"
	"net/http"
	"path"
	"sync/atomic"
	"time"
)

// The page is one document with style and script inside, so that it works below
// any path and never mixes the files of two versions.
var (
	//go:embed page
	files embed.FS
	//go:embed page/page.css
	style template.CSS
	//go:embed page/page.js
	script template.JS

	// Parsed once and never changed.
	indexPage   = template.Must(template.ParseFS(files, "page/index.html"))
	welcomePage = template.Must(template.ParseFS(files, "page/welcome.html"))
)

// bodyLimit bounds what is read of a request. Unit: bytes.
const bodyLimit = 64 << 10

// app is one instance of the application.
type app struct {
	options  Options
	behave   behaviour
	requests atomic.Int64
	failures atomic.Int64
}

// New returns the application.
func New(o Options) http.Handler {
	return &app{options: o, behave: o.behaviour()}
}

// ServeHTTP answers 503 until the application is ready. Every path that is
// nothing else is the page, so that it works below any prefix.
func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if time.Now().Before(a.options.ReadyAt) {
		http.Error(w, "not ready yet", http.StatusServiceUnavailable)
		return
	}
	switch path.Base(r.URL.Path) {
	case "color":
		a.serveColor(w, r)
	case "healthz":
		fmt.Fprintln(w, "ok")
	case "metrics":
		a.serveMetrics(w)
	case "favicon.ico":
		http.NotFound(w, r)
	default:
		a.servePage(w)
	}
}

// wish is how the sender wants one colour to answer this request.
type wish struct {
	Color        string   `json:"color"`
	DelayPercent *int     `json:"delayPercent"`
	DelayLength  *float64 `json:"delayLength"` // seconds
	Return500    *int     `json:"return500"`   // percent
}

// serveColor answers the colour, as the application and the request want it.
func (a *app) serveColor(w http.ResponseWriter, r *http.Request) {
	a.requests.Add(1)
	wishes, err := readWishes(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	latency, errorRate := a.wanted(wishes)
	if !wait(r, latency) {
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if rand.IntN(100) < errorRate {
		a.failures.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
	}
	// The reader may have gone; there is nobody to tell.
	_, _ = fmt.Fprintf(w, "%q", a.behave.color)
}

func readWishes(r *http.Request) ([]wish, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, bodyLimit))
	if err != nil || len(body) == 0 {
		return nil, err
	}
	var wishes []wish
	if err := json.Unmarshal(body, &wishes); err != nil {
		return nil, fmt.Errorf("body is no list of colours: %w", err)
	}
	return wishes, nil
}

// wanted returns the latency and the error rate, in percent, of one answer.
func (a *app) wanted(wishes []wish) (time.Duration, int) {
	latency, errorRate := a.behave.latency, a.behave.errorRate
	for _, w := range wishes {
		if w.Color != a.behave.color {
			continue
		}
		if w.Return500 != nil && *w.Return500 > 0 {
			errorRate = *w.Return500
		}
		if w.DelayLength != nil && *w.DelayLength > 0 && rand.IntN(100) < percentOr(w.DelayPercent, 100) {
			latency = time.Duration(*w.DelayLength * float64(time.Second))
		}
	}
	return latency, errorRate
}

func percentOr(p *int, otherwise int) int {
	if p == nil {
		return otherwise
	}
	return *p
}

// wait returns false when the sender gave up.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (a *app) serveMetrics(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	fmt.Fprintf(w, "# HELP demo_requests_total Requests to /color.\n# TYPE demo_requests_total counter\n")
	fmt.Fprintf(w, "demo_requests_total{color=%q} %d\n", a.behave.color, a.requests.Load())
	fmt.Fprintf(w, "# HELP demo_failures_total Requests to /color answered with status 500.\n# TYPE demo_failures_total counter\n")
	fmt.Fprintf(w, "demo_failures_total{color=%q} %d\n", a.behave.color, a.failures.Load())
}

func (a *app) servePage(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	// The reader may have gone; there is nobody to tell.
	_ = indexPage.Execute(w, map[string]any{
		"Image":  a.options.Image,
		"Role":   a.options.role(),
		"Pod":    a.options.Pod,
		"Color":  a.behave.color,
		"Style":  style,
		"Script": script,
	})
}

// Welcome returns a web server with one plain page, for images that people use
// as an example of any web server.
func Welcome(image string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = welcomePage.Execute(w, image)
	})
	return mux
}
