package fetch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
)

func serve(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server
}

func TestRequestAndAnswer(t *testing.T) {
	var asked string
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = fmt.Sprint(r.Method, " ", r.URL, " ", r.Header.Get("User-Agent"), " ", r.Header.Get("X-Key"), " ", string(body))
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, `{"a": 1}`)
	})
	answer, err := fetch.New(fetch.Options{}).Do(t.Context(), fetch.Request{
		Method: http.MethodPut, URL: server.URL + "/p?q=1", Header: http.Header{"X-Key": {"k"}}, Body: []byte("hello"),
	})
	if err != nil || answer.Status != http.StatusTeapot || answer.OK() || answer.Said() != `{"a": 1}` {
		t.Errorf("Do() = %+v, %v", answer, err)
	}
	if want := "PUT /p?q=1 serin k hello"; asked != want {
		t.Errorf("asked %q, want %q", asked, want)
	}
	var body map[string]int
	if err := answer.Decode(&body); err != nil || body["a"] != 1 {
		t.Errorf("Decode() = %v, %v", body, err)
	}
	if got := answer.Refusal().Error(); got != `the server answered 418 I'm a teapot: {"a": 1}` {
		t.Errorf("Refusal() = %q", got)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	cases := map[string]struct {
		answer http.HandlerFunc
		want   string // end of the error
	}{
		"one that is too long": {func(w http.ResponseWriter, _ *http.Request) {
			for range 11 {
				_, _ = io.WriteString(w, long)
			}
		}, fetch.ErrTooLong.Error()},
		"one that breaks off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
		}, "unexpected EOF"},
		"one that never comes":  {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "context deadline exceeded"},
		"redirects in a circle": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, "stopped after 10 redirects"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			server := serve(t, tc.answer)
			request := fetch.Request{URL: server.URL + "/s3cret?token=s3cret"}
			if strings.HasSuffix(name, "comes") {
				request.Timeout = 50 * time.Millisecond
			}
			_, err := fetch.New(fetch.Options{}).Do(t.Context(), request)
			if err == nil || !strings.HasPrefix(err.Error(), "GET "+server.URL+": ") || !strings.HasSuffix(err.Error(), tc.want) {
				t.Errorf("Do() = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestDefaultTimeoutAndCancel(t *testing.T) {
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	_, err := fetch.New(fetch.Options{Timeout: 50 * time.Millisecond}).Do(t.Context(), fetch.Request{URL: server.URL})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Do() = %v, want that time ran out", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fetch.New(fetch.Options{}).Do(ctx, fetch.Request{URL: server.URL}); !errors.Is(err, context.Canceled) {
		t.Errorf("Do() = %v, want that it was called off", err)
	}
}

func TestErrorsKeepSecrets(t *testing.T) {
	const secret = `s3 cr/et"&`
	echo := serve(t, func(w http.ResponseWriter, r *http.Request) {
		quoted, _ := json.Marshal(r.Header.Get("X-Key"))
		_, _ = fmt.Fprintf(w, "%s and %s and %s and s3%%20cr/et%%22&", r.Header.Get("X-Key"), r.URL.RequestURI(), quoted)
	})
	client := fetch.New(fetch.Options{})
	answer, err := client.Do(t.Context(), fetch.Request{
		URL: echo.URL + "/s3%20cr%2Fet%22&?q=s3+cr%2Fet%22%26", Header: http.Header{"X-Key": {secret}}, Hidden: []string{secret + "\n"},
	})
	if err != nil || answer.Said() != `***** and /*****?q=***** and "*****" and *****` {
		t.Errorf("said %q, %v", answer.Said(), err)
	}
	for _, address := range []string{"http://user:hunter2@127.0.0.1:1/hunter2?t=hunter2", "http://hunter2 x/", "hunter2://x", ":hunter2", "http://x/%zz?hunter2", "/hunter2"} {
		_, err := client.Do(t.Context(), fetch.Request{URL: address, Hidden: []string{"hunter2"}})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Do(%s) = %v", address, err)
		}
		if inner := errors.Unwrap(err); inner != nil {
			t.Errorf("the error hands out its cause: %v", inner)
		}
	}
}

