package prometheus_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider/fetch"
	"github.com/serin-rollouts/serin/internal/provider/prometheus"
)

// authorization measures once and returns what the server was told.
func authorization(t *testing.T, m v1alpha1.PrometheusMetric) http.Header {
	t.Helper()
	s := serve(t, always(200, data("scalar", `[1,"1"]`)))
	m.Address, m.Query = s.URL+m.Address, "up"
	if _, err := prometheus.New(fetch.New(fetch.Options{}), "").Measure(t.Context(), query(m)); err != nil {
		t.Fatal(err)
	}
	return s.seen()[0].header
}

func TestBasicAuth(t *testing.T) {
	auth := v1alpha1.Authentication{BasicAuth: v1alpha1.BasicAuth{Username: "me", Password: "pass:word"}}
	got := authorization(t, v1alpha1.PrometheusMetric{Authentication: auth})
	username, password, ok := (&http.Request{Header: got}).BasicAuth()
	if !ok || username != "me" || password != "pass:word" {
		t.Errorf("the server was told %q, %q, %v", username, password, ok)
	}
	got = authorization(t, v1alpha1.PrometheusMetric{Authentication: auth, Headers: []v1alpha1.WebMetricHeader{{Key: "Authorization", Value: "Custom x"}}})
	if got.Get("Authorization") != "Custom x" {
		t.Errorf("Authorization is %q, want the header of the metric", got.Get("Authorization"))
	}
}

func TestOAuth2(t *testing.T) {
	issuer := serve(t, always(200, `{"access_token":"t0ken","token_type":"Bearer","expires_in":3600}`))
	auth := v1alpha1.Authentication{
		OAuth2:    v1alpha1.OAuth2Config{TokenURL: issuer.URL + "/token", ClientID: "me", ClientSecret: "s", Scopes: []string{"a", "b"}},
		BasicAuth: v1alpha1.BasicAuth{Username: "me", Password: "x"},
	}
	got := authorization(t, v1alpha1.PrometheusMetric{Authentication: auth, Headers: []v1alpha1.WebMetricHeader{{Key: "X-Own", Value: "1"}}})
	if got.Get("Authorization") != "Bearer t0ken" {
		t.Errorf("Authorization is %q, want the token, not the password", got.Get("Authorization"))
	}
	got = authorization(t, v1alpha1.PrometheusMetric{Authentication: auth, Headers: []v1alpha1.WebMetricHeader{{Key: "authorization", Value: "Custom x"}}})
	if got.Get("Authorization") != "Custom x" {
		t.Errorf("Authorization is %q, want the header of the metric", got.Get("Authorization"))
	}
	asked := issuer.seen()[0]
	if asked.path != "/token" || asked.form.Get("grant_type") != "client_credentials" || asked.form.Get("scope") != "a b" || asked.header.Get("X-Own") != "" {
		t.Errorf("the issuer was asked %+v", asked)
	}
}

func TestSigV4(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	cases := map[string]struct {
		address, region, want string
	}{
		"the region of the metric":      {"/aps-workspaces/ws-1", "us-east-1", "/us-east-1/aps/aws4_request"},
		"the region of the environment": {"/aps-workspaces/ws-1", "", "/eu-west-1/aps/aws4_request"},
		"not for other servers":         {"/ws-1", "us-east-1", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := authorization(t, v1alpha1.PrometheusMetric{
				Address:        tc.address,
				Authentication: v1alpha1.Authentication{Sigv4: v1alpha1.Sigv4Config{Region: tc.region}},
			}).Get("Authorization")
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("Authorization is %q, want %q in it", got, tc.want)
			}
			if tc.want != "" && !strings.HasPrefix(got, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") {
				t.Errorf("Authorization is %q", got)
			}
		})
	}
}

func TestUnknownCertificate(t *testing.T) {
	s := &server{}
	s.Server = httptest.NewTLSServer(s.handler(t, always(200, data("scalar", `[1,"1"]`))))
	t.Cleanup(s.Close)
	m := v1alpha1.PrometheusMetric{Address: s.URL, Query: "up"}
	p := prometheus.New(fetch.New(fetch.Options{}), "")
	if _, err := p.Measure(t.Context(), query(m)); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("Measure() = %v, want a complaint about the certificate", err)
	}
	m.Insecure = true
	if _, err := p.Measure(t.Context(), query(m)); err != nil {
		t.Errorf("Measure() = %v, want an unchecked certificate to do", err)
	}
}
