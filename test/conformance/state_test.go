package conformance

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// rolloutOf is what of a status is compared. named writes hashes as revisions.
func rolloutOf(st v1alpha1.RolloutStatus, named func(string) string) Rollout {
	r := Rollout{
		Phase: string(st.Phase), Message: named(st.Message), CurrentStepIndex: st.CurrentStepIndex, Abort: st.Abort,
		PromoteFull: st.PromoteFull, ControllerPause: st.ControllerPause, Replicas: st.Replicas,
		UpdatedReplicas: st.UpdatedReplicas, ReadyReplicas: st.ReadyReplicas, AvailableReplicas: st.AvailableReplicas,
		HPAReplicas: st.HPAReplicas, StableRS: named(st.StableRS), CurrentPodHash: named(st.CurrentPodHash),
		ActiveSelector: named(st.BlueGreen.ActiveSelector), PreviewSelector: named(st.BlueGreen.PreviewSelector),
		Conditions: map[string]string{},
	}
	if weights := st.Canary.Weights; weights != nil {
		r.Weights = &Weights{Canary: shareOf(weights.Canary, named), Stable: shareOf(weights.Stable, named)}
	}
	for _, c := range st.PauseConditions {
		r.PauseConditions = append(r.PauseConditions, string(c.Reason))
	}
	for _, c := range st.Conditions {
		r.Conditions[string(c.Type)] = string(c.Status) + "/" + c.Reason
	}
	return r
}

func shareOf(d v1alpha1.WeightDestination, named func(string) string) Weight {
	return Weight{PodTemplateHash: named(d.PodTemplateHash), ServiceName: d.ServiceName, Weight: d.Weight}
}

// pointService notes the revision that a Service selects, "" for none.
func (s *State) pointService(name, revision string) {
	if s.Services == nil {
		s.Services = map[string]string{}
	}
	s.Services[name] = revision
	if revision == "" {
		s.Services[name] = "<nil>"
	}
}

// annotateIngress notes what an Ingress says of a canary.
func (s *State) annotateIngress(name string, annotations map[string]string) {
	if s.Ingresses == nil {
		s.Ingresses = map[string]map[string]string{}
	}
	s.Ingresses[name] = map[string]string{}
	for key, value := range annotations {
		if strings.Contains(key, "canary") {
			s.Ingresses[name][strings.TrimPrefix(key, "nginx.ingress.kubernetes.io/")] = value
		}
	}
}

// allStories reads the stories by name.
func allStories(t *testing.T) map[string]Story {
	t.Helper()
	files, err := filepath.Glob("stories/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	all := map[string]Story{}
	for _, file := range files {
		story, err := ReadStory(file)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".yaml")] = story
	}
	return all
}
