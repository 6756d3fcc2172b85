package controlplane

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func prepare(t *testing.T, dir string, hosts ...string) *pki {
	t.Helper()
	p, err := preparePKI(dir, hosts, "node-1")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPreparePKIServesHosts(t *testing.T) {
	p := prepare(t, t.TempDir(), "192.0.2.5")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(read(t, p.CAFile))
	cases := map[string]struct {
		pair keyPair
		host string
		want bool
	}{
		"the API server's own address": {p.APIServer, "192.0.2.5", true},
		"the API server on loopback":   {p.APIServer, "127.0.0.1", true},
		"the API server's Service":     {p.APIServer, "kubernetes.default.svc", true},
		"the node by name":             {p.Node, "node-1", true},
		"the node on loopback":         {p.Node, "127.0.0.1", true},
		"the node is not the API":      {p.Node, "kubernetes", false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			loaded, err := tls.LoadX509KeyPair(tc.pair.CertFile, tc.pair.KeyFile)
			if err != nil {
				t.Fatal(err)
			}
			_, err = loaded.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: tc.host})
			if got := err == nil; got != tc.want {
				t.Errorf("good for %s: got %v (%v), want %v", tc.host, got, err, tc.want)
			}
		})
	}
}

func TestPreparePKIAgain(t *testing.T) {
	cases := map[string]struct {
		spoil      func(t *testing.T, p *pki)
		hosts      []string
		wantCA     bool
		wantServer bool
		wantAdmin  bool
	}{
		"all good, so nothing changes":                {wantCA: true, wantServer: true, wantAdmin: true},
		"the API server moved, so it is issued again": {hosts: []string{"192.0.2.9"}, wantCA: true, wantAdmin: true},
		"a certificate is gone, so it is issued again": {
			spoil:  func(t *testing.T, p *pki) { remove(t, p.Admin.CertFile) },
			wantCA: true, wantServer: true},
		"the authority is gone, so all are issued again": {
			spoil: func(t *testing.T, p *pki) { remove(t, p.CAFile) }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "pki")
			p := prepare(t, dir)
			ca, server, admin, key := read(t, p.CAFile), read(t, p.APIServer.CertFile), read(t, p.Admin.CertFile), read(t, p.ServiceAccountKeyFile)
			if tc.spoil != nil {
				tc.spoil(t, p)
			}
			p = prepare(t, dir, tc.hosts...)
			for what, same := range map[string]struct{ got, want bool }{
				"authority":           {bytes.Equal(ca, read(t, p.CAFile)), tc.wantCA},
				"API server":          {bytes.Equal(server, read(t, p.APIServer.CertFile)), tc.wantServer},
				"admin":               {bytes.Equal(admin, read(t, p.Admin.CertFile)), tc.wantAdmin},
				"service account key": {bytes.Equal(key, read(t, p.ServiceAccountKeyFile)), true},
			} {
				if same.got != same.want {
					t.Errorf("%s unchanged: got %v, want %v", what, same.got, same.want)
				}
			}
		})
	}
}

func TestPreparePKIKeepsKeysPrivate(t *testing.T) {
	p := prepare(t, t.TempDir())
	for _, file := range []string{p.APIServer.KeyFile, p.Admin.KeyFile, p.Node.KeyFile, p.ServiceAccountKeyFile} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("mode of %s: got %o, want 600", filepath.Base(file), got)
		}
	}
	loaded, err := tls.LoadX509KeyPair(p.Admin.CertFile, p.Admin.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(loaded.Leaf.NotAfter); left < 365*24*time.Hour {
		t.Errorf("the certificate lasts %s, want years", left)
	}
}

func remove(t *testing.T, file string) {
	t.Helper()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
}
