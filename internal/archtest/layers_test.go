package archtest

// layer is one row of the table: who it is about, and what it may import.
//
// Folders are relative to the root of the module. "a/b" is that folder alone,
// "a/b/*" is every folder below it, "a/b/..." is both. A folder may always import
// itself.
type layer struct {
	name   string
	folder string
	// ours are folders of this module that it may import.
	ours []string
	// others are import paths outside the standard library, with what lies below.
	others []string
	// std may be imported except for these packages, with what lies below.
	notStd []string
}

const (
	apimachinery = "k8s.io/apimachinery"
	k8sAPI       = "k8s.io/api"
	clientGo     = "k8s.io/client-go"
	anything     = "*"
)

// effects are the standard packages with which code reaches the world outside its
// arguments, or draws lots.
func effects() []string {
	return []string{
		"context", "crypto/rand", "database", "io/ioutil", "log", "math/rand", "net", "os", "plugin", "runtime", "sync", "syscall",
		"testing", "unsafe",
	}
}

// layers is the table of section 2.3. The first row that matches a folder counts.
func layers() []layer {
	pure := []string{"api/v1alpha1", "internal/spec", "internal/core/..."}
	ports := append([]string{"internal/engine", "internal/router", "internal/provider"}, pure...)
	adapters := append([]string{"internal/kube", "internal/plugin/...", "internal/sim"}, ports...)
	machinery := []string{k8sAPI, apimachinery, "k8s.io/utils/clock"}
	suite := []string{k8sAPI, apimachinery, "github.com/google/go-cmp", "pgregory.net/rapid", "sigs.k8s.io/yaml"}

	return []layer{
		{name: "types (L0)", folder: "api/...", others: []string{k8sAPI, apimachinery}, notStd: effects()},
		{name: "spec (L1)", folder: "internal/spec/...", ours: []string{"api/v1alpha1"}, others: []string{k8sAPI, apimachinery}, notStd: effects()},
		{
			name: "expressions (L2)", folder: "internal/core/expr",
			ours: pure, others: []string{"github.com/expr-lang/expr"}, notStd: effects(),
		},
		{name: "core (L2)", folder: "internal/core/...", ours: pure, others: []string{k8sAPI, apimachinery}, notStd: effects()},

		{name: "test suites", folder: "internal/engine/clustertest", ours: ports, others: suite},
		{name: "test suites", folder: "internal/router/routertest", ours: ports, others: suite},
		{name: "test suites", folder: "internal/provider/providertest", ours: ports, others: suite},
		{name: "loop and ports (L3)", folder: "internal/engine", ours: ports, others: machinery, notStd: []string{"os", "net", "testing"}},
		{name: "lenses (L3)", folder: "internal/router/lens", others: []string{apimachinery}, notStd: effects()},
		{name: "loop and ports (L3)", folder: "internal/router", ours: ports, others: machinery, notStd: []string{"os", "net", "testing"}},
		{name: "loop and ports (L3)", folder: "internal/provider", ours: ports, others: machinery, notStd: []string{"os", "net", "testing"}},

		{
			name: "renderers (L4)", folder: "internal/router/*", notStd: effects(),
			ours: append([]string{"internal/router/lens"}, ports...), others: []string{k8sAPI, apimachinery},
		},
		{name: "HTTP of providers (L4)", folder: "internal/provider/fetch", ours: ports, others: []string{"golang.org/x/oauth2"}},
		{name: "providers (L4)", folder: "internal/provider/*", ours: append([]string{"internal/provider/fetch"}, ports...), others: []string{anything}},
		{name: "API server (L4)", folder: "internal/kube/...", ours: ports, others: append([]string{clientGo, "sigs.k8s.io", "github.com/go-logr/logr", "gopkg.in/evanphx/json-patch.v4"}, machinery...)},
		{name: "plugins (L4)", folder: "internal/plugin/...", ours: ports, others: []string{anything}},
		{name: "twin (L4)", folder: "internal/sim/...", ours: ports, others: machinery, notStd: []string{"os", "net", "log", "testing"}},

		{name: "controllers (L5)", folder: "internal/controller/...", ours: append([]string{"internal/controller/loop"}, adapters...), others: []string{anything}},
		{name: "view (L5)", folder: "internal/view/...", ours: ports, others: []string{k8sAPI, apimachinery}, notStd: []string{"net", "os", "testing"}},
		{name: "command line (L5)", folder: "internal/cli/...", ours: append([]string{"internal/view/..."}, adapters...), others: []string{anything}},
		{name: "dashboard (L5)", folder: "internal/dashboard/...", ours: append([]string{"internal/view/..."}, adapters...), others: []string{anything}},

		{name: "import rule", folder: "internal/archtest"},
		{name: "test tools", folder: "internal/testing/...", ours: append([]string{"internal/testing/..."}, ports...), others: []string{anything}},
		{name: "plugins of tests", folder: "test/plugin/...", others: []string{anything}},
		{name: "whole-system tests", folder: "test/...", ours: []string{"test/...", "internal/testing/...", "api/v1alpha1"}, others: []string{anything}},
		{name: "CRDs", folder: "config/crd/...", others: []string{apimachinery, "sigs.k8s.io/yaml", "k8s.io/apiextensions-apiserver"}},
		{name: "developer tools", folder: "hack/...", ours: []string{"api/v1alpha1"}, others: []string{anything}},
		{name: "mains (L6)", folder: "cmd/...", ours: []string{anything}, others: []string{anything}},
		{name: "local cluster", folder: "localcluster/...", ours: []string{"localcluster/..."}, others: []string{anything}},
	}
}

// concrete are the folders that only wire.go of a main may name. Test suites and
// lenses are no adapters.
func concrete() []string {
	return []string{"internal/router/*", "internal/provider/*"}
}

// notConcrete are exceptions of concrete.
func notConcrete() []string {
	return []string{"internal/router/lens", "internal/router/routertest", "internal/provider/providertest", "internal/provider/fetch"}
}

// banned are never imported outside the folders of modules.
func banned() []string {
	return []string{"k8s.io/kubernetes", "github.com/argoproj/argo-rollouts"}
}

// modules are the folders with a go.mod of their own: what they need stays out of ours.
func modules() []string {
	return []string{"localcluster/...", "test/plugin/..."}
}
