package experiment_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/serin-rollouts/serin/api/v1alpha1"
	"github.com/serin-rollouts/serin/internal/core/experiment"
	"github.com/serin-rollouts/serin/internal/core/plan"
)

// What is refused for good ends what it is about; what may pass is only told.
func TestFailed(t *testing.T) {
	refused := fmt.Errorf("%w: no room", plan.ErrInvalid)
	taken := fmt.Errorf("%w: exists", plan.ErrCollision)
	create := experiment.CreateReplicaSet{Name: "demo-a"}
	service := experiment.CreateService{Name: "web", Template: "a"}
	cases := map[string]struct {
		action       experiment.Action
		failure      error
		want, reason string // "" for no status, or no event
	}{
		"a conflict":                {action: create, failure: plan.ErrConflict},
		"a server that is busy":     {action: create, failure: errors.New("busy"), reason: "ReconciliationError"},
		"a ReplicaSet refused":      {action: create, failure: refused, want: `Failed to create new replica set "demo-a": refused as invalid: no room`, reason: "TemplateError"},
		"a ReplicaSet's name taken": {action: create, failure: taken, want: "ReplicaSet demo-a already exists and is not owned by experiment template a", reason: "TemplateError"},
		"a Service refused":         {action: service, failure: refused, want: "Failed to create service web for template a: refused as invalid: no room", reason: "TemplateError"},
		"a Service's name taken":    {action: service, failure: taken, want: "service web already exists and is not owned by experiment template a", reason: "TemplateError"},
		"a run refused": {
			action: experiment.StartRun{Name: "demo-check", Analysis: "check"}, failure: refused,
			want: "Failed to create AnalysisRun for analysis 'check': refused as invalid: no room", reason: "AnalysisRunError",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(template("a", 1), analyses("check!"))
			out := experiment.Failed(w.snapshot(), tc.action, tc.failure, w.now)
			got, reason := "", ""
			if out.Status != nil && len(out.Status.AnalysisRuns) > 0 {
				got = out.Status.AnalysisRuns[0].Message
			} else if out.Status != nil {
				got = out.Status.TemplateStatuses[0].Message
			}
			if len(out.Events) > 0 {
				reason = out.Events[0].Reason
			}
			if got != tc.want || reason != tc.reason {
				t.Errorf("recorded %q and event %q, want %q and %q", got, reason, tc.want, tc.reason)
			}
			if tc.want == "" {
				return
			}
			w.record(out)
			w.settle(t)
			w.wants(t, v1alpha1.AnalysisPhaseError, tc.want, nil)
		})
	}
}
