package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestProxyRepeatsOnlyWhatIsSafe(t *testing.T) {
	var cut atomic.Int64
	cutting := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cut.Add(1)
		conn, _, _ := w.(http.Hijacker).Hijack()
		conn.Close()
	})
	cases := map[string]struct {
		method, body string
		bad          func() Endpoint
		wantStatus   int
	}{
		"a refused GET goes elsewhere":              {method: "GET", bad: func() Endpoint { return deadEndpoint(t) }, wantStatus: 200},
		"a refused POST goes elsewhere, body whole": {method: "POST", body: "order", bad: func() Endpoint { return deadEndpoint(t) }, wantStatus: 200},
		"a cut GET goes elsewhere":                  {method: "GET", bad: func() Endpoint { return startPod(t, cutting).endpoint }, wantStatus: 200},
		"a cut HEAD goes elsewhere":                 {method: "HEAD", bad: func() Endpoint { return startPod(t, cutting).endpoint }, wantStatus: 200},
		"a cut POST may have happened":              {method: "POST", bad: func() Endpoint { return startPod(t, cutting).endpoint }, wantStatus: 502},
		"a cut DELETE may have happened":            {method: "DELETE", bad: func() Endpoint { return startPod(t, cutting).endpoint }, wantStatus: 502},
		"a cut GET with a body is not sent twice":   {method: "GET", body: "x", bad: func() Endpoint { return startPod(t, cutting).endpoint }, wantStatus: 502},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			bodies := make(chan string, 1)
			good := startPod(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				bodies <- string(body)
			}))
			w := newWorld(t, middle, ingress("web", serving("a", "/", prefix, "web")))
			// The first turn goes to the second endpoint.
			w.endpoints("web", good.endpoint, tc.bad())
			before := cut.Load()
			status, text := w.ask(tc.method, "/", tc.body, nil)
			if status != tc.wantStatus {
				t.Fatalf("status = %d (%s), want %d", status, text, tc.wantStatus)
			}
			if cut.Load() > before+1 {
				t.Errorf("the request was sent %d times to the endpoint that cuts", cut.Load()-before)
			}
			if status == http.StatusOK {
				if got := <-bodies; got != tc.body {
					t.Errorf("body = %q, want %q", got, tc.body)
				}
			}
		})
	}
}

func TestProxyAnswersWhatNobodyCan(t *testing.T) {
	w := newWorld(t, middle,
		ingress("web", serving("a", "/web", prefix, "web")),
		ingress("empty", serving("a", "/empty", prefix, "empty")),
		ingress("dead", serving("a", "/dead", prefix, "dead")),
		ingress("tls", serving("a", "/tls", prefix, "web"), withTLS("a")),
		ingress("redirect", serving("a", "/redirect", prefix, "web"), withTLS("a"), annotated("ssl-redirect", "true")),
		ingress("forced", serving("a", "/forced", prefix, "web"), annotated("force-ssl-redirect", "true")),
	)
	w.endpoints("web", startPod(t, saying("ok")).endpoint)
	w.endpoints("dead", deadEndpoint(t), deadEndpoint(t))
	cases := map[string]struct {
		path         string
		header       http.Header
		wantStatus   int
		wantText     string
		wantLocation string
	}{
		"a path nobody serves":             {path: "/", wantStatus: 404, wantText: `no Ingress serves path "/" of host "a"`},
		"no endpoints":                     {path: "/empty", wantStatus: 503, wantText: "service default/empty has no ready endpoint for port http"},
		"all endpoints refuse":             {path: "/dead", wantStatus: 502, wantText: "connection refused"},
		"a tls block alone redirects not":  {path: "/tls", wantStatus: 200, wantText: "ok"},
		"a redirect that is asked for":     {path: "/redirect?x=1", wantStatus: 308, wantLocation: "https://a/redirect?x=1"},
		"a redirect without a tls block":   {path: "/forced", wantStatus: 308, wantLocation: "https://a/forced"},
		"no redirect for what came by TLS": {path: "/forced", header: headers("X-Forwarded-Proto", "https"), wantStatus: 200},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			answer, text := w.exchange("GET", tc.path, "", tc.header)
			if answer.StatusCode != tc.wantStatus || !strings.Contains(text, tc.wantText) || answer.Header.Get("Location") != tc.wantLocation {
				t.Errorf("%s: %d %q to %q, want %d %q to %q", tc.path, answer.StatusCode, text, answer.Header.Get("Location"),
					tc.wantStatus, tc.wantText, tc.wantLocation)
			}
		})
	}
}

