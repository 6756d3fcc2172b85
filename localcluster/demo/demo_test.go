package demo

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// answer is what a request got.
type answer struct {
	status int
	body   string
}

func ask(h http.Handler, method, path, body string) answer {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	return answer{w.Code, w.Body.String()}
}

func TestColor(t *testing.T) {
	always := 100
	never := 0
	cases := map[string]struct {
		options Options
		body    string
		want    answer
	}{
		"the tag is the colour, in quotes, without a newline": {
			options: Options{Image: "argoproj/rollouts-demo:blue"},
			want:    answer{200, `"blue"`},
		},
		"a registry with a port and a digest do not confuse the tag": {
			options: Options{Image: "localhost:5000/serin/demo:green@sha256:abc"},
			want:    answer{200, `"green"`},
		},
		"without a tag it is blue": {
			options: Options{Image: "localhost:5000/serin/demo"},
			want:    answer{200, `"blue"`},
		},
		"COLOR overrides the tag": {
			options: Options{Image: "serin/demo:blue", Color: "red"},
			want:    answer{200, `"red"`},
		},
		"a bad image fails and still says its colour": {
			options: Options{Image: "argoproj/rollouts-demo:bad-red"},
			want:    answer{500, `"red"`},
		},
		"ERROR_RATE overrides a bad image": {
			options: Options{Image: "argoproj/rollouts-demo:bad-red", ErrorRate: &never},
			want:    answer{200, `"red"`},
		},
		"ERROR_RATE makes a good image fail": {
			options: Options{Image: "argoproj/rollouts-demo:red", ErrorRate: &always},
			want:    answer{500, `"red"`},
		},
		"a wish for this colour is granted": {
			options: Options{Image: "argoproj/rollouts-demo:blue"},
			body:    `[{"color":"blue","return500":100}]`,
			want:    answer{500, `"blue"`},
		},
		"a wish for another colour is not": {
			options: Options{Image: "argoproj/rollouts-demo:blue"},
			body:    `[{"color":"green","return500":100}]`,
			want:    answer{200, `"blue"`},
		},
		"an empty list is no wish": {
			options: Options{Image: "argoproj/rollouts-demo:blue"},
			body:    `[]`,
			want:    answer{200, `"blue"`},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := ask(New(tc.options), http.MethodPost, "/color", tc.body)
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(answer{})); diff != "" {
				t.Errorf("POST /color (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLatency(t *testing.T) {
	half := 500 * time.Millisecond
	cases := map[string]struct {
		options Options
		body    string
		want    time.Duration
	}{
		"a plain image answers at once":         {options: Options{Image: "demo:blue"}},
		"a slow image takes two seconds":        {options: Options{Image: "demo:slow-blue"}, want: 2 * time.Second},
		"LATENCY overrides a slow image":        {options: Options{Image: "demo:slow-blue", Latency: &half}, want: half},
		"a wish for latency is in seconds":      {options: Options{Image: "demo:blue"}, body: `[{"color":"blue","delayPercent":100,"delayLength":1.5}]`, want: 1500 * time.Millisecond},
		"a wish for no request changes nothing": {options: Options{Image: "demo:blue"}, body: `[{"color":"blue","delayPercent":0,"delayLength":1.5}]`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				ask(New(tc.options), http.MethodPost, "/color", tc.body)
				if got := time.Since(begun); got != tc.want {
					t.Errorf("POST /color took %s, want %s", got, tc.want)
				}
			})
		})
	}
}

func TestReadyAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := New(Options{Image: "demo:blue", ReadyAt: time.Now().Add(time.Minute)})
		for _, path := range []string{"/", "/color", "/healthz"} {
			if got := ask(app, http.MethodGet, path, ""); got.status != http.StatusServiceUnavailable {
				t.Errorf("GET %s before ReadyAt: status %d, want 503", path, got.status)
			}
		}
		time.Sleep(time.Minute)
		if got := ask(app, http.MethodGet, "/healthz", ""); got.status != http.StatusOK {
			t.Errorf("GET /healthz after ReadyAt: status %d, want 200", got.status)
		}
	})
}

