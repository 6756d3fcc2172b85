package local

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

// Runs reads all AnalysisRuns, in no order.
func (n *Namespace) Runs() []*v1alpha1.AnalysisRun {
	n.t.Helper()
	list, err := n.client.Resource(v1alpha1.AnalysisRunGVR).Namespace(n.Name).List(n.t.Context(), metav1.ListOptions{})
	if err != nil {
		n.t.Fatalf("list AnalysisRuns: %v", err)
	}
	var runs []*v1alpha1.AnalysisRun
	for i := range list.Items {
		run, err := decodeRun(&list.Items[i])
		if err != nil {
			n.t.Fatal(err)
		}
		runs = append(runs, run)
	}
	return runs
}

// WaitRun waits until one AnalysisRun meets a condition and returns it, and fails the
// test when none does in time. what completes "wait until an AnalysisRun".
func (n *Namespace) WaitRun(what string, patience time.Duration, met func(*v1alpha1.AnalysisRun) bool) *v1alpha1.AnalysisRun {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	var found *v1alpha1.AnalysisRun
	last := map[string]string{}
	err := until(ctx, n.client.Resource(v1alpha1.AnalysisRunGVR).Namespace(n.Name), "", func(objects []*unstructured.Unstructured) bool {
		for _, object := range objects {
			run, err := decodeRun(object)
			if err != nil {
				n.t.Error(err)
				return false
			}
			last[run.Name] = runState(run)
			if met(run) {
				found = run
				return true
			}
		}
		return false
	})
	if err != nil {
		n.t.Fatalf("wait %s until an AnalysisRun %s: %v; last seen: %v", patience, what, err, last)
	}
	return found
}

// WaitRunOver waits until the AnalysisRun whose name ends in that has a verdict.
func (n *Namespace) WaitRunOver(suffix string) *v1alpha1.AnalysisRun {
	n.t.Helper()
	return n.WaitRun("…"+suffix+" is over", Patience, func(r *v1alpha1.AnalysisRun) bool {
		return strings.HasSuffix(r.Name, suffix) && r.Status.CompletedAt != nil
	})
}

// Never watches a Rollout for a while, and fails the test when it meets a condition.
// what completes "Rollout NAME must not".
func (n *Namespace) Never(name, what string, during time.Duration, met func(*v1alpha1.Rollout) bool) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), during)
	defer cancel()
	var last *v1alpha1.Rollout
	err := until(ctx, n.client.Resource(v1alpha1.RolloutGVR).Namespace(n.Name), name, func(objects []*unstructured.Unstructured) bool {
		if len(objects) == 0 {
			return false
		}
		rollout, err := decode(objects[0])
		if err != nil {
			n.t.Error(err)
			return true
		}
		last = rollout
		return met(rollout)
	})
	if err == nil {
		n.t.Errorf("Rollout %s must not %s within %s; seen: %s", name, what, during, state(last))
	} else if ctx.Err() == nil {
		n.t.Fatalf("watch Rollout %s: %v", name, err)
	}
}

func decodeRun(object *unstructured.Unstructured) (*v1alpha1.AnalysisRun, error) {
	run := &v1alpha1.AnalysisRun{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, run); err != nil {
		return nil, fmt.Errorf("decode AnalysisRun %s: %w", object.GetName(), err)
	}
	return run, nil
}

// runState describes an AnalysisRun in a line.
func runState(r *v1alpha1.AnalysisRun) string {
	status, err := json.Marshal(r.Status)
	if err != nil {
		return err.Error()
	}
	return string(status)
}