func TestCertificates(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	client := fetch.New(fetch.Options{})
	if _, err := client.Do(t.Context(), fetch.Request{URL: server.URL}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("checked: %v, want a complaint about the certificate", err)
	}
	if _, err := client.Do(t.Context(), fetch.Request{URL: server.URL, Settings: fetch.Settings{Insecure: true}}); err != nil {
		t.Errorf("unchecked: %v", err)
	}
	checked, _ := client.Transport(fetch.Settings{})
	unchecked, _ := client.Transport(fetch.Settings{Insecure: true})
	for name, transport := range map[string]http.RoundTripper{"checked": checked, "unchecked": unchecked} {
		if transport.(*http.Transport).Proxy == nil {
			t.Errorf("%s: the environment's proxy is not used", name)
		}
	}
}

func TestRedirectsKeepKeys(t *testing.T) {
	var got []string
	target := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("X-Key")+r.Header.Get("Authorization")+r.Header.Get("Referer"))
	})
	elsewhere := strings.Replace(target.URL, "127.0.0.1", "localhost", 1)
	from := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, map[string]string{"/same": target.URL, "/else": elsewhere}[r.URL.Path], http.StatusFound)
	})
	issuer := serve(t, issue("tok", 3600))
	for _, path := range []string{"/same", "/else"} {
		_, err := fetch.New(fetch.Options{}).Do(t.Context(), fetch.Request{
			URL: from.URL + path + "?q=s3cret", Header: http.Header{"X-Key": {"k"}},
			Settings: fetch.Settings{OAuth2: v1alpha1.OAuth2Config{TokenURL: issuer.URL, ClientID: "id", ClientSecret: "pw"}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 2 || !strings.HasPrefix(got[0], "kBearer tok") || got[1] != "" {
		t.Errorf("targets saw %q, want all on the same host and nothing elsewhere", got)
	}
}

// issue answers with a token.
func issue(token string, seconds int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token": %q, "token_type": "Bearer", "expires_in": %d}`, token, seconds)
	}
}

func TestOAuth2(t *testing.T) {
	issued := 0
	var grants []string
	issuer := serve(t, func(w http.ResponseWriter, r *http.Request) {
		issued++
		_ = r.ParseForm()
		name, password, _ := r.BasicAuth()
		grants = append(grants, r.Form.Encode()+" "+name+" "+password)
		issue(fmt.Sprint("tok", issued), 3600)(w, r)
	})
	valid := ""
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != valid {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	client := fetch.New(fetch.Options{})
	ask := func(scope, wantToken string, wantStatus int) {
		t.Helper()
		valid = wantToken
		answer, err := client.Do(t.Context(), fetch.Request{URL: server.URL, Settings: fetch.Settings{
			OAuth2: v1alpha1.OAuth2Config{TokenURL: issuer.URL, ClientID: "id", ClientSecret: "pw", Scopes: []string{scope}},
		}})
		if err != nil || answer.Status != wantStatus {
			t.Errorf("Do() = %d, %v, want %d", answer.Status, err, wantStatus)
		}
	}
	ask("a", "Bearer tok1", 200)
	ask("a", "Bearer tok1", 200) // remembered
	ask("b", "Bearer tok2", 200) // other settings, another token
	ask("a", "revoked", 401)     // forgotten
	ask("a", "Bearer tok3", 200)
	if want := "grant_type=client_credentials&scope=a id pw"; grants[0] != want {
		t.Errorf("granted %q, want %q", grants[0], want)
	}
}

func TestOAuth2Refusals(t *testing.T) {
	client := fetch.New(fetch.Options{Timeout: time.Second})
	refuses := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error": "invalid_client", "error_description": "hunter2 is wrong"}`)
	})
	full := v1alpha1.OAuth2Config{TokenURL: refuses.URL + "/?k=hunter2", ClientID: "id", ClientSecret: "hunter2"}
	gone := full
	gone.TokenURL = "http://127.0.0.1:1/hunter2"
	half := full
	half.ClientID = ""
	cases := map[string]struct {
		auth v1alpha1.OAuth2Config
		want string
	}{
		"a wrong password":  {full, "GET http://a.invalid: fetch OAuth2 token: the server answered 401 invalid_client"},
		"nobody there":      {gone, "connection refused"},
		"half the settings": {half, "missing mandatory parameter in metric for OAuth2 setup"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := client.Do(t.Context(), fetch.Request{URL: "http://a.invalid/hunter2", Settings: fetch.Settings{OAuth2: tc.auth}})
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("Do() = %v, want %q", err, tc.want)
			}
		})
	}
}
