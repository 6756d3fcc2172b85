package archtest

import (
	"strings"
	"testing"
)

// TestCheck shows that the rule fails on what it is there to catch.
func TestCheck(t *testing.T) {
	cases := map[string]struct {
		file, imported string
		want           string // part of the complaint; "" when allowed
	}{
		"the core reads no files":                {"internal/core/canary/decide.go", "os", "no access to the world"},
		"the core opens no connections":          {"internal/core/canary/decide.go", "net/http", "no access to the world"},
		"the core has no locks":                  {"internal/core/canary/decide.go", "sync/atomic", "no access to the world"},
		"the core may count":                     {"internal/core/canary/decide.go", "math", ""},
		"the core may know durations":            {"internal/core/canary/decide.go", "time", ""},
		"the core knows the spec":                {"internal/core/canary/decide.go", module + "/internal/spec", ""},
		"the core knows no ports":                {"internal/core/canary/decide.go", module + "/internal/router", "arrows point down"},
		"the core knows no client":               {"internal/core/canary/decide.go", "k8s.io/client-go/rest", "not a library of this layer"},
		"only core/expr evaluates expressions":   {"internal/core/analysis/assess.go", "github.com/expr-lang/expr", "not a library of this layer"},
		"core/expr evaluates expressions":        {"internal/core/expr/expr.go", "github.com/expr-lang/expr/vm", ""},
		"the spec knows no decisions":            {"internal/spec/rollout.go", module + "/internal/core/plan", "arrows point down"},
		"types know nothing of ours":             {"api/v1alpha1/rollout_types.go", module + "/internal/spec", "arrows point down"},
		"ports know no client library":           {"internal/router/objects.go", "sigs.k8s.io/controller-runtime/pkg/client", "not a library of this layer"},
		"a renderer knows its port":              {"internal/router/nginx/render.go", module + "/internal/router", ""},
		"a renderer may use lenses":              {"internal/router/nginx/render.go", module + "/internal/router/lens", ""},
		"a renderer knows no sibling":            {"internal/router/nginx/render.go", module + "/internal/router/alb", "only cmd/*/wire.go"},
		"a renderer has no I/O":                  {"internal/router/nginx/render.go", "context", "no access to the world"},
		"the API server adapter knows no router": {"internal/kube/write.go", module + "/internal/router/nginx", "only cmd/*/wire.go"},
		"the twin has no client":                 {"internal/sim/world.go", "k8s.io/client-go/rest", "not a library of this layer"},
		"a controller knows the adapter":         {"internal/controller/rollout/reconciler.go", module + "/internal/kube", ""},
		"a controller names no router":           {"internal/controller/manager.go", module + "/internal/router/nginx", "only cmd/*/wire.go"},
		"the command line knows no dashboard":    {"internal/cli/get.go", module + "/internal/dashboard", "arrows point down"},
		"a main names routers in wire.go":        {"cmd/serin-controller/wire.go", module + "/internal/router/nginx", ""},
		"a main names no router elsewhere":       {"cmd/serin-controller/main.go", module + "/internal/router/nginx", "only cmd/*/wire.go"},
		"nobody imports the local cluster":       {"test/e2e/main.go", module + "/localcluster/gateway", "arrows point down"},
		"the local cluster imports nothing":      {"localcluster/main.go", module + "/api/v1alpha1", "arrows point down"},
		"the local cluster is Kubernetes":        {"localcluster/controlplane/server.go", "k8s.io/kubernetes/cmd/kube-apiserver/app", ""},
		"nobody else is":                         {"internal/controller/manager.go", "k8s.io/kubernetes/pkg/util/hash", "stays out of the main module"},
		"plugins of tests are made like others":  {"test/plugin/metric/main.go", "github.com/argoproj/argo-rollouts/metricproviders/plugin/rpc", ""},
		"the host of plugins mirrors the types":  {"internal/plugin/metric.go", "github.com/argoproj/argo-rollouts/metricproviders/plugin/rpc", "stays out of the main module"},
		"a folder without a layer is named":      {"internal/util/strings.go", "strings", "is in no layer"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := check(source{file: tc.file, imports: []string{tc.imported}})
			if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("check() = %q, want a complaint with %q", got, tc.want)
			}
		})
	}
}
