package cli

import (
	"testing"

	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// kubeFlags lead to a test server.
func kubeFlags(url, namespace string) *genericclioptions.ConfigFlags {
	flags := genericclioptions.NewConfigFlags(false)
	empty := "/dev/null"
	flags.APIServer, flags.Namespace, flags.KubeConfig = &url, &namespace, &empty
	return flags
}

func TestCompletion(t *testing.T) {
	s := newServer(t, examples+"canary-basic-paused.yaml", examples+"bluegreen-paused.yaml",
		examples+"canary-routed-paused.yaml", examples+"experiment-inconclusive.yaml")
	const end = ":4\n"
	cases := map[string]struct{ line, want string }{
		"names of rollouts by prefix":      {"__complete promote c", "cart\ncheckout\n" + end},
		"names that were not given yet":    {"__complete abort cart c", "checkout\n" + end},
		"one name is enough for promote":   {"__complete promote cart c", end},
		"names of experiments":             {"__complete get experiment r", "ranker-ab\n" + end},
		"names of runs":                    {"__complete terminate analysisrun ranker", "ranker-ab-mann-whitney\n" + end},
		"containers after the rollout":     {"__complete set image web w", "web=\n:6\n"},
		"words of a flag":                  {"__complete get rollout cart -o j", "wide\njson\nyaml\nname\n" + end},
		"verbs":                            {"__complete prom", "promote\tLet a Rollout go on: past a pause, or past all that is left\n" + end},
		"kinds of get, with their purpose": {"__complete get roll", "rollout\tShow a Rollout with its revisions, pods, analyses and Experiments\n" + end},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var out, errs buffer
			args := arguments(s, tc.line)
			// The hidden verb has to come first, as shells send it.
			args = append([]string{"__complete"}, append(args[:6:6], args[7:]...)...)
			Run(t.Context(), args, options(&out, &errs))
			if out.String() != tc.want {
				t.Errorf("%q = %q, want %q (%s)", tc.line, out.String(), tc.want, errs.String())
			}
		})
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		got := run(t, nil, "completion "+shell)
		if got.Code != 0 || len(got.Out) < 1000 || got.Err != "" {
			t.Errorf("completion %s: exit code %d, %d bytes, stderr %q", shell, got.Code, len(got.Out), got.Err)
		}
	}
}
