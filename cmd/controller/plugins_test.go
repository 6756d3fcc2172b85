package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/provider"
)

// apiServer answers for one ConfigMap in namespace home; "" for none.
func apiServer(t *testing.T, plugins string) *rest.Config {
	t.Helper()
	answers := map[string]string{
		"/api":    `{"kind":"APIVersions","versions":["v1"]}`,
		"/apis":   `{"kind":"APIGroupList","apiVersion":"v1","groups":[]}`,
		"/api/v1": `{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"configmaps","kind":"ConfigMap","namespaced":true,"verbs":["get"]}]}`,
	}
	if plugins != "" {
		data, _ := json.Marshal(map[string]any{
			"kind": "ConfigMap", "apiVersion": "v1", "metadata": map[string]any{"name": "argo-rollouts-config", "namespace": "home"},
			"data": map[string]string{"metricProviderPlugins": plugins},
		})
		answers["/api/v1/namespaces/home/configmaps/argo-rollouts-config"] = string(data)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer, found := answers[r.URL.Path]
		if !found {
			w.WriteHeader(http.StatusNotFound)
			answer = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return &rest.Config{Host: server.URL}
}

func TestPluginsAreSourcesOfMetrics(t *testing.T) {
	t.Chdir(t.TempDir())
	set, err := openPlugins(context.Background(), apiServer(t, `[{name: example/echo, location: "file:///bin/true"}]`), "home", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	found, err := wired(set.Sources()).sources(sourceTools{config: &rest.Config{}})
	if err != nil {
		t.Fatal(err)
	}
	registry := found.registry
	if _, err := registry.Find(v1alpha1.MetricProvider{Plugin: map[string]json.RawMessage{"example/echo": nil}}); err != nil {
		t.Error(err)
	}
	_, err = registry.Find(v1alpha1.MetricProvider{Plugin: map[string]json.RawMessage{"example/other": nil}})
	if !errors.Is(err, provider.ErrUnknown) || !strings.Contains(err.Error(), "plugin:example/echo") {
		t.Errorf("Find() = %v", err)
	}
}

func TestPluginsThatCannotBeOpened(t *testing.T) {
	cases := map[string]struct{ plugins, want string }{
		"no ConfigMap":     {},
		"none listed":      {plugins: "[]"},
		"a wrong checksum": {plugins: `[{name: example/echo, location: "file:///bin/true", sha256: "` + strings.Repeat("0", 64) + `"}]`, want: "fetch plugin example/echo: sha256 is "},
		"a wrong name":     {plugins: `[{name: echo, location: "file:///bin/true"}]`, want: `plugin name "echo"`},
		"no such file":     {plugins: `[{name: example/echo, location: "file:///nowhere"}]`, want: "no such file"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			set, err := openPlugins(context.Background(), apiServer(t, tc.plugins), "home", io.Discard)
			if err == nil {
				set.Close()
			}
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("openPlugins() = %v, want %q", err, tc.want)
			}
		})
	}
}
