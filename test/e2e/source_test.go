package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/testing/local"
)

// source is an HTTP server that measurements ask. It remembers when it was asked.
type source struct {
	url string

	lock   sync.Mutex
	answer string
	asked  []time.Time
	// hold, when it is not nil, keeps answers back until it is closed.
	hold chan struct{}
}

// newSource starts a source that answers in JSON. For /echo it answers with the
// header Authorization that it got.
func newSource(t *testing.T, answer string) *source {
	t.Helper()
	s := &source{answer: answer}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() { s.release(); server.Close() })
	s.url = server.URL
	return s
}

func (s *source) serve(w http.ResponseWriter, r *http.Request) {
	s.lock.Lock()
	s.asked = append(s.asked, time.Now())
	hold := s.hold
	s.lock.Unlock()
	if hold != nil {
		<-hold
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if r.URL.Path == "/echo" {
		fmt.Fprintf(w, `{"data": {"got": %q}}`, r.Header.Get("Authorization"))
		return
	}
	fmt.Fprint(w, s.answer)
}

// now changes what is answered.
func (s *source) now(answer string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.answer = answer
}

// keepBack makes later answers wait for release.
func (s *source) keepBack() {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.hold = make(chan struct{})
}

func (s *source) release() {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.hold != nil {
		close(s.hold)
		s.hold = nil
	}
}

// times are when it was asked so far.
func (s *source) times() []time.Time {
	s.lock.Lock()
	defer s.lock.Unlock()
	return append([]time.Time(nil), s.asked...)
}

// errorGap is the time from an error to the next attempt.
const errorGap = 10 * time.Second

const (
	// analysed is the Rollout of the manifests analysis-*.yaml.
	analysed = "analysed"
	// analysisStep and afterAnalysis are steps of analysis-canary.yaml: the one that
	// analyses, and the pause that follows when all is well.
	analysisStep, afterAnalysis = 1, 3
)

// template is an AnalysisTemplate of one metric, "check", with these fields.
func template(name, metric string) string {
	return fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: %s}
spec:
  metrics:
  - name: check
%s`, name, indented(metric, "    "))
}

// indented is a text without blank lines, moved to the right.
func indented(text, by string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			out.WriteString(by + line)
		}
	}
	return out.String()
}

// webMetric asks a source for .data.ok of its answer.
func webMetric(s *source, more string) string {
	return "provider: {web: {url: \"" + s.url + "\", jsonPath: \"{$.data.ok}\", timeoutSeconds: 60}}\n" + more
}

// given applies a manifest of testdata, with a host of the namespace's own, and
// templates, and waits until the first version serves. It was not analysed.
func given(t *testing.T, n *local.Namespace, manifest string, templates ...string) *local.Visitor {
	t.Helper()
	host := n.Name + ".example"
	for _, template := range templates {
		n.Apply(template)
	}
	n.Apply(change(t, n.ReadFile("test/e2e/testdata/"+manifest), "analysed.example", host))
	n.WaitPhase(analysed, v1alpha1.RolloutPhaseHealthy)
	if runs := n.Runs(); len(runs) > 0 {
		t.Errorf("the first version was analysed: %d runs", len(runs))
	}
	visitor := n.Visitor(host)
	t.Cleanup(visitor.Close)
	return visitor
}

// release sets another color.
func release(n *local.Namespace, color string) {
	n.Rollouts("set", "image", analysed, "demo=argoproj/rollouts-demo:"+color)
}

// wantAborted waits until the Rollout was aborted with a message that has these parts.
func wantAborted(n *local.Namespace, name string, parts ...string) *v1alpha1.Rollout {
	return n.WaitRollout(name, "is aborted, saying "+strings.Join(parts, ", "), local.Patience, func(r *v1alpha1.Rollout) bool {
		return r.Status.Abort && r.Status.Phase == v1alpha1.RolloutPhaseDegraded &&
			strings.HasPrefix(r.Status.Message, "RolloutAborted: ") && hasAll(r.Status.Message, parts)
	})
}