func TestPageNamesImageAndRole(t *testing.T) {
	labels := func(key, value string) func(string) string {
		return func(k string) string {
			if k == key {
				return value
			}
			return ""
		}
	}
	cases := map[string]struct {
		label func(string) string
		want  string
	}{
		"the role is the deployment label": {label: labels("deployment", "canary"), want: "Pod Image: demo:blue (canary)"},
		"or the role label":                {label: labels("role", "stable"), want: "Pod Image: demo:blue (stable)"},
		"a deployment's name is no role":   {label: labels("deployment", "web"), want: "Pod Image: demo:blue"},
		"without labels there is no role":  {want: "Pod Image: demo:blue"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			page := ask(New(Options{Image: "demo:blue", Label: tc.label}), http.MethodGet, "/", "").body
			var got []string
			for line := range strings.Lines(page) {
				if strings.Contains(line, "Pod Image") {
					got = append(got, strings.TrimSuffix(line, "\n"))
				}
			}
			if diff := cmp.Diff([]string{tc.want}, got); diff != "" {
				t.Errorf("lines with the image (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPageIsSelfContained(t *testing.T) {
	page := ask(New(Options{Image: "demo:blue"}), http.MethodGet, "/any/prefix", "").body
	for _, piece := range []string{"src=", "http://", "https://", "@import", "url("} {
		if strings.Contains(page, piece) {
			t.Errorf("the page contains %q, so it may load something", piece)
		}
	}
	for _, piece := range []string{"--ground:", "class Grid"} {
		if !strings.Contains(page, piece) {
			t.Errorf("the page lacks %q: style or script was not put in as it is", piece)
		}
	}
}

func TestMetrics(t *testing.T) {
	app := New(Options{Image: "demo:bad-blue"})
	ask(app, http.MethodGet, "/color", "")
	ask(app, http.MethodGet, "/color", "")
	got := ask(app, http.MethodGet, "/metrics", "").body
	for _, want := range []string{`demo_requests_total{color="blue"} 2`, `demo_failures_total{color="blue"} 2`} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("GET /metrics lacks %q:\n%s", want, got)
		}
	}
}

func TestParseEnv(t *testing.T) {
	rate, latency := 30, 200*time.Millisecond
	cases := map[string]struct {
		env     map[string]string
		want    Options
		wantErr bool
	}{
		"nothing set is nothing asked": {},
		"all of them": {
			env:  map[string]string{"COLOR": "red", "ERROR_RATE": "30%", "LATENCY": "200ms", "READY_AFTER": "5", "STOP_AFTER": "1.5s"},
			want: Options{Color: "red", ErrorRate: &rate, Latency: &latency, ReadyAfter: 5 * time.Second, StopAfter: 1500 * time.Millisecond},
		},
		"a rate above 100 is refused":      {env: map[string]string{"ERROR_RATE": "101"}, wantErr: true},
		"a duration must be a duration":    {env: map[string]string{"READY_AFTER": "soon"}, wantErr: true},
		"a duration must not be negative":  {env: map[string]string{"STOP_AFTER": "-1s"}, wantErr: true},
		"a latency must be a duration too": {env: map[string]string{"LATENCY": "x"}, wantErr: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := ParseEnv(tc.env)
			if (err != nil) != tc.wantErr {
				t.Fatalf("ParseEnv() error = %v, want error: %t", err, tc.wantErr)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("ParseEnv() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWelcome(t *testing.T) {
	got := ask(Welcome("nginx:1.15.4"), http.MethodGet, "/", "")
	if got.status != 200 || !strings.Contains(got.body, "Welcome to nginx!") || !strings.Contains(got.body, "nginx:1.15.4") {
		t.Errorf("GET / = %d %s", got.status, got.body)
	}
}