func TestProxyPassesRequestsOn(t *testing.T) {
	echo := startPod(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s host=%s for=%s ip=%s proto=%s fhost=%s id=%t", r.Method, r.RequestURI, r.Host,
			r.Header.Get("X-Forwarded-For"), r.Header.Get("X-Real-Ip"), r.Header.Get("X-Forwarded-Proto"),
			r.Header.Get("X-Forwarded-Host"), len(r.Header.Get("X-Request-Id")) == 32)
	}))
	w := newWorld(t, middle,
		ingress("web", serving("a", "/", prefix, "web")),
		ingress("strip", serving("a", `/strip(/|$)(.*)`, specific, "web"), annotated("use-regex", "true", "rewrite-target", "/$2")),
		ingress("fixed", serving("a", "/fixed", prefix, "web"), annotated("rewrite-target", "/other")))
	w.endpoints("web", echo.endpoint)
	const tail = " host=a for=127.0.0.1 ip=127.0.0.1 proto=http fhost=a id=true"
	cases := map[string]struct{ path, want string }{
		"path and query stay":             {path: "/x/y?a=1;b=%zz", want: "GET /x/y?a=1;b=%zz" + tail},
		"escapes stay":                    {path: "/x%2Fy", want: "GET /x%2Fy" + tail},
		"doubled slashes stay":            {path: "/x//y", want: "GET /x//y" + tail},
		"a rewrite takes groups":          {path: "/strip/x/y?q=1", want: "GET /x/y?q=1" + tail},
		"a rewrite with an empty group":   {path: "/strip", want: "GET /" + tail},
		"a rewrite replaces all the path": {path: "/fixed/below", want: "GET /other" + tail},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, text := w.ask("GET", tc.path, "", headers("X-Forwarded-For", "6.6.6.6"))
			if diff := cmp.Diff(tc.want, text); diff != "" {
				t.Errorf("backend saw (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProxySpreadsAndWeighs(t *testing.T) {
	source := rand.New(rand.NewPCG(7, 7))
	w := newWorld(t, source.Uint32, // one request at a time, so no lock is needed
		ingress("web", serving("a", "/", prefix, "stable")),
		ingress("web-canary", serving("a", "/", prefix, "canary"), annotated("canary", "true", "canary-weight", "20", "canary-by-header", "X-C")))
	w.endpoints("stable", startPod(t, saying("s1")).endpoint, startPod(t, saying("s2")).endpoint)
	w.endpoints("canary", startPod(t, saying("c1")).endpoint, startPod(t, saying("c2")).endpoint)

	count := map[string]int{}
	for range 1000 {
		status, text := w.ask("GET", "/", "", nil)
		if status != http.StatusOK {
			t.Fatalf("status = %d: %s", status, text)
		}
		count[text]++
	}
	if canary := count["c1"] + count["c2"]; canary < 170 || canary > 230 {
		t.Errorf("%d of 1000 requests went to the canary, want 200 within 30", canary)
	}
	for _, pair := range [][2]string{{"s1", "s2"}, {"c1", "c2"}} {
		if d := count[pair[0]] - count[pair[1]]; d < -1 || d > 1 {
			t.Errorf("%s and %s got %d and %d requests, want turns", pair[0], pair[1], count[pair[0]], count[pair[1]])
		}
	}
	if _, text := w.ask("GET", "/", "", headers("X-C", "always")); text[0] != 'c' {
		t.Errorf("with the header, %s answered, want the canary", text)
	}
}

func TestProxyFinishesRequestsOfRemovedEndpoints(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	slow := startPod(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first ")
		w.(http.Flusher).Flush()
		close(started)
		<-release
		io.WriteString(w, "last")
	}))
	w := newWorld(t, middle, ingress("web", serving("a", "/", prefix, "web")))
	w.endpoints("web", slow.endpoint)
	got := make(chan string)
	go func() {
		_, text := w.ask("GET", "/", "", nil)
		got <- text
	}()
	<-started
	w.endpoints("web", startPod(t, saying("other")).endpoint)
	if _, text := w.ask("GET", "/", "", nil); text != "other" {
		t.Errorf("a request after the removal got %q, want other", text)
	}
	close(release)
	if text := <-got; text != "first last" {
		t.Errorf("the request under way got %q, want %q", text, "first last")
	}
}

