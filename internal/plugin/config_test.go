package plugin_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-rollouts/serin/internal/plugin"
)

func TestParse(t *testing.T) {
	items, err := plugin.ParseMetricProviders(map[string]string{"trafficRouterPlugins": "- x", "metricProviderPlugins": `
- name: argoproj-labs/sample-prometheus
  location: https://example.org/plugin
  sha256: 08f588b1c799a37bbe8d0fc74cc1b1492dd70b2c
  args: [-l, debug]
  headersFrom:
  - secretRef: {name: headers}
`})
	if err == nil {
		t.Errorf("items are %+v, want a checksum that is too short refused", items)
	}
	sum := strings.Repeat("0a", 32)
	items, err = plugin.ParseMetricProviders(map[string]string{"metricProviderPlugins": `
- {name: a/b, location: "https://example.org/plugin", sha256: ` + sum + `, args: [-l, debug], headersFrom: [{secretRef: {name: headers}}]}
- {name: a/c, location: "file:///plugin"}`})
	if err != nil {
		t.Fatal(err)
	}
	want := []plugin.Item{
		{Name: "a/b", Location: "https://example.org/plugin", SHA256: sum, Args: []string{"-l", "debug"}, HeadersFrom: make([]plugin.HeadersFrom, 1)},
		{Name: "a/c", Location: "file:///plugin"},
	}
	want[0].HeadersFrom[0].SecretRef.Name = "headers"
	if diff := cmp.Diff(want, items); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	if items, err := plugin.ParseMetricProviders(nil); err != nil || len(items) != 0 {
		t.Errorf("without a ConfigMap: %v, %v", items, err)
	}
}

func TestConfigurationThatCannotBeMeant(t *testing.T) {
	cases := map[string]struct{ items, want string }{
		"no list":                    {`name: a/b`, "key metricProviderPlugins"},
		"no organisation":            {`[{name: b, location: "file:///p"}]`, `plugin name "b" is not ORGANISATION/NAME`},
		"a way out of the folder":    {`[{name: ../b, location: "file:///p"}]`, `plugin name "../b"`},
		"two of a name":              {`[{name: a/b, location: "file:///p"}, {name: a/b, location: "file:///p"}]`, `item 1: there are two plugins "a/b"`},
		"no location":                {`[{name: a/b}]`, `location ""`},
		"a scheme that is not known": {`[{name: a/b, location: "s3://b/p"}]`, `location "s3://b/p"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := plugin.ParseMetricProviders(map[string]string{"metricProviderPlugins": tc.items})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("ParseMetricProviders() = %v, want %q", err, tc.want)
			}
		})
	}
}

// fetching opens one plugin from a server, with a header from a Secret.
func fetching(t *testing.T, location, checksum string) (folder string, err error) {
	t.Helper()
	item := plugin.Item{Name: "a/b", Location: location, SHA256: checksum, HeadersFrom: make([]plugin.HeadersFrom, 1)}
	item.HeadersFrom[0].SecretRef.Name = "headers"
	folder = t.TempDir()
	set, err := plugin.OpenMetricProviders(t.Context(), []plugin.Item{item}, plugin.Options{
		Folder: folder, Log: io.Discard,
		Secret: func(_ context.Context, name string) (map[string][]byte, error) {
			if name != "headers" {
				return nil, errors.New("no Secret " + name)
			}
			return map[string][]byte{"X-Token": []byte("s3cret")}, nil
		},
	})
	if err == nil {
		set.Close()
	}
	return folder, err
}

func TestFetch(t *testing.T) {
	content := "#!/bin/true"
	sum := sha256.Sum256([]byte(content))
	right := hex.EncodeToString(sum[:])
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Token") != "" {
			t.Error("another host was given the header")
		}
		_, _ = w.Write([]byte(content))
	}))
	t.Cleanup(other.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("X-Token") != "s3cret":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/moved":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case r.URL.Path == "/missing":
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = w.Write([]byte(content))
		}
	}))
	t.Cleanup(server.Close)
	cases := map[string]struct{ location, checksum, want string }{
		"with its checksum":        {server.URL, right, ""},
		"a checksum in capitals":   {server.URL, strings.ToUpper(right), ""},
		"without a checksum":       {server.URL, "", ""},
		"moved to another host":    {server.URL + "/moved", right, ""},
		"another checksum":         {server.URL, strings.Repeat("0", 64), "sha256 is " + right},
		"not there":                {server.URL + "/missing", right, "404 Not Found"},
		"a file that is not there": {"file:///nowhere/plugin", right, "no such file"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			folder, err := fetching(t, tc.location, tc.checksum)
			at := filepath.Join(folder, "a", "b")
			if tc.want != "" {
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("error is %v, want %q", err, tc.want)
				}
				if left, _ := os.ReadDir(filepath.Dir(at)); len(left) > 0 {
					t.Errorf("%v is left", left)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(at)
			if err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("program is %v, %v", info, err)
			}
		})
	}
}
