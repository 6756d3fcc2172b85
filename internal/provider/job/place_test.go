package job

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/client-go/rest"
)

const kubeconfig = `{apiVersion: v1, kind: Config, current-context: c,
contexts: [{name: c, context: {cluster: c}}], clusters: [{name: c, cluster: {server: "https://jobs.example.org"}}]}`

func TestPlaces(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(kubeconfig), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	home := &rest.Config{Host: "https://home.example.org"}
	cases := map[string]struct {
		place Place
		want  string // the server; "" for an error
	}{
		"the cluster of the runs":          {Place{}, "https://home.example.org"},
		"another namespace of it":          {Place{Namespace: "jobs"}, "https://home.example.org"},
		"another cluster":                  {Place{Kubeconfig: file}, "https://jobs.example.org"},
		"a file that is not there":         {Place{Kubeconfig: file + "x"}, ""},
		"in a cluster, outside of any one": {Place{Kubeconfig: InCluster}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := tc.place.Config(home)
			if tc.want == "" && err == nil || tc.want != "" && (err != nil || got.Host != tc.want) {
				t.Errorf("Config() = %+v, %v, want %q", got, err, tc.want)
			}
		})
	}
}
