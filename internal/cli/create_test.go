package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// file writes a manifest and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const ourVersion = "apiVersion: argoproj.io/v1alpha1\n"

func TestCreate(t *testing.T) {
	cases := map[string]struct {
		manifest, flags string
		want            result
		sent            []string
	}{
		"an Experiment": {ourVersion + "kind: Experiment\nmetadata: {name: ab}\nspec: {templates: []}\n", "",
			result{Out: "experiment.argoproj.io/ab created\n"}, []string{ours + "experiments"}},
		"the namespace of the file goes first": {ourVersion + "kind: AnalysisTemplate\nmetadata: {name: rate, namespace: other}\nspec: {}\n", "",
			result{Out: "analysistemplate.argoproj.io/rate created\n"}, []string{"/apis/argoproj.io/v1alpha1/namespaces/other/analysistemplates"}},
		"a template of the cluster has no namespace": {ourVersion + "kind: ClusterAnalysisTemplate\nmetadata: {name: rate}\nspec: {}\n", "",
			result{Out: "clusteranalysistemplate.argoproj.io/rate created\n"}, []string{"/apis/argoproj.io/v1alpha1/clusteranalysistemplates"}},
		"JSON": {`{"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": {"name": "r"}, "spec": {"metrics": []}}`, "",
			result{Out: "analysisrun.argoproj.io/r created\n"}, []string{ours + "analysisruns"}},
		"another kind": {"apiVersion: v1\nkind: Service\nmetadata: {name: s}\n", "",
			result{Code: 1, Err: "Error: creates of /Service unsupported\n"}, nil},
		"only some kinds can be watched": {ourVersion + "kind: AnalysisRun\nmetadata: {name: r}\nspec: {metrics: []}\n", " --watch",
			result{Code: 1, Err: "Error: Can only watch resources of type Rollout or Experiment\n"}, nil},
		"several cannot": {ourVersion + "kind: Experiment\nmetadata: {name: ab}\nspec: {templates: []}\n", " -f other.yaml -w",
			result{Code: 1, Err: "Error: Cannot watch multiple resources\n"}, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			if diff := cmp.Diff(tc.want, run(t, s, "create -f "+file(t, tc.manifest)+tc.flags)); diff != "" {
				t.Errorf("create (-want +got):\n%s", diff)
			}
			var sent []string
			for _, r := range s.requests {
				sent = append(sent, r.Path)
			}
			if diff := cmp.Diff(tc.sent, sent); diff != "" {
				t.Errorf("sent to (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCreateRefusesUnknownFields(t *testing.T) {
	s := newServer(t)
	got := run(t, s, "create -f "+file(t, ourVersion+"kind: Experiment\nmetadata: {name: ab}\nspec: {unknown: []}\n"))
	if got.Code != 1 || !strings.Contains(got.Err, `Experiment/ab: error unmarshaling JSON: while decoding JSON: json: unknown field "unknown"`) || len(s.requests) > 0 {
		t.Errorf("create: %+v, sent %v", got, s.requests)
	}
}

const rateTemplate = ourVersion + `kind: AnalysisTemplate
metadata: {name: rate, namespace: shop}
spec:
  args: [{name: ingress}, {name: limit, value: "3"}]
  metrics: [{name: rate, failureLimit: "{{args.limit}}", provider: {web: {url: "http://x/{{args.ingress}}"}}}]
  templates: [{templateName: more, clusterScope: true}]
`

const moreTemplate = ourVersion + `kind: ClusterAnalysisTemplate
metadata: {name: more}
spec:
  metrics: [{name: more, provider: {web: {url: "http://y"}}}]
`

func TestCreateAnalysisRun(t *testing.T) {
	const nobody = `"authentication":{"basicAuth":{},"oauth2":{},"sigv4":{}},`
	metrics := `"metrics":[{"failureLimit":"{{args.limit}}","name":"rate","provider":{"web":{` + nobody + `"url":"http://x/{{args.ingress}}"}}},` +
		`{"name":"more","provider":{"web":{` + nobody + `"url":"http://y"}}}]`
	body := func(meta string) string {
		return `{"apiVersion":"argoproj.io/v1alpha1","kind":"AnalysisRun","metadata":{` + meta + `"namespace":"shop"},"spec":{"args":[{"name":"ingress","value":"web=1"},` +
			`{"name":"limit","value":"3"}],` + metrics + `}}` + "\n"
	}
	cases := map[string]struct {
		line string
		want result
		sent string
	}{
		"from a template, with what it refers to": {"create ar --from rate -a ingress=web=1", result{Out: "analysisrun.argoproj.io/rate-x7x7x created\n"}, body(`"generateName":"rate-",`)},
		"with a name and an instance": {"create analysisrun --from rate -a ingress=web=1 --name try --instance-id blue", result{Out: "analysisrun.argoproj.io/try created\n"},
			body(`"labels":{"argo-rollouts.argoproj.io/controller-instance-id":"blue"},"name":"try",`)},
		"an argument is missing":       {"create ar --from rate", result{Code: 1, Err: "Error: AnalysisTemplate 'rate': args.ingress was not resolved\n"}, ""},
		"an argument has no value":     {"create ar --from rate -a ingress", result{Code: 1, Err: "Error: arguments must be in the form NAME=VALUE\n"}, ""},
		"from nowhere":                 {"create ar", result{Code: 1, Err: "Error: one of --from or --from-file must be specified\n"}, ""},
		"from a template that is not":  {"create ar --from nothing", result{Code: 1, Err: "Error: read AnalysisTemplate 'nothing': analysistemplates.argoproj.io \"nothing\" not found\n" + missingHint}, ""},
		"from two places":              {"create ar --from rate --from-file x", result{Code: 1, Err: "Error: one of --from or --from-file must be specified\n"}, ""},
		"from a template of its scope": {"create ar --from more --global --generate-name m-", result{Out: "analysisrun.argoproj.io/m-x7x7x created\n"}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.add(rateTemplate)
			s.add(moreTemplate)
			if diff := cmp.Diff(tc.want, run(t, s, tc.line)); diff != "" {
				t.Errorf("run %q (-want +got):\n%s", tc.line, diff)
			}
			if tc.sent == "" {
				return
			}
			if diff := cmp.Diff([]request{{"POST", ours + "analysisruns", tc.sent}}, s.requests); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCreateAnalysisRunFromAFile(t *testing.T) {
	s := newServer(t)
	s.add(moreTemplate)
	got := run(t, s, "create ar -a ingress=web --from-file "+file(t, rateTemplate))
	if diff := cmp.Diff(result{Out: "analysisrun.argoproj.io/rate-x7x7x created\n"}, got); diff != "" {
		t.Errorf("create (-want +got):\n%s", diff)
	}
	got = run(t, s, "create ar --from-file "+file(t, ourVersion+"kind: Rollout\nmetadata: {name: r}\n"))
	if got.Code != 1 || !strings.HasSuffix(got.Err, "the file must hold one AnalysisTemplate or ClusterAnalysisTemplate\n") {
		t.Errorf("create from a Rollout: %+v", got)
	}
}
