package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// asked lists the queries that a view comes to, in a readable form.
func asked(t *testing.T, s *server, next follow) []string {
	t.Helper()
	known, err := gather(t.Context(), testClient(t, s), next)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, q := range next(known) {
		list = append(list, strings.TrimSpace(q.gvr.Resource+" "+q.labels+q.fields))
	}
	return list
}

// TestQueries: a view asks for the objects of its subject, never for all
// objects of a namespace.
func TestQueries(t *testing.T) {
	const hash = "rollouts-pod-template-hash"
	byName := withKind(strings.ReplaceAll(byReference, "  selector: {matchLabels: {app: byref}}\n", ""), "Deployment")
	s := newServer(t, examples+"canary-experiment-step.yaml", examples+"experiment-inconclusive.yaml")
	s.add(byName)
	cases := map[string]struct {
		next follow
		want []string
	}{
		"a canary with an experiment": {rolloutTree("search"), []string{
			"rollouts metadata.name=search", "replicasets app=search," + hash, "pods app=search," + hash,
			"analysisruns app=search," + hash, "experiments " + hash,
			"analysisruns metadata.name=search-7788995566-4-1-compare"}},
		"an experiment": {experimentTree("ranker-ab"), []string{
			"experiments metadata.name=ranker-ab", "replicasets app=ranker," + hash, "pods app=ranker," + hash,
			"replicasets app=ranker," + hash, "pods app=ranker," + hash, "analysisruns metadata.name=ranker-ab-mann-whitney"}},
		"a rollout by reference to nothing": {rolloutTree("byref"), []string{
			"rollouts metadata.name=byref", "deployments metadata.name=base", "replicasets " + hash, "pods " + hash,
			"analysisruns " + hash, "experiments " + hash}},
		"the status of a rollout": {statusQueries("search"), []string{"rollouts metadata.name=search"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, asked(t, s, tc.next)); diff != "" {
				t.Errorf("queries (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("a rollout by reference asks by the workload's selector", func(t *testing.T) {
		s.add(deployment)
		want := "replicasets app=byref," + hash
		if got := asked(t, s, rolloutTree("byref")); got[2] != want {
			t.Errorf("asked %q, want %q", got[2], want)
		}
	})
}

func TestCovers(t *testing.T) {
	labels := func(pairs ...string) *metav1.LabelSelector {
		s := &metav1.LabelSelector{MatchLabels: map[string]string{}}
		for i := 0; i < len(pairs); i += 2 {
			s.MatchLabels[pairs[i]] = pairs[i+1]
		}
		return s
	}
	cases := map[string]struct {
		wide, narrow *metav1.LabelSelector
		want         bool
	}{
		"equal selectors":        {labels("app", "a"), labels("app", "a"), true},
		"one label more":         {labels("app", "a"), labels("app", "a", "track", "b"), true},
		"one label less":         {labels("app", "a", "track", "b"), labels("app", "a"), false},
		"another value":          {labels("app", "a"), labels("app", "b"), false},
		"no selector is no help": {nil, labels("app", "a"), false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := covers(tc.wide, tc.narrow); got != tc.want {
				t.Errorf("covers() = %v, want %v", got, tc.want)
			}
		})
	}
}
