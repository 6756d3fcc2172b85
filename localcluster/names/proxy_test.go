package names

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// proxied returns a client that sends everything through a proxy for which
// the ports 80 and 443 of Service web in namespace shop are the backends.
func proxied(t *testing.T, plain, secure *httptest.Server) *http.Client {
	t.Helper()
	web := service("shop", "web", "10.96.0.20", corev1.ServicePort{Name: "http", Port: 80}, corev1.ServicePort{Name: "https", Port: 443})
	endpoints := slice(web, map[string]bool{"127.0.0.1": true})
	for i, backend := range []*httptest.Server{plain, secure} {
		port := int32(backend.Listener.Addr().(*net.TCPAddr).Port)
		endpoints.Ports[i].Port = &port
	}
	proxy := httptest.NewServer(NewProxy(resolver(t, web, endpoints)))
	t.Cleanup(proxy.Close)
	at, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: &http.Transport{
		Proxy:           http.ProxyURL(at),
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
}

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.WriteHeader(http.StatusTeapot)
	_, _ = io.WriteString(w, strings.Join([]string{r.Method, r.Host, r.RequestURI, r.Header.Get("X-Forwarded-For"), string(body)}, " "))
}

func TestProxy(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(echo))
	defer plain.Close()
	secure := httptest.NewTLSServer(http.HandlerFunc(echo))
	defer secure.Close()
	client := proxied(t, plain, secure)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()

	cases := map[string]struct {
		url        string
		wantStatus int
		wantBody   string
	}{
		"a request goes on as it came": {
			url: "http://web.shop/a%2Fb?q=1;2", wantStatus: http.StatusTeapot, wantBody: "POST web.shop /a%2Fb?q=1;2 192.0.2.7 hello"},
		"https goes through a tunnel": {
			url: "https://web.shop/x", wantStatus: http.StatusTeapot, wantBody: "POST web.shop /x 192.0.2.7 hello"},
		"loopback is dialled as it is": {
			url: plain.URL + "/y", wantStatus: http.StatusTeapot, wantBody: "POST " + plain.Listener.Addr().String() + " /y 192.0.2.7 hello"},
		"an unknown name is explained": {
			url: "http://nothing/", wantStatus: http.StatusBadGateway, wantBody: "cannot reach nothing: there is no Service nothing in any namespace\n"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequest(http.MethodPost, tc.url, strings.NewReader("hello"))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("X-Forwarded-For", "192.0.2.7")
			response, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != tc.wantStatus || string(body) != tc.wantBody {
				t.Errorf("got %d %q, want %d %q", response.StatusCode, body, tc.wantStatus, tc.wantBody)
			}
		})
	}

	t.Run("an endpoint that does not answer is named", func(t *testing.T) {
		response, err := client.Get("http://" + closed.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), "does not answer") {
			t.Errorf("got %d %q, want 502 and the address", response.StatusCode, body)
		}
	})
	t.Run("an https name that is unknown is refused in the tunnel's answer", func(t *testing.T) {
		response, err := client.Get("https://nothing/")
		if err == nil {
			response.Body.Close()
			t.Fatal("got an answer, want none")
		}
		if !strings.Contains(err.Error(), "Bad Gateway") {
			t.Errorf("got %v, want Bad Gateway", err)
		}
	})
}

func TestProxyAskedDirectly(t *testing.T) {
	recorder := httptest.NewRecorder()
	NewProxy(resolver(t)).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if recorder.Code != http.StatusBadRequest || !strings.Contains(recorder.Body.String(), "HTTP_PROXY") {
		t.Errorf("got %d %q, want 400 and how to use it", recorder.Code, recorder.Body)
	}
}
