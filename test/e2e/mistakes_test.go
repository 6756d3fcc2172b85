package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// TestMistakes: a wrong manifest is answered with what is wrong, by name, in the
// status and on the command line; putting it right heals without a restart.
func TestMistakes(t *testing.T) {
	cases := map[string]struct {
		// from and to spoil the manifest, and are swapped to put it right.
		from, to string
		// want are parts of the message.
		want []string
	}{
		"a weight above 100": {
			from: "setWeight: 20", to: "setWeight: 150",
			want: []string{"InvalidSpec", "setWeight", "150"},
		},
		"a step that does nothing": {
			from: "setWeight: 20", to: "setWieght: 20",
			want: []string{"InvalidSpec", "steps[0]"},
		},
		"a Service that does not exist": {
			from: "stableService: service-stable", to: "stableService: service-stabel",
			want: []string{"InvalidSpec", "stableService", `"service-stabel"`, "not found"},
		},
		"an Ingress that does not exist": {
			from: "stableIngress: canary-demo", to: "stableIngress: canary-dome",
			want: []string{"InvalidSpec", "nginx", `"canary-dome"`, "not found"},
		},
		"an Ingress that leads elsewhere": {
			from: "                name: service-stable", to: "                name: service-other",
			want: []string{"InvalidSpec", "nginx", "canary-demo", "service-stable"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			n := cluster.Namespace(t)
			right := n.Example("canary-ingress")
			n.ApplyAnyway(change(t, right, tc.from, tc.to))
			n.WaitRollout("canary-demo", "says "+strings.Join(tc.want, ", "), local.Patience, func(r *v1alpha1.Rollout) bool {
				return r.Status.Phase == v1alpha1.RolloutPhaseDegraded && hasAll(r.Status.Message, tc.want)
			})
			if shown := n.Rollouts("get", "rollout", "canary-demo"); !hasAll(shown, tc.want) {
				t.Errorf("want %q in what is shown:\n%s", tc.want, shown)
			}
			n.ApplyAnyway(right)
			n.WaitPhase("canary-demo", v1alpha1.RolloutPhaseHealthy)
		})
	}
}

func hasAll(text string, parts []string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
}

// TestMistypedFieldIsNamedByKubectl: the API server knows the fields.
func TestMistypedFieldIsNamedByKubectl(t *testing.T) {
	n := cluster.Namespace(t)
	out, applied := n.TryApply(change(t, n.Example("canary-ingress"), "setWeight: 20", "setWieght: 20"))
	if applied || !strings.Contains(out, `unknown field "spec.strategy.canary.steps[0].setWieght"`) {
		t.Errorf("want the field named, got applied=%v:\n%s", applied, out)
	}
}

// TestTemplateThatNeverGetsReady: the update gets stuck, says so, and does not hurt
// the version that serves; a better template goes through.
func TestTemplateThatNeverGetsReady(t *testing.T) {
	cases := map[string]struct{ from, to string }{
		"the application does not get ready": {from: "value: 2s # ready", to: "value: 1h"},
		"the image does not exist":           {from: "argoproj/rollouts-demo:blue", to: "example.org/nothing:1"},
		"the command does not exist":         {from: "image:", to: "command: [no-such-command]\n        image:"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			n := cluster.Namespace(t)
			visitor := n.Visitor("slow-pods.example")
			defer visitor.Close()
			right := change(t, n.ReadFile("test/e2e/testdata/slow-pods.yaml"), "progressDeadlineSeconds: 60", "progressDeadlineSeconds: 5")
			right = change(t, right, "READY_AFTER\n          value: 2s", "READY_AFTER\n          value: 2s # ready")
			n.Apply(right)
			n.WaitPhase(slowPods, v1alpha1.RolloutPhaseHealthy)

			load := n.Load("slow-pods.example", requestsPerSecond)
			n.Apply(change(t, right, tc.from, tc.to))
			stuck := n.WaitPhase(slowPods, v1alpha1.RolloutPhaseDegraded)
			if message := stuck.Status.Message; !strings.HasPrefix(message, "ProgressDeadlineExceeded: ") || !strings.Contains(message, stuck.Status.CurrentPodHash) {
				t.Errorf("message = %q, want the deadline and the ReplicaSet named", message)
			}
			if shown := n.Rollouts("get", "rollout", slowPods); !strings.Contains(shown, "ProgressDeadlineExceeded") {
				t.Errorf("want the deadline named in:\n%s", shown)
			}
			if tally := load.Stop(); tally.Failed > 0 || tally.Bodies["blue"] != tally.Total {
				t.Errorf("want the stable version undisturbed, got %s", tally)
			}

			n.Apply(change(t, right, "rollouts-demo:blue", "rollouts-demo:green"))
			n.WaitPausedAt(slowPods, 1)
			wantShare(t, visitor, "green", 25)
		})
	}
}