func TestProxyPassesUpgrades(t *testing.T) {
	upgrading := startPod(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "echo" {
			http.Error(w, "no upgrade", http.StatusBadRequest)
			return
		}
		conn, buffered, _ := w.(http.Hijacker).Hijack()
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		io.Copy(conn, buffered)
	}))
	w := newWorld(t, middle, ingress("web", serving("a", "/", prefix, "web")))
	w.endpoints("web", deadEndpoint(t), upgrading.endpoint)

	conn, err := net.Dial("tcp", w.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(testDeadline))
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	reader := bufio.NewReader(conn)
	answer, err := http.ReadResponse(reader, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %v, %v", answer, err)
	}
	for _, line := range []string{"hello\n", "again\n"} {
		io.WriteString(conn, line)
		if got, err := reader.ReadString('\n'); err != nil || got != line {
			t.Fatalf("echo = %q, %v, want %q", got, err, line)
		}
	}
}

func TestProxyBindsByCookie(t *testing.T) {
	w := newWorld(t, middle, ingress("web", serving("a", "/", prefix, "web"), annotated("affinity", "cookie", "session-cookie-name", "route")))
	w.endpoints("web", startPod(t, saying("1")).endpoint, startPod(t, saying("2")).endpoint, startPod(t, saying("3")).endpoint)
	answer, first := w.exchange("GET", "/", "", nil)
	cookies := answer.Cookies()
	if len(cookies) != 1 || cookies[0].Name != "route" {
		t.Fatalf("cookies = %v, want one named route", cookies)
	}
	for range 5 {
		answer, text := w.exchange("GET", "/", "", headers("Cookie", "route="+cookies[0].Value))
		if text != first || len(answer.Cookies()) != 0 {
			t.Errorf("with the cookie, %s answered and set %v, want %s and nothing", text, answer.Cookies(), first)
		}
	}
}

// TestProxyLosesNothing replaces endpoints under load, in both orders: the
// table first, as for a pod that drains, and the listener first, as for a pod
// that is gone before anybody noticed.
func TestProxyLosesNothing(t *testing.T) {
	w := newWorld(t, rand.Uint32,
		ingress("web", serving("a", "/", prefix, "stable")),
		ingress("web-canary", serving("a", "/", prefix, "canary"), annotated("canary", "true", "canary-weight", "30")))
	w.endpoints("canary", startPod(t, saying("ok")).endpoint)
	pods := []*pod{startPod(t, saying("ok")), startPod(t, saying("ok")), startPod(t, saying("ok"))}
	w.endpoints("stable", endpointsOf(pods)...)

	ctx, stop := context.WithCancel(t.Context())
	var sent, failed atomic.Int64
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() { w.load(ctx, &sent, &failed) })
	}
	for round := range 40 {
		gone := pods[0]
		pods = append(pods[1:], startPod(t, saying("ok")))
		if round%2 == 0 {
			w.endpoints("stable", endpointsOf(pods)...)
			gone.quit()
		} else {
			gone.quit()
			w.endpoints("stable", endpointsOf(pods)...)
		}
		// Some load must pass between two changes for the test to mean anything.
		waitFor(t, func() bool { return sent.Load() > int64(50*(round+1)) })
	}
	stop()
	clients.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d of %d requests failed, want none", failed.Load(), sent.Load())
	}
	t.Logf("%d requests, %d failed", sent.Load(), failed.Load())
}
