package metrics

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/plan"
	"github.com/serin-rollouts/serin/internal/engine"
)

func TestPhaseOf(t *testing.T) {
	progressing := func(reason string) v1alpha1.RolloutCondition {
		return v1alpha1.RolloutCondition{Type: v1alpha1.RolloutProgressing, Reason: reason}
	}
	invalid := v1alpha1.RolloutCondition{Type: v1alpha1.InvalidSpec, Status: corev1.ConditionTrue}
	cases := map[string]struct {
		conditions []v1alpha1.RolloutCondition
		want       string
	}{
		"nothing is known":               {want: "Progressing"},
		"the update is through":          {conditions: []v1alpha1.RolloutCondition{progressing("NewReplicaSetAvailable")}, want: "Completed"},
		"it is paused":                   {conditions: []v1alpha1.RolloutCondition{progressing("RolloutPaused")}, want: "Paused"},
		"a ReplicaSet could not be made": {conditions: []v1alpha1.RolloutCondition{progressing("ReplicaSetCreateError")}, want: "Error"},
		"the deadline has passed":        {conditions: []v1alpha1.RolloutCondition{progressing("ProgressDeadlineExceeded")}, want: "Timeout"},
		"it was aborted":                 {conditions: []v1alpha1.RolloutCondition{progressing("RolloutAborted")}, want: "Abort"},
		"it goes on":                     {conditions: []v1alpha1.RolloutCondition{progressing("ReplicaSetUpdated")}, want: "Progressing"},
		"an invalid spec hides the rest": {conditions: []v1alpha1.RolloutCondition{progressing("RolloutPaused"), invalid}, want: "InvalidSpec"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := phaseOf(&v1alpha1.Rollout{Status: v1alpha1.RolloutStatus{Conditions: tc.conditions}}); got != tc.want {
				t.Errorf("phaseOf() = %s, want %s", got, tc.want)
			}
		})
	}
}

func TestEnded(t *testing.T) {
	at := func(minute int) *metav1.Time {
		at := metav1.NewTime(time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC))
		return &at
	}
	running := &v1alpha1.RolloutDurationStatus{RolloutStartedAt: at(0)}
	cases := map[string]struct {
		before, after *v1alpha1.RolloutDurationStatus
		want          *attempt // nil: none ended
	}{
		"no attempt before":     {after: running},
		"it still runs":         {before: running, after: running},
		"it ended long ago":     {before: &v1alpha1.RolloutDurationStatus{RolloutStartedAt: at(0), FinishedAt: at(1)}, after: &v1alpha1.RolloutDurationStatus{RolloutStartedAt: at(0), FinishedAt: at(1)}},
		"nothing is left of it": {before: running},
		"it was promoted, after a pause of a minute": {
			before: running,
			after: &v1alpha1.RolloutDurationStatus{
				RolloutStartedAt: at(0), FinishedAt: at(5), CompletionStatus: v1alpha1.RolloutCompletionStatusPromoted,
				TotalManualPauseDurationSeconds: 60,
			},
			want: &attempt{status: "Promoted", total: 5 * time.Minute, pause: time.Minute},
		},
		"another took its place, while it was paused": {
			before: &v1alpha1.RolloutDurationStatus{RolloutStartedAt: at(0), ManualPauseStartedAt: at(2)},
			after:  &v1alpha1.RolloutDurationStatus{RolloutStartedAt: at(3)},
			want:   &attempt{status: "Superseded", total: 3 * time.Minute, pause: time.Minute},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, found := ended(tc.before, tc.after)
			if found != (tc.want != nil) {
				t.Fatalf("ended() = %v, %v", got, found)
			}
			if found && got != *tc.want {
				t.Errorf("ended() = %+v, want %+v", got, *tc.want)
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	cases := map[string]struct {
		method, path string
		watch        bool
		want         call
	}{
		"a status":             {method: http.MethodPatch, path: "/apis/argoproj.io/v1alpha1/namespaces/n/rollouts/web/status", want: call{"rollouts", "n", "N/A", "Patch"}},
		"a Service":            {method: http.MethodPatch, path: "/api/v1/namespaces/n/services/web", want: call{"services", "n", "web", "Patch"}},
		"an event":             {method: http.MethodPost, path: "/api/v1/namespaces/n/events", want: call{"events", "n", "N/A", "Create"}},
		"a list of all":        {method: http.MethodGet, path: "/apis/apps/v1/replicasets", want: call{"replicasets", "", "N/A", "List"}},
		"a watch of all":       {method: http.MethodGet, path: "/apis/apps/v1/replicasets", watch: true, want: call{"replicasets", "", "N/A", "Watch"}},
		"an Ingress":           {method: http.MethodGet, path: "/apis/networking.k8s.io/v1/namespaces/n/ingresses/web", want: call{"ingresses", "n", "web", "Get"}},
		"a namespace":          {method: http.MethodGet, path: "/api/v1/namespaces/n", want: call{"namespaces", "", "N/A", "Get"}},
		"something else":       {method: http.MethodGet, path: "/version", want: call{"Unknown", "Unknown", "Unknown", "Unknown"}},
		"the list of versions": {method: http.MethodGet, path: "/apis", want: call{"Unknown", "Unknown", "Unknown", "Unknown"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, describe(tc.method, tc.path, tc.watch), cmp.AllowUnexported(call{})); diff != "" {
				t.Errorf("describe() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDropRemovesEverySeries(t *testing.T) {
	m, err := New(Options{Elected: make(chan struct{}), Requests: NewRequests(), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	web, api := engine.Key{Namespace: "n", Name: "web"}, engine.Key{Namespace: "n", Name: "api"}
	for _, key := range []engine.Key{web, api} {
		m.Rollouts.Reconciled(key, time.Second, true)
		m.Event(key, plan.Event{Reason: "RolloutUpdated"})
		m.Event(key, plan.Event{Reason: "RolloutAborted", Warning: true})
	}
	m.drop(web)
	got := []int{series(m.Rollouts.took), series(m.Rollouts.errors), series(m.events)}
	if diff := cmp.Diff([]int{1, 1, 2}, got); diff != "" {
		t.Errorf("series left (-want +got):\n%s", diff)
	}
	if len(m.told) != 1 {
		t.Errorf("remembered of %d Rollouts, want 1", len(m.told))
	}
}

func series(c prometheus.Collector) int {
	out := make(chan prometheus.Metric, 100)
	c.Collect(out)
	return len(out)
}
